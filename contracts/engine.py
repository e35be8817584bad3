"""The seams between planning, running and keeping: small protocols, no engine's own types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.journal import IdempotencyKey, Receipt, Signal, Value
from contracts.plan import Plan
from contracts.policy import Policy
from contracts.replanning import Failed
from contracts.run import Run, RunEvent

Observer = Callable[[RunEvent], None]
"""Told of every event of a run, in order, on the event loop; must not block or raise."""

Hears = Callable[[str], bool]
"""Says whether anybody wants to be told of a run now; only asked, so it must be quick."""

Place = Literal["absent", "queued", "active", "parked"]
"""Where an engine holds a run: not at all, waiting for its turn, in memory, or in the journal until it wakes."""


class Planner(Protocol):
    """Turns an objective into a plan."""

    async def plan(
        self, objective: str, *, inputs: Mapping[str, JsonValue], cards: Sequence[AgentCard]
    ) -> Plan:
        """Return a plan that passed every check.

        Raises:
            InvalidInput: `plan.empty_objective`, `plan.objective_too_long`, `plan.unsupported_objective`.
            InvalidPlan: The model's replies could not be used.
            Unavailable: The model did not answer.
        """
        ...

    async def replan(self, failed: Failed) -> Plan:
        """Return a plan that goes on after a failed step, within the bounds of the plan in force.

        What has ended stands in it unchanged, and `parent` names the plan in force.

        Raises:
            InvalidPlan: `plan.no_alternative`, `plan.replan_bounds`, `plan.replan_loop`, or what else is wrong with it.
            Unavailable: The model did not answer.
        """
        ...


class Engine(Protocol):
    """Who runs what, when. Nothing of an engine's own passes this line."""

    async def submit(
        self,
        run: Run,
        *,
        key: IdempotencyKey | None = None,
        kept: Sequence[tuple[Receipt, Value | None]] = (),
    ) -> None:
        """Accept a run (durable on return); it starts when its turn comes.

        Args:
            run: In state queued.
            key: Kept in the same transaction.
            kept: What a child run takes over from its parent.

        Raises:
            Unavailable: `engine.full`, `engine.draining`, `storage.*`.
            Conflict: `request.key_used`, `run.exists`: it was accepted before, and nothing changed.
        """
        ...

    async def cancel(self, run_id: str, reason: str) -> bool:
        """Ask a run to stop (durable on return); False when it had already ended."""
        ...

    async def signal(self, signal: Signal) -> None:
        """Tell a run something (durable on return) and wake it if it waits for that.

        Raises:
            NotFound: `run.unknown`.
            Conflict: `run.ended`.
        """
        ...

    async def wake(self, run_id: str) -> None:
        """Look at a run's journal again: something in it changed."""
        ...

    def status(self, run_id: str) -> Place:
        """Return where this engine holds a run."""
        ...

    async def wait(self, run_id: str, timeout_s: float | None = None) -> bool:
        """Return True once the run has ended (durably), False after `timeout_s`."""
        ...

    async def run_worker(self) -> None:
        """Take up what the journal left unfinished and go on until drained; runs that park and wake included."""
        ...

    async def drain(self, timeout_s: float) -> None:
        """Take no more runs and start no more attempts; give attempts under way `timeout_s`, then stop them.

        Runs stay unfinished in the journal: the next worker goes on with them.
        """
        ...


class RunPolicy(Protocol):
    """Decides what a run may reach from its objective and the operator's settings."""

    def __call__(self, objective: str, inputs: Mapping[str, JsonValue]) -> Policy:
        """Return the policy."""
        ...
