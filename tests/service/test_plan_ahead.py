"""`plan --dry-run` as a process: what it says, whose past it counts, that it touches nothing."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from service.plain_settings import plain_settings
from service.settings import load_settings
from storage.database import Database
from storage.rows import insert_run, insert_trace
from tests.service.test_plan_cli import DEALS, ECHO, call
from tests.storage.filled import run, trace


def test_a_dry_run_says_what_is_ahead_and_runs_nothing(tmp_path: Path) -> None:
    done = call(DEALS, "--dry-run", cwd=tmp_path)
    said = done.stdout.decode()
    assert (done.returncode, done.stderr) == (0, b"")
    assert said.startswith("ID ")
    for words in ("risk: ", "takes: ", "critical path: s1 > ", "hosts: 127.0.0.1 (new here)", "not known: "):
        assert words in said
    assert list(tmp_path.iterdir()) == []


def test_a_dry_run_as_json_has_the_same_plan_and_its_outlook(tmp_path: Path) -> None:
    plain = json.loads(call(DEALS, cwd=tmp_path).stdout)
    both = json.loads(call(DEALS, "--dry-run", "--format", "json", cwd=tmp_path).stdout)
    assert both["plan"] == plain
    assert both["outlook"]["plan_id"] == plain["plan_id"]
    assert {s["basis"]["kind"] for s in both["outlook"]["steps"]} == {"default"}


def test_a_dry_run_draws_risk_and_the_critical_path(tmp_path: Path) -> None:
    text = call(DEALS, "--dry-run", "--format", "mermaid", cwd=tmp_path).stdout.decode()
    assert text.startswith("flowchart TD")
    assert " ==>" in text
    assert "classDef high" in text


def past_in(path: Path, *, version: int | None = None) -> None:
    with Database.open(path) as database:
        rows = [
            replace(trace("r1", n), agent_type="wasm:echo", attempt=1, duration_ms=250.0) for n in range(9)
        ]
        database.commit([insert_run(run("r1")), *(insert_trace(row) for row in rows)]).result(10)
    if version is not None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")


def test_a_dry_run_counts_what_ran_here_and_touches_nothing(tmp_path: Path) -> None:
    past_in(tmp_path / "mine.db")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    done = call(ECHO, "--dry-run", cwd=tmp_path, env={"CALLSHEET_STORAGE__PATH": "mine.db"})
    assert b"the agent's past, 9x" in done.stdout
    assert b"250 ms" in done.stdout
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("version", "code"), [(1, b"storage.older"), (99, b"storage.newer"), (None, b"storage.not_a_database")]
)
def test_a_dry_run_goes_on_without_a_past_it_cannot_read(
    tmp_path: Path, version: int | None, code: bytes
) -> None:
    path = tmp_path / "mine.db"
    if version is None:
        path.write_bytes(b"no database at all, but long enough to look at" * 40)
    else:
        past_in(path, version=version)
    done = call(ECHO, "--dry-run", cwd=tmp_path, env={"CALLSHEET_STORAGE__PATH": "mine.db"})
    assert (done.returncode, b"a guess" in done.stdout) == (0, True)
    assert done.stderr.startswith(b"warning: earlier runs are not counted: " + code)
    assert b"no traces of earlier runs could be read" in done.stdout


@pytest.mark.parametrize(
    ("environment", "text", "found"),
    [
        ({}, None, (".callsheet/callsheet.db", 8, {}, 3600)),
        ({"callsheet_storage__path": "a.db", "CALLSHEET_RUN__CONCURRENCY": "3"}, None, ("a.db", 3, {}, 3600)),
        ({}, '[storage]\npath = "f.db"\n[run]\ntimeout_s = 9\n', ("f.db", 8, {}, 9)),
        ({"CALLSHEET_STORAGE": '{"path": "j.db"}'}, '[storage]\npath = "f.db"\n', ("j.db", 8, {}, 3600)),
        (
            {"CALLSHEET_RUN__PER_AGENT": '{"scrape": 2, "x": -1}'},
            None,
            (".callsheet/callsheet.db", 8, {"scrape": 2}, 3600),
        ),
        ({"CALLSHEET_RUN__CONCURRENCY": "many"}, "run = 3\n", (".callsheet/callsheet.db", 8, {}, 3600)),
    ],
)
def test_a_dry_run_reads_the_settings_that_runs_go_by(
    tmp_path: Path,
    environment: dict[str, str],
    text: str | None,
    found: tuple[str, int, dict[str, int], float],
) -> None:
    settings = tmp_path / "callsheet.toml"
    if text is not None:
        settings.write_text(text, encoding="utf-8")
    read = plain_settings(environment, settings)
    assert (str(read.database), read.width.whole, read.width.per_agent, read.run_s) == found


def test_the_settings_read_two_ways_have_the_same_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    whole, plain = load_settings(), plain_settings({}, tmp_path / "callsheet.toml")
    assert (whole.storage.path, whole.run.concurrency) == (plain.database, plain.width.whole)
    assert whole.run.timeout_s == plain.run_s
