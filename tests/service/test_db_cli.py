"""`callsheet db` and the trace files' commands, typed as a user types them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.traces.kept import contents

BIN = Path(sys.executable).parent
DB = Path(".callsheet/callsheet.db")
PLAN: dict[str, Any] = {
    "objective": "echo", "inputs": {"items": [{"x": n, "é": "☃" * n} for n in range(30)]},
    "subtasks": [
        {
            "id": "a", "objective": "say it back", "required_agent": "wasm:echo", "dependencies": [],
            "input_keys": ["items"], "foreach": {"key": "items"}, "output_key": "said",
        },
        {
            "id": "b", "objective": "and again", "required_agent": "wasm:echo", "dependencies": ["a"],
            "input_keys": ["said"], "output_key": "again",
        },
    ],
}  # fmt: skip

HOLDER = """
import sys
from pathlib import Path
from storage.database import Database
with Database.open(Path(sys.argv[1])):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def cli(*words: str | Path, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(BIN / "callsheet"), *map(str, words)],
        cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    for _ in range(2):
        done = cli("run", "-", "--quiet", cwd=folder, stdin=json.dumps(PLAN))
        assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def ran(once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(once, tmp_path / "ran")


@pytest.fixture
def held(ran: Path) -> Iterator[Path]:
    child = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(ran / DB)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    yield ran
    child.communicate(b"\n", timeout=20)


def spoil(folder: Path) -> None:
    with closing(sqlite3.connect(folder / DB, isolation_level=None)) as connection:
        connection.execute("UPDATE trace SET preview = 'never' WHERE seq = (SELECT max(seq) FROM trace)")


def test_what_runs_wrote_beside_the_database_is_what_an_export_writes(ran: Path) -> None:
    done = cli("traces", "export", "out", cwd=ran)

    assert (done.returncode, done.stdout) == (0, "62 files written, 0 there already\n")
    assert contents(ran / "out") == contents(ran / "traces" / "runs")
    assert cli("traces", "export", "out", cwd=ran).stdout == "0 files written, 62 there already\n"
    assert any(name.endswith("_9.json") for name in contents(ran / "out"))


def test_one_runs_files_are_exported_alone(ran: Path) -> None:
    run_id = json.loads(next((ran / "traces" / "runs").iterdir()).read_text())["task_id"]

    made = json.loads(cli("traces", "export", "out", "--run", run_id, "--json", cwd=ran).stdout)

    assert made == {"written": 31, "there": 0, "damaged": 0, "named": []}
    assert cli("traces", "export", "out", "--run", "none", cwd=ran).returncode == 7


def test_files_become_a_database_that_gives_the_same_files(ran: Path) -> None:
    made = cli("traces", "reindex", "traces/runs", "--db", "new.db", cwd=ran)
    assert (made.returncode, made.stdout) == (0, "62 traces added, 2 runs made of them, 0 there already\n")

    again = cli("traces", "reindex", "traces/runs", "--db", "new.db", "--json", cwd=ran)
    cli("traces", "export", "out", "--db", "new.db", cwd=ran)

    assert json.loads(again.stdout) == {"added": 0, "there": 62, "runs": 0, "left": 0, "named": []}
    assert contents(ran / "out") == contents(ran / "traces" / "runs")
    assert cli("db", "check", "--db", "new.db", cwd=ran).returncode == 0
    assert cli("traces", "fsck", "traces/runs", "--db", "new.db", cwd=ran).returncode == 0


def test_a_file_that_is_left_out_is_named_and_exits_one(ran: Path) -> None:
    (ran / "traces" / "runs" / "notes.json").write_text("[]")

    done = cli("traces", "reindex", "traces/runs", cwd=ran)

    assert done.returncode == 1
    assert "left out: notes.json: trace.malformed" in done.stderr


def test_reindexing_a_folder_that_is_not_there_makes_no_database(ran: Path) -> None:
    assert cli("traces", "reindex", "none", "--db", "new.db", cwd=ran).returncode == 7
    assert not (ran / "new.db").exists()


def test_reindexing_beside_a_process_that_writes_names_it(held: Path) -> None:
    done = cli("traces", "reindex", "traces/runs", cwd=held)

    assert done.returncode == 5
    assert "storage.locked" in done.stderr


def test_fsck_names_what_differs_and_exits_one(ran: Path) -> None:
    clean = cli("traces", "fsck", "traces/runs", cwd=ran)
    assert (clean.returncode, clean.stdout) == (0, "")
    lost = next((ran / "traces" / "runs").glob("*_7.json"))
    trace_id = json.loads(lost.read_text())["trace_id"]
    lost.unlink()

    done = cli("traces", "fsck", "traces/runs", cwd=ran)
    told = json.loads(cli("traces", "fsck", "traces/runs", "--json", cwd=ran).stdout)

    assert done.returncode == 1
    assert done.stdout.split() == ["missing", "-", trace_id, *["no", "file", "holds", "this", "trace"]]
    assert (told["is_clean"], told["counts"]) == (False, {"missing": 1})


def test_a_clean_database_exits_zero_also_beside_a_process_that_writes(held: Path) -> None:
    done = cli("db", "check", cwd=held)

    assert done.returncode == 0
    assert ": clean (" in done.stdout


def test_a_damaged_row_is_named_by_check_and_by_doctor(ran: Path) -> None:
    spoil(ran)

    done = cli("db", "check", cwd=ran)
    told = json.loads(cli("db", "check", "--json", cwd=ran).stdout)
    doctor = cli("doctor", cwd=ran)

    assert done.returncode == 1
    assert done.stdout.startswith("trace  ")
    assert "callsheet db restore" in done.stderr
    assert (told["is_clean"], told["count"], told["findings"][0]["table"]) == (False, 1, "trace")
    assert doctor.returncode == 5
    assert "missing  database: storage.damaged" in doctor.stdout
    assert "callsheet db check" in doctor.stdout


@pytest.mark.parametrize("raw", [b"", b"words" * 5000, b"SQLite format 3\x00" + b"\x00" * 9000])
def test_any_file_at_all_is_answered(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x.db").write_bytes(raw)

    for words in (("db", "check"), ("db", "backup", "y.db"), ("db", "migrate"), ("traces", "export", "out")):
        assert cli(*words, "--db", "x.db", cwd=tmp_path).returncode in {1, 3, 5, 7}, words


def test_a_backup_says_what_it_is_and_mends_a_damaged_database(ran: Path) -> None:
    made = cli("db", "backup", "kept.db", cwd=ran)
    assert made.returncode == 0
    assert f"{(ran / 'kept.db').stat().st_size:,} bytes" in made.stdout
    assert "sha256 " in made.stdout
    spoil(ran)
    assert cli("db", "backup", "spoiled.db", cwd=ran).returncode == 1
    assert not (ran / "spoiled.db").exists()

    done = cli("db", "restore", "kept.db", cwd=ran)

    assert done.returncode == 0
    aside = Path(done.stdout.splitlines()[1].removeprefix("the one before: "))
    assert aside.exists()
    assert cli("db", "check", cwd=ran).returncode == 0
    assert cli("run", "-", "--quiet", cwd=ran, stdin=json.dumps(PLAN)).returncode == 0


def test_a_backup_is_taken_and_a_restore_refused_beside_a_process_that_writes(held: Path) -> None:
    assert cli("db", "backup", "kept.db", "--json", cwd=held).returncode == 0
    taken = cli("db", "backup", "kept.db", cwd=held)
    forced = cli("db", "backup", "kept.db", "--force", cwd=held)
    restored = cli("db", "restore", "kept.db", cwd=held)

    assert (taken.returncode, forced.returncode, restored.returncode) == (5, 0, 5)
    assert "storage.file_exists" in taken.stderr
    assert "storage.locked" in restored.stderr


def test_migrate_says_that_there_is_nothing_to_do(ran: Path) -> None:
    done = cli("db", "migrate", cwd=ran)
    told = json.loads(cli("db", "migrate", "--dry-run", "--json", cwd=ran).stdout)

    assert (done.returncode, "nothing to do" in done.stdout) == (0, True)
    assert (told["files"], told["backup"]) == ([], None)


@pytest.mark.parametrize(
    "words",
    [
        *(("db", name) for name in ("check", "backup", "restore", "migrate")),
        *(("traces", name) for name in ("export", "reindex", "fsck")),
    ],
)
def test_help_has_an_example_and_the_exit_codes(tmp_path: Path, words: tuple[str, ...]) -> None:
    shown = cli(*words, "--help", cwd=tmp_path).stdout

    assert f"callsheet {' '.join(words)} " in shown.partition("Example")[2] + " "
    assert "Exit codes:" in shown
