"""The walk a newcomer takes: the example's answer equals what is true of its site."""

from __future__ import annotations

import json
from typing import Any

import pytest

from contracts.structure import plan_schema
from egress.chromium import find_chromium
from tests.whole.test_bad_input import callsheet

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium: callsheet doctor --get-browser"),
]


@pytest.mark.parametrize("seed", [1, 7, 2026])
def test_the_answer_equals_the_truth_of_the_site(tmp_path: Any, seed: Any) -> None:
    done = callsheet("run", "--example", "auction", "--seed", str(seed), "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "The answer equals truth.json" in done.stderr
    run = json.loads(done.stdout)
    kinds = {
        (s["required_agent"], s.get("bind", {}).get("render", {}).get("literal"))
        for s in run["plan"]["subtasks"]
    }
    assert len(run["plan"]["subtasks"]) >= 7
    assert len(kinds) >= 6
    files = list((tmp_path / "traces/runs").glob(f"trace_{run['run_id']}_*.json"))
    listed = json.loads(callsheet("traces", "list", "--limit", "500", "--json", cwd=tmp_path).stdout)
    assert len(files) == len(listed["traces"]) > 20
    assert all(len(json.loads(f.read_text())) == 9 for f in files)


def test_the_plan_comes_first_then_each_subtask_then_where_the_traces_lie(tmp_path: Any) -> None:
    done = callsheet("run", "--example", "auction", cwd=tmp_path)
    lines = done.stderr.splitlines()
    assert lines[0].startswith("granted: private host 127.0.0.1:")
    order = [
        next(i for i, line in enumerate(lines) if mark in line)
        for mark in ("Plan ", "▶ s1", "✔ s1", "▶ s9", "✔ s9", "traces in")
    ]
    assert order == sorted(order)


def test_a_printed_plan_runs_as_it_was_printed(tmp_path: Any, hostile: Any) -> None:
    made = callsheet(f"list the titles on http://{hostile}/ok", cwd=tmp_path, command="plan")
    plan = json.loads(made.stdout)
    assert set(plan) <= set(plan_schema()["properties"])
    (tmp_path / "plan.json").write_text(made.stdout)
    done = callsheet("run", "plan.json", "--allow-private", hostile, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["plan"]["plan_id"] == plan["plan_id"]
    assert "Fine" in done.stdout
