"""Migrations: in order, once, all of one or none of it; and lists that use an index."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Conflict, NotFound
from storage import queries, rows
from storage.database import Database
from storage.guest_rows import GUEST_VALUE
from storage.journal_rows import EVENT, INTENT, KEY, SIGNAL, WAIT, WAKE
from storage.rows import PLAN, RUN, TRACE, VALUE, RunRow, ValueRow
from storage.schema import MIGRATIONS, migrate, migrations, require_current
from storage.statement import Query
from storage.table import Table

TABLES: list[Table[Any]] = [RUN, PLAN, TRACE, VALUE, EVENT, INTENT, WAIT, SIGNAL, KEY, WAKE, GUEST_VALUE]


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    found = sqlite3.connect(path, isolation_level=None)
    yield found
    found.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "migrations"
    found.mkdir()
    (found / "0001_first.sql").write_text(
        "CREATE TABLE one (x);\n-- a ; in a comment\nINSERT INTO one VALUES (';');\n"
    )
    (found / "0002_second.sql").write_text("CREATE TABLE two (x);\nINSERT INTO two VALUES (1)")
    return found


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_every_migration_is_applied_once_in_order(
    connection: sqlite3.Connection, path: Path, folder: Path
) -> None:
    assert migrate(connection, path, folder) == 2
    assert migrate(connection, path, folder) == 0
    assert connection.execute("SELECT * FROM one").fetchall() == [(";",)]
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_an_older_file_gets_only_what_it_lacks(
    connection: sqlite3.Connection, path: Path, folder: Path, tmp_path: Path
) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "0001_first.sql").write_text((folder / "0001_first.sql").read_text())
    migrate(connection, path, earlier)

    with pytest.raises(Conflict) as refused:
        require_current(connection, path, folder)
    assert refused.value.code == "storage.older"
    assert migrate(connection, path, folder) == 1
    assert tables(connection) == {"one", "two"}


def test_a_migration_that_fails_leaves_nothing_of_itself(
    connection: sqlite3.Connection, path: Path, folder: Path
) -> None:
    (folder / "0002_second.sql").write_text("CREATE TABLE two (x);\nINSERT INTO missing VALUES (1);")

    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, path, folder)

    assert tables(connection) == {"one"}
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)


def test_a_gap_in_the_numbers_is_our_own_defect(folder: Path) -> None:
    (folder / "0002_second.sql").rename(folder / "0003_third.sql")

    with pytest.raises(AssertionError, match="without gaps"):
        migrations(folder)


def test_a_file_without_a_record_reads_as_missing(connection: sqlite3.Connection, path: Path) -> None:
    with pytest.raises(NotFound) as missing:
        require_current(connection, path)
    assert missing.value.code == "storage.missing"


def test_opening_again_changes_nothing_in_the_shape(path: Path) -> None:
    def shape() -> list[tuple[str]]:
        with Database.open(path) as database, database.reader() as reader:
            return [tuple(r) for r in reader.query("SELECT sql FROM sqlite_master ORDER BY name")]

    assert shape() == shape()


def test_every_table_of_ours_is_strict(database: Database) -> None:
    with database.reader() as reader:
        found = {r["name"]: r["strict"] for r in reader.query("PRAGMA table_list") if r["schema"] == "main"}

    kinds = [
        "run",
        "trace",
        "value",
        "probe",
        "blob",
        "plan",
        "event",
        "intent",
        "wait",
        "signal",
        "request_key",
        "wake",
        "guest_kv",
    ]
    assert {name: strict for name, strict in found.items() if "sqlite" not in name} == dict.fromkeys(kinds, 1)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_a_row_has_every_column_of_its_table(database: Database, table: Table[Any]) -> None:
    with database.reader() as reader:
        columns = {r["name"] for r in reader.query(f"PRAGMA table_info({table.name})")}

    assert columns - {"seq", "sum", "line_sum", "body_sum"} == set(table.columns)


def test_a_runs_new_state_replaces_the_old_in_its_place(database: Database, run_row: RunRow) -> None:
    new = replace(run_row, state="failed", error="{}", epoch=3, inputs=None, inputs_blob="ab")
    database.commit([rows.update_run(new)]).result(10)

    with database.reader() as reader:
        assert rows.read_run(reader.query(*queries.run_by_id("r1"))[0]) == new
        line = rows.read_line(reader.query(*queries.run_line("r1"))[0])
    assert (line.seq, line.state, line.epoch) == (1, "failed", 3)


def test_a_run_nobody_opened_is_kept_when_it_is_updated(database: Database, run_row: RunRow) -> None:
    database.commit([rows.update_run(replace(run_row, run_id="new"))]).result(10)

    with database.reader() as reader:
        assert reader.query(*queries.run_by_id("new"))


def test_a_second_value_under_a_key_needs_to_be_meant(database: Database) -> None:
    first, second = ValueRow("r1", "k", "a", False, "1"), ValueRow("r1", "k", "b", False, "2")
    database.commit([rows.insert_value(first)]).result(10)

    assert isinstance(database.commit([rows.insert_value(second)]).exception(10), Conflict)
    database.commit([rows.insert_value(second, replace=True)]).result(10)
    with database.reader() as reader:
        assert [rows.read_value(r) for r in reader.query(*queries.values_of_run("r1"))] == [second]


@pytest.mark.parametrize(
    "statement",
    [
        queries.trace_page(before=before, limit=50, **asked)
        for before in (None, 9)
        for asked in (
            {},
            {"agent": "scrape"},
            {"status": "failure"},
            {"agent": "scrape", "status": "failure"},
            {"run_id": "r1"},
            {"run_id": "r1", "agent": "scrape", "status": "failure"},
        )
    ]
    + [queries.traces_of_run("r1", limit=9), queries.bodies_of_run("r1", limit=9)]
    + [queries.run_page(limit=9), queries.run_page(state="running", before=3, limit=9)]
    + [queries.past_of_run("r1"), queries.events_of_run("r1", limit=9), queries.signals_of_run("r1")]
    + [queries.unfinished_runs(limit=9), queries.unfinished_runs(after=5, limit=9)]
    + [queries.due_runs(before_ms=9, limit=9), queries.next_wake(after_ms=9), queries.values_of_run("r1")]
    + [queries.intents_of_run("r1"), queries.waits_of_run("r1"), queries.last_event("r1")]
    + [queries.holds_signals("r1", least=9), queries.key_by_name("k"), queries.wake_of_run("r1")],
)
def test_no_list_sorts_or_reads_more_than_its_page(database: Database, statement: Query) -> None:
    with database.reader() as reader:
        plan = [
            r["detail"] for r in reader.query("EXPLAIN QUERY PLAN " + statement.sql, statement.parameters)
        ]

    assert not [line for line in plan if "TEMP B-TREE" in line]
    assert not [
        line for line in plan if line.startswith("SCAN") and "USING" not in line and "CONSTANT" not in line
    ] or ("WHERE" not in statement.sql)


@pytest.mark.parametrize("statement", [queries.trace_page(limit=1), queries.traces_of_run("r", limit=1)])
def test_a_list_never_names_a_body(statement: Query) -> None:
    assert "body" not in statement.sql.replace("body_sum", "")
    assert "*" not in statement.sql


def test_the_migrations_lie_beside_the_code() -> None:
    assert migrations(MIGRATIONS)[0].name == "0001_runs_traces_values.sql"
