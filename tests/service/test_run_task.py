from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidInput
from service.orders import Terms
from service.run_task import OF_NEW_RUNS, OF_OBJECTIVES, flags_named, task_of

NOTHING: dict[str, Any] = {
    "url": None, "inputs": (), "allow_private": (), "allow_host": (), "allow_folder": (), "now": None,
    "home_zone": None, "concurrency": None, "traces": None, "approval": None, "priority": None, "deadline": None,
}  # fmt: skip
STEP = {
    "id": "a", "objective": "say it back", "required_agent": "wasm:echo", "dependencies": [], "input_keys": [],
    "bind": {"x": {"literal": "hello"}}, "output_key": "said",
}  # fmt: skip


def test_words_are_an_objective_on_the_page_that_was_named() -> None:
    assert task_of("find trucks.", {**NOTHING, "url": "https://a.example/"}).objective == (
        "find trucks on https://a.example/"
    )
    already = "find trucks on https://a.example/"
    assert task_of(already, {**NOTHING, "url": "https://a.example/"}).objective == already


def test_a_file_that_ends_in_json_is_a_plan(tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_text(json.dumps({"objective": "echo", "subtasks": [STEP]}))
    task = task_of(str(tmp_path / "plan.json"), NOTHING)
    assert (task.objective, task.plan is not None) == ("echo", True)


def test_a_plan_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as raised:
        task_of(str(tmp_path / "none.json"), NOTHING)
    assert raised.value.code == "plan.unreadable"
    assert "none.json" in raised.value.message


def test_terms_are_what_was_said_and_nothing_otherwise() -> None:
    assert task_of("x", NOTHING).terms == Terms()
    given = {**NOTHING, "approval": "plan", "priority": -5, "deadline": 2.5}
    assert task_of("x", given).terms == Terms(-5, "plan", 2.5)


def test_the_clock_of_a_run_is_utc() -> None:
    at = datetime(2026, 5, 8, 20)  # noqa: DTZ001  # as click reads it
    assert task_of("x", {**NOTHING, "now": at}).now == datetime(2026, 5, 8, 20, tzinfo=UTC)


def test_flags_are_named_as_they_are_typed() -> None:
    given = {**NOTHING, "inputs": ("a=1",), "allow_private": ("127.0.0.1:1",), "priority": 3}
    assert flags_named(OF_OBJECTIVES, given) == ("--input", "--allow-private")
    assert flags_named(OF_NEW_RUNS, given) == ("--input", "--allow-private", "--priority")
    assert task_of("x", given).only_here == ("--allow-private",)
