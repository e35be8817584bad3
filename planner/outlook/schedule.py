"""How a plan's steps lie in time: in which order, which of them decide its length, how long it takes on so many places.

The places are handed out as the engine does it: what is ready starts, the
longest remaining path first, then the plan's own order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from heapq import heappop, heappush
from math import sqrt
from typing import Any

Subtasks = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Piece:
    """One step on the schedule."""

    p50: float
    """Seconds, as is the other."""
    p95: float
    lanes: int
    """Places it takes while it goes."""


def in_order(subtasks: Subtasks) -> list[Mapping[str, Any]]:
    """Return the subtasks of a plan without a cycle, each behind those it waits for; as written where that will do."""
    seen: set[str] = set()
    for subtask in subtasks:
        if not seen.issuperset(subtask["dependencies"]):
            by_id = {s["id"]: s for s in subtasks}
            return [
                by_id[i]
                for i in TopologicalSorter({i: s["dependencies"] for i, s in by_id.items()}).static_order()
            ]
        seen.add(subtask["id"])
    return list(subtasks)


def critical_path(
    ordered: Subtasks, pieces: Mapping[str, Piece], length: Callable[[Piece], float]
) -> tuple[str, ...]:
    """Return the steps that decide how long the plan takes however many places there are, in order."""
    ends: dict[str, float] = {}
    before: dict[str, str | None] = {}
    for subtask in ordered:
        sid = subtask["id"]
        last = max(subtask["dependencies"], key=ends.__getitem__, default=None)
        before[sid] = last
        ends[sid] = length(pieces[sid]) + (ends[last] if last is not None else 0.0)
    found = []
    at = max(ends, key=ends.__getitem__, default=None)
    while at is not None:
        found.append(at)
        at = before[at]
    return tuple(reversed(found))


def path_span(path: Sequence[str], pieces: Mapping[str, Piece]) -> tuple[float, float]:
    """Return the p50 and p95 of steps one after the other, taken to be slow or quick independently of each other."""
    p50 = sum(pieces[sid].p50 for sid in path)
    return p50, p50 + sqrt(sum((pieces[sid].p95 - pieces[sid].p50) ** 2 for sid in path))


def starts(ordered: Subtasks, pieces: Mapping[str, Piece], *, width: int) -> dict[str, float]:
    """Return when each step starts on so many places, if everything takes its p50."""
    followers: dict[str, list[str]] = {s["id"]: [] for s in ordered}
    waits: dict[str, int] = {}
    for subtask in ordered:
        waits[subtask["id"]] = len(subtask["dependencies"])
        for name in subtask["dependencies"]:
            followers[name].append(subtask["id"])
    rank = _ranks(ordered, followers)
    ready = [(rank[sid], sid) for sid, count in waits.items() if not count]
    ready.sort()
    going: list[tuple[float, str]] = []
    found: dict[str, float] = {}
    now, free = 0.0, width
    while ready or going:
        while ready and free > 0:
            sid = heappop(ready)[1]
            free -= min(
                pieces[sid].lanes, width
            )  # what has no place for all of its elements goes on with fewer
            found[sid] = now
            heappush(going, (now + pieces[sid].p50, sid))
        now, ended = heappop(going)
        free += min(pieces[ended].lanes, width)
        for name in followers[ended]:
            waits[name] -= 1
            if not waits[name]:
                heappush(ready, (rank[name], name))
    return found


def _ranks(ordered: Subtasks, followers: Mapping[str, Sequence[str]]) -> dict[str, tuple[int, int]]:
    length: dict[str, int] = {}
    for subtask in reversed(ordered):
        length[subtask["id"]] = 1 + max((length[f] for f in followers[subtask["id"]]), default=0)
    return {subtask["id"]: (-length[subtask["id"]], place) for place, subtask in enumerate(ordered)}
