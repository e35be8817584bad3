"""The journal by itself: what one entry holds is kept together, and comes back as it was."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from typing_extensions import override

from contracts.clock import SystemClock
from contracts.errors import NotFound, Unavailable
from contracts.journal import (
    Entry,
    Event,
    Intent,
    Signal,
    Value,
    Wait,
)
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from storage.database import Database
from storage.unit import Unit
from tests.dispatcher.keeping import OVER, PLAN, create, put, receipt, run_of, told
from traces.events import EventStore
from traces.redaction import Redactor
from traces.runs_store import RunStore
from traces.store import TraceFilter, TraceStore


async def test_what_one_entry_holds_is_there_when_it_is_told(
    journal: StorageJournal, database: Database
) -> None:
    assert await create(journal, run_of()) is None
    pair = [receipt("t1", 2), receipt("t2", 3)]
    assert await put(journal, receipts=pair, values=[Value("k", "[1]", "s")]) is None
    reader = database.reader()
    assert {t.trace_id for t in TraceStore(reader).page(TraceFilter()).traces} == {"t1", "t2"}
    assert RunStore(reader).values("r1") == {"k": [1]}
    assert [(line.event_id, line.kind) for line in EventStore(reader).of_run("r1")] == [
        (1, "queued"),
        (2, "attempt_ended"),
        (3, "attempt_ended"),
    ]


async def test_a_run_that_is_opened_is_what_was_put(journal: StorageJournal) -> None:
    await create(journal, run_of())
    wait, intent = Wait("s", None, "signal", "go", 5, 1), Intent("s", 3, 2, "key", 7)
    signal = Signal("r1", "s1", "go", {"n": 1}, 8)
    failed = receipt("t1", 2, next_ms=99, ended=None, usage={"fuel": 3})
    await put(
        journal,
        receipts=[failed],
        values=[Value("k", '"v"', "s")],
        waits=[wait],
        intents=[intent],
        events=[Event(3, "approved", 9, {"subtask_id": "s"}), Event(4, "intent", 9)],
    )
    assert await told(lambda done: journal.signal(signal, done)) is None
    opened = journal.open("r1", done=lambda error: None)
    assert (opened.epoch, opened.last_event) == (2, 4)
    assert [(p.trace_id, p.next_ms, p.usage) for p in opened.past] == [("t1", 99, {"fuel": 3})]
    assert opened.values == {"k": Value("k", '"v"', "s")}
    assert (opened.waits, opened.intents, opened.signals) == ([wait], [intent], [signal])
    assert ({*opened.approved}, {*opened.redacted}) == ({"s"}, set())
    assert opened.run.plan == PLAN


async def test_what_has_ended_is_no_longer_told(journal: StorageJournal) -> None:
    await create(journal, run_of())
    wait, signal = Wait("s", None, "signal", "go", None, 1), Signal("r1", "s1", "go", None, 8)
    await put(journal, waits=[wait], events=[Event(2, "parked", 1)])
    await told(lambda done: journal.signal(signal, done))
    await put(journal, ended_waits=[wait], taken=[signal], events=[Event(3, "signalled", 1)])
    opened = journal.open("r1", done=lambda error: None)
    assert (list(opened.waits), list(opened.signals)) == ([], [])


async def test_an_ended_run_has_its_trace_files(journal: StorageJournal, tmp_path: Path) -> None:
    await create(journal, run_of())
    for n in range(5):
        await put(journal, receipts=[receipt(f"t{n}", 2 + n)])
    await put(journal, run=run_of(state=OVER), events=[Event(7, "succeeded", 1)])
    files = sorted(p.name for p in (tmp_path / "runs").glob("trace_r1_1*.json"))
    assert len(files) == 5
    assert files[0] == "trace_r1_1.json"


async def test_a_unit_that_cannot_be_written_leaves_nothing_of_itself(
    journal: StorageJournal, database: Database
) -> None:
    await create(journal, run_of())
    await put(journal, receipts=[receipt("t1", 2)])
    refused = await put(journal, receipts=[receipt("t2", 3), receipt("t1", 4)], values=[Value("k", "1", "s")])
    assert refused is not None
    assert refused.code == "storage.constraint"
    assert RunStore(database.reader()).values("r1") == {}
    assert len(TraceStore(database.reader()).page(TraceFilter()).traces) == 1


async def test_what_cannot_be_written_down_is_refused_alone(journal: StorageJournal) -> None:
    await create(journal, run_of())
    refused = await put(journal, receipts=[receipt("t1", 2, log="\ud800")])
    assert refused is not None
    assert refused.code == "trace.not_json"
    assert await put(journal, receipts=[receipt("t2", 2)]) is None


async def test_a_closed_database_is_an_error_not_a_hang(journal: StorageJournal, database: Database) -> None:
    await create(journal, run_of())
    database.close()
    assert isinstance(await put(journal, receipts=[receipt("t1", 2)]), Unavailable)


async def test_a_run_or_a_trace_nobody_kept_is_not_found(journal: StorageJournal) -> None:
    with pytest.raises(NotFound) as no_run:
        journal.open("nobody", done=lambda error: None)
    with pytest.raises(NotFound) as no_trace:
        journal.output("nothing")
    assert (no_run.value.code, no_trace.value.code) == ("run.unknown", "trace.unknown")
    assert journal.state("nobody") is None


async def test_entries_of_one_turn_of_the_loop_reach_the_writer_together(tmp_path: Path) -> None:
    handed: list[int] = []

    class Counting(Database):
        @override
        def submit(self, units: Sequence[Unit]) -> None:
            handed.append(len(units))
            super().submit(units)

    with Counting.open(tmp_path / "counted.db") as database:
        journal = StorageJournal(database, files=None, redactor=Redactor(()))
        await create(journal, run_of())
        intent = Intent("s", None, 1, "key", 1)
        journal.put(Entry("r1", 1, receipts=[receipt("t1", 2)]), lambda error: None)
        journal.put(Entry("r1", 1, intents=[intent], events=[Event(3, "intent", 1)]), lambda error: None)
        await told(journal.flush)
    assert handed == [1, 3]


async def test_ids_sort_by_time_and_do_not_repeat() -> None:
    ids = Ids(SystemClock(), random.SystemRandom())
    names = [ids.new() for _ in range(1000)]
    assert len(set(names)) == 1000
    assert [n[:12] for n in names] == sorted(n[:12] for n in names)
    assert all(len(n) == 32 and json.loads(f'"{n}"') for n in names)
