"""What the journal keeps holds no secret, and says where one is missing."""

from __future__ import annotations

import json
from pathlib import Path

from contracts.journal import (
    Event,
    Signal,
    Value,
)
from contracts.plan import load_plan
from dispatcher.journal import StorageJournal
from storage.database import Database
from tests.dispatcher.acting import step
from tests.dispatcher.keeping import CANARY, OVER, PLAN, create, put, receipt, run_of, told
from traces.runs_store import RunStore


async def test_a_secret_is_nowhere_in_what_was_written(journal: StorageJournal, tmp_path: Path) -> None:
    hidden = {"Authorization": "Bearer abc", "note": f"the key is {CANARY}!"}
    text = json.dumps(hidden)
    await create(journal, run_of(objective=f"use {CANARY}", inputs={"k": CANARY}))
    about = {"reason": CANARY}
    await put(
        journal,
        receipts=[receipt("t1", 2, input=hidden, output=CANARY, output_text=json.dumps(CANARY), log=CANARY)],
        values=[Value("k", text, "s")],
        events=[Event(3, "signalled", 1, about)],
    )
    await told(lambda done: journal.signal(Signal("r1", "s", "go", {"with": CANARY}, 1), done))
    over = run_of(state=OVER, result=CANARY, cancel_reason=CANARY)
    await put(journal, run=over, events=[Event(4, "succeeded", 1)])
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert written
    assert CANARY.encode() not in written


async def test_what_lost_a_secret_says_so_when_it_is_opened(journal: StorageJournal) -> None:
    await create(journal, run_of(inputs={"k": CANARY}))
    await create(journal, run_of("r2", inputs={"k": "plain"}))
    await put(journal, receipts=[receipt("t1", 2)], values=[Value("x", f'"{CANARY}"', "s")])
    opened = journal.open("r1", done=lambda error: None)
    assert (opened.run.is_redacted, {*opened.redacted}) == (True, {"x"})
    assert not journal.open("r2", done=lambda error: None).run.is_redacted


async def test_a_plan_survives_being_redacted(journal: StorageJournal, database: Database) -> None:
    await create(journal, run_of())
    assert RunStore(database.reader()).get("r1").plan == PLAN


async def test_a_value_under_a_sensitive_key_is_kept_nowhere(
    journal: StorageJournal, database: Database, tmp_path: Path
) -> None:
    secret_step = step("a", output_key="api_key")
    plan = load_plan({"objective": "x", "subtasks": [secret_step], "result_key": "api_key"})
    await create(journal, run_of(plan=plan))
    kept = receipt("t1", 2, output="own-word", output_text='"own-word"', output_key="api_key")
    await put(journal, receipts=[kept], values=[Value("api_key", kept.output_text or "", "a")])
    over = run_of(plan=plan, state=OVER, result="own-word")
    await put(journal, run=over, events=[Event(3, "succeeded", 1)])
    written = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"own-word" not in written
    assert RunStore(database.reader()).values("r1") == {"api_key": "[redacted]"}
