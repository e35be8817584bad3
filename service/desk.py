"""Where objectives are taken in: a policy for each, a plan where none was brought, a place in the engine."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from contracts.agent import Registry
from contracts.card import AgentCard
from contracts.clock import Clock, unix_ms
from contracts.engine import Engine, Planner
from contracts.errors import CallsheetError
from contracts.journal import IdempotencyKey, Receipt, Value, Wait
from contracts.plan import Plan
from contracts.policy import Grant, Policy
from contracts.run import Run, RunState
from dispatcher.ids import Ids
from planner.checks.asked import Asked
from planner.objective import check_objective
from service.desk_protocol import ModelShelf, NoModels
from service.events import EventHub
from service.granted import granted_capabilities
from service.idempotency import Once, Taken
from service.known_plans import KnownPlan, KnownPlans
from service.lookups import Lookups
from service.metrics import Figure, Metrics
from service.orders import Order, Terms
from service.policies import Policies
from service.settings import Settings
from storage.database import Database, Reader
from storage.rows import probe
from traces.events import EventStore
from traces.redaction import Redactor
from traces.runs_store import RunStore
from traces.store import TraceStore

HEALTH_S: Final = 2.0
GIVE_UP_S: Final = 1.0


@dataclass
class LocalDesk:
    """Takes objectives in for the engine of this process."""

    settings: Settings
    registry: Registry
    runs: RunStore
    traces: TraceStore
    events: EventStore
    hub: EventHub
    engine: Engine
    planner: Planner
    database: Database
    reader: Reader
    clock: Clock
    ids: Ids
    redactor: Redactor
    files_lost: Callable[[], int]
    """How many trace files could not be written."""
    grants: Sequence[Grant]
    """What the operator allows, by flag or settings."""
    now: datetime | None = None
    """The runs' clock where the operator set one."""
    drain_s: float = 3.0
    """How long attempts under way may take to end, when the desk closes."""
    models: ModelShelf = field(default_factory=NoModels)
    """The language models at hand."""
    metrics: Metrics = field(default_factory=Metrics)
    """Of calls of models."""
    figures: Callable[[], Sequence[Figure]] = tuple
    """The service's own."""
    is_draining: bool = False
    known: KnownPlans = field(init=False)
    lookups: Lookups = field(init=False)
    once: Once = field(init=False)
    _draining: asyncio.Future[None] | None = field(init=False, default=None)
    _policies: Policies = field(init=False)
    _blank: dict[str, JsonValue] = field(init=False)
    """What is shown of a run of which nothing is known."""

    def __post_init__(self) -> None:
        granted = granted_capabilities(self.settings.guests, os.environ)
        self.known = KnownPlans(self.registry.cards, self.redactor, asked=Asked(capabilities=granted))
        self._policies = Policies(self.grants, self.settings.egress.limits, self.redactor)
        blank = Run(
            run_id="",
            objective="",
            state=RunState.QUEUED,
            now=self.now,
            home_zone=self.settings.run.home_zone,
        )
        self._blank = blank.model_dump(mode="json", exclude={"plan"})
        self.lookups = Lookups(self.reader, self.database)
        self.once = Once(self.lookups.made, self.lookups.forget, self.clock)

    async def read_plan(self, document: Mapping[str, JsonValue]) -> Plan:
        """Return the plan a document spells, checked against the agents at hand."""
        return (await self.known.read(document)).plan

    async def plan(self, objective: str, inputs: Mapping[str, JsonValue]) -> Plan:
        """Return a plan for an objective; nothing is run."""
        check_objective(objective)
        return await self.planner.plan(objective, inputs=inputs, cards=self.cards)

    async def start(
        self,
        objective: str,
        *,
        inputs: Mapping[str, JsonValue],
        plan: Plan | None = None,
        terms: Terms | None = None,
        asked: Sequence[Receipt] = (),
    ) -> Run:
        """Take an objective in; durable on return, planned and run afterwards.

        Args:
            objective: What is wanted.
            inputs: Context keys for the planner.
            plan: As `read_plan` or `plan` returned it; planned in the background when absent.
            terms: How to go about it.
            asked: What a model was asked for the plan.

        Raises:
            InvalidInput: The objective cannot be used.
            Unavailable: `engine.full`, `engine.draining`, `storage.*`.
        """
        known = KnownPlan.of(plan, self.redactor) if plan is not None else None
        order = self.order(objective, inputs=inputs, plan=known, terms=terms)
        run = self.run_of(order)
        await self.engine.submit(run, kept=[(receipt, None) for receipt in asked])
        return run

    def order(
        self,
        objective: str,
        *,
        inputs: Mapping[str, JsonValue],
        plan: KnownPlan | None = None,
        terms: Terms | None = None,
    ) -> Order:
        """Return an objective made ready to be taken in.

        Raises:
            InvalidInput: The objective cannot be used.
        """
        terms = terms or Terms()
        objective = check_objective(objective)
        policy, policy_json = self._policies.of(objective, inputs, plan.hosts if plan else ())
        run = Run(
            run_id="",
            objective=objective,
            state=RunState.QUEUED,
            plan=plan.plan if plan else None,
            policy=policy,
            now=self.now,
            home_zone=self.settings.run.home_zone,
            inputs=dict(inputs),
            priority=terms.priority,
            approval=terms.approval,
        )
        kept = self.redactor.values(run.inputs) if inputs else {}
        shown = {
            **self._blank,
            "objective": self.redactor.text(objective),
            "inputs": kept,
            "policy": policy_json,
            "priority": terms.priority,
            "approval": terms.approval,
            "is_redacted": kept != run.inputs or (plan is not None and plan.is_redacted),
        }
        return Order(run, shown, plan.text if plan else "null", terms.deadline_s)

    def run_of(self, order: Order) -> Run:
        """Return a new run of an order."""
        return order.run_at(self.ids.new(), unix_ms(self.clock.now()))

    async def take(
        self,
        run: Run,
        *,
        name: str | None,
        fingerprint: str,
        kept: Sequence[tuple[Receipt, Value | None]] = (),
    ) -> Taken:
        """Take a run in, unless a request of the same name has; durable on return.

        Args:
            run: In state queued.
            name: Its request's `Idempotency-Key`.
            fingerprint: SHA-256 of what was asked.
            kept: What it takes over from the run it tries again.

        Raises:
            InvalidInput: `request.key_mismatch`.
            Conflict: `request.key_in_flight`.
            Unavailable: `engine.full`, `engine.draining`, `storage.*`.
        """

        async def submit(key: IdempotencyKey | None) -> str:
            await self.engine.submit(run, key=key, kept=kept)
            return run.run_id

        return await self.once.submit(name, fingerprint, submit)

    def waits(self, run_id: str) -> tuple[Wait, ...]:
        """Return what a run waits for."""
        return self.lookups.waits(run_id)

    def is_over(self, run_id: str) -> bool:
        """Return whether a run has ended.

        Raises:
            NotFound: `run.unknown`.
        """
        return self.lookups.is_over(run_id)

    def policy(self, objective: str, inputs: Mapping[str, JsonValue], plan: Plan | None) -> Policy:
        """Return what a run may reach: the hosts its author named, and what the operator granted.

        A plan names hosts only where a person wrote it: a model's must do with the objective's.
        """
        hosts = KnownPlan.of(plan, self.redactor).hosts if plan is not None else ()
        return self._policies.of(objective, inputs, hosts)[0]

    def readiness(self) -> dict[str, str]:
        """Return part -> `ok`, or what is wrong with it."""
        return {
            "database": self._write_health(),
            "agents": "ok" if self.cards else "no agent is at hand",
            "engine": "engine.draining: the service is stopping" if self.is_draining else "ok",
        }

    async def drain(self) -> None:
        """Leave what is unfinished to the next start; who asks twice waits for the same.

        What does not stop in time is left as a crash would leave it.
        """
        self.is_draining = True
        if self._draining is None:
            self._draining = asyncio.ensure_future(self._drain())
        await asyncio.shield(self._draining)

    async def _drain(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.drain_s + GIVE_UP_S):
                await self.engine.drain(self.drain_s)

    @property
    def cards(self) -> tuple[AgentCard, ...]:
        """Every agent's card."""
        return tuple(self.registry.cards())

    def _write_health(self) -> str:
        """Write one row, to hear whether writing works."""
        try:
            self.database.commit([probe(unix_ms(self.clock.now()))]).result(timeout=HEALTH_S)
        except TimeoutError:
            return f"the writer did not answer within {HEALTH_S:g} s"
        except CallsheetError as exc:
            return f"{exc.code}: {exc.message}"
        return "ok"
