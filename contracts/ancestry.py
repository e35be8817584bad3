"""Who waits for whom, directly or not, in a plan's graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from graphlib import TopologicalSorter
from typing import Any


class Ancestry:
    """Says which subtasks end before which start; a bit for each subtask, so that long chains stay small.

    Args:
        subtasks: Each with an `id` of its own and `dependencies` that are ids.
        bits: A bit for each, where two graphs are to have the same.

    Raises:
        CycleError: Subtasks wait for each other.
    """

    def __init__(
        self, subtasks: Sequence[Mapping[str, Any]], *, bits: Mapping[str, int] | None = None
    ) -> None:
        direct: dict[str, list[str]] = {s["id"]: s["dependencies"] for s in subtasks}
        self._bit = {sid: 1 << i for i, sid in enumerate(direct)} if bits is None else bits
        self._above: dict[str, int] = {}
        bit, above = self._bit, self._above
        for sid in _in_order(direct):
            found = 0
            for name in direct[sid]:
                found |= bit[name] | above[name]
            above[sid] = found

    def waits_for(self, subtask_id: str, other: str) -> bool:
        """Say whether `subtask_id` starts only after `other` has ended."""
        return bool(self._above[subtask_id] & self._bit[other])

    def above(self, subtask_id: str) -> int:
        """Return the bits of everything a subtask waits for."""
        return self._above[subtask_id]


def _in_order(direct: Mapping[str, Sequence[str]]) -> Iterable[str]:
    """Return every subtask behind those it waits for."""
    seen: set[str] = set()
    for sid, names in direct.items():
        if not seen.issuperset(names):
            return TopologicalSorter(direct).static_order()
        seen.add(sid)
    return direct  # as it was written, which for most plans is an order they can run in
