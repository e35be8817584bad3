"""A check names what is damaged, takes nothing for damage that is not, and never ends in anything else."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from contracts.errors import InvalidInput, NotFound
from storage.check import check, glance
from storage.database import Database
from storage.journal_rows import EventRow, insert_event
from storage.rows import insert_run, insert_trace
from storage.shape import newest_version
from tests.storage.filled import add_blob, fill, run, trace

Change = Callable[..., None]


@pytest.fixture
def change(path: Path) -> Change:
    def run_sql(*statements: str) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            for sql in statements:
                connection.execute(sql)

    return run_sql


def named(path: Path) -> list[tuple[str, str]]:
    return [(f.table, f.key) for f in check(path).findings]


def messages(path: Path) -> str:
    return "\n".join(f.message for f in check(path).findings)


def test_a_whole_file_is_clean_and_every_row_is_read(path: Path) -> None:
    fill(path, runs=2, traces=3)
    add_blob(path, "r2", 6)

    report = check(path)

    assert report.is_clean
    assert (report.version, report.blobs) == (newest_version(), 1)
    assert report.rows == 2 + 1 + 7 + 3 + 4 + 6  # runs, plan, traces, values, events, one of each other kind
    assert glance(path).is_clean


@pytest.mark.parametrize(
    ("sql", "where"),
    [
        ("UPDATE run SET objective = 'find vans' WHERE run_id = 'r2'", ("run", "r2")),
        ("UPDATE run SET state = 'failed' WHERE run_id = 'r2'", ("run", "r2")),
        ("UPDATE run SET result = '\"undone\"' WHERE run_id = 'r2'", ("run", "r2")),
        ("UPDATE plan SET body = '{}'", ("plan", "p1")),
        ("UPDATE trace SET preview = '' WHERE trace_id = 'r1-t3'", ("trace", "r1-t3")),
        ("UPDATE trace SET body = '{}' WHERE trace_id = 'r1-t3'", ("trace", "r1-t3")),
        ("UPDATE trace SET duration_ms = 2.6 WHERE trace_id = 'r1-t3'", ("trace", "r1-t3")),
        ("UPDATE trace SET sum = sum + 1 WHERE trace_id = 'r1-t3'", ("trace", "r1-t3")),
        ("UPDATE value SET value = '[2]' WHERE run_id = 'r3'", ("value", "r3 found")),
        ("UPDATE event SET at_ms = 2 WHERE run_id = 'r3' AND event_id = 1", ("event", "r3 1")),
        ("UPDATE intent SET key = 'k'", ("intent", "r1 send -1 1")),
        ("UPDATE wait SET name = 'stop'", ("wait", "r1 send -1 signal")),
        ("UPDATE signal SET taken = 1", ("signal", "r1 s1")),
        ("UPDATE request_key SET fingerprint = ''", ("request_key", "k1")),
        ("UPDATE wake SET at_ms = 8", ("wake", "r1")),
        ("UPDATE guest_kv SET value = '2'", ("guest_kv", "notes a")),
    ],
)
def test_a_row_that_is_not_what_was_written_is_named(
    path: Path, change: Change, sql: str, where: tuple[str, str]
) -> None:
    fill(path)
    change(sql)

    assert named(path) == [where]
    assert not glance(path).is_clean


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE blob SET body = x'00'",
        "UPDATE blob SET length = length - 1",
        "UPDATE blob SET body = substr(body, 1, length(body) - 1)",
        "UPDATE blob SET sum = 0",
    ],
)
def test_a_blob_that_is_not_what_its_name_says_is_named(path: Path, change: Change, sql: str) -> None:
    fill(path)
    blob = add_blob(path, "r1", 8)
    change(sql)

    assert named(path) == [("blob", blob)]


def test_a_blob_under_anothers_name_leaves_who_names_it_without(path: Path, change: Change) -> None:
    fill(path)
    add_blob(path, "r1", 8)
    change(f"UPDATE blob SET sha256 = '{'0' * 64}'")

    assert set(named(path)) == {("blob", "0" * 64), ("trace", "r1-t8"), ("value", "r1 long")}


def test_text_that_is_no_text_any_more_is_named_like_the_rest(path: Path, change: Change) -> None:
    fill(path)
    change("UPDATE trace SET preview = CAST(x'ff41' AS TEXT) WHERE trace_id = 'r2-t4'")

    assert named(path) == [("trace", "r2-t4")]


@pytest.mark.parametrize(
    "table", ["trace", "value", "event", "intent", "wait", "signal", "request_key", "wake"]
)
def test_a_row_of_no_run_is_named(path: Path, change: Change, table: str) -> None:
    fill(path)
    change("PRAGMA foreign_keys = OFF", "DELETE FROM run WHERE run_id = 'r1'")

    assert table in {found for found, _ in named(path)}
    assert "its run 'r1' is missing" in messages(path)


def test_a_run_without_its_plan_is_named(path: Path, change: Change) -> None:
    fill(path, runs=1)
    change("DELETE FROM plan")

    assert named(path) == [("run", "r1")]
    assert messages(path) == "its plan 'p1' is missing"


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("DELETE FROM trace WHERE trace_id = 'r2-t4'", "event 4 is missing"),
        ("DELETE FROM event WHERE run_id = 'r2' AND event_id = 1", "event 1 is missing"),
        ("DELETE FROM event WHERE run_id = 'r2'", "event 1 is missing"),
    ],
)
def test_a_number_that_no_event_has_is_named(path: Path, change: Change, sql: str, says: str) -> None:
    fill(path)
    change(sql)

    assert set(named(path)) == {("event", "r2")}
    assert says in messages(path)


def test_a_number_that_two_events_have_is_named(path: Path) -> None:
    fill(path)
    with Database.open(path) as database:
        database.commit([insert_event(EventRow("r2", 4, "running", 1, "{}"))]).result(10)

    assert (named(path), messages(path)) == ([("event", "r2")], "event 4 stands twice")


def test_a_run_without_any_event_is_named(path: Path) -> None:
    with Database.open(path) as database:
        database.commit([insert_run(run("r9"))]).result(10)

    assert named(path) == [("event", "r9")]


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("DROP INDEX trace_by_agent", "trace_by_agent"),
        ("CREATE TABLE stranger (x)", "stranger"),
        ("CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM trace; END", "t"),
        ("ALTER TABLE wake ADD COLUMN x TEXT", "wake"),
    ],
)
def test_a_shape_that_is_not_ours_is_named(path: Path, change: Change, sql: str, name: str) -> None:
    fill(path)
    change(sql)

    assert named(path) == [("file", name)]


def test_what_is_found_is_counted_and_named_up_to_the_limit(path: Path, change: Change) -> None:
    fill(path)
    change("UPDATE trace SET preview = ''")

    report = check(path, limit=4)

    assert (report.count, len(report.findings)) == (15, 4)


def test_an_older_file_has_its_pages_looked_at(path: Path, change: Change) -> None:
    path.touch()
    sql = (Path(__file__).parents[2] / "storage/migrations/0001_runs_traces_values.sql").read_text()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(sql)
    change("PRAGMA application_id = 0x43414C4C", "PRAGMA user_version = 1")

    report = check(path)

    assert (report.version, report.rows, report.is_clean) == (1, 0, True)


@pytest.mark.parametrize("name", ["there_is_none.db", "empty.db"])
def test_where_nothing_was_recorded_that_is_said(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.db").touch()

    with pytest.raises(NotFound) as refused:
        check(tmp_path / name)
    assert refused.value.code == "storage.missing"


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        check(tmp_path)
    assert refused.value.code == "storage.not_a_database"


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: b"words, not a database" * 100,
        lambda raw: raw[:5000],
        lambda raw: raw[: len(raw) // 2],
        lambda raw: raw[:100] + bytes(4000) + raw[4100:],
        lambda raw: raw[:8192] + b"\xff" * 8192 + raw[16384:],
        lambda raw: raw[:60] + b"\x00\x00\x00\x09" + raw[64:],  # a version nobody wrote yet
        lambda raw: raw[:60] + b"\x00\x00\x00\x01" + raw[64:],  # an older one than it has
        lambda raw: raw[:60] + b"\xff\x00\x00\x02" + raw[64:],  # less than none
        lambda raw: raw[:68] + b"XXXX" + raw[72:],  # another program's mark
        lambda raw: raw[:16] + b"\x01\x00" + raw[18:],  # another page size
    ],
)
def test_a_file_in_ruins_is_a_finding_and_nothing_else(path: Path, damage: Callable[[bytes], bytes]) -> None:
    fill(path, traces=100)
    path.write_bytes(damage(path.read_bytes()))

    assert not check(path).is_clean
    assert not glance(path).is_clean


def test_what_lies_past_a_ruined_page_is_still_read(path: Path) -> None:
    fill(path, runs=40, traces=20)
    with closing(sqlite3.connect(path)) as connection:
        sql = "SELECT pageno FROM dbstat WHERE name = 'trace' AND pagetype = 'leaf' ORDER BY pageno"
        try:
            pages = [page for (page,) in connection.execute(sql)]
        except sqlite3.OperationalError:
            pytest.skip("this SQLite does not tell which page is whose")
    raw = bytearray(path.read_bytes())
    start = (pages[len(pages) // 2] - 1) * 4096
    raw[start : start + 4096] = b"\xff" * 4096
    path.write_bytes(raw)

    report = check(path, limit=1000)

    assert not report.is_clean
    assert report.rows > 40 * 20 / 2


def test_a_server_that_writes_meanwhile_is_no_damage(path: Path) -> None:
    fill(path)
    stop = threading.Event()
    began = threading.Barrier(2)

    def write(database: Database) -> None:
        began.wait()
        number = 8
        while not stop.is_set():
            database.commit([insert_trace(trace("r1", number))]).result(10)
            number += 1

    with Database.open(path) as database:
        writing = threading.Thread(target=write, args=(database,))
        writing.start()
        began.wait()
        reports = [check(path) for _ in range(10)]
        stop.set()
        writing.join()

    assert [r.findings for r in reports] == [()] * 10
    assert reports[-1].rows > reports[0].rows


def test_a_glance_that_is_out_of_time_leaves_the_rest_to_the_check(path: Path, change: Change) -> None:
    fill(path, runs=20, traces=50)
    change("UPDATE trace SET preview = '' WHERE trace_id = 'r1-t3'")

    assert glance(path, newest=10, seconds=0).is_clean
    assert named(path) == [("trace", "r1-t3")]
    assert glance(path, newest=10_000, seconds=0).count == 1
