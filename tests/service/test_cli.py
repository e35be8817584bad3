from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent
STEP: dict[str, Any] = {
    "id": "a", "objective": "say it back", "required_agent": "wasm:echo", "dependencies": [], "input_keys": [],
    "bind": {"x": {"literal": "hello"}}, "output_key": "said",
}  # fmt: skip
ECHO = {"objective": "echo", "subtasks": [STEP]}


def cli(*words: str, cwd: Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(BIN / "callsheet"), *words],
        cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **env},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ran")
    for _ in range(2):
        done = cli("run", "-", "--quiet", cwd=folder, stdin=json.dumps(ECHO))
        assert done.returncode == 0, done.stderr
    return folder


def test_a_plan_from_stdin_runs_and_prints_its_result(tmp_path: Any) -> None:
    done = cli("run", "-", cwd=tmp_path, stdin=json.dumps(ECHO))
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"x": "hello"}
    assert "✔ a  wasm:echo" in done.stderr


def test_json_prints_the_run_and_nothing_else_on_stdout(tmp_path: Any) -> None:
    done = cli("run", "-", "--json", "--quiet", cwd=tmp_path, stdin=json.dumps(ECHO))
    run = json.loads(done.stdout)
    assert (run["state"], run["result"], done.stderr) == ("succeeded", {"x": "hello"}, "")


def test_a_failed_objective_exits_one_and_says_why(tmp_path: Any) -> None:
    plan = {
        "objective": "x",
        "subtasks": [
            {
                **STEP,
                "required_agent": "scrape",
                "bind": {"url": {"literal": "http://10.0.0.1/"}},
            }
        ],
    }
    done = cli("run", "-", cwd=tmp_path, stdin=json.dumps(plan))
    assert done.returncode == 1
    assert "egress.private_address" in done.stderr


def test_traces_are_listed_newest_first_and_paged(ran: Any) -> None:
    first = json.loads(cli("traces", "list", "--limit", "1", "--json", cwd=ran).stdout)
    second = json.loads(
        cli("traces", "list", "--limit", "1", "--after", first["next"], "--json", cwd=ran).stdout
    )
    assert first["traces"][0]["started_ms"] >= second["traces"][0]["started_ms"]
    assert first["traces"][0]["trace_id"] != second["traces"][0]["trace_id"]


def test_traces_are_filtered_by_agent_and_status(ran: Any) -> None:
    assert cli("traces", "list", "--agent", "vision", cwd=ran).stdout == ""
    assert (
        len(cli("traces", "list", "--agent", "wasm:echo", "--status", "success", cwd=ran).stdout.splitlines())
        == 2
    )


def test_a_trace_is_shown_whole(ran: Any) -> None:
    trace_id = cli("traces", "list", "--limit", "1", cwd=ran).stdout.split()[0]
    trace = json.loads(cli("traces", "show", trace_id, cwd=ran).stdout)
    assert len(trace) == 9
    assert (trace["output"], trace["status"]) == ({"x": "hello"}, "success")


def test_tail_hands_out_what_is_written_meanwhile(tmp_path: Any) -> None:
    cli("run", "-", "--quiet", cwd=tmp_path, stdin=json.dumps(ECHO))
    tail = subprocess.Popen(
        [str(BIN / "callsheet"), "traces", "tail"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert tail.stderr is not None
        assert tail.stderr.readline() == "waiting for traces; Ctrl-C ends it\n"
        cli("run", "-", "--quiet", cwd=tmp_path, stdin=json.dumps(ECHO))
        assert tail.stdout is not None
        assert "wasm:echo" in tail.stdout.readline()
        assert tail.poll() is None
    finally:
        tail.kill()
        tail.communicate()


def test_tail_ends_by_itself_after_the_seconds_asked_for(ran: Any) -> None:
    done = cli("traces", "tail", "--for", "0.1", cwd=ran)
    assert (done.returncode, done.stdout) == (0, "")


def test_agents_are_listed_and_shown(tmp_path: Any) -> None:
    names = {line.split()[0] for line in cli("agents", "list", cwd=tmp_path).stdout.splitlines()}
    assert {"scrape", "vision", "time", "data", "wasm:echo", "wasm:text_stats"} <= names
    assert "Takes:" in cli("agents", "show", "time", cwd=tmp_path).stdout
    assert json.loads(cli("agents", "show", "data", "--json", cwd=tmp_path).stdout)["name"] == "data"


def test_an_unknown_agent_exits_seven_with_the_nearest(tmp_path: Any) -> None:
    done = cli("agents", "show", "visoin", cwd=tmp_path)
    assert done.returncode == 7
    assert "vision" in done.stderr


def test_doctor_finds_everything_needed(tmp_path: Any) -> None:
    done = cli("doctor", "--json", cwd=tmp_path)
    found = {f["part"]: f["is_ok"] for f in json.loads(done.stdout)}
    assert done.returncode == 0
    assert all(
        found[part] for part in ("python", "settings", "database", "trace folder", "agents", "wasm guests")
    )


def test_doctor_names_a_broken_setting_and_exits_five(tmp_path: Any) -> None:
    (tmp_path / "callsheet.toml").write_text("[server]\nport = 'x'\n")
    done = cli("doctor", cwd=tmp_path)
    assert done.returncode == 5
    assert done.stdout.count("server.port (callsheet.toml)") == 1
    assert "database: not looked at: the settings come first" in done.stdout


def test_a_quiet_doctor_is_silent_of_what_nothing_needs(tmp_path: Any) -> None:
    absent = dict.fromkeys(("CALLSHEET_CHROMIUM", "CALLSHEET_COMPONENTIZE_PY"), "/nowhere")
    done = cli("doctor", "--quiet", cwd=tmp_path, **absent)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_doctor_says_how_to_get_a_browser(tmp_path: Any) -> None:
    done = cli("doctor", cwd=tmp_path, CALLSHEET_CHROMIUM="/nowhere/chromium")
    assert done.returncode == 0
    assert "callsheet doctor --get-browser" in done.stdout


@pytest.mark.parametrize(
    "words",
    [("run",), ("run", "x", "--example", "auction"), ("traces", "list", "--limit", "0"), ("nonsense",)],
)
def test_wrong_usage_exits_two(tmp_path: Any, words: Any) -> None:
    assert cli(*words, cwd=tmp_path).returncode == 2


@pytest.mark.parametrize(
    "words", [(), ("run",), ("serve",), ("traces",), ("agents",), ("doctor",), ("eval",), ("plan",)]
)
def test_help_shows_examples_or_commands(tmp_path: Any, words: Any) -> None:
    shown = cli(*words, "--help", cwd=tmp_path).stdout
    assert "Usage: callsheet" in shown
    assert "xample" in shown or "Commands" in shown or "Exit codes" in shown


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    process = subprocess.Popen(
        [str(BIN / "callsheet"), "serve", "--port", "0"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        while "callsheet serves" not in line:
            assert process.poll() is None, line
            line = process.stderr.readline()
        yield line.split()[2], process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def test_a_run_beside_a_running_server_is_run_by_it(tmp_path: Any, server: Any) -> None:
    url, _ = server
    done = cli("run", "-", "--json", cwd=tmp_path, stdin=json.dumps(ECHO))
    assert done.returncode == 0, done.stderr
    run = json.loads(done.stdout)
    with urllib.request.urlopen(f"{url}/objectives/{run['run_id']}") as answer:
        assert json.load(answer)["state"] == "succeeded"
    assert "wasm:echo" in cli("traces", "list", cwd=tmp_path).stdout


def test_grants_beside_a_running_server_are_refused_with_the_reason(tmp_path: Any, server: Any) -> None:
    done = cli("run", "-", "--allow-private", "127.0.0.1:9", cwd=tmp_path, stdin=json.dumps(ECHO))
    assert done.returncode == 5
    assert "run.grants_elsewhere" in done.stderr


def test_a_second_server_on_the_same_database_names_the_first(tmp_path: Any, server: Any) -> None:
    url, process = server
    done = cli("serve", "--port", "0", cwd=tmp_path)
    assert done.returncode == 5
    assert str(process.pid) in done.stderr
    assert url in done.stderr


def test_sigterm_ends_the_server_cleanly(tmp_path: Any, server: Any) -> None:
    _, process = server
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0


@pytest.mark.parametrize("words", [("agents", "list"), ("agents", "list", "--json"), ("--help",)])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_stdout_that_takes_nothing_is_told_without_traceback(
    tmp_path: Path, words: tuple[str, ...], unbuffered: str
) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [str(BIN / "callsheet"), *words], stdout=full, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
            check=False, env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert (done.returncode, done.stderr[:26]) == (5, "error[output.unwritable]: ")
    assert "Traceback" not in done.stderr
