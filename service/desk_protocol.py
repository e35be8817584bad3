"""What the API and the dashboard ask of the rest of the house."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from pydantic import JsonValue

from contracts.agent import Registry
from contracts.clock import Clock
from contracts.engine import Engine
from contracts.journal import Receipt, Value, Wait
from contracts.plan import Plan
from contracts.policy import Grant
from contracts.run import Run
from dispatcher.ids import Ids
from providers.chat import ChatProvider
from service.events import EventHub
from service.idempotency import Taken
from service.known_plans import KnownPlan, KnownPlans
from service.metrics import Figure, Metrics
from service.orders import Order, Terms
from service.settings import Settings
from traces.events import EventStore
from traces.runs_store import RunStore
from traces.store import TraceStore


class ModelShelf(Protocol):
    """The configured models, by name."""

    def names(self) -> tuple[str, ...]:
        """Return the names that `get` knows, the default first; none where no model is set."""
        ...

    def get(self, name: str = ..., /) -> ChatProvider | None:
        """Return a model; None where there is none of that name."""
        ...


class NoModels:
    """No model is configured."""

    def names(self) -> tuple[str, ...]:
        """Return none."""
        return ()

    def get(self, _name: str = "", /) -> ChatProvider | None:
        """Return none."""
        return None


class Desk(Protocol):
    """Where objectives are taken in and looked up."""

    is_draining: bool
    """Whether the service is stopping."""

    @property
    def settings(self) -> Settings:
        """What the operator decided."""
        ...

    @property
    def registry(self) -> Registry:
        """The agents at hand."""
        ...

    @property
    def models(self) -> ModelShelf:
        """The language models at hand."""
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
    def events(self) -> EventStore:
        """Events as stored."""
        ...

    @property
    def hub(self) -> EventHub:
        """Who watches which run."""
        ...

    @property
    def engine(self) -> Engine:
        """Who runs what, when."""
        ...

    @property
    def clock(self) -> Clock:
        """The process's time."""
        ...

    @property
    def grants(self) -> Sequence[Grant]:
        """What the operator allows, by flag or settings."""
        ...

    @property
    def metrics(self) -> Metrics:
        """Of calls of models."""
        ...

    @property
    def figures(self) -> Callable[[], Sequence[Figure]]:
        """The service's own."""
        ...

    @property
    def known(self) -> KnownPlans:
        """Plans that were checked before."""
        ...

    @property
    def ids(self) -> Ids:
        """Names for runs and signals."""
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
        self,
        objective: str,
        *,
        inputs: Mapping[str, JsonValue],
        plan: Plan | None = None,
        terms: Terms | None = None,
    ) -> Run:
        """Take an objective in; durable on return, planned and run afterwards."""
        ...

    def order(
        self,
        objective: str,
        *,
        inputs: Mapping[str, JsonValue],
        plan: KnownPlan | None = None,
        terms: Terms | None = None,
    ) -> Order:
        """Return an objective made ready to be taken in."""
        ...

    def run_of(self, order: Order) -> Run:
        """Return a new run of an order."""
        ...

    async def take(
        self,
        run: Run,
        *,
        name: str | None,
        fingerprint: str,
        kept: Sequence[tuple[Receipt, Value | None]] = (),
    ) -> Taken:
        """Take a run in, unless a request of the same name has; durable on return."""
        ...

    def waits(self, run_id: str) -> tuple[Wait, ...]:
        """Return what a run waits for."""
        ...

    def is_over(self, run_id: str) -> bool:
        """Return whether a run has ended.

        Raises:
            NotFound: `run.unknown`.
        """
        ...

    def readiness(self) -> dict[str, str]:
        """Return part -> `ok`, or what is wrong with it."""
        ...
