from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from contracts.plan import load_plan
from service.compose import open_desk
from service.settings import load_settings
from storage.database import Reader
from traces.runs_store import RunStore

SLOW: dict[str, Any] = {
    "objective": "wait for a page that never answers",
    "subtasks": [
        {
            "id": "a", "objective": "echo", "required_agent": "wasm:echo", "dependencies": [], "input_keys": [],
            "bind": {"x": {"literal": 1}}, "output_key": "said",
        },
        {
            "id": "b", "objective": "wait", "required_agent": "scrape", "dependencies": ["a"], "input_keys": [],
            "bind": {"url": {"literal": "PLACE"}, "render": {"literal": "never"}}, "output_key": "page",
        },
    ],
}  # fmt: skip


def started(folder: Path, address: str) -> subprocess.Popen[str]:
    plan = json.dumps(SLOW).replace("PLACE", f"http://{address}/")
    (folder / "plan.json").write_text(plan)
    command = [str(Path(sys.executable).parent / "callsheet"), "run", "plan.json", "--allow-private", address]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


def wait_for(process: subprocess.Popen[str], mark: str) -> None:
    assert process.stderr is not None
    deadline = time.monotonic() + 30
    while mark not in (line := process.stderr.readline()):
        assert process.poll() is None, line
        assert time.monotonic() < deadline


async def test_a_killed_run_keeps_its_traces_and_is_said_to_have_ended(
    tmp_path: Path, silent_address: str
) -> None:
    process = started(tmp_path, silent_address)
    wait_for(process, "▶ b")
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    path = tmp_path / ".callsheet/callsheet.db"
    reader = Reader.open(path)
    (left,) = RunStore(reader).page().runs
    assert left.state.value == "running"
    reader.close()
    settings = load_settings({"storage": {"path": path}, "traces": {"folder": tmp_path / "runs"}})
    async with open_desk(settings) as desk:
        run = desk.runs.get(left.run_id)
        assert run.state.value == "failed"
        assert run.error is not None
        assert run.error.code == "run.interrupted"
        assert [t.subtask_id for t in desk.traces.of_run(run.run_id)] == ["a"]
        assert desk.runs.values(run.run_id) == {"said": {"x": 1}}
        plan = load_plan({"objective": "again", "subtasks": SLOW["subtasks"][:1]})
        again = await desk.start("again", inputs={}, plan=plan)
        assert await desk.engine.wait(again.run_id, 30)
        assert desk.runs.get(again.run_id).state.value == "succeeded"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_run_told_to_stop_is_cancelled_and_its_end_is_kept(
    tmp_path: Path, silent_address: str, number: signal.Signals
) -> None:
    process = started(tmp_path, silent_address)
    wait_for(process, "▶ b")
    process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    reader = Reader.open(tmp_path / ".callsheet/callsheet.db")
    (left,) = RunStore(reader).page().runs
    reader.close()
    assert left.state.value == "cancelled"
