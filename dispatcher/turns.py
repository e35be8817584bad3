"""Runs that wait for their turn, the first in turn first."""

from __future__ import annotations

from heapq import heappop, heappush

from contracts.run import Run
from dispatcher.course import MS_PER_PRIORITY


class RunQueue:
    """Names of runs by turn: each point of priority is worth a minute of waiting, so nobody waits for ever."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._runs: dict[str, tuple[int, Run | None]] = {}
        """With the number of the entry in the heap that counts; others are left behind."""
        self._count = 0

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._runs

    def push(self, run_id: str, *, created_ms: int, priority: int, run: Run | None = None) -> None:
        """Queue a run; one that waits already keeps its place.

        Args:
            run_id: Which.
            created_ms: Unix milliseconds.
            priority: From -100 to 100.
            run: As it was accepted just now; None when the journal has it.
        """
        if run_id not in self._runs:
            self._count += 1
            self._runs[run_id] = self._count, run
            heappush(self._heap, (created_ms - priority * MS_PER_PRIORITY, self._count, run_id))

    def pop(self) -> tuple[str, Run | None]:
        """Return whose turn it is."""
        while True:
            _, number, run_id = heappop(self._heap)
            if run_id in self._runs and self._runs[run_id][0] == number:
                return run_id, self._runs.pop(run_id)[1]

    def reread(self, run_id: str) -> None:
        """Note that the journal knows more of a run than was known when it was accepted."""
        if run_id in self._runs:
            self._runs[run_id] = self._runs[run_id][0], None

    def take(self, run_id: str) -> Run | None:
        """Take a run out of its turn; None when the journal has it or it does not wait here."""
        found = self._runs.pop(run_id, None)
        return found[1] if found is not None else None
