"""What a client wants: one run, and what it knows of it so far."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from contracts.journal import Receipt, Value
from contracts.plan import Plan
from contracts.run import Approval, Run, RunState
from simulation.plans import random_plan
from simulation.setting import Setting

MOSTLY_AUTO: Final[tuple[Approval, ...]] = ("auto", "auto", "auto", "effects", "plan")


@dataclass(slots=True)
class Wish:
    """One run a client wants; it stays wanted over every crash until it is over."""

    number: int
    plan: Plan
    brings_plan: bool
    """Else the engine asks the planner."""
    at_s: float
    key: str | None
    """Of the request."""
    priority: int
    approval: Approval
    wall_ms: int | None
    """Deadline the caller sets, after handing in."""
    cancels_after_s: float | None
    retries: bool
    """Asks for another try when it was not successful."""
    waits: bool
    """Waits for the end, at the engine."""
    early_signal: bool
    parent_id: str | None = None
    run: Run | None = None
    """As it was sent last."""
    kept: Sequence[tuple[Receipt, Value | None]] = ()
    """What it takes over from its parent."""
    run_id: str | None = None
    """Acknowledged."""
    is_given_up: bool = False
    """Refused for good."""
    state: str = ""
    """Its final state, once seen."""
    was_cancelled: bool = False
    had_child: bool = False
    signals: int = 0
    approved: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come of it."""
        return self.is_given_up or bool(self.state)

    @property
    def has_failed(self) -> bool:
        """Whether it ended without success."""
        return self.state not in ("", RunState.SUCCEEDED.value)


def wishes_of(rng: random.Random, setting: Setting) -> list[Wish]:
    """Draw what the client wants."""
    return [_wish(rng, number, setting) for number in range(setting.runs)]


def _wish(rng: random.Random, number: int, setting: Setting) -> Wish:
    likes_waits = setting.taste == "waits"
    return Wish(
        number=number,
        plan=random_plan(rng, taste=setting.taste),
        brings_plan=rng.random() < 0.8,
        at_s=rng.uniform(0.0, setting.spread_s),
        key=f"request-{number}" if rng.random() < 0.7 else None,
        priority=rng.choice((0, 0, 0, 5, -5, 100, -100)),
        approval=rng.choice(("auto", "effects", "plan") if likes_waits else MOSTLY_AUTO),
        wall_ms=rng.randint(500, 60_000) if rng.random() < 0.1 else None,
        cancels_after_s=rng.choice((0.0, 0.05, 0.5, 4.0)) if rng.random() < 0.2 else None,
        retries=rng.random() < 0.5,
        waits=rng.random() < 0.5,
        early_signal=rng.random() < 0.2,
    )  # fmt: skip
