"""What the journal refuses: stale holders, ended runs, keys used before, signals told twice; and what it finds."""

from __future__ import annotations

from functools import partial

from contracts.errors import CallsheetError, Conflict, Fenced
from contracts.journal import (
    Entry,
    Event,
    IdempotencyKey,
    Signal,
    Value,
)
from contracts.run import RunState
from dispatcher.journal import KEY_LIFE_MS, StorageJournal
from storage.database import Database
from storage.queries import key_by_name
from tests.dispatcher.keeping import OVER, create, put, receipt, run_of, told
from traces.events import EventStore
from traces.runs_store import RunStore


async def test_an_older_epoch_is_fenced_and_changes_nothing(
    journal: StorageJournal, database: Database
) -> None:
    await create(journal, run_of())
    journal.open("r1", done=lambda error: None)
    refused = await put(journal, 1, receipts=[receipt("t1", 2)], values=[Value("k", "1", "s")])
    assert isinstance(refused, Fenced)
    assert refused.code == "journal.fenced"
    assert RunStore(database.reader()).values("r1") == {}
    assert await put(journal, 2, receipts=[receipt("t2", 2)]) is None


async def test_a_run_that_is_over_takes_nothing_more(journal: StorageJournal, database: Database) -> None:
    await create(journal, run_of())
    await put(journal, run=run_of(state=OVER), events=[Event(2, "succeeded", 1)])
    late = await put(journal, run=run_of(state=RunState.CANCELLED), events=[Event(3, "cancelled", 1)])
    signal = await told(lambda done: journal.signal(Signal("r1", "s", "go", None, 1), done))
    assert [error and error.code for error in (late, signal)] == ["journal.closed", "journal.closed"]
    assert journal.state("r1") is OVER


async def test_an_entry_after_one_that_was_not_kept_is_not_kept_either(
    journal: StorageJournal, database: Database
) -> None:
    await create(journal, run_of())
    await put(journal, receipts=[receipt("t1", 2)])
    heard: list[CallsheetError | None] = []
    journal.put(Entry("r1", 1, receipts=[receipt("t1", 3)]), heard.append)
    journal.put(Entry("r1", 1, receipts=[receipt("t3", 4)]), heard.append)
    await told(journal.flush)
    assert [error and error.code for error in heard] == ["storage.constraint", "journal.broken"]
    assert [line.event_id for line in EventStore(database.reader()).of_run("r1")] == [1, 2]
    journal.open("r1", done=heard.append)
    assert await put(journal, 2, receipts=[receipt("t3", 3)]) is None, "whoever opens it anew goes on"


async def test_a_signal_told_twice_is_one_signal(journal: StorageJournal) -> None:
    await create(journal, run_of())
    for payload in ("first", "second"):
        assert await told(partial(journal.signal, Signal("r1", "s", "go", payload, 1))) is None
    assert [s.payload for s in journal.open("r1", done=lambda error: None).signals] == ["first"]


async def test_a_signal_makes_its_run_due_until_it_is_opened(journal: StorageJournal) -> None:
    await create(journal, run_of())
    await put(journal, run=run_of(state=RunState.AWAITING_APPROVAL), events=[Event(2, "parked", 1)])
    await told(lambda done: journal.signal(Signal("r1", "s", "go", None, 50), done))
    assert [u.run_id for u in journal.due(before_ms=50)] == ["r1"]
    assert (list(journal.due(before_ms=49)), journal.next_due_ms(after_ms=49)) == ([], 50)
    await told(lambda done: journal.open("r1", done=done))
    assert list(journal.due(before_ms=50)) == []


async def test_unfinished_are_those_neither_over_nor_waiting(journal: StorageJournal) -> None:
    states = {
        "q": RunState.QUEUED, "p": RunState.PLANNING, "r": RunState.RUNNING, "w": RunState.RUNNING,
        "a": RunState.AWAITING_APPROVAL, "s": OVER,
    }  # fmt: skip
    for run_id, state in states.items():
        await create(journal, run_of(run_id))
        wake_ms = 9 if run_id == "w" else None
        event = Event(2, "running", 1)
        await put(journal, run_id=run_id, run=run_of(run_id, state=state), events=[event], wake_ms=wake_ms)
    found = journal.unfinished()
    assert [u.run_id for u in found] == ["q", "p", "r"]
    assert [u.run_id for u in journal.unfinished(after=found[0].seq, limit=1)] == ["p"]


async def test_a_key_used_before_makes_no_second_run(journal: StorageJournal, database: Database) -> None:
    key = IdempotencyKey("order-7", "f" * 64, 1000)
    assert await create(journal, run_of(), key=key) is None
    again = await create(journal, run_of("r2"), key=key)
    assert isinstance(again, Conflict)
    assert again.code == "request.key_used"
    assert journal.state("r2") is None
    (row,) = database.reader().query(*key_by_name("order-7"))
    assert row["run_id"] == "r1"


async def test_a_key_is_forgotten_after_its_day(journal: StorageJournal) -> None:
    old = IdempotencyKey("old", "f" * 64, 1000)
    await create(journal, run_of(), key=old)
    late = IdempotencyKey("new", "f" * 64, 1000 + KEY_LIFE_MS + 1)
    assert await create(journal, run_of("r2"), key=late) is None
    assert await create(journal, run_of("r3"), key=old) is None
