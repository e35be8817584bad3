"""Where objectives are taken in: a policy for each, a plan where none was brought, a place in the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.clock import Clock, unix_ms
from contracts.engine import Engine, Planner
from contracts.errors import CallsheetError
from contracts.jsonvalue import canonical_json
from contracts.plan import Plan
from contracts.policy import Grant, Policy
from contracts.run import Run, RunState
from dispatcher.ids import Ids
from egress.policy_for import policy_from
from planner.checked import load_checked
from planner.objective import check_objective
from service.registry import CardRegistry
from service.settings import Settings
from storage.database import Database, Reader
from storage.rows import probe
from traces.runs_store import RunStore
from traces.store import TraceStore

HEALTH_S: Final = 2.0


@dataclass(frozen=True)
class LocalDesk:
    """Takes objectives in for the engine of this process."""

    settings: Settings
    registry: CardRegistry
    runs: RunStore
    traces: TraceStore
    engine: Engine
    planner: Planner
    database: Database
    reader: Reader
    clock: Clock
    ids: Ids
    files_lost: Callable[[], int]
    """How many trace files could not be written."""
    grants: Sequence[Grant]
    """What the operator allows, by flag or settings."""
    now: datetime | None = None
    """The runs' clock where the operator set one."""

    async def read_plan(self, document: Mapping[str, JsonValue]) -> Plan:
        """Return the plan a document spells, checked against the agents at hand; off the loop, it may be long."""
        return await asyncio.to_thread(load_checked, document, self.cards)

    async def plan(self, objective: str, inputs: Mapping[str, JsonValue]) -> Plan:
        """Return a plan for an objective; nothing is run."""
        check_objective(objective)
        return await self.planner.plan(objective, inputs=inputs, cards=self.cards)

    async def start(
        self, objective: str, *, inputs: Mapping[str, JsonValue], plan: Plan | None = None
    ) -> Run:
        """Take an objective in; durable on return, planned and run afterwards.

        Args:
            objective: What is wanted.
            inputs: Context keys for the planner.
            plan: As `read_plan` or `plan` returned it; planned in the background when absent.

        Raises:
            InvalidInput: The objective cannot be used.
            Unavailable: `engine.full`.
        """
        check_objective(objective)
        run = Run(
            run_id=self.ids.new(),
            objective=objective,
            state=RunState.QUEUED,
            plan=plan,
            policy=self.policy(objective, inputs, plan),
            now=self.now,
            home_zone=self.settings.run.home_zone,
            created_ms=unix_ms(self.clock.now()),
            inputs=dict(inputs),
        )
        await self.engine.submit(run)
        return run

    def policy(self, objective: str, inputs: Mapping[str, JsonValue], plan: Plan | None) -> Policy:
        """Return what a run may reach: the hosts its author named, and what the operator granted.

        A plan names hosts only where a person wrote it: a model's must do with the objective's.
        """
        named = [objective, canonical_json(dict(inputs))]
        if plan is not None and plan.origin.planner == "human":
            named.append(canonical_json(plan.as_json()))
        return policy_from(*named, grants=self.grants, limits=self.settings.egress.limits)

    def readiness(self) -> dict[str, str]:
        """Return part -> `ok`, or what is wrong with it."""
        return {"database": self._write_health(), "agents": "ok" if self.cards else "no agent is at hand"}

    def _write_health(self) -> str:
        """Write one row, to hear whether writing works."""
        try:
            self.database.commit([probe(unix_ms(self.clock.now()))]).result(timeout=HEALTH_S)
        except TimeoutError:
            return f"the writer did not answer within {HEALTH_S:g} s"
        except CallsheetError as exc:
            return f"{exc.code}: {exc.message}"
        return "ok"

    @property
    def cards(self) -> tuple[AgentCard, ...]:
        """Every agent's card."""
        return self.registry.cards()
