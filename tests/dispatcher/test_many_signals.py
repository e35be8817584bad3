"""Signals that nobody asks for: each told of once, kept until they are asked for, only so many."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from contracts.errors import Conflict, Damaged
from contracts.journal import Signal
from dispatcher.kept import MAX_HELD
from storage.statement import Statement
from tests.dispatcher.acting import asks


async def parked(rig: Any, make_step: Any) -> str:
    rig.agents.add("asks", asks)
    run_id: str = await rig.start(make_step("a", agent="asks"))
    await rig.parked(run_id)
    return run_id


async def test_a_signal_nobody_waits_for_is_told_of_once(rig: Any, make_step: Any) -> None:
    run_id = await parked(rig, make_step)
    for n in range(5):
        await rig.tell(run_id, "other", n, signal_id=f"s{n}")
        await rig.parked(run_id)
    heard = [line.body for line in rig.lines(run_id) if line.kind == "signalled"]
    assert heard == [{"name": "other", "signal_id": f"s{n}"} for n in range(5)]
    await rig.tell(run_id, "go", "at last")
    assert (await rig.end_of(run_id)).result == "at last"


async def test_opening_a_run_tells_which_of_its_signals_it_has_heard(rig: Any, make_step: Any) -> None:
    run_id = await parked(rig, make_step)
    opened = rig.journal._kept.open(run_id)
    await rig.tell(run_id, "other", 1, signal_id="s1")
    await rig.parked(run_id)
    again = rig.journal._kept.open(run_id)
    assert (opened.heard, again.heard, [s.signal_id for s in again.signals]) == (set(), {"s1"}, ["s1"])


async def test_a_run_holds_only_so_many_signals_that_nobody_asked_for(rig: Any, make_step: Any) -> None:
    run_id = await parked(rig, make_step)
    some = [
        rig.journal._drafting.signal(Signal(run_id, f"s{n}", "other", n, 1)).statements[0]
        for n in range(MAX_HELD)
    ]
    rig.database.commit(some).result(10)
    with pytest.raises(Conflict) as refused:
        await rig.tell(run_id, "other", 1)
    assert refused.value.code == "signal.too_many"
    await rig.tell(run_id, "other", 1, signal_id="s7")  # told before
    assert await rig.engine.cancel(run_id, "enough")
    await rig.end_of(run_id)


async def test_a_decision_is_heard_however_many_signals_are_held(rig: Any, make_step: Any) -> None:
    run_id = await rig.start(make_step("a", approval="always"))
    await rig.parked(run_id)
    some = [
        rig.journal._drafting.signal(Signal(run_id, f"s{n}", "other", n, 1)).statements[0]
        for n in range(MAX_HELD)
    ]
    rig.database.commit(some).result(10)
    await rig.decide(run_id, "approve")
    assert (await rig.end_of(run_id)).subtasks["a"].has_output


async def test_a_signal_whose_row_says_wrongly_that_it_is_used_up_is_damage(
    make_rig: Any, make_step: Any
) -> None:
    rig = make_rig()
    run_id = await parked(rig, make_step)
    await rig.tell(run_id, "other", 1)
    await rig.parked(run_id)
    await rig.close()
    with closing(sqlite3.connect(rig.database.path, isolation_level=None)) as other:
        _change_past_the_index(other)
    again = make_rig()
    with pytest.raises(Damaged):
        again.journal._kept.open(run_id)


@pytest.mark.parametrize("kind", ["approved", "signalled"])
async def test_an_event_of_no_known_kind_is_damage(rig: Any, make_step: Any, kind: str) -> None:
    run_id = await rig.start(make_step("a", approval="always"), make_step("b", approval="always"))
    await rig.parked(run_id)
    await rig.tell(run_id, "other", 1)
    await rig.decide(run_id, "approve", "a")
    await rig.until(lambda: "approved" in rig.kinds(run_id))
    await rig.parked(run_id)
    change = "UPDATE event SET kind = ? WHERE kind = ?"
    rig.database.commit([Statement(change, (kind[:-1] + "e", kind))]).result(10)
    with pytest.raises(Damaged):
        rig.journal._kept.open(run_id)


def _change_past_the_index(connection: sqlite3.Connection) -> None:
    """Change rows and leave their index as it is, as a flipped bit does."""
    connection.execute("PRAGMA writable_schema = ON")
    (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = 'signal_waiting'").fetchone()
    root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'signal_waiting'").fetchone()
    connection.execute("DELETE FROM sqlite_master WHERE name = 'signal_waiting'")
    connection.execute("PRAGMA writable_schema = RESET")
    connection.execute("UPDATE signal SET taken = 1")
    connection.execute("PRAGMA writable_schema = ON")
    row = ("index", "signal_waiting", "signal", *root, sql)
    connection.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
