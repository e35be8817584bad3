"""What an agent is given for one attempt: its inputs, its time, its key, its allowance."""

from __future__ import annotations

import hashlib
from contextvars import Context
from datetime import datetime
from typing import TYPE_CHECKING

from contracts.agent import Agent, AgentCall
from contracts.effect import Effect
from contracts.jsonvalue import canonical_json
from contracts.plan import Subtask
from dispatcher.work import Work
from egress.meter import COUNTED, Meter, set_meter

if TYPE_CHECKING:
    from dispatcher.course import Course


def call_for(course: Course, work: Work, *, now: datetime) -> AgentCall:
    """Return the call of a work's next attempt."""
    run, subtask, index = course.run, work.subtask, work.element.index
    if work.effect is not Effect.PURE and not work.intent_key:
        work.intent_key = effect_key(course, work)
    return AgentCall(
        work.element.inputs,
        subtask.objective,
        run.now or now,
        _timeout_s(subtask, work.agent),
        run.policy,
        run.home_zone,
        run.run_id,
        subtask.id,
        work.attempt,
        index,
        work.intent_key or _place(run.run_id, work),
        work.signals,
        work.is_due,
        work.reserved,
    )


def effect_key(course: Course, work: Work) -> str:
    """Return the idempotency key: the same for every attempt at this element on these inputs."""
    text = f"{_place(course.run.root_id or course.run.run_id, work)}\n{work.agent.card.name}\n"
    return hashlib.sha256((text + canonical_json(work.element.inputs)).encode()).hexdigest()


def metered(work: Work, context: Context) -> tuple[Meter | None, Context]:
    """Return what counts an attempt's network use where it has an allowance, and the task's context."""
    if not work.reserved or not any(name in work.reserved for name in COUNTED):
        return None, context
    meter = Meter(work.reserved)
    own = context.copy()
    own.run(set_meter, meter)
    return meter, own


def _timeout_s(subtask: Subtask, agent: Agent) -> float:
    limit = subtask.timeout_s or agent.card.timeout_s
    if subtask.budget is not None and subtask.budget.wall_s is not None:
        limit = min(limit, subtask.budget.wall_s)
    return float(limit)


def _place(run_id: str, work: Work) -> str:
    name, index = work.name
    return f"{run_id}/{name}" if index is None else f"{run_id}/{name}/{index}"
