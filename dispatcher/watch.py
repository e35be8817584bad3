"""Wakes parked runs when their time comes: one timer for all, set to the earliest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from contracts.clock import Clock, unix_ms
from contracts.errors import CallsheetError
from contracts.journal import Journal, Unfinished

AT_ONCE: Final = 500
AGAIN_S: Final = 1.0
"""After the journal could not be read."""
LONGEST_S: Final = 3600.0
"""A timer is set anew at least this often, so that a clock set forward is noticed."""

_log = structlog.get_logger(__name__)


class Watch:
    """The times at which parked runs are due.

    Args:
        journal: Knows them.
        clock: The wall's.
        wake: Told which are due.
    """

    def __init__(
        self, journal: Journal, clock: Clock, *, wake: Callable[[Sequence[Unfinished]], None]
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._wake = wake
        self._timer: asyncio.TimerHandle | None = None
        self._at_ms: int | None = None
        self._is_stopped = False

    def start(self) -> None:
        """Look for the first that is due."""
        self._set(0.0)

    def stop(self) -> None:
        """Wake nobody any more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def look_at(self, at_ms: int) -> None:
        """Look no later than at a time, Unix milliseconds."""
        if self._at_ms is None or at_ms < self._at_ms:
            self._at_ms = at_ms
            self._set(max(0.0, (at_ms - unix_ms(self._clock.now())) / 1000))

    def _set(self, seconds: float) -> None:
        if self._is_stopped:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(min(seconds, LONGEST_S), self._look)

    def _look(self) -> None:
        self._timer, self._at_ms = None, None
        # One moment parts what is due from what comes next: between two, on a busy machine tens of
        # milliseconds, a run's time would be past for the one and not yet come for the other.
        now_ms = unix_ms(self._clock.now())
        try:
            due = self._journal.due(before_ms=now_ms, limit=AT_ONCE)
            if due:
                self._wake(due)
            next_ms = self._journal.next_due_ms(after_ms=now_ms)
        except CallsheetError as exc:
            _log.error("journal_unreadable", code=exc.code, error=exc.message)
            self._set(AGAIN_S)
            return
        if len(due) == AT_ONCE:
            self._set(AGAIN_S)
        elif next_ms is not None:
            self.look_at(next_ms)
