"""Every attack against this host, and those that mean something to it against Extism."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from benchmarks.attack.attack import Attack
from benchmarks.attack.batch import run_in_child
from benchmarks.attack.corpus.every import ATTACKS
from benchmarks.attack.extism_side import chosen, run_extism
from benchmarks.attack.verdict import GRACE_BYTES, GRACE_MS, MIB, Verdict, judge, judge_all
from benchmarks.chaos.figures import Figure

CHILD: Final = Path(__file__).with_name("child.py")


def run_ours(attacks: Sequence[Attack]) -> Iterator[Verdict]:
    """Yield how each attack ends here."""
    lines = [(attack.name, attack.name) for attack in attacks]
    outcomes = run_in_child([sys.executable, "-P", str(CHILD)], lines)
    for attack, found in zip(attacks, outcomes, strict=True):
        yield judge(attack, found, tells_cause=found["code"] == attack.code)


def bar6(attacks: Sequence[Attack] = ATTACKS) -> tuple[list[Figure], list[Verdict]]:
    """Run every attack here and return what was counted."""
    found = list(judge_all(attacks, run_ours))
    wrong = [v for v in found if v.code != v.attack.code]
    late = max(found, key=lambda v: v.late_ms)
    large = max(found, key=lambda v: v.over_bytes)
    slow = max(found, key=lambda v: v.load_ms)
    components = sum(v.attack.adapter == "component" for v in found)
    figures = [
        Figure(
            "bar6_attacks", len(found), what=f"{components} of them components; at least 120 are promised"
        ),
        Figure("bar6_host_crashes", sum(not v.is_alive for v in found), most=0),
        Figure("bar6_wrong_code", len(wrong), most=0, what=_named(wrong)),
        Figure("bar6_late_ms_max", late.late_ms, most=GRACE_MS, what=late.attack.name),
        Figure(
            "bar6_over_memory_mb_max", _mib(large.over_bytes), most=_mib(GRACE_BYTES), what=large.attack.name
        ),
        Figure("bar6_load_ms_max", slow.load_ms, what=slow.attack.name),
    ]
    return figures, found


def bar6_extism(python: str, attacks: Sequence[Attack] = ATTACKS) -> tuple[list[Figure], list[Verdict]]:
    """Run the same suite against Extism and return what was counted."""
    found = list(judge_all(chosen(attacks), lambda some: run_extism(python, some)))
    figures = [
        Figure("bar6_extism_attacks", len(found), what="what of the suite means something to it"),
        Figure("bar6_extism_host_crashes", sum(v.code.startswith("outside: died") for v in found)),
        Figure("bar6_extism_not_stopped", sum(not v.is_in_time for v in found)),
        Figure("bar6_extism_memory_not_held", sum(v.is_alive and not v.is_held for v in found)),
        Figure("bar6_extism_cause_not_told", sum(v.is_refusal and not v.tells_cause for v in found)),
    ]
    return figures, found


def by_class(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    """Return the verdicts of each class, in the corpus's order."""
    found: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.attack.group].append(verdict)
    return found


def _named(verdicts: Sequence[Verdict]) -> str:
    told = [f"{v.attack.name}: {v.code}, not {v.attack.code}" for v in verdicts]
    return "; ".join(told[:20]) + (f"; {len(told) - 20} more" if told[20:] else "")


def _mib(octets: int) -> float:
    return round(octets / MIB, 1)
