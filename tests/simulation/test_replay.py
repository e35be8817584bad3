"""A seed is one world: run again, in another process or order, it is the same to the last line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulation.seed import run_seed

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", [3, 7, 25, 44])
def test_a_seed_replays_to_the_last_line(seed: int) -> None:
    assert run_seed(seed).lines == run_seed(seed).lines


def test_worlds_run_before_leave_nothing_behind() -> None:
    alone = run_seed(12).digest
    for other in (1, 2, 3):
        run_seed(other, bug="cancel_lost")
    assert run_seed(12).digest == alone


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_order_of_names_in_sets_changes_no_world(hash_seed: str) -> None:
    asked = "from simulation.seed import run_seed; print([run_seed(s).digest for s in range(30, 40)])"
    said = subprocess.run(
        [sys.executable, "-c", asked], env={**os.environ, "PYTHONHASHSEED": hash_seed}, cwd=ROOT,
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout.strip() == str([run_seed(s).digest for s in range(30, 40)])


@pytest.mark.slow
def test_one_world_is_printed_whole_by_its_seed() -> None:
    run = [sys.executable, "-P", str(ROOT / "simulation" / "run.py"), "--seed", "7"]
    said = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=False)
    *lines, last = said.stdout.splitlines()
    outcome = run_seed(7)
    assert said.returncode == 0
    assert tuple(lines) == outcome.lines
    assert json.loads(last) == {"seed": 7, "bug": None, "digest": outcome.digest, "violations": []}


@pytest.mark.slow
def test_a_hunt_prints_the_bar_as_its_last_line() -> None:
    run = [
        sys.executable,
        "-P",
        str(ROOT / "simulation" / "run.py"),
        "--bug",
        "cancel_lost",
        "--workers",
        "1",
    ]
    said = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(said.stdout.splitlines()[-1])
    assert (found["bar7_faults_found"], found["bar7_faults_planted"]) == (1, 1)
    assert found["bar7_replays_exact"]
    assert "cancel_lost" in said.stderr
