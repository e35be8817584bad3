"""Each side of a comparison in a process of its own, in turn; a figure is the least of the rounds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from benchmarks.durable.rounds import ROOT, clean_environment

HERE: Final = ROOT / "benchmarks" / "wasm"
PATIENCE_S: Final = 600.0
"""For one side's round."""

Answer = dict[str, Any]


def ask(script: str, *words: object, python: str = sys.executable) -> Answer:
    """Return what a side answers.

    Raises:
        SystemExit: It failed, with what it said.
    """
    command = [python, str(HERE / script), *map(str, words)]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=PATIENCE_S, env=clean_environment()
        )
    except subprocess.TimeoutExpired as exc:
        raise SystemExit(f"{script} did not end within {PATIENCE_S:g} s") from exc
    if done.returncode != 0:
        raise SystemExit(f"{script} failed:\n{done.stderr[-3000:]}")
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def in_turn(sides: Mapping[str, Callable[[], Answer]], rounds: int) -> dict[str, list[Answer]]:
    """Return each side's answers, one a round; every second round begins with the last side."""
    found: dict[str, list[Answer]] = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides)[:: -1 if number % 2 else 1]:
            found[name].append(sides[name]())
    return found


def least(answers: Sequence[Answer], key: str) -> float:
    """Return the least of one figure over the rounds."""
    return min(float(answer[key]) for answer in answers)


def least_of_all(answers: Sequence[Answer]) -> dict[str, float]:
    """Return the least of every figure over the rounds, those that are numbers."""
    return {key: least(answers, key) for key, value in answers[0].items() if isinstance(value, (int, float))}
