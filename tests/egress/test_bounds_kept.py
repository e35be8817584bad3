from __future__ import annotations

import asyncio

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.clock import SystemClock
from contracts.errors import AttemptFailed, AttemptTimedOut
from egress.bounds import Counts, Deadline, Meter
from egress.wire import Wire, joined_headers
from tests.egress.conftest import Serve
from tests.egress.site import Behaviour, pause


@given(counts=st.lists(st.integers(0, 1000), max_size=30))
def test_a_meter_stops_at_the_first_byte_beyond_its_cap(counts: list[int]) -> None:
    Meter(sum(counts)).add(sum(counts))
    meter = Meter(sum(counts))
    for count in counts:
        meter.add(count)
    with pytest.raises(AttemptFailed) as caught:
        meter.add(1)
    assert caught.value.data == {"limit": sum(counts), "measured": "on the wire"}


def deadline(within_s: float) -> Deadline:
    return Deadline.of("http://a.example/" + "x" * 500, within_s=within_s, clock=SystemClock())


async def test_a_deadline_is_one_for_all_the_blocks_it_is_kept_in() -> None:
    whole = deadline(0.15)
    async with whole.kept():
        await pause(0.1)
    with pytest.raises(AttemptTimedOut, match=r"within 0\.15 s") as caught:
        async with whole.kept():
            await pause(10)
    assert (caught.value.retryable, len(caught.value.message) < 400) == (True, True)


async def test_a_timeout_of_somebody_elses_passes_through_a_deadline() -> None:
    with pytest.raises(TimeoutError):
        async with deadline(10).kept():
            raise TimeoutError


async def test_a_cancelled_block_is_cancelled_and_not_late() -> None:
    async def wait() -> None:
        async with deadline(10).kept():
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await pause(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def wire_to(serve: Serve, said: bytes | Behaviour, *, cap: int = 100, within_s: float = 5) -> Wire:
    site = await serve({"/": said})
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    return Wire(reader, writer, meter=Meter(cap), deadline=deadline(within_s), counts=Counts())


async def read_all(wire: Wire) -> bytes:
    got = b""
    while data := await wire.read(30):
        got += data
    return got


ASK = b"GET / HTTP/1.1\r\n\r\n"


async def test_a_wire_counts_what_arrives_and_knows_when_it_ended(serve: Serve) -> None:
    wire = await wire_to(serve, b"x" * 100)
    await wire.write(ASK)
    assert (await read_all(wire), wire.ended) == (b"x" * 100, True)
    await wire.aclose()


async def test_a_wire_gives_up_at_its_cap(serve: Serve) -> None:
    wire = await wire_to(serve, b"x" * 101)
    await wire.write(ASK)
    with pytest.raises(AttemptFailed, match="exceeds 100 bytes"):
        await read_all(wire)
    await wire.aclose()


async def test_a_silent_wire_ends_by_the_sooner_of_two_timeouts(serve: Serve) -> None:
    wire = await wire_to(serve, b"", within_s=0.2)
    with pytest.raises(httpcore.ReadTimeout):
        await wire.read(1, timeout=0.05)
    with pytest.raises(AttemptTimedOut):
        await wire.read(1, timeout=10)
    await wire.aclose()


async def test_a_wire_nobody_reads_from_ends_at_the_deadline(serve: Serve) -> None:
    stay = asyncio.Event()

    async def deaf(*_: object) -> None:
        await stay.wait()

    wire = await wire_to(serve, deaf, within_s=0.2)
    await wire.write(ASK)
    with pytest.raises(AttemptTimedOut):
        await wire.write(bytes(64 * 1024 * 1024))
    await wire.aclose()


async def test_a_wire_starts_no_tls_of_its_own_and_shows_no_socket(serve: Serve) -> None:
    wire = await wire_to(serve, b"")
    assert wire.get_extra_info("socket") is None
    await wire.aclose()


@pytest.mark.parametrize(
    ("pairs", "joined"),
    [
        ([(b"A", b"1"), (b"a", b"2"), (b"B", b"")], {"a": "1, 2", "b": ""}),
        ([(b"X", b"\xfc\xff")], {"x": "\xfc\xff"}),
        ([], {}),
    ],
)
def test_headers_are_joined_by_name_whatever_their_case(
    pairs: list[tuple[bytes, bytes]], joined: dict[str, str]
) -> None:
    assert joined_headers(pairs) == joined
