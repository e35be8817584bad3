"""The database without a thread: storage's own writer and doors, its turns a chain of callbacks.

Only when a batch is taken, how large it is, and when its outcome is heard, is
drawn. The process may die between any two of these.
"""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, cast

from typing_extensions import override

from simulation.connection import SimConnection
from simulation.disk import Disk
from simulation.loop import VirtualLoop
from storage.database import Database
from storage.failure import read_failure
from storage.lock import WriterLock
from storage.reader import Reader
from storage.unit import Unit
from storage.writer import Writer

PATH: Final = "/sim.db"


class SimReader(Reader):
    """Answers SELECTs over the one connection there is; only how it comes by that is its own."""

    def __init__(self, connection: SimConnection) -> None:
        super().__init__(Path(PATH))
        self._sim = cast("sqlite3.Connection", connection)

    @override
    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._sim
        except (sqlite3.Error, ValueError, TypeError, OverflowError) as exc:
            raise read_failure(exc, Path(PATH)) from exc


class SimWriter(Writer):
    """The writer, in one life of the process.

    Args:
        connection: Brought to the newest shape.
        loop: The life's.
        rng: Draws how long writing takes, and how much waits for it.
        disk: Where the file lies.
        died: Told when the power went while writing.
    """

    def __init__(
        self,
        connection: SimConnection,
        *,
        loop: VirtualLoop,
        rng: random.Random,
        disk: Disk,
        died: Callable[[], None],
    ) -> None:
        self.is_dead = False
        """The process is gone: nobody takes units any more."""
        self.is_stuck = False
        """The disk does not answer: what is handed over stays where it is."""
        self.batches = 0
        self._loop = loop
        self._draw = rng
        self._disk = disk
        self._died = died
        self._is_called = False
        self._mean_s = rng.choice((0.0, 0.001, 0.004, 0.02))
        super().__init__(connection)

    @override
    def submit(self, units: Sequence[Unit]) -> None:
        """Queue units; they are written in their order."""
        if not self.is_dead:
            super().submit(units)
            self._call()

    def left(self) -> list[Unit]:
        """Return what was not written yet."""
        return list(self._waiting)

    @override
    def close(self) -> None:
        """Write what waits, then let go of the file."""
        while self._waiting and not self.is_dead:
            self._carry_out(super()._next_batch())
        self.is_dead = self._closed = True
        self._connection.close()

    @override
    def _begin(self) -> None:
        """There is no thread."""

    def _call(self) -> None:
        if self._is_called or not self._waiting:
            return
        self._is_called = True
        if self._draw.random() < 0.5:
            self._loop.call_anywhere(self._take_turn)
        else:
            self._loop.call_later(self._draw.expovariate(1.0) * self._mean_s, self._take_turn)

    def _take_turn(self) -> None:
        self._is_called = False
        if self.is_dead or self.is_stuck:
            return
        self.batches += 1
        self._carry_out(self._next_batch())
        if self._disk.is_dead:
            self._died()
        else:
            self._call()

    @override
    def _next_batch(self) -> list[Unit]:
        found = super()._next_batch()
        most = self._draw.choice((1, 2, 64, 512))
        self._waiting.extendleft(reversed(found[most:]))
        return found[:most]


class SimDatabase(Database):
    """The simulated file, open for writing."""

    def __init__(self, connection: SimConnection, writer: SimWriter) -> None:
        super().__init__(Path(PATH), writer, WriterLock(-1))
        self._sim = connection

    @override
    def reader(self) -> Reader:
        """Return a reader."""
        return SimReader(self._sim)
