"""Names for runs and traces: 32 hex digits that sort by time, made from the clock and the generator given."""

from __future__ import annotations

import random

from contracts.clock import Clock, unix_ms


class Ids:
    """Makes names no other process makes.

    Args:
        clock: For the first 12 digits, Unix milliseconds.
        rng: For the other 80 bits; seeded by the system unless a test wants the same names twice.
    """

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self._clock = clock
        self._rng = rng

    def new(self) -> str:
        """Return a name."""
        return f"{unix_ms(self._clock.now()):012x}{self._rng.getrandbits(80):020x}"
