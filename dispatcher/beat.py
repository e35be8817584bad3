"""Counts the turns of the event loop, as far as somebody asks."""

from __future__ import annotations

import asyncio


class Beat:
    """Tells two moments of one turn of the loop from two of different turns; costs one callback a turn."""

    def __init__(self) -> None:
        self._turn = 0
        self._is_due = False

    def turn(self) -> int:
        """Return the turn's number; whoever asks in a later turn gets another one."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._next)
        return self._turn

    def _next(self) -> None:
        self._turn += 1
        self._is_due = False
