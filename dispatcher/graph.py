"""A plan's graph, worked out once: who waits for whom, and how long the longest way to the end is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from graphlib import TopologicalSorter

from contracts.plan import Plan, Subtask


class Graph:
    """What scheduling asks of a plan; shared by all its runs.

    Args:
        plan: Its structure was checked.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.subtasks: dict[str, Subtask] = {s.id: s for s in plan.subtasks}
        self.place: dict[str, int] = {s.id: i for i, s in enumerate(plan.subtasks)}
        followers: defaultdict[str, list[str]] = defaultdict(list)
        for s in plan.subtasks:
            for name in s.dependencies:
                followers[name].append(s.id)
        self.followers: dict[str, tuple[str, ...]] = {sid: tuple(followers[sid]) for sid in self.subtasks}
        self.length: dict[str, int] = {}
        """Subtasks on the longest way from one to an end, itself included: the longest goes first."""
        for sid in self._followers_first():
            self.length[sid] = 1 + max((self.length[f] for f in self.followers[sid]), default=0)
        awaited = {d for s in plan.subtasks for d in s.dependencies}
        self.end_keys: tuple[str, ...] = tuple(s.output_key for s in plan.subtasks if s.id not in awaited)
        """What the subtasks nobody waits for write."""

    def _followers_first(self) -> Iterable[str]:
        names = list(self.subtasks)
        # Most plans are written in an order they can run in: backwards it is the one wanted here.
        if all(self.place[d] < self.place[s.id] for s in self.plan.subtasks for d in s.dependencies):
            return reversed(names)
        return TopologicalSorter(self.followers).static_order()
