from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import InvalidInput
from memory.context import SharedContext
from memory.rows import context_of, context_rows, value_row, value_rows
from storage.database import Database
from storage.queries import values_of_run
from storage.rows import RunRow, ValueRow, insert_run, insert_value


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_a_value_row_spells_the_value_and_its_writer(value: Any) -> None:
    row = value_row("r", "k", value, by="s")

    context = context_of([row])
    assert (row.run_id, row.key, row.written_by) == ("r", "k", "s")
    assert context.get("k") == value
    assert context.written_by("k") == "s"


def test_one_subtasks_values_become_a_row_each() -> None:
    assert value_rows("r", {"a": 1, "b": [None]}, by="s") == (
        ValueRow("r", "a", "s", "1"),
        ValueRow("r", "b", "s", "[null]"),
    )


def test_a_value_that_is_no_json_makes_no_row() -> None:
    with pytest.raises(InvalidInput) as refused:
        value_rows("r", {"a": float("nan")}, by="s")
    assert refused.value.code == "context.not_json"


def test_a_whole_context_is_kept_by_key_and_restored() -> None:
    context = SharedContext({"z": 1})
    context.set("a", "é", by="look")

    rows = context_rows("r", context)

    assert rows == (ValueRow("r", "a", "look", '"é"'), ValueRow("r", "z", "inputs", "1"))
    assert context_of(rows).snapshot() == context.snapshot()


def test_a_context_outlives_its_process(tmp_path: Path) -> None:
    context = SharedContext({"page": {"deep": [1.5, None, "\x00😀"]}})
    run = RunRow("r", "o", "running", None, "UTC", 1, None, None, None, "{}", "{}", None, None)
    with Database.open(tmp_path / "a.db") as database:
        unit = [insert_run(run), *(insert_value(row) for row in context_rows("r", context))]
        database.commit(unit).result(10)
        with database.reader() as reader:
            rows = [
                ValueRow("r", r["key"], r["written_by"], r["value"])
                for r in reader.query(*values_of_run("r"))
            ]

    assert context_of(rows).snapshot() == context.snapshot()
