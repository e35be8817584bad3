"""Record 1,000 calls of guests in a service's own way, then replay every trace in another process.

    python benchmarks/replay_wasm.py [--traces N]

Every guest at hand runs on its examples; one more asks for the time, for
chance, for a page that is never the same and for stored values; others trap or
use up their fuel. The site is gone by the time of the replay. A table on
stderr; the last line of stdout is one JSON object.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import chdir
from io import StringIO
from pathlib import Path
from typing import Any, Final

import structlog
from rich.console import Console
from rich.table import Table

from benchmarks.replay_guests import NAMESPACE, shelve
from contracts.errors import CallsheetError
from contracts.plan import load_plan
from contracts.policy import Grant
from service.cards import load_cards
from service.compose import open_desk
from service.orders import Terms
from service.progress import Progress
from service.replaying import replay_trace
from service.run_here import carry_on
from service.settings import Settings, load_settings
from storage.database import Reader
from storage.walks import all_traces, trace_names
from traces.redaction import Redactor
from traces.store import TraceStore
from wasm_agents.shelf import Shelf

AT_ONCE: Final = 200
"""Subtasks of one plan."""
SHELF: Final = Path("agents")
DATABASE: Final = Path("bench.db")


def main() -> int:
    """Record, replay, print, and say by the exit code whether all were identical."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=1000)
    parser.add_argument("--replay", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    if given.replay is not None:
        print(json.dumps(asyncio.run(_replay_all(given.replay))))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(_record(folder, given.traces))
        command = [sys.executable, "-P", __file__, "--replay", str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    _show(found)
    traces, identical = found["traces"], found["identical"]
    figures = {
        "bar9_traces": traces,
        "bar9_identical": identical,
        "bar9_differ": traces - identical,
        "bar9_host_calls": found["host_calls"],
        "bar9_failed_calls": found["failed"],
        "bar9_replay_ms_each": found["ms_each"],
    }
    print(json.dumps(figures))
    return 0 if identical == traces >= given.traces else 1


async def _record(folder: Path, count: int) -> None:
    server = await asyncio.start_server(_another_page, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with chdir(folder):
        agents = shelve(Shelf(SHELF), f"http://127.0.0.1:{port}/page")
        grant = Grant(kind="private_host", value=f"127.0.0.1:{port}", by="benchmark")
        calls = _calls(agents)
        async with server, open_desk(_settings(port), grants=[grant]) as desk:
            for start in range(0, count, AT_ONCE):
                some = [next(calls) for _ in range(min(AT_ONCE, count - start))]
                plan = load_plan(_plan(some))
                run = await desk.start(plan.objective, inputs={}, plan=plan, terms=Terms())
                await carry_on(desk, run.run_id, Progress(Console(file=StringIO()), Redactor(())))


def _settings(port: int) -> Settings:
    return load_settings(
        {
            "storage": {"path": DATABASE},
            "traces": {"files": "off"},
            "guests": {
                "folder": SHELF,
                "allow_http": (f"http://127.0.0.1:{port}",),
                "allow_kv": (NAMESPACE,),
            },
        }
    )


async def _another_page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = f"{time.time_ns()} ".encode() * 20
    writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    )
    await writer.drain()
    writer.close()


def _calls(agents: tuple[str, ...]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield agents with inputs without end: those at hand by their examples, changed a little each time."""
    rng = random.Random(1)
    examples = [
        (card.name, dict(example["inputs"]))
        for card in load_cards()
        for example in card.examples
        if card.name.startswith("wasm:") and example.get("inputs")
    ]
    while True:
        for name, inputs in examples:
            yield name, {key: _varied(value, rng) for key, value in inputs.items()}
        for name in agents:
            yield name, {"namespace": NAMESPACE, "key": "k", "value": rng.random()}
        yield (
            "wasm:echo",
            {"x": [rng.random() for _ in range(rng.randrange(200))], "é": rng.choice(["\U0001f600", None])},
        )


def _varied(value: Any, rng: random.Random) -> Any:
    return value * rng.randrange(1, 4) if isinstance(value, str) and " " in value else value


def _plan(calls: list[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    subtasks = [
        {
            "id": f"s{n}", "objective": "record", "required_agent": name, "dependencies": [], "input_keys": [],
            "bind": {key: {"literal": value} for key, value in inputs.items()}, "output_key": f"k{n}",
        }
        for n, (name, inputs) in enumerate(calls)
    ]  # fmt: skip
    return {"objective": f"record {len(calls)} calls", "subtasks": subtasks}


async def _replay_all(folder: Path) -> dict[str, Any]:
    totals: Counter[str] = Counter()
    by_agent: dict[str, Counter[str]] = {}
    started = time.process_time()
    with chdir(folder), Reader.open(DATABASE) as reader:
        store, names = TraceStore(reader), _names(reader)
        for name in names:
            trace = store.get(name)
            told = by_agent.setdefault(trace.agent_type, Counter())
            try:
                _, made = await replay_trace(trace, shelf=SHELF)
            except CallsheetError as exc:
                print(f"{trace.agent_type} {name}: {exc.code}: {exc.message}", file=sys.stderr)
                told["differ"] += 1
                continue
            if made.difference is not None:
                print(f"{trace.agent_type} {name}: {made.difference}", file=sys.stderr)
            told["identical" if made.difference is None else "differ"] += 1
            told["host_calls"] += made.host_calls
            told["failed"] += bool(trace.metadata.error)
    for told in by_agent.values():
        totals += told
    spent_ms = (time.process_time() - started) * 1000
    return {
        "traces": len(names),
        **{name: totals[name] for name in ("identical", "host_calls", "failed")},
        "ms_each": round(spent_ms / max(1, len(names)), 3),
        "agents": {name: dict(told) for name, told in sorted(by_agent.items())},
    }


def _names(reader: Reader) -> list[str]:
    (last,) = reader.query(*all_traces())
    found: list[str] = []
    after = 0
    while rows := reader.query(*trace_names(after=after, upto=last["seq"])):
        found += [row["trace_id"] for row in rows]
        after = rows[-1]["place"]
    return found


def _show(found: Mapping[str, Any]) -> None:
    table = Table("agent", "identical", "differ", "host calls", "ended in an error", title="Traces replayed")
    for name, told in found["agents"].items():
        table.add_row(
            name, *(str(told.get(key, 0)) for key in ("identical", "differ", "host_calls", "failed"))
        )
    table.add_row("all", str(found["identical"]), str(found["traces"] - found["identical"]),
                  str(found["host_calls"]), str(found["failed"]))  # fmt: skip
    Console(stderr=True).print(table)


if __name__ == "__main__":
    sys.exit(main())
