"""The experiments of `make chaos`, a few of each: the service keeps its promises, and the rig would notice if not."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

from benchmarks.chaos.cancels import KINDS, cancel_often
from benchmarks.chaos.chronicle import Chronicle, Ledger, Note, read_chronicle
from benchmarks.chaos.cold import start_cold
from benchmarks.chaos.crash_points import crash_world
from benchmarks.chaos.drains import drain_often
from benchmarks.chaos.effects import kill_at_effects, unsurfaced
from benchmarks.chaos.event_stream import Sent, Stream
from benchmarks.chaos.feeder import Acknowledged, Feeder, Objective, hear
from benchmarks.chaos.figures import Figure
from benchmarks.chaos.flips import flip_bytes
from benchmarks.chaos.full_disk import fill_disk
from benchmarks.chaos.kept import Ended, Kept
from benchmarks.chaos.kills import acknowledged_reruns, kill_often, lost, reruns, stuck
from benchmarks.chaos.parked import park_many
from benchmarks.chaos.plans import chain, expected
from benchmarks.chaos.streams import stream_to_many
from benchmarks.chaos.victim import Victim
from benchmarks.chaos.wire import Gone, Line

PLACE = ("run", "s0")


@asynccontextmanager
async def answering(answer: bytes) -> AsyncIterator[int]:
    """A server that gives everybody this answer, and hangs up."""

    async def visit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def broken(experiment: Awaitable[Sequence[Figure]]) -> list[str]:
    """What an experiment counted against a promise; how fast it was is the benchmark's to judge."""
    figures = await experiment
    fast = ("_ms", "_ms_max", "_s_max", "_idle", "per_kill_max")
    return [
        f"{f.key}={f.value} {f.what}" for f in figures if f.verdict == "FAILS" and not f.key.endswith(fast)
    ]


def note(
    kind: Literal["started", "finished"], *, life: int, offset: int, attempt: int = 1, key: str = "k"
) -> Note:
    return Note(kind, *PLACE, attempt, life, float(life), key, offset)


def objective(*acknowledged: Acknowledged) -> Objective:
    return Objective("t", {"plan": chain("t", ["chaos_pure"], ms=1)}, run_id="run", ended=list(acknowledged))


def kept(*traces: Ended) -> Kept:
    by_id = {f"t{i}": t for i, t in enumerate(traces)}
    return Kept({"run": "succeeded"}, by_id, {("run", "k_s0"): expected(objective().body["plan"])["s0"]}, {})  # type: ignore[arg-type]  # no run is counted here


@pytest.mark.slow
async def test_kills_lose_nothing_acknowledged_and_run_nothing_acknowledged_again(tmp_path: Path) -> None:
    assert await broken(kill_often(tmp_path, kills=2, seed=1)) == []


@pytest.mark.slow
async def test_kills_around_effects_double_none_and_hide_none(tmp_path: Path) -> None:
    assert await broken(kill_at_effects(tmp_path, kills=3, seed=2)) == []


@pytest.mark.slow
async def test_a_guest_a_page_and_a_sleeper_all_stop_when_told(tmp_path: Path) -> None:
    kinds = [kind for kind in KINDS if kind.name != "browser"]
    assert await broken(cancel_often(tmp_path, times=1, kinds=kinds)) == []


@pytest.mark.slow
async def test_a_run_that_waits_for_a_person_wakes_when_approved(tmp_path: Path) -> None:
    assert await broken(park_many(tmp_path, parked=60, wakes=3, seed=3)) == []


@pytest.mark.slow
async def test_a_long_journal_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    assert await broken(start_cold(tmp_path, rows=2000, unfinished=20, starts=1)) == []


@pytest.mark.slow
async def test_a_full_disk_refuses_writes_serves_reads_and_heals(tmp_path: Path) -> None:
    assert await broken(fill_disk(tmp_path, rounds=1)) == []


@pytest.mark.slow
async def test_a_flipped_bit_is_never_served_and_is_named(tmp_path: Path) -> None:
    assert await broken(flip_bytes(tmp_path, flips=8, seed=4, seconds=0.3)) == []


@pytest.mark.slow
async def test_readers_that_are_cut_off_miss_no_event(tmp_path: Path) -> None:
    assert await broken(stream_to_many(tmp_path, clients=8, reconnects=2, seed=5, steps=100)) == []


@pytest.mark.slow
async def test_a_service_told_to_end_drops_no_request(tmp_path: Path) -> None:
    assert await broken(drain_often(tmp_path, rounds=1, seed=6, load_s=0.3)) == []


def test_simulated_worlds_double_no_effect_and_hide_none_wherever_they_crash() -> None:
    found = crash_world(1_000_003, most=8)
    assert found.points == 8
    assert found.effects > 0
    assert dict(found.broken) == {}


async def test_a_stream_in_chunks_of_any_size_gives_whole_events() -> None:
    text = b'retry: 1000\n\nid: 1\nevent: queued\ndata: {"body":{"a":1}}\n\n: ping\n\nid: 2\nevent: running\ndata: {}\n\n'
    chunks = (
        b"".join(b"%x\r\n%b\r\n" % (len(c), c) for c in (text[:20], text[20:61], text[61:])) + b"0\r\n\r\n"
    )
    async with answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunks) as port:
        stream = await Stream.open(port, "run")
        assert await stream.next() == Sent(1, "queued", {"a": 1})
        assert await stream.next() == Sent(2, "running", {})
        assert await stream.next() is None
        stream.close()


async def test_a_request_without_a_whole_answer_says_that_it_was_sent() -> None:
    async with answering(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n123") as port:
        with pytest.raises(Gone) as raised:
            await Line(port).ask("POST", "/objectives", body={})
        assert raised.value.was_sent
    with pytest.raises(Gone) as refused:
        await Line(port).ask("GET", "/")
    assert not refused.value.was_sent


def test_the_chronicle_gives_back_what_was_noted(tmp_path: Path) -> None:
    chronicle = Chronicle(tmp_path, life=3)
    chronicle.note("started", PLACE, attempt=1, key="")
    chronicle.note("finished", PLACE, attempt=1, key="abc")
    found = list(read_chronicle(tmp_path))
    assert [(n.kind, n.place, n.life, n.key) for n in found] == [
        ("started", PLACE, 3, "-"),
        ("finished", PLACE, 3, "abc"),
    ]
    assert list(read_chronicle(tmp_path, after=found[1].offset)) == found[1:]


def test_the_ledger_knows_the_keys_that_were_paid(tmp_path: Path) -> None:
    Ledger(tmp_path).pay(PLACE, "abc")
    assert Ledger(tmp_path).knows("abc")
    assert not Ledger(tmp_path).knows("abd")


def test_a_body_that_begins_after_it_was_acknowledged_is_counted() -> None:
    heard = objective(Acknowledged(PLACE, 1, "t0", "success", offset=50))
    before, after = note("started", life=1, offset=0), note("started", life=2, offset=50)
    assert acknowledged_reruns([before], [heard]) == 0
    assert acknowledged_reruns([before, after], [heard]) == 1


def test_an_acknowledged_attempt_that_is_not_kept_is_lost() -> None:
    heard = objective(Acknowledged(PLACE, 1, "t0", "success", offset=0))
    assert lost([heard], kept(Ended(PLACE, 1, "success", ""))) == 0
    assert lost([heard], kept(Ended(PLACE, 1, "failure", "x.y"))) == 1
    assert lost([heard], kept()) == 1


def test_a_run_that_is_not_over_is_counted_with_where_it_stands() -> None:
    heard, at_work = objective(), Kept({"run": "running"}, {}, {}, Counter())
    hear(heard, Sent(1, "queued", {}), offset=0)
    assert stuck([heard], at_work, bar=3) == Figure("bar3_stuck", 1, most=0, what="run running at event 1")
    assert stuck([heard], kept(), bar=3).value == 0


async def test_what_goes_wrong_in_the_rig_is_told_and_no_finding(tmp_path: Path) -> None:
    def no_body(rng: random.Random, tag: str) -> dict[str, object]:
        raise LookupError(tag)

    feeder = Feeder(Victim(tmp_path), random.Random(1), no_body)
    feeding = asyncio.create_task(feeder.run())
    await asyncio.wait({feeding})
    with pytest.raises(ExceptionGroup):
        await feeder.finish(feeding)


def test_a_rerun_belongs_to_the_life_that_was_killed() -> None:
    notes = [
        note("started", life=1, offset=0),
        note("finished", life=1, offset=1),
        note("started", life=2, offset=2),
        note("started", life=3, offset=3),
    ]
    again, finished = reruns(notes, failed=())
    assert dict(again) == {1: 1, 2: 1}
    assert +finished == {1: 1}


def test_another_attempt_after_a_failure_is_no_rerun() -> None:
    notes = [note("started", life=1, offset=0), note("started", life=2, offset=1, attempt=2)]
    assert reruns(notes, failed={(PLACE, 1)})[0] == {}


def test_an_effect_that_began_and_came_to_nothing_is_unsurfaced() -> None:
    assert unsurfaced({PLACE}, kept(Ended(PLACE, 1, "success", ""))) == []
    assert unsurfaced({PLACE}, kept(Ended(PLACE, 1, "failure", "effect.unknown"))) == []
    assert unsurfaced({PLACE}, kept(Ended(PLACE, 1, "cancelled", "run.cancelled"))) == [PLACE]


def test_a_gap_and_a_double_in_a_stream_are_counted() -> None:
    listener = objective()
    for number in (1, 2, 2, 5):
        hear(listener, Sent(number, "running", {}), offset=0)
    assert (listener.gaps, listener.doubles) == (2, 1)


@pytest.mark.parametrize(("value", "verdict"), [(0, "holds"), (1, "FAILS"), (None, "skipped")])
def test_a_figure_is_judged_by_what_it_may_be(value: int | None, verdict: str) -> None:
    assert Figure("bar3_stuck", value, most=0).verdict == verdict
