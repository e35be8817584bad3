"""What the bars of the models found, against what they may be: a table for people, one JSON line for programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from benchmarks.promised import Figures, Promised

__all__ = ["LEAST", "MOST", "Figures", "say", "show", "verdict_of"]

LEAST: Final[Mapping[str, float]] = {"bar3_objectives": 100, "bar3_valid": 1.0, "bar3_useful": 0.80}
MOST: Final[Mapping[str, float]] = {
    "bar3_crashed": 0,
    "bar4_warm_plan_p50_s": 6.0,
    "bar4_ttft_kept_prefix_s": 0.5,
}
PROMISED: Final = Promised("models", LEAST, MOST)
verdict_of, show = PROMISED.verdict_of, PROMISED.show


def say(text: str) -> None:
    """Tell whoever watches how far it is."""
    print(f"modelbench: {text}", file=sys.stderr, flush=True)
