"""A guest's requests go where it was granted and nowhere else, hop by hop, and never show it a secret."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from contracts.policy import FetchLimits
from egress.fetch import Egress
from tests.egress.site import Answers, ScriptedResolver, Site, answer, granted, redirect
from tests.wasm_agents.doorway import Doorway, http
from wasm_agents.doors.headers import request_headers
from wasm_agents.doors.outside import Outside
from wasm_agents.doors.secrets import Secrets
from wasm_agents.grants import Granted, SecretRule
from wasm_agents.limits import GuestLimits

Serve = Callable[[Answers], Awaitable[Site]]
OUT = Outside(fetch=Egress())
TOKEN = "Bearer s3cret-token-4711"


@pytest_asyncio.fixture
async def serve() -> AsyncIterator[Serve]:
    sites: list[Site] = []

    async def start(answers: Answers) -> Site:
        sites.append(Site(answers))
        await sites[-1].start()
        return sites[-1]

    yield start
    for site in sites:
        await site.stop()


def doorway(site: Site, *paths: str, **more: Any) -> Doorway:
    urls = [site.url(path) for path in paths or ("/",)]
    return Doorway(http(*urls, **more), OUT, policy=site.policy())


def secret(value: str = TOKEN, header: str = "Authorization") -> SecretRule:
    return SecretRule("key", ("127.0.0.1",), header, value)


async def test_a_granted_request_comes_back_with_status_headers_and_text(serve: Serve) -> None:
    site = await serve({"/a": answer(b"caf\xc3\xa9", X_Kind="plain")})
    found = await doorway(site).ok("http.request", url=site.url("/a?b=1"))
    assert (found["status"], found["body"], found["url"]) == (200, "café", site.url("/a?b=1"))
    assert found["headers"]["x-kind"] == "plain"
    assert "content-length" not in found["headers"]


async def test_a_status_that_is_no_success_is_an_answer_too(serve: Serve) -> None:
    site = await serve({})
    assert (await doorway(site).ok("http.request", url=site.url("/gone")))["status"] == 404


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00", b"text with \x00", b"\x89PNG\r\n\x1a\n"])
async def test_a_body_that_is_no_plain_text_comes_as_base64(serve: Serve, raw: bytes) -> None:
    site = await serve({"/": answer(raw)})
    found = await doorway(site).ok("http.request", url=site.url())
    assert base64.b64decode(found["body_base64"]) == raw
    assert "body" not in found


async def test_method_headers_and_body_reach_the_server(serve: Serve) -> None:
    site = await serve({"/": answer(b"done")})
    door = doorway(site, methods=["PUT"])
    await door.ok(
        "http.request", method="PUT", url=site.url(), body="{}", headers={"Content-Type": "application/json"}
    )
    head = site.requests[0].lower()
    assert head.startswith(b"put / http/1.1")
    assert b"content-type: application/json" in head
    assert b"content-length: 2" in head


@pytest.mark.parametrize(
    ("grant", "asked"),
    [
        ("", {}),
        ("http://127.0.0.1:1/", {}),
        ("http://127.0.0.2:{port}/", {}),
        ("https://127.0.0.1:{port}/", {}),
        ("http://127.0.0.1:{port}/", {"method": "POST"}),
        ("http://127.0.0.1:{port}/b", {}),
        ("http://127.0.0.1:{port}/b/", {"path": "/b/../a"}),
        ("http://127.0.0.1:{port}/b/", {"path": "/b/%2e%2e/a"}),
        ("http://127.0.0.1:{port}/b/", {"path": "/b/..%2fa"}),
    ],
)
async def test_what_was_not_granted_is_denied_and_nothing_is_sent(
    serve: Serve, grant: str, asked: dict[str, str]
) -> None:
    site = await serve({"/a": answer(b"inner")})
    url = site.url(asked.pop("path", "/a"))
    given = http(grant.format(port=site.port)) if grant else Granted()
    door = Doorway(given, OUT, policy=site.policy())
    assert await door.refusal("http.request", url=url, **asked) == "capability.denied"
    assert site.connections == 0


async def test_a_grant_does_not_widen_what_the_run_may_reach(serve: Serve) -> None:
    site = await serve({"/": answer(b"inner")})
    door = Doorway(http(site.url()), OUT, policy=granted("127.0.0.1:1"))
    envelope = await door.ask("http.request", url=site.url())
    assert envelope["error"]["code"] == "egress.private_address"
    assert site.connections == 0


async def test_where_a_name_leads_inside_is_not_told(serve: Serve) -> None:
    egress = Egress(resolver=ScriptedResolver([["10.1.2.3"]]))
    door = Doorway(http("http://inner.test:80/"), Outside(fetch=egress), policy=granted(hosts=["inner.test"]))
    envelope = await door.ask("http.request", url="http://inner.test/")
    assert envelope["error"]["code"] == "egress.private_address"
    assert "10.1.2.3" not in envelope["error"]["message"]


async def test_every_hop_of_a_redirect_is_held_against_the_grant(serve: Serve) -> None:
    site = await serve({"/a/": redirect("/a/b"), "/a/b": redirect("/c"), "/c": answer(b"not for it")})
    door = doorway(site, "/a/")
    assert await door.refusal("http.request", url=site.url("/a/")) == "capability.denied"
    assert site.paths == ["/a/", "/a/b"]


async def test_a_redirect_is_held_against_the_method_then_in_force(serve: Serve) -> None:
    site = await serve({"/": redirect("/seen", status="303 See Other"), "/seen": answer(b"x")})
    only_post = doorway(site, methods=["POST"])
    assert (
        await only_post.refusal("http.request", method="POST", url=site.url(), body="") == "capability.denied"
    )
    both = doorway(site, methods=["GET", "POST"])
    assert (await both.ok("http.request", method="POST", url=site.url(), body=""))["status"] == 200
    assert site.paths == ["/", "/", "/seen"]


async def test_a_secret_goes_to_its_host_and_not_to_the_guest(serve: Serve) -> None:
    echoed = json.dumps({"you sent": TOKEN, "again": "s3cret-token-4711"}).encode()
    site = await serve({"/": answer(echoed, X_Echo=TOKEN)})
    door = doorway(site, secrets=[secret()])
    said = json.dumps(await door.ok("http.request", url=site.url()))
    assert f"authorization: {TOKEN}".encode() in site.requests[0].replace(b"Authorization", b"authorization")
    assert "s3cret" not in said
    assert said.count("[redacted]") == 3
    assert b"s3cret" not in b"".join(part for call in door.recorder.calls for part in call[1:])


@pytest.mark.parametrize("header", ["Authorization", "X-Own-Key"])
async def test_a_secret_is_not_sent_on_to_another_origin(serve: Serve, header: str) -> None:
    other = await serve({"/": answer(b"other")})
    site = await serve({"/": redirect(f"http://127.0.0.1:{other.port}/")})
    door = Doorway(
        http(site.url(), other.url(), secrets=[secret(header=header)]),
        OUT,
        policy=granted(site.endpoint(), other.endpoint()),
    )
    assert (await door.ok("http.request", url=site.url()))["body"] == "other"
    assert TOKEN.encode() in site.requests[0]
    assert TOKEN.encode() not in other.requests[0]


async def test_a_secret_stays_on_a_redirect_within_its_origin(serve: Serve) -> None:
    site = await serve({"/": redirect("/b"), "/b": answer(b"x")})
    await doorway(site, secrets=[secret()]).ok("http.request", url=site.url())
    assert [TOKEN.encode() in request for request in site.requests] == [True, True]


async def test_a_secret_that_is_echoed_is_not_to_be_had_in_parts(serve: Serve) -> None:
    site = await serve({"/": answer(b"whole")})
    ranged = {"url": site.url(), "headers": {"Range": "bytes=0-5"}}

    assert await doorway(site, secrets=[secret()]).refusal("http.request", **ranged) == "capability.denied"
    assert site.connections == 0
    assert (await doorway(site).ok("http.request", **ranged))["body"] == "whole"


async def test_a_secret_that_is_no_header_is_not_quoted(serve: Serve) -> None:
    site = await serve({})
    door = doorway(site, secrets=[secret("s3cret-value\r\nX-More: 1")])
    envelope = await door.ask("http.request", url=site.url())
    assert envelope["error"]["code"] == "capability.unavailable"
    assert "s3cret" not in json.dumps(envelope)
    assert site.connections == 0


async def test_a_guest_that_knows_a_secret_marks_its_recording(serve: Serve) -> None:
    site = await serve({"/": answer(b"x")})
    door = doorway(site, secrets=[secret()])
    await door.ask("http.request", url=site.url(f"/?q={TOKEN.split()[1]}"))
    assert door.recorder.is_redacted
    assert b"s3cret" not in door.recorder.calls[0].given


@pytest.mark.parametrize("form", [TOKEN, "s3cret-token-4711", base64.b64encode(TOKEN.encode()).decode()])
def test_a_secret_is_found_in_every_form_it_is_echoed_in(form: str) -> None:
    secrets = Secrets([TOKEN])
    assert "[redacted]" in secrets.out_of(f"before {form} after")
    assert b"s3cret" not in secrets.out_of_bytes(b"\xff" + TOKEN.encode())
    assert secrets.out_of("nothing of it") == "nothing of it"


@pytest.mark.parametrize(
    "name",
    [
        "Host",
        "Content-Length",
        "Connection",
        "Transfer-Encoding",
        "Cookie",
        "Authorization",
        "X-Forwarded-For",
        "X-HTTP-Method-Override",
        "X-Original-URL",
        "Expect",
        "Proxy-Authorization",
        "Accept-Encoding",
        "-version",
    ],
)
async def test_a_header_that_is_not_a_guests_is_refused(serve: Serve, name: str) -> None:
    site = await serve({})
    door = doorway(site)
    assert await door.refusal("http.request", url=site.url(), headers={name: "1"}) == "capability.bad_input"
    assert site.connections == 0


def test_a_header_that_chooses_a_version_is_sent() -> None:
    given = {"X-GitHub-Api-Version": "2022-11-28", "Notion-Version": "1", "Accept": "*/*"}
    assert request_headers(given).keys() == {"x-github-api-version", "notion-version", "accept"}


@pytest.mark.parametrize(
    "fields",
    [
        {"url": "http://127.0.0.1/", "headers": {"Accept": "a\r\nHost: b"}},
        {"url": "http://127.0.0.1/", "headers": {"Accept": "1", "accept": "2"}},
        {"url": "http://127.0.0.1/", "headers": {"Accept": 1}},
        {"url": "http://127.0.0.1/", "headers": {f"a{n}-version": "1" for n in range(40)}},
        {"url": "http://127.0.0.1/", "method": "TRACE"},
        {"url": "http://127.0.0.1/", "method": "get"},
        {"url": "http://127.0.0.1/", "body": "GET has none"},
        {"url": "http://127.0.0.1/", "method": "POST", "body": "a", "body_base64": "YQ=="},
        {"url": "http://127.0.0.1/", "method": "POST", "body_base64": "no base64!"},
        {"url": "http://127.0.0.1/", "timeout_ms": 0},
        {"url": "http://127.0.0.1/", "timeout_ms": True},
        {"url": "http://127.0.0.1/", "follow": False},
        {"url": ""},
        {"url": "http://127.0.0.1/" + "a" * 9000},
        {},
    ],
)
async def test_a_request_that_cannot_be_read_is_bad_input(fields: dict[str, Any]) -> None:
    assert await Doorway(outside=OUT).refusal("http.request", **fields) == "capability.bad_input"


async def test_without_a_network_a_granted_request_is_unavailable() -> None:
    door = Doorway(http("http://127.0.0.1:80/"))
    assert await door.refusal("http.request", url="http://127.0.0.1/") == "capability.unavailable"


def bounded(site: Site, most: int, limits: FetchLimits | None = None) -> Doorway:
    given = http(site.url(), methods=["GET", "POST"], limits=GuestLimits(egress_bytes=most))
    return Doorway(given, OUT, policy=site.policy(limits=limits))


async def test_an_answer_beyond_the_egress_limit_is_refused_and_counted(serve: Serve) -> None:
    site = await serve({"/": answer(b"x" * 5_000)})
    door = bounded(site, 3_000)
    assert await door.refusal("http.request", url=site.url()) == "limit.egress"
    assert door.doors.spent()["egress_bytes"] > 0


async def test_a_small_answer_that_inflates_beyond_the_limit_is_refused(serve: Serve) -> None:
    site = await serve({"/": answer(gzip.compress(bytes(10**6)), Content_Encoding="gzip")})
    assert await bounded(site, 20_000).refusal("http.request", url=site.url()) == "limit.egress"


async def test_what_is_sent_counts_before_it_is_sent(serve: Serve) -> None:
    site = await serve({"/": answer(b"x")})
    door = bounded(site, 1_000)
    refused = await door.refusal("http.request", method="POST", url=site.url(), body="x" * 1_000)
    assert (refused, site.connections) == ("limit.egress", 0)


async def test_many_requests_draw_on_one_limit(serve: Serve) -> None:
    site = await serve({"/": answer(b"x" * 700)})
    door = bounded(site, 2_000)
    codes = [(await door.ask("http.request", url=site.url())).get("error", {}).get("code") for _ in range(4)]
    assert codes[:2] == [None, None]
    assert codes[-1] == "limit.egress"
    assert door.doors.spent()["requests"] >= 2


async def test_a_run_s_own_limit_is_told_as_its_own(serve: Serve) -> None:
    site = await serve({"/": answer(b"x" * 5_000)})
    door = bounded(site, 10**6, FetchLimits(wire_bytes=2_000))
    assert await door.refusal("http.request", url=site.url()) == "egress.too_large"


async def test_a_guests_own_timeout_ends_its_request(serve: Serve) -> None:
    async def silent(reader: Any, _writer: Any) -> None:
        await reader.read()

    site = await serve({"/": silent})
    envelope = await doorway(site).ask("http.request", url=site.url(), timeout_ms=50)
    assert (envelope["error"]["code"], envelope["error"]["retryable"]) == ("egress.timeout", True)
