"""The `plan` command as a process: what it prints, how it fails, what it imports."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from service.plan_cli import model_is_set, plan
from service.plan_formats import as_mermaid, as_table

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "contracts" / "plan.schema.json").read_text(encoding="utf-8"))
ECHO = "echo 'hi' with the wasm echo module"
DEALS = "find trucks under $9000 on http://127.0.0.1:8000/ ending within 24 hours"
HEAVY = {
    "pydantic",
    "httpx",
    "rich",
    "fastapi",
    "playwright",
    "wasmtime",
    "numpy",
    "PIL",
    "asyncio",
    "sqlite3",
    "structlog",
}


def call(
    *arguments: str, cwd: Path, stdin: bytes = b"", env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "service.plan_cli", *arguments]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("CALLSHEET_")}
    environment = clean | {"PYTHONPATH": str(ROOT)} | (env or {})
    return subprocess.run(
        command, input=stdin, capture_output=True, cwd=cwd, env=environment, check=False, timeout=60
    )


def test_stdout_is_the_plan_and_nothing_else(tmp_path: Path) -> None:
    done = call(DEALS, cwd=tmp_path)
    document = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(jsonschema.Draft202012Validator(SCHEMA).iter_errors(document)) == []
    assert document["origin"]["planner"] == "rules"


def test_stdin_gives_the_objective(tmp_path: Path) -> None:
    done = call("-", cwd=tmp_path, stdin=ECHO.encode())
    assert json.loads(done.stdout)["objective"] == ECHO


def test_an_input_is_json_where_it_can_be(tmp_path: Path) -> None:
    done = call("sum the bids per seller", "--input", 'bids=[{"seller": "A", "bid": 3}]', cwd=tmp_path)
    assert json.loads(done.stdout)["inputs"] == {"bids": [{"seller": "A", "bid": 3}]}


def test_the_plan_can_go_to_a_file(tmp_path: Path) -> None:
    done = call(ECHO, "-o", "plan.json", cwd=tmp_path)
    assert done.stdout == b""
    assert json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))["objective"] == ECHO


def test_warnings_go_to_stderr(tmp_path: Path) -> None:
    done = call("Given the bids table I supplied, sum the bids per seller.", cwd=tmp_path)
    assert done.stderr.startswith(b"warning: ")
    assert json.loads(done.stdout)["inputs"] == {"bids": []}


@pytest.mark.parametrize(
    ("arguments", "stdin", "exit_code", "code"),
    [
        ([""], b"", 3, "plan.empty_objective"),
        (["book me a flight"], b"", 3, "plan.unsupported_objective"),
        (["x" * 5000], b"", 3, "plan.objective_too_long"),
        (["-"], b"", 3, "plan.empty_objective"),
        (["-"], b"x" * 1_000_000, 3, "plan.objective_too_long"),
        (["-"], b"find \xff trucks", 3, "plan.objective_encoding"),
        ([ECHO, "--input", "nonsense"], b"", 3, "input.malformed"),
        ([ECHO, "--input", "Bad=1"], b"", 3, "plan.bad_input"),
        ([ECHO, "--input", "a=NaN"], b"", 3, "plan.bad_input"),
        ([ECHO, "-o", "missing/folder/plan.json"], b"", 3, "output.unwritable"),
        (["find \udcff trucks"], b"", 3, "plan.objective_encoding"),
    ],
)
def test_bad_input_is_one_line_with_its_code_and_the_next_step(
    tmp_path: Path, arguments: list[str], stdin: bytes, exit_code: int, code: str
) -> None:
    done = call(*arguments, cwd=tmp_path, stdin=stdin)
    assert (done.returncode, done.stdout) == (exit_code, b"")
    assert done.stderr.startswith(f"error[{code}]: ".encode())
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("arguments", [[], ["a", "b"], [ECHO, "--format", "xml"], [ECHO, "--nope"]])
def test_wrong_usage_exits_with_two(tmp_path: Path, arguments: list[str]) -> None:
    assert call(*arguments, cwd=tmp_path).returncode == 2


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    script = f"{sys.executable} -m service.plan_cli {DEALS!r} | true; exit ${{PIPESTATUS[0]}}"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script], capture_output=True, cwd=tmp_path, env=environment, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_interrupt_exits_with_130_and_no_traceback(tmp_path: Path) -> None:
    script = (
        "import os, sys, types, service.plan_cli as c\n"
        "def read(size):\n"
        "    print('reading', flush=True)\n"
        "    return os.read(0, size)\n"
        "sys.stdin = types.SimpleNamespace(buffer=types.SimpleNamespace(read=read))\n"
        "c.main()"
    )
    pipe = subprocess.PIPE
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-c", script, "-"],
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        cwd=tmp_path,
        env=environment,
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"reading\n"
        child.send_signal(signal.SIGINT)
        _, error = child.communicate(timeout=30)
    assert child.returncode == 130
    assert b"Traceback" not in error


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_nothing_heavy_is_imported_without_a_model(tmp_path: Path, more: list[str]) -> None:
    script = (
        "import sys; from service.plan_cli import plan\n"
        f"plan.main({[DEALS, *more]!r}, standalone_mode=False)\n"
        "print(*sorted(m for m in sys.modules if '.' not in m), file=sys.stderr)"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CALLSHEET_", "COV"))}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert HEAVY & set(done.stderr.decode().split()) == set()


def test_no_agent_is_imported_for_its_card(tmp_path: Path) -> None:
    script = (
        "import sys; from service.plan_cli import plan\n"
        f"plan.main([{DEALS!r}], standalone_mode=False)\n"
        "print(*(m for m in sys.modules if m.startswith(('agents.', 'egress.', 'providers.'))), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert done.stderr.strip() == b""


@pytest.mark.parametrize(
    ("environment", "text", "is_set"),
    [
        ({}, None, False),
        ({"CALLSHEET_MODEL__URL": "http://m.test/v1"}, None, True),
        ({"CALLSHEET_MODEL__URL": ""}, None, False),
        ({}, '[model]\nurl = "http://m.test/v1"\n', True),
        ({}, '[model]\nname = "m"\n', True),
        ({}, "model = 3\n", False),
    ],
)
def test_a_model_is_set_by_environment_or_file(
    tmp_path: Path, environment: dict[str, str], text: str | None, *, is_set: bool
) -> None:
    settings = tmp_path / "callsheet.toml"
    if text is not None:
        settings.write_text(text, encoding="utf-8")
    assert model_is_set(environment, settings) is is_set


def test_a_broken_settings_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "callsheet.toml").write_text("[model", encoding="utf-8")
    done = call(ECHO, cwd=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith(b"error[settings.invalid]: callsheet.toml")


def test_a_model_that_is_not_there_gives_the_labelled_rules_plan(tmp_path: Path) -> None:
    done = call(ECHO, cwd=tmp_path, env={"CALLSHEET_MODEL__URL": "http://127.0.0.1:9/v1"})
    assert json.loads(done.stdout)["origin"]["planner"] == "rules"
    assert b"provider.unreachable" in done.stderr


def test_a_model_that_is_not_there_is_not_asked_when_told_so(tmp_path: Path) -> None:
    done = call(ECHO, "--no-model", cwd=tmp_path, env={"CALLSHEET_MODEL__URL": "http://127.0.0.1:9/v1"})
    assert (done.returncode, done.stderr) == (0, b"")


def test_help_shows_examples_and_exit_codes() -> None:
    text = CliRunner().invoke(plan, ["--help"]).output
    assert "Examples:" in text
    assert "Exit codes:" in text


@pytest.mark.parametrize(("form", "start"), [("table", "ID "), ("mermaid", "flowchart TD")])
def test_other_formats_are_for_people(tmp_path: Path, form: str, start: str) -> None:
    assert call(ECHO, "--format", form, cwd=tmp_path).stdout.decode().startswith(start)


def drawn(**fields: Any) -> dict[str, Any]:
    first = {
        "id": "s1",
        "objective": "read",
        "required_agent": "scrape",
        "dependencies": [],
        "input_keys": [],
        "output_key": "page",
    }
    second = first | {
        "id": "s2",
        "dependencies": ["s1"],
        "input_keys": ["page"],
        "output_key": "done",
        "foreach": {"key": "page"},
    }
    return {"subtasks": [first | fields, second], "result_key": "done"}


def test_a_drawing_has_a_node_for_each_subtask_and_an_edge_for_each_key() -> None:
    assert as_mermaid(drawn()).splitlines() == [
        "flowchart TD",
        '    s1["s1 scrape: read"]',
        '    s2[["s2 scrape: read"]]',
        "    s1 -->|page| s2",
    ]


def test_nothing_in_an_objective_can_end_a_label() -> None:
    node = as_mermaid(drawn(objective='"]; click s1 "javascript:x" %% <b>')).splitlines()[1]
    assert node.count('"') == 2
    assert "<" not in node


def test_a_table_has_a_line_for_each_subtask() -> None:
    lines = as_table(drawn(objective="a\x1b[31mred")).splitlines()
    assert len(lines) == 4
    assert "\x1b" not in lines[1]
    assert lines[-1] == "result: done"


def test_a_full_disk_behind_stdout_is_told_without_traceback(tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "service.plan_cli", ECHO],
            stdout=full,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            check=False,
        )
    assert done.returncode == 5
    assert done.stderr.startswith(b"error[output.unwritable]: ")
    assert b"Traceback" not in done.stderr
