"""Every kind of bad input has its own code, loses nothing and shows no traceback."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BIN = Path(sys.executable).parent
STEP = {
    "id": "a",
    "objective": "o",
    "required_agent": "data",
    "dependencies": [],
    "input_keys": [],
    "output_key": "k",
}


def callsheet(
    *words: str, cwd: Path, stdin: str = "", command: str = "callsheet"
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(BIN / command), *words],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("missing", "scrape.http_status"),
        ("broken", "scrape.http_status"),
        ("huge", "egress.too_large"),
        ("inward", "egress.private_address"),
    ],
)
async def test_a_page_that_cannot_be_used_fails_by_its_code(
    house: Any, hostile: Any, path: Any, code: Any
) -> None:
    house.allow(hostile)
    assert await house.code("scrape", url=f"http://{hostile}/{path}", render="never") == code


async def test_a_page_that_never_answers_ends_at_its_time(house: Any, hostile: Any) -> None:
    house.allow(hostile)
    code = await house.code("scrape", url=f"http://{hostile}/never", render="never", timeout_s=0.5)
    assert code in {"attempt.timeout", "egress.timeout"}


async def test_a_private_address_needs_a_grant(house: Any, hostile: Any) -> None:
    assert await house.code("scrape", url=f"http://{hostile}/ok", render="never") == "egress.private_address"


@pytest.mark.parametrize(
    ("path", "code"), [("text", "vision.not_an_image"), ("bomb", "vision.too_many_pixels")]
)
async def test_what_is_no_usable_image_fails_by_its_code(
    house: Any, hostile: Any, path: Any, code: Any
) -> None:
    house.allow(hostile)
    assert await house.code("vision", images=[f"http://{hostile}/{path}"]) == code


async def test_a_page_that_works_is_read_and_traced_in_database_and_file(house: Any, hostile: Any) -> None:
    house.allow(hostile)
    bind = {"url": {"literal": f"http://{hostile}/ok"}, "render": {"literal": "never"}}
    run, traces = await house.run({**STEP, "required_agent": "scrape", "bind": bind})
    assert run.state.value == "succeeded"
    assert run.result["title"] == "Fine"
    assert len(list((house.folder / "runs").glob("trace_*.json"))) == len(traces) == 1


@pytest.mark.parametrize(
    ("plan", "code"),
    [
        ("{", "json.malformed"),
        ('{"objective": "x", "subtasks": []}', "plan.shape"),
        ("[" * 500, "json.too_deep"),
    ],
)
def test_a_malformed_plan_file_exits_three_with_its_code(tmp_path: Any, plan: Any, code: Any) -> None:
    (tmp_path / "plan.json").write_text(plan if plan.startswith("{") else '{"a":' + plan)
    done = callsheet("run", "plan.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert f"error[{code}]" in done.stderr


def test_a_plan_file_that_is_not_there_exits_three(tmp_path: Any) -> None:
    done = callsheet("run", "plan.json", cwd=tmp_path)
    assert done.returncode == 3
    assert "error[plan.unreadable]" in done.stderr


@pytest.mark.parametrize(
    ("objective", "code"), [("  ", "plan.empty_objective"), ("x" * 1_000_000, "plan.objective_too_long")]
)
def test_an_objective_that_is_none_exits_three(tmp_path: Any, objective: Any, code: Any) -> None:
    done = callsheet("run", "-", cwd=tmp_path, stdin=objective)
    assert done.returncode == 3
    assert f"error[{code}]" in done.stderr
    assert len(done.stderr) < 2000


def test_an_unknown_trace_exits_seven(tmp_path: Any) -> None:
    callsheet("run", "-", cwd=tmp_path, stdin=_echo())
    done = callsheet("traces", "show", "nobody", cwd=tmp_path)
    assert done.returncode == 7
    assert "error[trace.unknown]" in done.stderr


def test_reading_traces_before_any_run_says_how_to_make_some(tmp_path: Any) -> None:
    done = callsheet("traces", "list", cwd=tmp_path)
    assert done.returncode == 7
    assert "callsheet run --example auction" in done.stderr


def test_an_unwritable_trace_folder_is_refused_before_anything_runs(tmp_path: Any) -> None:
    (tmp_path / "runs").write_text("a file where a folder should be")
    done = callsheet("run", "-", "--traces", "runs", cwd=tmp_path, stdin=_echo())
    assert done.returncode in {3, 5}
    assert "error[trace.folder_unwritable]" in done.stderr


def test_a_port_in_use_is_named_with_the_way_out(tmp_path: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = callsheet("serve", "--port", str(taken.getsockname()[1]), cwd=tmp_path)
    assert done.returncode == 5
    assert "error[server.port_in_use]" in done.stderr
    assert "--port" in done.stderr


def test_a_bind_beyond_loopback_without_a_key_is_refused(tmp_path: Any) -> None:
    done = callsheet("serve", "--host", "0.0.0.0", "--port", "0", cwd=tmp_path)
    assert done.returncode == 4
    assert "error[server.key_required]" in done.stderr


def _echo() -> str:
    return (
        '{"objective":"x","subtasks":[{"id":"a","objective":"o","required_agent":"wasm:echo","dependencies":[],"input_keys":[],'
        '"bind":{"x":{"literal":1}},"output_key":"k"}]}'
    )
