"""How far a run has come: which subtasks have ended, which may start, which are skipped. Pure bookkeeping."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from contracts.trace import TraceStatus
from dispatcher.graph import Graph


class Progress:
    """A plan's subtasks on their way to their ends.

    Args:
        graph: Of the plan.
        ended: What had ended when the run was taken up; subtasks of an earlier plan among them do not count.
    """

    def __init__(self, graph: Graph, ended: Mapping[str, TraceStatus]) -> None:
        self._graph = graph
        self._missing = {s.id: len(s.dependencies) for s in graph.plan.subtasks}
        self._todo: deque[str] = deque()
        self._is_stopped = False
        self.statuses: dict[str, TraceStatus] = {}
        for subtask_id, status in ended.items():
            if subtask_id in self._missing:
                self.end(subtask_id, status)
        self._todo.clear()

    @property
    def is_done(self) -> bool:
        """Whether every subtask has ended."""
        return len(self.statuses) == len(self._missing)

    @property
    def has_ready(self) -> bool:
        """Whether some subtask may start."""
        return bool(self._todo)

    def set_off(self) -> None:
        """Queue every subtask that waits for nothing and has not ended."""
        self._todo.extend(s for s, missing in self._missing.items() if not missing and s not in self.statuses)

    def ready(self, subtask_id: str) -> None:
        """Queue a subtask again: what kept it from starting is over."""
        if not self._is_stopped and subtask_id not in self._todo:
            self._todo.append(subtask_id)

    def next(self) -> str:
        """Take the subtask that may start next."""
        return self._todo.popleft()

    def stop(self) -> None:
        """Let nothing more start."""
        self._is_stopped = True
        self._todo.clear()

    def end(self, subtask_id: str, status: TraceStatus) -> None:
        """Note how a subtask ended; what waited for it alone and got its output may start."""
        self.statuses[subtask_id] = status
        if status.has_output:
            for name in self._graph.followers[subtask_id]:
                self._missing[name] -= 1
                if self._missing[name] == 0 and name not in self.statuses and not self._is_stopped:
                    self._todo.append(name)

    def skip_after(self, subtask_id: str) -> Iterator[tuple[str, str]]:
        """End as skipped what waits, however far behind, for a subtask without output; yield each with its cause."""
        frontier = deque([subtask_id])
        while frontier:
            cause = frontier.popleft()
            for name in self._graph.followers[cause]:
                if name not in self.statuses:
                    self.end(name, TraceStatus.SKIPPED)
                    frontier.append(name)
                    yield name, cause
