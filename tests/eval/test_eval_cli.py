"""`callsheet eval` on trace files and on a database."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.run import Run, RunState
from contracts.trace import ExecutionTrace
from service.console import run_command
from service.eval_cli import eval_group
from storage.database import Database
from storage.rows import insert_run, insert_trace
from traces.files import TraceFiles
from traces.rows import run_row, trace_row

Cli = Callable[..., tuple[int, str, str]]
LATE = {"code": "limit.time", "message": "late"}


def trace_with(trace_id: str = "t1", **fields: Any) -> ExecutionTrace:
    whole = {"task_id": "r1", "agent_type": "data", "status": "success", "timestamp": 1}
    return ExecutionTrace.model_validate({"trace_id": trace_id} | whole | fields)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    """Return what runs the command in an empty folder: exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def _run(*args: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["callsheet eval", *args])
        code = run_command(eval_group, name="callsheet eval")
        out = capsys.readouterr()
        return code, out.out, out.err

    return _run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = TraceFiles(tmp_path / "runs")
    files.write(trace_with("good", output={"a": 1}, expected_output={"a": 1}, metadata={"duration_ms": 10}))
    files.write(trace_with("bad", output={"a": 2}, expected_output={"a": 1}, metadata={"duration_ms": 30}))
    files.write(
        trace_with("late", agent_type="time", status="timeout", metadata={"error": LATE, "duration_ms": 99})
    )
    return tmp_path / "runs"


def file_of(folder: Path, trace_id: str) -> str:
    return next(
        str(p) for p in sorted(folder.glob("*.json")) if f'"{trace_id}"' in p.read_text(encoding="utf-8")
    )


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "some.db"
    with Database.open(path) as database:
        run = Run(run_id="r1", objective="x", state=RunState.SUCCEEDED)
        traces = [
            trace_with(
                f"t{i}",
                output=i,
                expected_output=0,
                metadata={"duration_ms": i, "subtask_id": "a", "attempt": i},
            )
            for i in range(1201)
        ]
        attempts = (trace_row(trace, event_id=i) for i, trace in enumerate(traces, 1))
        rows = [insert_run(run_row(run).row), *(insert_trace(kept.row) for kept in attempts)]
        database.commit(rows).result(timeout=10)
    return str(path)


def test_a_trace_that_passes_is_shown_and_exits_with_0(cli: Cli, folder: Path) -> None:
    code, out, err = cli("score", file_of(folder, "good"))
    assert (code, err) == (0, "")
    assert "good" in out
    assert "1.000" in out


def test_a_trace_that_does_not_pass_exits_with_1_and_says_why(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("score", file_of(folder, "good"), file_of(folder, "bad"))
    assert code == 1
    assert "/a: 2, expected 1" in out


def test_scores_as_json_are_one_list(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("score", file_of(folder, "bad"), "--scorer", "numeric", "--tolerance", "2", "--json")
    assert code == 0
    assert json.loads(out) == [
        {
            "trace_id": "bad",
            "scorer": "numeric",
            "value": 1.0,
            "passed": True,
            "explanation": "everything expected is there",
        }
    ]


def test_a_file_with_the_expected_value_goes_before_the_traces_own(
    cli: Cli, folder: Path, tmp_path: Path
) -> None:
    (tmp_path / "expected.json").write_text('{"a": 2}', encoding="utf-8")
    code, _, _ = cli("score", file_of(folder, "bad"), "--expected", "expected.json")
    assert code == 0


def test_a_trace_is_found_in_the_database_by_its_id(cli: Cli, database: str) -> None:
    code, out, _ = cli("score", "t0", "--db", database, "--json")
    assert (code, json.loads(out)[0]["value"]) == (0, 1.0)


@pytest.mark.parametrize(
    ("args", "exit_code", "error"),
    [
        (["score", "gone.json"], 7, "trace.no_file"),
        (["score", "t1"], 7, "storage.missing"),
        (["score", "bad.json"], 3, "trace.malformed"),
        (["score", "plain.json"], 3, "eval.no_expected"),
        (["score", "plain.json", "--expected", "gone.json"], 3, "eval.bad_expected"),
        (["score", "plain.json", "--expected", "bad.json"], 3, "eval.bad_expected"),
        (["score", "plain.json", "--expected", "."], 3, "eval.bad_expected"),
        (["report"], 7, "storage.missing"),
        (["report", "--folder", "gone"], 7, "trace.no_folder"),
        (["report", "--folder", "plain.json"], 7, "trace.no_folder"),
        (["report", "--db", "bad.json"], 3, "storage.not_a_database"),
    ],
)
def test_what_cannot_be_used_is_an_error_with_its_exit_code(
    cli: Cli, tmp_path: Path, args: list[str], exit_code: int, error: str
) -> None:
    (tmp_path / "bad.json").write_text("{" * 2000, encoding="utf-8")
    (tmp_path / "plain.json").write_text(json.dumps(trace_with(output=1).as_json()), encoding="utf-8")
    code, out, err = cli(*args)
    assert (code, out) == (exit_code, "")
    assert err.startswith(f"error[{error}]: ")
    assert "Traceback" not in err


def test_an_unknown_id_is_not_found(cli: Cli, database: str) -> None:
    code, _, err = cli("score", "nobody", "--db", database)
    assert code == 7
    assert "error[trace.unknown]" in err
    assert "hint: " in err


@pytest.mark.parametrize(
    "args", [["score"], ["score", "a", "--scorer", "magic"], ["report", "--db", "a", "--folder", "b"]]
)
def test_wrong_usage_exits_with_2(cli: Cli, args: list[str]) -> None:
    assert cli(*args)[0] == 2


def test_a_report_of_files_counts_by_agent(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("report", "--folder", str(folder), "--json")
    assert code == 0
    found = {line["agent"]: line for line in json.loads(out)}
    assert (found["data"]["count"], found["data"]["p50_ms"]) == (2, 20.0)
    assert (found["time"]["failures"], found["time"]["p99_ms"]) == (1, 99.0)


def test_a_report_of_a_database_reads_every_page(cli: Cli, database: str) -> None:
    code, out, _ = cli("report", "--db", database, "--json")
    assert code == 0
    assert [(line["count"], line["p50_ms"]) for line in json.loads(out)] == [(1201, 600.0)]


def test_a_report_as_a_table_has_a_line_for_each_agent(cli: Cli, folder: Path) -> None:
    code, out, _ = cli("report", "--folder", str(folder))
    assert code == 0
    assert "p95 ms" in out
    assert len([line for line in out.splitlines() if "data" in line or "time" in line]) == 2


def test_a_file_that_is_no_trace_is_left_out_and_named(cli: Cli, folder: Path) -> None:
    (folder / "notes.json").write_text("[]", encoding="utf-8")
    code, out, err = cli("report", "--folder", str(folder), "--json")
    assert (code, len(json.loads(out))) == (0, 2)
    assert "left out: notes.json: trace.malformed" in err


def test_hostile_text_does_not_reach_the_terminal_as_control_characters(cli: Cli, tmp_path: Path) -> None:
    trace = trace_with(agent_type="\x1b[31mred [bold]x[/bold]", output={"\x1b[2J": 1}, expected_output={})
    (tmp_path / "t.json").write_text(json.dumps(trace.as_json()), encoding="utf-8")
    shown = cli("score", "t.json")[1] + cli("report", "--folder", ".")[1]
    assert "\x1b" not in shown
    assert "[bold]" in shown
