"""The seams between planning, running and keeping: small protocols, no engine's own types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.plan import Plan
from contracts.policy import Policy
from contracts.run import Run, RunEvent
from contracts.trace import ExecutionTrace

Observer = Callable[[RunEvent], None]
"""Told of every event of a run, in order, on the event loop; must not block or raise."""


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


class Journal(Protocol):
    """What happened, kept; each call returns when it is durable."""

    async def open(self, run: Run) -> None:
        """Keep a new run."""
        ...

    async def update(self, run: Run) -> None:
        """Keep a run's new state."""
        ...

    async def put(
        self, traces: Sequence[ExecutionTrace], *, values: Mapping[str, JsonValue], written_by: str
    ) -> None:
        """Keep traces and the context values a subtask wrote, in one transaction.

        Args:
            traces: Of one run; at least one.
            values: Context key -> value; empty when the subtask wrote nothing.
            written_by: The subtask's id.
        """
        ...


class Engine(Protocol):
    """Who runs what, when."""

    async def submit(self, run: Run) -> None:
        """Accept a run (durable on return); it starts when its turn comes.

        Raises:
            Unavailable: `engine.full`.
        """
        ...

    async def cancel(self, run_id: str, reason: str) -> bool:
        """Ask a run to stop; False when it had already ended."""
        ...

    async def wait(self, run_id: str, timeout_s: float | None = None) -> bool:
        """Return True once the run has ended, False after `timeout_s`."""
        ...

    async def drain(self, timeout_s: float) -> None:
        """Take no more runs, give running ones `timeout_s`, then cancel them."""
        ...


class RunPolicy(Protocol):
    """Decides what a run may reach from its objective and the operator's settings."""

    def __call__(self, objective: str, inputs: Mapping[str, JsonValue]) -> Policy:
        """Return the policy."""
        ...
