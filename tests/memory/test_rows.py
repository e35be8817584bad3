from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import Conflict
from contracts.journal import Value
from memory.context import SharedContext
from memory.rows import context_of, context_values, value_of, value_row
from storage.blobs import read_blob
from storage.database import Database
from storage.queries import values_of_run
from storage.rows import ValueRow, insert_value, read_value


@given(
    value=st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5),
    is_redacted=st.booleans(),
)
def test_a_value_row_spells_the_value_and_its_writer(value: Any, *, is_redacted: bool) -> None:
    text = json.dumps(value)
    row, blob = value_row("r", "k", text, by="s", is_redacted=is_redacted)

    assert row == ValueRow("r", "k", "s", is_redacted, text)
    assert blob is None
    assert value_of(row, text) == Value("k", text, "s", is_redacted)


def test_a_long_value_names_its_blob() -> None:
    text = json.dumps("é" * 70_000, ensure_ascii=False)
    row, blob = value_row("r", "k", text, by="s")

    assert blob is not None
    assert row == ValueRow("r", "k", "s", False, None, sha256(text.encode()).hexdigest())
    assert blob.sha256 == row.blob


def test_a_whole_context_is_told_by_key_and_restored() -> None:
    context = SharedContext({"z": 1})
    context.set("a", "é", by="look")

    values = context_values(context)

    assert values == (Value("a", '"é"', "look"), Value("z", "1", "inputs"))
    assert context_of(values).snapshot() == context.snapshot()
    assert context_of(values).written_by("a") == "look"


def test_a_key_told_twice_is_not_restored() -> None:
    with pytest.raises(Conflict):
        context_of([Value("a", "1", "one"), Value("a", "2", "two")])


def test_a_context_outlives_its_process(tmp_path: Path) -> None:
    context = SharedContext({"page": {"deep": [1.5, None, "\x00😀"]}, "long": "x" * 100_000})
    with Database.open(tmp_path / "a.db") as database:
        kept = [value_row("r", v.key, v.text, by=v.by) for v in context_values(context)]
        unit = [insert_value(k.row) for k in kept]
        database.commit(unit, blobs=[k.blob for k in kept if k.blob]).result(10)
        with database.reader() as reader:
            rows = [read_value(r) for r in reader.query(*values_of_run("r"))]
            texts = [read_blob(reader, row.blob) if row.blob else row.value for row in rows]

    values = [value_of(row, text or "") for row, text in zip(rows, texts, strict=True)]
    assert context_of(values).snapshot() == context.snapshot()
