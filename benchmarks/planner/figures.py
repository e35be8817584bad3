"""What the bars found, against what they may be: a table for people, one JSON line for programs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Final

from benchmarks.promised import Figures, Promised

__all__ = ["LEAST", "MOST", "Figures", "say", "show", "verdict_of"]

LEAST: Final[Mapping[str, float]] = {
    "bar1_classes": 43,
    "bar1_fixtures": 215,
    "bar1_least_of_a_class": 5,
    "bar4_agent_set_exact": 0.80,
    "bar4_agent_f1": 0.90,
    "bar4_order_kept": 0.90,
    "bar4_valid": 1.0,
    "bar4_unsupported_refused": 0.80,
    "bar4_novel_used_rightly": 0.70,
    "bar6_cases": 200,
}
MOST: Final[Mapping[str, float]] = {
    "bar1_wrong": 0,
    "bar1_fuzz_uncaught": 0,
    "bar1_fuzz_oracle_rejects": 0,
    "bar1_fuzz_truncated_accepted": 0,
    "bar2_flags_missed": 0,
    "bar2_flagged_accepted": 0,
    "bar2_sound_refused": 0,
    "bar2_oracle_disagrees": 0,
    "bar3_worfbench_not_imported": 0,
    "bar3_worfbench_not_run": 0,
    "bar3_worfbench_oracle_disagrees": 0,
    "bar3_asynchow_over": 0,
    "bar3_asynchow_out_of_order": 0,
    "bar3_asynchow_worst_ratio": 1.02,
    "bar4_crashed": 0,
    "bar4_p95_ms": 25.0,
    "bar5_worst_ms_median": 250.0,
    "bar6_agents_outside": 0,
    "bar6_hosts_outside": 0,
    "bar6_effects_outside": 0,
    "bar6_requests_outside": 0,
}
PROMISED: Final = Promised("planner", LEAST, MOST)
verdict_of, show = PROMISED.verdict_of, PROMISED.show


def say(text: str) -> None:
    """Tell whoever watches how far it is."""
    print(f"planbench: {text}", file=sys.stderr, flush=True)
