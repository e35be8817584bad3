"""A call's clock, chance and log: the same again when it is run again, and bounded whatever a guest does."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wasm_agents.surroundings import MAX_ELAPSED_NS, RANDOM_BYTES, TICK_NS, Surroundings

NOW_NS = 1_763_700_000_123_456_789


@given(steps=st.lists(st.sampled_from(["look", "random"]) | st.integers(-5, 10**12), max_size=30))
def test_equal_surroundings_give_the_same_again(steps: list[str | int]) -> None:
    def lived() -> list[object]:
        world, seen = Surroundings(now_ns=NOW_NS, seed="s"), list[object]()
        for step in steps:
            if isinstance(step, int):
                world.sleep(step)
            seen.append(world.look() if step == "look" else world.random(5))
        return seen

    assert lived() == lived()


@given(sleeps=st.lists(st.integers(-(2**64), 2**70), max_size=20))
def test_the_virtual_clock_only_goes_forward_and_never_past_any_date(sleeps: list[int]) -> None:
    world, last = Surroundings(now_ns=NOW_NS), NOW_NS
    for ns in sleeps:
        world.sleep(ns)
        now = world.look()
        assert now > last
        last = now
    assert last <= NOW_NS + MAX_ELAPSED_NS + TICK_NS * len(sleeps)
    assert (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=last // 1000)).year < 2_400


def test_a_look_at_the_virtual_clock_moves_it() -> None:
    world = Surroundings(now_ns=NOW_NS)
    assert [world.look() - NOW_NS for _ in range(3)] == [TICK_NS, 2 * TICK_NS, 3 * TICK_NS]
    assert world.elapsed() == 3 * TICK_NS


def test_a_real_clock_goes_on_by_itself_and_sleeping_does_not_move_it() -> None:
    world = Surroundings(now_ns=NOW_NS, clock="real")
    world.sleep(10**18)
    first = world.look()
    assert NOW_NS <= first < NOW_NS + 10**15
    assert world.look() >= first


def test_chance_differs_by_its_seed_alone() -> None:
    def drawn(seed: str) -> bytes:
        return Surroundings(seed=seed).random(16)

    assert drawn("a") == drawn("a") != drawn("b")


def test_chance_of_the_system_is_not_repeated() -> None:
    assert Surroundings(chance="os").random(16) != Surroundings(chance="os").random(16)


@pytest.mark.parametrize("chance", ["seed", "os"])
def test_one_draw_is_bounded(chance: str) -> None:
    world = Surroundings(chance="os" if chance == "os" else "seed")
    assert len(world.random(RANDOM_BYTES + 1)) == RANDOM_BYTES
    assert world.random(0) == b""


@given(lines=st.lists(st.binary(max_size=12), max_size=20), most=st.integers(0, 60))
def test_a_log_keeps_the_first_bytes_and_marks_what_is_missing(lines: list[bytes], most: int) -> None:
    world, whole = Surroundings(log_bytes=most), b"".join(lines)
    for line in lines:
        world.write(line)
    kept, marked, _ = world.log.partition("\n[the rest was not kept]")
    assert len(kept) <= most
    assert bool(marked) == (len(whole) > most > 0)
    assert len(bytes(world._log)) <= most + 30


@pytest.mark.parametrize("most", [0, 2, 5])
def test_a_log_that_just_fits_is_not_marked(most: int) -> None:
    world = Surroundings(log_bytes=most)
    world.write(b"a" * most)
    assert world.log == "a" * most


def test_what_a_terminal_would_obey_is_made_visible() -> None:
    world = Surroundings()
    world.write(b"a\tb\nc\x1b[31m\x00\xff\xe2\x80\xae\r")
    assert world.log == "a\tb\nc�[31m����"


def test_a_log_of_one_byte_at_a_time_costs_its_bytes_alone() -> None:
    world = Surroundings(log_bytes=10**5)
    for _ in range(10**5):
        world.write(b"xy"[:1])
    assert world._log.__sizeof__() < 2 * 10**5
