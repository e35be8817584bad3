"""What `plan` costs from nothing: CPU of the whole process, objective to valid JSON, without a model.

    python benchmarks/plan_start.py [--runs N]

A table on stderr; the last line of stdout is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema

ROOT = Path(__file__).parents[1]
OBJECTIVE = "find trucks under $9000 on http://127.0.0.1:8000/ ending within 24 hours"
CPU_MS_LIMIT = 300


def main() -> int:
    """Measure, print, and say by the exit code whether the limit holds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    command = plan_command()
    environment = {
        k: v for k, v in os.environ.items() if not k.startswith(("CALLSHEET_", "COVERAGE_", "COV_"))
    }
    costs: list[float] = []
    plans: list[str] = []
    for _ in range(runs):
        cost, text = run_once([*command, OBJECTIVE], environment)
        costs.append(cost)
        plans.append(text)
    is_valid = all(problems_of(text) == [] for text in dict.fromkeys(plans))
    median, least = statistics.median(costs), min(costs)
    print(f"{'runs':>6} {'min ms':>8} {'median ms':>10} {'max ms':>8}  valid", file=sys.stderr)
    print(f"{runs:>6} {least:>8.0f} {median:>10.0f} {max(costs):>8.0f}  {is_valid}", file=sys.stderr)
    figures = {
        "bar2_cpu_ms_median": round(median, 1),
        "bar2_cpu_ms_min": round(least, 1),
        "bar2_valid": is_valid,
    }
    print(json.dumps(figures))
    return 0 if is_valid and median <= CPU_MS_LIMIT else 1


def plan_command() -> list[str]:
    """Return the installed `plan` beside this interpreter, else the module."""
    script = Path(sys.executable).with_name("plan")
    return [str(script)] if script.exists() else [sys.executable, "-m", "service.plan_cli"]


def run_once(command: list[str], environment: dict[str, str]) -> tuple[float, str]:
    """Return the CPU the child used, in milliseconds, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used * 1000, done.stdout


def problems_of(text: str) -> list[str]:
    """Return what is wrong with a printed plan, by an independent validator."""
    schema: Any = json.loads((ROOT / "contracts" / "plan.schema.json").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    return [error.message for error in validator.iter_errors(json.loads(text))]


if __name__ == "__main__":
    raise SystemExit(main())
