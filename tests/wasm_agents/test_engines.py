"""Room for instances: counted, given back whatever happened, and one too many is refused instead of a crash."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from contracts.errors import AttemptFailed, CallsheetError, Unavailable
from tests.wasm_agents.leftovers import nothing_left
from tests.wasm_agents.speaking import FOR_EVER, spoken
from wasm_agents.engines import Room, engine_of, room
from wasm_agents.guest import Guest

BACKENDS = ("direct",)
Load = Callable[..., Guest]


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture
def full() -> Iterator[None]:
    """Have no room for anybody."""
    taken = room._left
    room.take(taken)
    yield
    room.leave(taken)


def test_a_profile_has_one_engine_however_many_ask_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len({id(engine) for engine in pool.map(lambda _: engine_of("core"), range(32))}) == 1
    assert engine_of("core").handle != engine_of("component").handle


def test_room_that_is_taken_comes_back() -> None:
    small = Room()
    small._left = 5
    small.enter(3)
    with pytest.raises(Unavailable) as raised:
        small.enter(3)
    assert (raised.value.code, raised.value.hint) == ("host.busy", "Run fewer at once.")
    small.leave(3)
    small.enter(5)


def test_room_is_counted_right_by_many_threads() -> None:
    small = Room()
    before = small._left

    def comes_and_goes(_: int) -> None:
        for _ in range(200):
            small.enter(2)
            small.leave(2)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(comes_and_goes, range(8)))
    assert small._left == before


@pytest.mark.parametrize(
    "execute", ["(unreachable)", FOR_EVER, f"(i64.const {2**63})", "(i64.const 0xffffffff)", "(i64.const 0)"]
)
async def test_room_comes_back_however_a_call_ends(load: Load, execute: str) -> None:
    guest, before = load(spoken(execute, imports=""), limits={"fuel": 100_000}), room._left
    for _ in range(5):
        with suppress(CallsheetError):
            guest.call(b"{}", 0.05)
        with suppress(CallsheetError):
            await guest.call_async(b"{}", 0.05)
    assert room._left == before


@pytest.mark.parametrize("limits", [{"memory_bytes": 65_536}, {"table_elements": 0}], ids=["memory", "table"])
async def test_room_comes_back_when_no_instance_could_be_made(load: Load, limits: dict[str, int]) -> None:
    guest, before = (
        load(spoken("(i64.const 0)", imports="", more="(table 5 funcref)"), limits=limits),
        room._left,
    )
    for _ in range(3):
        with pytest.raises(AttemptFailed):
            guest.call(b"{}", 5.0)
        with pytest.raises(AttemptFailed):
            await guest.call_async(b"{}", 5.0)
        with pytest.raises(AttemptFailed):
            guest.arm(2)
        kept = guest.keep()
        with pytest.raises(AttemptFailed):
            kept.call(b"{}", 5.0)
    assert room._left == before


@pytest.mark.usefixtures("full")
async def test_without_room_every_way_in_is_busy_and_takes_nothing(load: Load) -> None:
    guest = load(spoken("(i64.const 0)", imports=""))
    for ask in (lambda: guest.call(b"{}", 5.0), guest.keep, lambda: guest.arm(1)):
        with pytest.raises(Unavailable) as raised:
            ask()
        assert raised.value.code == "host.busy"
    with pytest.raises(Unavailable):
        await guest.call_async(b"{}", 5.0)


_TOO_MANY = """
import sys
from contracts.errors import CallsheetError
from tests.wasm_agents.speaking import spoken
from wasm_agents.engines import SLOTS, room
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits
guest = Host().load(spoken("(i64.const 0)", imports="", more=sys.argv[1]), GuestLimits())
kept, codes, before = [], [], room._left
while len(codes) < 3 and len(kept) <= SLOTS["core"] + 3:
    try:
        kept.append(guest.keep())
        kept[-1].call(b"{}", 5.0)
    except CallsheetError as failure:
        codes.append(failure.code)
for one in kept:
    one.close()
print(len(kept) > 1_000, *codes, guest.call(b"{}", 5.0).output, room._left == before)
"""


@pytest.mark.parametrize("more", ["", "(table 5 funcref)"], ids=["slots", "mappings"])
def test_more_instances_than_there_is_room_for_are_refused(more: str) -> None:
    # In a process of its own: one that has no mappings left cannot go on.
    ran = subprocess.run(
        [sys.executable, "-c", _TOO_MANY, more], capture_output=True, text=True, timeout=100, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "True host.busy host.busy host.busy b'' True\n"), ran.stderr
