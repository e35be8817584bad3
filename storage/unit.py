"""What becomes durable together, the right it claims, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from contracts.errors import CallsheetError
from storage.blobs import Blob
from storage.statement import Statement


class Fence(NamedTuple):
    """The right to write to a run, looked at in the transaction that uses it.

    The run must be kept and not over. Whoever raises a run's epoch or ends it
    says so here: a batch remembers what it has looked up.
    """

    run_id: str
    epoch: int | None
    """What must be stored; None: any."""
    opens: bool = False
    """The unit raises the epoch to `epoch`: what must be stored is one less."""
    closes: bool = False
    """The unit ends the run."""


@dataclass(slots=True)
class Unit:
    """Statements that are kept all or none."""

    statements: Sequence[Statement]
    done: Callable[[CallsheetError | None], None]
    """Told once, in the writer's thread: nothing after the COMMIT, else why the unit is not kept."""
    fence: Fence | None = None
    blobs: Sequence[Blob] = ()
    """Stored before the statements, in the same transaction."""
