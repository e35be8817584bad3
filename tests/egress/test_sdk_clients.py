"""Clients for SDKs: the same door, whatever library asks, and nothing of its own goes through it."""

from __future__ import annotations

import gzip

import httpx
import pytest

from contracts.clock import SystemClock
from contracts.errors import AttemptFailed, AttemptTimedOut, CallsheetError, Refused
from contracts.policy import FetchLimits, Policy
from egress.events import MAX_EVENT
from egress.fetch import Egress
from egress.fetch_door import FetchDoor, SdkDoor
from egress.sdk_transport import A_TURN
from tests.egress.conftest import Serve
from tests.egress.site import answer, pause, redirect

LIMITS = FetchLimits(timeout_s=9, wire_bytes=100_000, decoded_bytes=100_000, redirects=0)
SECRET = {"authorization": "Bearer given"}


@pytest.fixture(params=["egress", "door"])
def door(request: pytest.FixtureRequest) -> SdkDoor:
    return Egress() if request.param == "egress" else FetchDoor(SystemClock())


async def get(
    door: SdkDoor, url: str, policy: Policy, *, library: str, limits: FetchLimits = LIMITS
) -> bytes:
    own = {"x-ambient": "secret", "authorization": "Bearer ambient", "accept": "text/plain"}
    if library == "httpx2":
        async with await door.sdk_client(policy, limits=limits, headers=SECRET) as client:
            return (await client.get(url, headers=own)).content
    transport = await door.sdk_transport(policy, limits=limits, headers=SECRET)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as other:
        return (await other.get(url, headers=own)).content


@pytest.fixture(params=["httpx", "httpx2"])
def library(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


async def test_only_what_the_request_is_about_goes_on(serve: Serve, door: SdkDoor, library: str) -> None:
    site = await serve({"/": answer(b"there")})
    assert await get(door, site.url(), site.policy(), library=library) == b"there"
    head = site.requests[0].lower()
    assert b"authorization: bearer given\r\n" in head
    assert b"accept: text/plain\r\n" in head
    assert b"user-agent: callsheet/" in head
    assert b"ambient" not in head


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://169.254.169.254/latest/", "egress.private_address"),
        ("http://localhost:1/", "egress.private_address"),
        ("http://user:pw@a.test/", "egress.bad_url"),
    ],
)
async def test_an_sdk_is_refused_what_a_fetch_is(door: SdkDoor, library: str, url: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        await get(door, url, Policy(hosts=("*",)), library=library)
    assert caught.value.code == code


async def test_a_redirect_is_handed_back_and_not_followed(serve: Serve, door: SdkDoor, library: str) -> None:
    site = await serve({"/": redirect("/b"), "/b": answer(b"there")})
    assert await get(door, site.url(), site.policy(), library=library) == b""
    assert site.paths == ["/"]


async def failure(
    door: SdkDoor, serve: Serve, body: bytes, *, library: str, limits: FetchLimits = LIMITS, **headers: str
) -> CallsheetError:
    site = await serve({"/": answer(body, **headers)})
    with pytest.raises(CallsheetError) as caught:
        await get(door, site.url(), site.policy(), library=library, limits=limits)
    return caught.value


async def test_bytes_are_capped_packed_and_unpacked(serve: Serve, door: SdkDoor, library: str) -> None:
    large = await failure(door, serve, b"x" * 200_000, library=library)
    bomb = await failure(door, serve, gzip.compress(b"x" * 200_000), library=library, Content_Encoding="gzip")
    assert {large.code, bomb.code} == {"egress.too_large"}
    assert isinstance(bomb, AttemptFailed)


async def test_a_packed_answer_is_unpacked_once(serve: Serve, door: SdkDoor, library: str) -> None:
    site = await serve({"/": answer(gzip.compress(b"there"), Content_Encoding="gzip")})
    assert await get(door, site.url(), site.policy(), library=library) == b"there"


async def test_one_deadline_is_kept_however_slowly_bytes_come(
    serve: Serve, door: SdkDoor, library: str
) -> None:
    async def drip(_: object, writer: object) -> None:
        assert hasattr(writer, "write")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")
        for _ in range(99):
            writer.write(b"x")
            await pause(0.05)

    site = await serve({"/": drip})
    limits = LIMITS.model_copy(update={"timeout_s": 0.3})
    with pytest.raises(AttemptTimedOut):
        await get(door, site.url(), site.policy(), library=library, limits=limits)


async def test_an_sdk_gets_no_more_at_once_than_one_turn_of_the_loop(serve: Serve, door: SdkDoor) -> None:
    site = await serve({"/": answer(b"x\n\n" * 30_000, kind="text/event-stream")})
    transport = await door.sdk_transport(site.policy(), limits=LIMITS, headers=SECRET)
    async with (
        httpx.AsyncClient(transport=transport, trust_env=False) as client,
        client.stream("GET", site.url()) as response,
    ):
        sizes = [len(piece) async for piece in response.aiter_raw()]
    assert sum(sizes) == 90_000
    assert max(sizes) <= A_TURN


async def test_one_giant_event_is_refused_whatever_the_limits(
    serve: Serve, door: SdkDoor, library: str
) -> None:
    limits = FetchLimits(timeout_s=9, wire_bytes=9_000_000, decoded_bytes=9_000_000, redirects=0)
    body = b"data: " + b"x" * MAX_EVENT
    found = await failure(door, serve, body, library=library, limits=limits, kind="text/event-stream")
    assert found.code == "egress.too_large"
