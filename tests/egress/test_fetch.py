from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter

import pytest

from contracts.errors import CallsheetError, InvalidInput, Refused
from contracts.policy import FetchLimits, Policy
from egress.fetch import Egress
from tests.egress.conftest import Serve
from tests.egress.site import ScriptedResolver, answer, granted, redirect


async def failure(egress: Egress, url: str, policy: Policy) -> CallsheetError:
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(url, policy=policy)
    return caught.value


async def test_a_page_comes_back_with_its_type_charset_and_hops(serve: Serve, egress: Egress) -> None:
    site = await serve({"/a": answer(b"<p>hi", kind='Text/HTML; Charset="UTF-8"', X_One="1")})
    page = await egress.fetch(site.url("/a#part"), policy=site.policy())
    assert (page.status, page.body, page.media_type, page.charset) == (200, b"<p>hi", "text/html", "utf-8")
    assert (page.url, page.hops, page.headers["x-one"]) == (site.url("/a"), (site.url("/a"),), "1")
    assert page.wire_bytes > len(page.body)


async def test_the_request_says_who_asks_and_for_which_host(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"ok")})
    await egress.fetch(site.url("/?q=a b"), policy=site.policy())
    head = site.requests[0].decode().lower()
    assert head.startswith("get /?q=a%20b http/1.1\r\n")
    assert f"host: 127.0.0.1:{site.port}\r\n" in head
    assert "user-agent: callsheet/0.1\r\n" in head
    assert "accept-encoding: gzip, deflate\r\n" in head


@pytest.mark.parametrize("status", ["404 Not Found", "500 Oops", "204 No Content", "304 Not Modified"])
async def test_a_status_is_an_answer_and_no_error(serve: Serve, egress: Egress, status: str) -> None:
    site = await serve({"/": answer(b"", status=status)})
    assert (await egress.fetch(site.url(), policy=site.policy())).status == int(status[:3])


async def test_a_posted_body_arrives_whole(serve: Serve, egress: Egress) -> None:
    async def echo(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(answer(await reader.readexactly(7)))

    site = await serve({"/": echo})
    headers = {"Content-Type": "application/json"}
    page = await egress.fetch(
        site.url(), policy=site.policy(), method="POST", headers=headers, body=b'{"a":1}'
    )
    assert page.body == b'{"a":1}'


async def test_a_granted_name_is_connected_at_the_address_it_resolved_to(serve: Serve) -> None:
    site = await serve({"/": answer(b"in")})
    resolver = ScriptedResolver([["127.0.0.1"], ["127.0.0.9"]])
    endpoint = f"wiki.test:{site.port}"
    page = await Egress(resolver=resolver).fetch(f"http://{endpoint}/", policy=granted(endpoint))
    assert (page.body, resolver.asked) == (b"in", [endpoint])
    assert f"Host: {endpoint}".encode() in site.requests[0]


async def test_a_private_address_is_refused_and_never_connected(serve: Serve, egress: Egress) -> None:
    site = await serve({})
    refused = await failure(egress, site.url(), Policy(hosts=("*",)))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.data["hop"], site.connections) == ("egress.private_address", 0, 0)
    assert egress.counts.refused == 1


async def test_the_environments_proxy_is_not_asked(
    serve: Serve, egress: Egress, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, proxy = await serve({"/": answer(b"direct")}), await serve({})
    monkeypatch.setenv("HTTP_PROXY", proxy.url())
    monkeypatch.setenv("ALL_PROXY", proxy.url())
    assert (await egress.fetch(site.url(), policy=site.policy())).body == b"direct"
    assert proxy.connections == 0


async def test_no_cookie_is_kept_between_fetches(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"", Set_Cookie="id=1; Path=/")})
    for _ in range(2):
        await egress.fetch(site.url(), policy=site.policy())
    assert not any(b"cookie" in r.lower() for r in site.requests)


async def test_a_dead_port_is_a_connect_failure_worth_retrying(serve: Serve, egress: Egress) -> None:
    site = await serve({})
    await site.stop()
    failed = await failure(egress, site.url(), site.policy())
    assert (failed.code, failed.retryable) == ("egress.connect", True)


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/1.1 banana\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"]
)
async def test_an_answer_that_is_no_http_is_a_protocol_failure(
    serve: Serve, egress: Egress, said: bytes
) -> None:
    site = await serve({"/": said})
    assert (await failure(egress, site.url(), site.policy())).code == "egress.protocol"


async def test_a_body_cut_short_is_a_protocol_failure(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"})
    failed = await failure(egress, site.url(), site.policy())
    assert (failed.code, failed.retryable) == ("egress.protocol", True)


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "Accept-Encoding", "Connection"]
)
async def test_a_header_that_frames_the_message_is_not_the_callers(egress: Egress, name: str) -> None:
    with pytest.raises(InvalidInput, match="frames the message"):
        await egress.fetch("http://shop.example/", policy=Policy(hosts=("*",)), headers={name: "x"})


@pytest.mark.parametrize("headers", [{"x": "a\r\nHost: evil"}, {"a b": "c"}, {"x": "ü"}, {"x": "y" * 20_000}])
async def test_a_header_that_cannot_be_sent_is_bad_input(
    serve: Serve, egress: Egress, headers: dict[str, str]
) -> None:
    site = await serve({"/": answer()})
    with pytest.raises(InvalidInput) as caught:
        await egress.fetch(site.url(), policy=site.policy(), headers=headers)
    assert (caught.value.code, site.requests) == ("egress.bad_header", [])


async def test_a_cancelled_fetch_hangs_up(serve: Serve, egress: Egress) -> None:
    gone, asked = asyncio.Event(), asyncio.Event()

    async def wait(reader: StreamReader, _: StreamWriter) -> None:
        asked.set()
        await reader.read()
        gone.set()

    site = await serve({"/": wait})
    task = asyncio.create_task(egress.fetch(site.url(), policy=site.policy()))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(5):
        await gone.wait()


async def test_what_went_through_is_counted(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": redirect("/b"), "/b": answer(b"x" * 1000)})
    page = await egress.fetch(site.url(), policy=site.policy())
    assert (egress.counts.requests, egress.counts.wire_bytes) == (2, page.wire_bytes)


async def test_limits_given_replace_the_policys(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"x" * 1000)})
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(site.url(), policy=site.policy(), limits=FetchLimits(decoded_bytes=999))
    assert caught.value.code == "egress.too_large"
