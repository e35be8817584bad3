"""Rounds of contenders: each case in a process of its own, the order turned from round to round."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
CASE_S: Final = 180.0
"""For one case of one contender."""

Answer = dict[str, Any]


@dataclass(frozen=True)
class Contender:
    """Who takes part."""

    name: str
    script: str
    python: str = sys.executable
    flags: tuple[str, ...] = ()
    like: str = ""
    """The contender whose rows it writes again, which comes before it in every round."""
    environment: Mapping[str, str] = field(default_factory=dict)


def run_case(contender: Contender, case: str, count: int, folder: Path) -> Answer:
    """Return what a contender answers to one case.

    Raises:
        SystemExit: It failed, with what it said.
    """
    folder.mkdir(parents=True)
    flags = [*contender.flags]
    if contender.like:
        flags.append(f"like={folder.parent / contender.like / 'callsheet.db'}")
    command = [contender.python, str(HERE / contender.script), case, str(count), str(folder), *flags]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=CASE_S, cwd=folder,
            env=clean_environment() | dict(contender.environment),
        )  # fmt: skip
    except subprocess.TimeoutExpired as exc:
        raise SystemExit(f"{contender.name} did not end {case} {count} within {CASE_S:g} s") from exc
    if done.returncode != 0:
        raise SystemExit(f"{contender.name} failed in {case} {count}:\n{done.stderr[-3000:]}")
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def clean_environment() -> dict[str, str]:
    """Return this environment without settings of ours or of coverage, and with the project's folder to import from."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CALLSHEET_", "COVERAGE_", "COV_"))}
    return kept | {"PYTHONPATH": str(ROOT)}


def play(
    contenders: Sequence[Contender], cases: Mapping[str, int], *, rounds: int, folder: Path
) -> dict[str, dict[str, list[Answer]]]:
    """Return case -> contender -> one answer a round."""
    found: dict[str, dict[str, list[Answer]]] = {case: defaultdict(list) for case in cases}
    for number in range(rounds):
        for case, count in cases.items():
            where = folder / f"{case}{number}"
            for contender in turned(contenders, number):
                _tell(f"{case} {number + 1}/{rounds} {contender.name}")
                answer = run_case(contender, case, count, where / contender.name)
                found[case][contender.name].append(answer)
    _tell("")
    return found


def _tell(what: str) -> None:
    """Say on a terminal what is under way."""
    if sys.stderr.isatty():
        print(f"\r{what:<60}\r", end="", file=sys.stderr, flush=True)


def turned(contenders: Sequence[Contender], by: int) -> list[Contender]:
    """Return them in another order each round, those that copy another's rows after it."""
    first = [c for c in contenders if not c.like]
    by %= max(len(first), 1)
    return [*first[by:], *first[:by], *(c for c in contenders if c.like)]


def middle(answers: Sequence[Answer], key: str = "seconds") -> float:
    """Return the median of one figure over the rounds."""
    return statistics.median(float(answer.get(key, 0)) for answer in answers)
