"""Which subtask may start now: dependencies counted down, failures passed on as skips.

Pure bookkeeping: knows no agent, no time and no loop.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Sequence

from contracts.plan import Subtask


class Schedule:
    """The plan's graph on its way to done.

    Args:
        subtasks: Of a plan whose structure was checked.
    """

    def __init__(self, subtasks: Sequence[Subtask]) -> None:
        self._subtasks = {s.id: s for s in subtasks}
        self._missing = {s.id: len(s.dependencies) for s in subtasks}
        self._waiting: defaultdict[str, list[str]] = defaultdict(list)
        self._ended: set[str] = set()
        for s in subtasks:
            for name in s.dependencies:
                self._waiting[name].append(s.id)

    def ready(self) -> list[Subtask]:
        """Return the subtasks that wait for nothing, in plan order; for the start of a run."""
        return [s for s in self._subtasks.values() if not s.dependencies]

    def done(self, subtask_id: str) -> list[Subtask]:
        """Note that a subtask produced its output; return those that may start because of it."""
        self._ended.add(subtask_id)
        freed = []
        for name in self._waiting[subtask_id]:
            self._missing[name] -= 1
            if self._missing[name] == 0 and name not in self._ended:
                freed.append(self._subtasks[name])
        return freed

    def failed(self, subtask_id: str) -> list[tuple[Subtask, str]]:
        """Note that a subtask produced nothing; return what is skipped, each with the id it waited for."""
        self._ended.add(subtask_id)
        skipped = []
        frontier = deque([subtask_id])
        while frontier:
            cause = frontier.popleft()
            for name in self._waiting[cause]:
                if name not in self._ended:
                    self._ended.add(name)
                    skipped.append((self._subtasks[name], cause))
                    frontier.append(name)
        return skipped
