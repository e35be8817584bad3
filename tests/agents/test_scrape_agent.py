"""The agent end to end: a site on loopback, the real door, pages that answer well, badly or never."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import JsonValue

from agents.doors import Doors
from agents.scrape.agent import Scrape, create
from contracts.agent import AgentCall, AgentReply
from contracts.errors import AttemptFailed, AttemptTimedOut, CallsheetError, Refused
from contracts.policy import FetchLimits, Grant, Policy
from contracts.trace import TraceStatus
from egress.browser import Browser
from egress.chromium import find_chromium
from egress.fetch import Egress

HTML = "text/html; charset=utf-8"
APP = (
    "<title>App</title><h1>Lots</h1><div id=app></div><script>"
    "document.getElementById('app').innerHTML = [1, 2].map(n =>"
    " `<article><h2><a href=/lot/${n}>Truck ${n}</a></h2><p>$${n},500</p></article>`).join('')</script>"
)


def lot(n: int) -> str:
    return (
        f"<article><h2><a href=/lot/{n}>Truck {n}</a></h2><p>${n},500</p><p>Ends in {n} hours</p></article>"
    )


def index(*numbers: int, following: str = "") -> str:
    onward = f"<a rel=next href='{following}'>Next</a>" if following else ""
    return f"<title>Lots</title><main><div class=lots>{''.join(map(lot, numbers))}</div>{onward}</main>"


@dataclass
class Site:
    """A tiny HTTP server: path -> (status, content type, body); None never answers."""

    pages: dict[str, tuple[int, str, bytes] | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    origin: str = ""

    def add(self, path: str, body: str | bytes, *, status: int = 200, kind: str = HTML) -> None:
        self.pages[path] = (status, kind, body if isinstance(body, bytes) else body.encode())

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            self.asked.append(path)
            page = self.pages.get(path, (404, HTML, b"no such page"))
            if page is None:
                await reader.read()
            else:
                status, kind, body = page
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                    + body
                )
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    found = Site()
    server = await asyncio.start_server(found.answer, "127.0.0.1", 0)
    found.origin = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield found
    server.close()


@pytest.fixture
async def agent() -> AsyncIterator[Scrape]:
    async with AsyncExitStack() as stack:
        egress = await stack.enter_async_context(Egress())
        browser = await stack.enter_async_context(Browser())
        yield create(Doors(egress, browser))


Go = Callable[..., Any]


@pytest.fixture
def go(site: Site, agent: Scrape) -> Go:
    """Return a function that scrapes the site's paths; `limits` and `grants` may be replaced."""

    async def scrape(
        *paths: str, limits: FetchLimits | None = None, is_granted: bool = True, **inputs: JsonValue
    ) -> AgentReply:
        urls = [f"http://{site.origin}{p}" for p in paths]
        grants = (Grant(kind="private_host", value=site.origin, by="test"),) if is_granted else ()
        address: dict[str, JsonValue] = {"url": urls[0]} if len(urls) == 1 else {"urls": [*urls]}
        call = AgentCall(
            inputs=address | {"render": "never"} | inputs,
            objective="",
            now=datetime(2026, 3, 4, tzinfo=UTC),
            timeout_s=30,
            policy=Policy(grants=grants, limits=limits or FetchLimits()),
        )
        return await agent.run(call)

    return scrape


async def code_of(coroutine: Any) -> tuple[type[CallsheetError], str, bool]:
    with pytest.raises(CallsheetError) as caught:
        await coroutine
    return type(caught.value), caught.value.code, caught.value.retryable


async def test_pages_are_followed_and_their_listings_joined(site: Site, go: Go) -> None:
    site.add("/", index(1, 2, following="/?p=2"))
    site.add("/?p=2", index(3, 4, following="/?p=3"))
    site.add("/?p=3", index(5))
    reply = await go("/", max_pages=10)
    assert [x["title"] for x in reply.output["listings"]] == [f"Truck {n}" for n in range(1, 6)]
    assert [p["status"] for p in reply.output["pages"]] == [200, 200, 200]
    assert reply.output["url"] == f"http://{site.origin}/"
    assert reply.status == TraceStatus.SUCCESS
    assert reply.usage["requests"] == 3
    assert reply.usage["rendered_pages"] == 0


async def test_max_pages_stops_and_says_what_was_left(site: Site, go: Go) -> None:
    site.add("/", index(1, 2, following="/?p=2"))
    site.add("/?p=2", index(3, 4, following="/?p=3"))
    reply = await go("/", max_pages=2)
    assert len(reply.output["listings"]) == 4
    assert any("max_pages" in w and "/?p=3" in w for w in reply.warnings)
    assert site.asked == ["/", "/?p=2"]


async def test_pages_that_lead_in_a_circle_are_read_once(site: Site, go: Go) -> None:
    site.add("/", index(1, 2, following="/b"))
    site.add("/b", index(3, 4, following="/"))
    assert len((await go("/", max_pages=50)).output["pages"]) == 2


async def test_a_next_page_that_repeats_the_list_ends_the_walk(site: Site, go: Go) -> None:
    for n in range(20):
        site.add(f"/?p={n}", index(1, 2, following=f"/?p={n + 1}"))
    reply = await go("/?p=0", max_pages=20)
    assert len(site.asked) == 2
    assert len(reply.output["listings"]) == 2
    assert "lists nothing" in reply.warnings[0]


async def test_a_later_page_that_fails_is_a_warning(site: Site, go: Go) -> None:
    site.add("/", index(1, 2, following="/gone"))
    reply = await go("/", max_pages=5)
    assert len(reply.output["listings"]) == 2
    assert "scrape.http_status" in reply.warnings[0]
    assert (reply.status, reply.score) == (TraceStatus.PARTIAL_SUCCESS, 0.5)


async def test_of_several_addresses_the_lost_are_named(site: Site, go: Go) -> None:
    site.add("/a", "<title>A</title><p>one")
    site.add("/b", "<title>B</title><p>two")
    reply = await go("/a", "/gone", "/b")
    assert [p["title"] for p in reply.output["pages"]] == ["A", "B"]
    assert "/gone was not read" in reply.warnings[0]
    assert reply.status == TraceStatus.PARTIAL_SUCCESS


async def test_when_every_address_is_lost_the_first_error_stands(go: Go) -> None:
    assert await code_of(go("/gone", "/lost")) == (AttemptFailed, "scrape.http_status", False)


@pytest.mark.parametrize(
    ("status", "is_retryable"),
    [(404, False), (403, False), (410, False), (429, True), (500, True), (503, True)],
)
async def test_a_bad_status_fails_the_attempt(site: Site, go: Go, status: int, is_retryable: bool) -> None:  # noqa: FBT001
    site.add("/", "sorry", status=status)
    assert await code_of(go("/")) == (AttemptFailed, "scrape.http_status", is_retryable)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image/png", b"\x89PNG"),
        ("application/pdf", b"%PDF-1.7"),
        (HTML, b"%PDF-1.7"),
        ("application/zip", b"PK\x03\x04"),
    ],
)
async def test_what_is_no_page_is_refused_as_such(site: Site, go: Go, kind: str, body: bytes) -> None:
    site.add("/", body, kind=kind)
    assert await code_of(go("/")) == (AttemptFailed, "scrape.not_html", False)


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/ld+json", "text/csv; charset=utf-8"]
)
async def test_other_text_is_taken_as_it_is(site: Site, go: Go, kind: str) -> None:
    site.add("/", '{"price": "5 €"}', kind=kind)
    reply = await go("/")
    assert reply.output["text"] == '{"price": "5 €"}'
    assert reply.output["prices"] == [{"amount": 5, "currency": "EUR", "text": "5 €"}]


async def test_a_page_that_never_answers_times_out(site: Site, go: Go) -> None:
    site.pages["/"] = None
    assert (await code_of(go("/", limits=FetchLimits(timeout_s=0.2))))[:2] == (
        AttemptTimedOut,
        "egress.timeout",
    )


async def test_a_page_beyond_the_limit_is_too_large(site: Site, go: Go) -> None:
    site.add("/", "x" * 5_000)
    assert (await code_of(go("/", limits=FetchLimits(decoded_bytes=1_000))))[1] == "egress.too_large"


async def test_a_private_address_without_a_grant_is_refused(site: Site, go: Go) -> None:
    assert (await code_of(go("/", is_granted=False)))[0] is Refused
    assert site.asked == []


async def test_the_next_link_to_another_port_is_not_followed(site: Site, go: Go) -> None:
    site.add("/", index(1, 2, following="http://127.0.0.1:1/"))
    assert len((await go("/", max_pages=5)).output["pages"]) == 1


async def test_a_page_that_needs_a_browser_is_named_when_none_may_run(site: Site, go: Go) -> None:
    site.add("/", APP)
    reply = await go("/", render="never")
    assert reply.output["needs_browser"] == [f"http://{site.origin}/"]
    assert "empty mount point #app" in reply.warnings[0]


async def test_the_charset_of_the_header_decides(site: Site, go: Go) -> None:
    site.add("/", "<title>Größe</title>".encode("latin-1"), kind="text/html; charset=iso-8859-1")
    assert (await go("/")).output["title"] == "Größe"


async def test_an_empty_page_is_an_empty_output(site: Site, go: Go) -> None:
    site.add("/", "")
    output = (await go("/")).output
    assert (output["title"], output["text"], output["listings"], output["ends_text"]) == ("", "", [], None)


@pytest.mark.browser
@pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("render", ["auto", "always"])
async def test_a_page_that_needs_a_browser_is_rendered(site: Site, go: Go, render: str) -> None:
    site.add("/", APP)
    reply = await go("/", render=render)
    assert [(x["title"], x["price"]) for x in reply.output["listings"]] == [
        ("Truck 1", 1500),
        ("Truck 2", 2500),
    ]
    assert reply.output["pages"][0]["rendered"]
    assert reply.output["needs_browser"] == []
    assert reply.usage["rendered_pages"] == 1
    assert [w for w in reply.warnings if "empty mount point #app" in w] == reply.output["warnings"]
