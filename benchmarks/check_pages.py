"""Read every real page at hand through the real door, and every real deadline; nothing may crash or mislead.

    python benchmarks/check_pages.py [--cases FOLDER]

The pages (`web/{products,articles}/html/*.html.gz` in CALLSHEET_CASES) are
served on loopback and scraped without a browser. A table on stderr; the last
line of stdout is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from typing_extensions import override

from agents.doors import Doors
from agents.scrape.agent import Scrape, create
from agents.scrape.decoding import decode_page
from agents.time.deadline import read_deadline
from contracts.agent import AgentCall
from contracts.clock import Clock, SystemClock
from contracts.policy import Grant, Policy
from egress.browser import Browser
from egress.fetch import Egress
from eval.latency import quantile

ROOT = Path(__file__).parents[1]
TITLE_SHARE_FLOOR = 0.99
EXACT_FLOOR = 36
FLAGGED_CEILING = 3

_TITLE_TAG = re.compile(r"<title[^>]*>\s*([^<]*[^<\s])", re.IGNORECASE)
_OG_TITLE = re.compile(r"<meta[^>]+og:title[^>]+content\s*=\s*[\"']\s*[^\"'\s]", re.IGNORECASE)
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class PageResult:
    """How one page fared."""

    name: str
    ms: float
    error: str
    """Class and code of what was raised; empty where an output came."""
    title: str
    has_title: bool
    """Whether the page's source has a title to find."""
    found: str
    """What else was found, for the table."""


def main() -> int:
    """Measure, print, and say by the exit code whether the bar holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = os.environ.get("CALLSHEET_CASES") or str(ROOT.parent / "shared" / "cases")
    parser.add_argument("--cases", type=Path, default=Path(default))
    cases: Path = parser.parse_args().cases
    pages = {
        p.name: p
        for kind in ("products", "articles")
        for p in sorted((cases / "web" / kind / "html").glob("*.html.gz"))
    }
    deadlines = cases / "time" / "deadlines.jsonl"
    if not pages or not deadlines.exists():
        print(f"No cases under {str(cases)!r}: set CALLSHEET_CASES to the folder of cases.", file=sys.stderr)
        print(json.dumps({"bar3_pages": 0, "bar3_cases_absent": True}))
        return 2
    titled = {name: states_title(source_of(path)) for name, path in pages.items()}
    results = asyncio.run(scrape_all(titled, pages, SystemClock()))
    figures = page_figures(results) | deadline_figures(deadlines)
    print_table(results, figures)
    print(json.dumps(figures))
    return 0 if holds(figures) else 1


def holds(figures: dict[str, Any]) -> bool:
    """Say whether every page finished and the deadlines score."""
    return bool(
        figures["bar3_pages_finished"] == figures["bar3_pages"]
        and figures["bar3_pages_crashed"] == 0
        and figures["bar3_title_share"] >= TITLE_SHARE_FLOOR
        and figures["bar3_deadlines_exact"] >= EXACT_FLOOR
        and figures["bar3_deadlines_silently_wrong"] == 0
        and figures["bar3_deadlines_exact_but_flagged"] <= FLAGGED_CEILING
    )


async def scrape_all(titled: dict[str, bool], pages: dict[str, Path], clock: Clock) -> list[PageResult]:
    """Serve the pages on loopback and scrape each, one after the other."""
    with served(pages) as origin:
        policy = Policy(grants=(Grant(kind="private_host", value=origin, by="check_pages"),))
        async with Egress() as egress, Browser() as browser:
            agent = create(Doors(egress, browser))
            return [
                await scrape_one(agent, origin, name, has_title=has_title, policy=policy, clock=clock)
                for name, has_title in titled.items()
            ]


async def scrape_one(
    agent: Scrape, origin: str, name: str, *, has_title: bool, policy: Policy, clock: Clock
) -> PageResult:
    """Scrape one page; whatever it raises is its result."""
    call = AgentCall(
        inputs={"url": f"http://{origin}/{name}", "render": "never"},
        objective="",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        timeout_s=60,
        policy=policy,
    )
    begun = clock.monotonic()
    try:
        reply = await agent.run(call)
    except Exception as exc:  # noqa: BLE001  # a crash is what this script counts
        error = f"{type(exc).__name__} {getattr(exc, 'code', '')}".strip()
        return PageResult(name, 1000 * (clock.monotonic() - begun), error, "", has_title, "")
    ms = 1000 * (clock.monotonic() - begun)
    output: Any = reply.output
    json.dumps(output, allow_nan=False).encode()
    found = " ".join(
        f"{k}={len(output[k])}" for k in ("listings", "links", "images", "prices", "tables", "facts")
    )
    return PageResult(name, ms, "", output["title"], has_title, found)


def source_of(path: Path) -> str:
    """Return a stored page as text."""
    return decode_page(gzip.decompress(path.read_bytes()), charset=None)


def states_title(source: str) -> bool:
    """Say whether a source has a title, an og:title or a heading that is not empty."""
    headings = (_TAG.sub("", h) for h in _HEADING.findall(source))
    return bool(_TITLE_TAG.search(source) or _OG_TITLE.search(source) or any(h.strip() for h in headings))


def page_figures(results: list[PageResult]) -> dict[str, Any]:
    """Return the bar's figures on pages."""
    titled = [r for r in results if r.has_title]
    times = [r.ms for r in results]
    return {
        "bar3_pages": len(results),
        "bar3_pages_finished": sum(not r.error for r in results),
        "bar3_pages_crashed": sum(bool(r.error) for r in results),
        "bar3_pages_with_title": sum(bool(r.title) for r in results),
        "bar3_title_share": round(sum(bool(r.title) for r in titled) / max(len(titled), 1), 4),
        "bar3_ms_per_page_p50": round(quantile(times, 0.5), 1),
        "bar3_ms_per_page_p95": round(quantile(times, 0.95), 1),
    }


def deadline_figures(path: Path) -> dict[str, Any]:
    """Return the bar's figures on deadlines."""
    exact = wrong = flagged = 0
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    for row in rows:
        now = datetime.fromisoformat(row["now"])
        read = read_deadline(row["text"], now=now, zone=row["home_zone"])
        is_exact = read.utc is not None and read.utc == datetime.fromisoformat(row["deadline"])
        exact += is_exact
        flagged += is_exact and read.unsure
        wrong += not is_exact and not read.unsure
    return {
        "bar3_deadlines": len(rows),
        "bar3_deadlines_exact": exact,
        "bar3_deadlines_silently_wrong": wrong,
        "bar3_deadlines_exact_but_flagged": flagged,
    }


def print_table(results: list[PageResult], figures: dict[str, Any]) -> None:
    """Print a line for each page and the figures, on stderr."""
    print(f"{'page':14} {'ms':>7}  {'title':40}  found or error", file=sys.stderr)
    for r in results:
        print(f"{r.name[:12]:14} {r.ms:>7.1f}  {r.title[:40]:40}  {r.error or r.found}", file=sys.stderr)
    for name, value in figures.items():
        print(f"{name:36} {value}", file=sys.stderr)


@contextmanager
def served(pages: dict[str, Path]) -> Iterator[str]:
    """Serve pages by file name on loopback; yield `host:port`."""
    server = _Server(pages)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    def __init__(self, pages: dict[str, Path]) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.pages = pages


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # the base class names it
        """Answer with a page, its charset left for the page to say."""
        pages: dict[str, Path] = getattr(self.server, "pages", {})
        path = pages.get(self.path[1:])
        body = gzip.decompress(path.read_bytes()) if path else b"no such page"
        self.send_response(200 if path else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:  # the base class names it
        """Say nothing."""


if __name__ == "__main__":
    sys.exit(main())
