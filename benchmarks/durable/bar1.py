"""Bar 1: what a subtask costs, in one wide plan and in many small ones, beside the peers and the floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.durable.contender import CHAIN
from benchmarks.durable.report import Figures, Report
from benchmarks.durable.rounds import Answer, Contender, middle, play

OURS = "Callsheet"
FILES = "Callsheet, files on"
FLOOR = "floor: bare columns"
INDEXED = "floor: our keys and indexes"
LANGGRAPH = "LangGraph AsyncSqlite, sync"
DBOS = "DBOS steps on SQLite"


def contenders(peers: str | None, counted: Mapping[str, str]) -> list[Contender]:
    """Return who takes part.

    Args:
        peers: The interpreter of the peers' environment; None leaves them out.
        counted: The environment that counts syncs; may be empty.
    """
    found = [
        Contender(OURS, "callsheet_side.py", environment=counted),
        Contender(FILES, "callsheet_side.py", flags=("files",), environment=counted),
        Contender(FLOOR, "floor_side.py", like=OURS, environment=counted),
        Contender(INDEXED, "floor_side.py", flags=("indexed",), like=OURS, environment=counted),
    ]
    if peers:
        found.append(Contender(LANGGRAPH, "langgraph_side.py", peers, environment=counted))
        found.append(Contender(DBOS, "dbos_side.py", peers, environment=counted))
    return found


def bar1(
    report: Report, *, peers: str | None, counted: Mapping[str, str], rounds: int, fan: int, many: int, folder: Path
) -> Figures:  # fmt: skip
    """Run both cases and return the figures."""
    played = play(contenders(peers, counted), {"fan": fan, "many": many}, rounds=rounds, folder=folder)
    found: Figures = {}
    for case, subtasks in (("fan", fan), ("many", many * CHAIN)):
        found |= figures(case, played[case], subtasks)
        title = f"{case}: {subtasks} subtasks, {rounds} rounds, ms per subtask"
        report.table(title, ("", "median", "best", "worst", "CPU", "fsyncs", "peak MB"),
                     [row(name, answers, subtasks) for name, answers in played[case].items()])  # fmt: skip
        breakdown(report, case, played[case], subtasks)
    return found


def figures(case: str, played: Mapping[str, Sequence[Answer]], subtasks: int) -> Figures:
    """Return one case's figures."""
    ms = {name: middle(answers) * 1000 / subtasks for name, answers in played.items()}
    ours = ms[OURS]
    found: Figures = {
        f"bar1_{case}_ms_per_subtask": round(ours, 4),
        f"bar1_with_files_{case}_ms_per_subtask": round(ms[FILES], 4),
        f"bar1_floor_{case}_ms_per_subtask": round(ms[FLOOR], 4),
        f"bar1_floor_ratio_{case}": round(ours / ms[FLOOR], 2),
        f"bar1_floor_ratio_indexed_{case}": round(ours / ms[INDEXED], 2),
    }
    for peer, key in ((LANGGRAPH, f"bar1_{case}_ratio_langgraph"), (DBOS, f"bar1_{case}_ratio_dbos_steps")):
        if peer in ms:
            found[key] = round(ms[peer] / ours, 2)
            found[f"bar1_with_files_{key.removeprefix('bar1_')}"] = round(ms[peer] / ms[FILES], 2)
    return found


def row(name: str, answers: Sequence[Answer], subtasks: int) -> tuple[Any, ...]:
    """Return a contender's line."""
    times = sorted(float(answer["seconds"]) * 1000 / subtasks for answer in answers)
    return (
        name, f"{middle(answers) * 1000 / subtasks:.4f}", f"{times[0]:.4f}", f"{times[-1]:.4f}",
        f"{middle(answers, 'cpu_s') * 1000 / subtasks:.4f}", f"{middle(answers, 'fsyncs'):.0f}",
        f"{middle(answers, 'peak_mb'):.0f}",
    )  # fmt: skip


def breakdown(report: Report, case: str, played: Mapping[str, Sequence[Answer]], subtasks: int) -> None:
    """Say where the time goes: each thread's CPU, the time in fsync, and what SQLite alone needs for the rows."""
    ours = played[OURS]
    per = 1000 / subtasks
    wall, loop = middle(ours) * per, middle(ours, "cpu_MainThread_s") * per
    writer, synced = middle(ours, "cpu_storage-writer_s") * per, middle(ours, "fsync_s") * per
    sqlite = middle(played[INDEXED], "cpu_s") * per
    report.table(
        f"{case}: where ours goes, ms per subtask",
        ("", "ms"),
        [
            ("wall", f"{wall:.4f}"),
            ("CPU of the loop's thread", f"{loop:.4f}"),
            ("CPU of the writer's thread", f"{writer:.4f}"),
            ("  of which SQLite needs for the rows and indexes alone", f"{sqlite:.4f}"),
            ("in fsync (the writer waits, the loop goes on)", f"{synced:.4f}"),
            ("wall in which the loop's thread had no CPU", f"{wall - loop:.4f}"),
        ],
    )
