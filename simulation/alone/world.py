"""One world of storage alone: batches, failures, power cuts; after each the file is what the model says."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Sequence
from typing import Final

from typing_extensions import override

from contracts.errors import CallsheetError
from simulation.alone.look import differences, told_of, unnoticed, wrong_answers
from simulation.alone.model import Gate, Model, Work
from simulation.alone.rows import unit_of
from simulation.alone.writing import Author
from simulation.connection import SimConnection
from simulation.database import PATH
from simulation.disk import LOSSES, Disk, SimFile
from simulation.history import History
from simulation.opening import File, fresh_image
from storage.unit import Unit
from storage.writer import Writer

TROUBLE: Final = frozenset({"storage.full", "storage.write_failed"})
"""What is said of a whole batch."""


class Hand(Writer):
    """The writer, turned by hand."""

    @override
    def _begin(self) -> None:
        """There is no thread."""

    def turn(self, units: Sequence[Unit]) -> None:
        """Write one batch."""
        self._carry_out(units)


class AloneWorld:
    """Everything a seed decides of storage alone.

    Args:
        seed: Names the world.
        history: Where it is written down, and what was broken with it.
    """

    def __init__(self, seed: int, history: History) -> None:
        self._rng = random.Random(f"{seed} alone")
        self._history = history
        self._disk = Disk(random.Random(f"{seed} alone disk"))
        self._disk.files[PATH] = SimFile(fresh_image(), was_synced=True)
        self._file = File(self._disk, self._rng.choice((1, 5, 1000)))
        self._model = Model()
        self._author = Author(random.Random(f"{seed} alone author"), self._model)
        self._in_doubt: list[Model] = []
        """What the file may hold instead, if the power goes before anything more is committed."""

    def run(self) -> None:
        """Let everything happen."""
        for _ in range(self._rng.randint(1, 3)):
            if not self._live():
                return
            self._disk.cut(self._rng.choice(LOSSES))
            self._disk.restart()
        connection = self._opened()
        if connection is not None:
            for what in unnoticed(connection, self._rng):
                self._history.violate("what is spoilt is noticed", what)
            connection.close()

    def _live(self) -> bool:
        connection = self._opened()
        if connection is None:
            return False
        hand, gate = Hand(connection), Gate()
        self._author.follow(self._model, gate)
        for _ in range(self._rng.randint(3, 9)):
            self._draw_trouble()
            if not self._batch(hand, gate) or self._disk.is_dead:
                break
            if self._rng.random() < 0.2:
                self._look(connection)
            if self._rng.random() < 0.1:
                self._damage(connection)
        self._disk.is_full, self._disk.fail_chance, self._disk.is_dead = False, 0.0, True
        connection.close()
        return not self._history.violations

    def _damage(self, connection: SimConnection) -> None:
        """Spoil a blob, on a disk that does what it is told."""
        self._disk.is_full, self._disk.fail_chance, self._disk.ops_left = False, 0.0, None
        if self._model.blobs:
            name = self._rng.choice(sorted(self._model.blobs))
            connection.execute("UPDATE blob SET body = x'00' WHERE sha256 = ?", (name,)).fetchall()
            self._model.damaged.add(name)
            self._in_doubt = []

    def _opened(self) -> SimConnection | None:
        connection = self._file.open()
        for candidate in [self._model, *self._in_doubt]:
            try:
                if not list(differences(connection, candidate)):
                    self._model, self._in_doubt = candidate, []
                    return connection
            except CallsheetError:
                break
        self._look(connection)
        connection.close()
        return None

    def _draw_trouble(self) -> None:
        luck = self._rng.random()
        self._disk.is_full = luck < 0.08
        self._disk.fail_chance = 0.3 if 0.08 <= luck < 0.14 else 0.0
        if luck > 0.88:
            self._disk.ops_left = self._rng.randint(1, 12)

    def _batch(self, hand: Hand, gate: Gate) -> bool:
        works = self._author.works(self._rng.choice((1, 3, 12)))
        told: list[CallsheetError | None] = []
        hand.turn([unit_of(work, told.append) for work in works])
        codes = ["" if error is None else error.code for error in told]
        self._history.note(-2, 0.0, "batch", *(f"{w.name}:{c}" for w, c in zip(works, codes, strict=False)))
        if len(told) != len(works):
            self._history.violate("everybody is told", f"{len(told)} of {len(works)}")
            return False
        return self._judged(works, codes, gate)

    def _judged(self, works: Sequence[Work], codes: list[str], gate: Gate) -> bool:
        """Hold what was told against what the rules say; go on from there."""
        model, tried = self._model.copied(), Gate(dict(gate.broken))
        expected = [tried.admit(model, work) for work in works]
        if codes == expected:
            if self._in_doubt and model != self._model:
                self._in_doubt = []  # what failed before is written over
            tried.commit()
            self._model, gate.broken = model, tried.broken
            return True
        if not self._fails_as(set(codes)):
            self._history.violate("an outcome is what happened", f"{codes}, not {expected}")
            return False
        self._in_doubt.append(model)
        for work in works:
            gate.lose(work.fence)
        self._author.follow(self._model, gate)
        return True

    def _fails_as(self, codes: set[str]) -> bool:
        """Say whether the disk is the reason, and the one that was told."""
        if self._disk.is_dead:
            return codes <= TROUBLE
        if self._disk.is_full:
            return codes == {"storage.full"}
        return bool(self._disk.fail_chance) and codes == {"storage.write_failed"}

    def _look(self, connection: SimConnection) -> None:
        try:
            for what in differences(connection, self._model):
                self._history.violate("the file holds what was committed", what[:300])
            for what in wrong_answers(connection, self._model):
                self._history.violate("the file answers what it holds", what[:300])
        except CallsheetError as exc:
            self._history.violate("what is committed can be read", f"{exc.code} {exc.message}")
        self._history.note(-2, 0.0, "look", told_of(self._model))


def run_alone(seed: int, history: History) -> None:
    """Run one world of storage alone."""
    try:
        AloneWorld(seed, history).run()
    except (sqlite3.Error, CallsheetError, LookupError, TypeError, ValueError) as exc:
        history.violate("storage goes on", f"{type(exc).__name__}: {str(exc)[:300]}")
