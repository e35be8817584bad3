"""How far a long piece of work is, on stderr: nothing while it is quick, then a line now and then."""

from __future__ import annotations

from typing import Final

import click

from contracts.clock import Clock

PATIENCE_S: Final = 2.0


class Ticker:
    """Tells how far something is, at most once in `PATIENCE_S`.

    Args:
        clock: Decides when it is time to speak.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._next = clock.monotonic() + PATIENCE_S

    def __call__(self, what: str, done: int, total: int) -> None:
        """Say it, if it is time to; a total of 0 is not known."""
        if self._clock.monotonic() < self._next:
            return
        self._next = self._clock.monotonic() + PATIENCE_S
        of = f" of {total:,}" if total else ""
        click.echo(f"callsheet: {done:,}{of} {what}", err=True)
