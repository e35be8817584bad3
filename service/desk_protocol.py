"""What the API and the dashboard ask of the rest of the house."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from contracts.agent import Registry
from contracts.engine import Engine
from contracts.plan import Plan
from contracts.policy import Grant
from contracts.run import Run
from service.settings import Settings
from traces.runs_store import RunStore
from traces.store import TraceStore


class Desk(Protocol):
    """Where objectives are taken in and looked up."""

    @property
    def settings(self) -> Settings:
        """What the operator decided."""
        ...

    @property
    def registry(self) -> Registry:
        """The agents at hand."""
        ...

    @property
    def runs(self) -> RunStore:
        """Runs as stored."""
        ...

    @property
    def traces(self) -> TraceStore:
        """Traces as stored."""
        ...

    @property
    def engine(self) -> Engine:
        """Who runs what, when."""
        ...

    @property
    def grants(self) -> Sequence[Grant]:
        """What the operator allows, by flag or settings."""
        ...

    async def read_plan(self, document: Mapping[str, JsonValue]) -> Plan:
        """Return the plan a document spells.

        Raises:
            InvalidPlan: With every problem.
        """
        ...

    async def plan(self, objective: str, inputs: Mapping[str, JsonValue]) -> Plan:
        """Return a plan for an objective; nothing is run."""
        ...

    async def start(
        self, objective: str, *, inputs: Mapping[str, JsonValue], plan: Plan | None = None
    ) -> Run:
        """Take an objective in; durable on return, planned and run afterwards."""
        ...

    def readiness(self) -> dict[str, str]:
        """Return part -> `ok`, or what is wrong with it."""
        ...
