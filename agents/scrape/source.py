"""Get one page's source: over HTTP, or as a browser's scripts leave it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from agents.doors import Doors
from agents.scrape.decoding import decode_page, without_surrogates
from contracts.errors import AttemptFailed
from contracts.policy import FetchLimits, Policy
from egress.fetch_door import Fetched

_HTML: Final = frozenset({"text/html", "application/xhtml+xml", "application/xml", "text/xml"})
_RETRYABLE: Final = frozenset({408, 425, 429})
_BINARY: Final = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"PK\x03\x04", b"\x1f\x8b", b"RIFF")


@dataclass(frozen=True, slots=True)
class Source:
    """A page as text."""

    url: str
    status: int
    text: str
    is_html: bool
    """False for JSON and plain text, which are taken as they are."""
    is_rendered: bool
    size: int
    """Bytes, decoded."""


@dataclass(slots=True)
class Usage:
    """What reading took from the network."""

    requests: int = 0
    wire_bytes: int = 0
    rendered_pages: int = 0
    refused_hosts: dict[str, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SourceReader:
    """Reads pages under one call's policy, and keeps count."""

    doors: Doors
    policy: Policy
    limits: FetchLimits
    usage: Usage

    async def over_http(self, url: str) -> Source:
        """Fetch a page.

        Raises:
            AttemptFailed: `scrape.http_status`, `scrape.not_html`, or the door's own.
            Refused: The door's own.
        """
        answer = await self.doors.egress.fetch(
            url,
            policy=self.policy,
            headers={"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.5"},
            limits=self.limits,
        )
        self.usage.requests += max(len(answer.hops), 1)
        self.usage.wire_bytes += answer.wire_bytes
        _check_status(answer.url, answer.status)
        text = decode_page(answer.body, charset=answer.charset)
        is_html = _is_html(answer)
        return Source(answer.url, answer.status, text, is_html, is_rendered=False, size=len(answer.body))

    async def in_browser(self, url: str) -> Source:
        """Render a page.

        Raises:
            AttemptFailed: `scrape.http_status`, or the door's own.
            Refused: The door's own.
            Unavailable: There is no browser.
        """
        page = await self.doors.browser.render(url, policy=self.policy, limits=self.limits)
        self.usage.requests += 1
        self.usage.wire_bytes += page.wire_bytes
        self.usage.rendered_pages += 1
        self.usage.refused_hosts.update(dict.fromkeys(page.refused[:100]))
        _check_status(page.url, page.status)
        text = without_surrogates(page.html)
        return Source(page.url, page.status, text, is_html=True, is_rendered=True, size=len(text.encode()))


def _check_status(url: str, status: int) -> None:
    if status >= 400:
        raise AttemptFailed(
            "scrape.http_status",
            f"{url[:300]!r} answered {status}",
            retryable=status in _RETRYABLE or status >= 500,
            where=url[:300],
            hint="Open the address in a browser: it may have moved, or need a login.",
            data={"status": status},
        )


def _is_html(answer: Fetched) -> bool:
    """Say whether an answer is HTML, as against other text.

    Raises:
        AttemptFailed: `scrape.not_html`, it is neither.
    """
    kind = answer.media_type
    if answer.body.startswith(_BINARY) or (not kind and b"\0" in answer.body[:1024]):
        kind = kind if kind and kind not in _HTML else "application/octet-stream"
    elif kind in _HTML or not kind:
        return True
    elif kind.startswith("text/") or kind.endswith(("json", "javascript")):
        return False
    raise AttemptFailed(
        "scrape.not_html",
        f"{answer.url[:300]!r} is {kind[:100]!r}, no page",
        where=answer.url[:300],
        hint="Give the address of a page; pictures are for the agent vision.",
        data={"media_type": kind[:100]},
    )
