"""What every run of an engine shares."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contracts.agent import Registry
from contracts.clock import Clock, unix_ms
from contracts.errors import CallsheetError
from contracts.journal import Journal
from dispatcher.beat import Beat
from dispatcher.ids import Ids
from dispatcher.limits import Limits
from dispatcher.replanning import MakeReplan
from dispatcher.slots import Slots
from dispatcher.telling import Audience
from dispatcher.timeouts import Timeouts

if TYPE_CHECKING:
    from dispatcher.course import Course


@dataclass(slots=True)
class Office:
    """The engine's parts, as a run uses them."""

    registry: Registry
    journal: Journal
    clock: Clock
    ids: Ids
    rng: random.Random
    limits: Limits
    slots: Slots
    timeouts: Timeouts
    beat: Beat
    audience: Audience
    over: Callable[[Course], None]
    """Told of a run whose end is kept."""
    parked: Callable[[Course, int | None], None]
    """Told of a run that waits in the journal, and until when (Unix milliseconds)."""
    lost: Callable[[Course, CallsheetError], None]
    """Told of a run that could not be kept: what memory holds of it counts no more."""

    replan: MakeReplan
    """Asks the planner for a plan that goes on after a failure."""
    crashed: Callable[[Course, Exception], None]
    """Told of a defect of ours in a run's own logic."""

    def now_ms(self) -> int:
        """Return the wall time in Unix milliseconds."""
        return unix_ms(self.clock.now())
