"""Bar 2: a chain of subtasks on a slow disk, in units of a step that waits for one fsync."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.durable.report import Figures, Report
from benchmarks.durable.rounds import Answer, Contender, middle, play

PURE = "Callsheet, pure"
EFFECTFUL = "Callsheet, effectful"
FLOOR = "floor: one commit a step"
LANGGRAPH = "LangGraph AsyncSqlite, sync"
DBOS = "DBOS steps on SQLite"


def contenders(peers: str | None, slow: Mapping[str, str]) -> list[Contender]:
    """Return who takes part, all on the slow disk."""
    found = [
        Contender(PURE, "callsheet_side.py", environment=slow),
        Contender(EFFECTFUL, "callsheet_side.py", flags=("effectful",), environment=slow),
        Contender(FLOOR, "floor_side.py", flags=("indexed", "singly"), like=PURE, environment=slow),
    ]
    if peers:
        found.append(Contender(LANGGRAPH, "langgraph_side.py", peers, environment=slow))
        found.append(Contender(DBOS, "dbos_side.py", peers, environment=slow))
    return found


def bar2(
    report: Report, *, peers: str | None, slow: Mapping[str, str], sync_ms: float, rounds: int, chain: int,
    folder: Path,
) -> Figures:  # fmt: skip
    """Run the chain and return the figures: a step of each in the time of the floor's, and syncs as counted."""
    played = play(contenders(peers, slow), {"chain": chain}, rounds=rounds, folder=folder)["chain"]
    step = middle(played[FLOOR])
    report.table(
        f"chain of {chain}, {sync_ms:g} ms more under every fsync, {rounds} rounds",
        ("", "ms a step", "floor's steps a step", "fsyncs a step"),
        [
            (name, f"{middle(a) * 1000 / chain:.3f}", f"{middle(a) / step:.3f}", f"{counted(a, chain):.3f}")
            for name, a in played.items()
        ],
    )
    names = ((PURE, "pure"), (EFFECTFUL, "effectful"), (LANGGRAPH, "langgraph"), (DBOS, "dbos"))
    found: Figures = {"bar2_floor_ms_per_step": round(step * 1000 / chain, 3)}
    for name, key in names:
        if name in played:
            found[f"bar2_{key}_fsyncs_per_step"] = round(middle(played[name]) / step, 3)
            found[f"bar2_{key}_fsyncs_counted_per_step"] = round(counted(played[name], chain), 3)
    return found


def counted(answers: Sequence[Answer], chain: int) -> float:
    """Return how many syncs the process made for each step."""
    return middle(answers, "fsyncs") / chain
