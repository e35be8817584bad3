"""What people and programs do to a run that is there: stop it, decide on it, tell it something, try it again.

The API and the dashboard both act through here, so both have the same rules.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

from pydantic import JsonValue

from contracts.clock import unix_ms
from contracts.errors import Conflict, InvalidInput
from contracts.journal import Signal, Wait
from contracts.jsonvalue import canonical_json, sha256_of
from contracts.run import Run
from dispatcher.child import child_of
from service.desk_protocol import Desk
from service.idempotency import Taken
from service.known_plans import KnownPlan
from service.orders import Terms
from service.refusals import PlanChanged
from service.trying_again import finished_elements, unknown_effects

MAX_PAYLOAD_CHARS: Final = 64 * 1024
_NAME: Final = re.compile(r"[a-z][a-z0-9_.-]{0,62}")
_DECISIONS: Final = frozenset({"approve", "reject"})

Verdict = Literal["approve", "reject"]


class Settled(NamedTuple):
    """What a person found out about an effect nobody knows of."""

    is_done: bool
    output: JsonValue = None
    """What the subtask gave, where it is done."""


async def cancel(desk: Desk, run_id: str, *, reason: str = "asked for over HTTP") -> Run:
    """Ask a run to stop and return it.

    Raises:
        NotFound: `run.unknown`.
        Conflict: `run.ended`.
    """
    run = desk.runs.get(run_id)
    if run.state.is_final or not await desk.engine.cancel(run_id, reason):
        raise _ended(run_id)
    return desk.runs.get(run_id)


async def decide(
    desk: Desk, run_id: str, verdict: Verdict, *, plan_id: str, subtask: str | None = None
) -> Run:
    """Approve or reject what waits for it, and return the run.

    Args:
        desk: Where the run is.
        run_id: Which run.
        verdict: What was decided.
        plan_id: The plan that was looked at; another one is not decided on.
        subtask: Only this one, or with an empty name only the plan; everything that waits when absent.

    Raises:
        NotFound: `run.unknown`.
        Conflict: `run.ended`, `run.awaits_nothing`.
        PlanChanged: `approval.plan_changed`.
    """
    check_decidable(desk, run_id, plan_id=plan_id, subtask=subtask)
    await desk.engine.signal(_decision(desk, run_id, verdict, plan_id=plan_id, subtask=subtask))
    return desk.runs.get(run_id)


def check_decidable(desk: Desk, run_id: str, *, plan_id: str, subtask: str | None = None) -> None:
    """Refuse a decision that could change nothing, or that is about another plan.

    Raises:
        NotFound: `run.unknown`.
        Conflict: `run.ended`, `run.awaits_nothing`.
        PlanChanged: `approval.plan_changed`.
    """
    run = desk.runs.get(run_id)
    if run.state.is_final:
        raise _ended(run_id)
    check_in_force(run, plan_id)
    if not any(_is_meant(wait, subtask) for wait in desk.waits(run_id)):
        what = f"subtask {subtask[:80]!r}" if subtask else "nothing in it"
        raise Conflict(
            "run.awaits_nothing",
            f"run {run_id!r}: {what} waits for approval" + (", it does not" if subtask else ""),
            where=f"/objectives/{run_id}",
            hint="`waits` of the run says what waits.",
        )


def check_in_force(run: Run, plan_id: str) -> None:
    """Refuse a decision on another plan than the run's; one without a plan waits for nothing yet.

    Raises:
        PlanChanged: `approval.plan_changed`, naming both.
    """
    if run.plan is None or run.plan.plan_id == plan_id:
        return
    raise PlanChanged(
        "approval.plan_changed",
        f"run {run.run_id!r} goes by plan {run.plan.plan_id!r}, the decision is about {plan_id[:80]!r}",
        where=f"/objectives/{run.run_id}/plan",
        hint=f"Look at the plan in force, then decide again and name it: plan_id {run.plan.plan_id}.",
        data={"plan_id": run.plan.plan_id, "decided_on": plan_id[:80]},
    )


async def start_seen(
    desk: Desk, known: KnownPlan, *, approval: Literal["plan", "effects"], name: str | None = None
) -> Taken:
    """Start a plan that a person has looked at; durable on return.

    Args:
        desk: Takes it in.
        known: The plan, checked just now.
        approval: `plan`: it is approved as a whole; `effects`: a person approves each effectful subtask.
        name: The request's; sent twice, it starts one run.

    Raises:
        InvalidInput: `request.key_mismatch`, or the objective cannot be used.
        Conflict: `request.key_in_flight`.
        Unavailable: `engine.full`, `engine.draining`, `storage.*`.
    """
    plan = known.plan
    order = desk.order(plan.objective, inputs=plan.inputs, plan=known, terms=Terms(approval=approval))
    asked = sha256_of({"plan": plan.plan_id, "approval": approval})
    taken = await desk.take(desk.run_of(order), name=name, fingerprint=asked)
    if approval == "plan" and not taken.is_replay:
        # A crash before this leaves a run that waits for the same approval.
        await desk.engine.signal(_decision(desk, taken.run_id, "approve", plan_id=plan.plan_id, subtask=""))
    return taken


async def tell(
    desk: Desk, run_id: str, name: str, *, payload: JsonValue, signal_id: str | None = None
) -> Signal:
    """Give a run a signal, once for each `signal_id`, and return it; durable on return.

    Raises:
        NotFound: `run.unknown`.
        Conflict: `run.ended`.
        InvalidInput: `signal.bad_name`, `signal.too_large`.
    """
    if _NAME.fullmatch(name) is None or name in _DECISIONS:
        raise InvalidInput(
            "signal.bad_name",
            f"no signal can be called {name[:80]!r}",
            where="/name",
            hint="A name is of a-z, 0-9, '_', '.' and '-'; decide by /approve and /reject.",
        )
    if len(canonical_json(payload)) > MAX_PAYLOAD_CHARS:
        raise InvalidInput(
            "signal.too_large",
            f"a signal carries at most {MAX_PAYLOAD_CHARS} characters of JSON",
            where="/payload",
            hint="Keep it elsewhere and send where it is.",
        )
    signal = Signal(run_id, signal_id or desk.ids.new(), name, payload, unix_ms(desk.clock.now()))
    await desk.engine.signal(signal)
    return signal


async def retry(
    desk: Desk, run_id: str, *, settled: Mapping[str, Settled] | None = None, name: str | None = None
) -> Taken:
    """Try a run that has ended again, as a child that keeps what was finished; durable on return.

    Args:
        desk: Where the run is.
        run_id: The run to try again.
        settled: Subtask -> what a person found out about its effect.
        name: The request's `Idempotency-Key`.

    Raises:
        NotFound: `run.unknown`.
        Conflict: `run.not_ended`, `run.redacted`, `run.no_plan`, `effect.unsettled`.
        InvalidInput: `effect.bad_settlement`.
    """
    found = {subtask: _told(settlement) for subtask, settlement in (settled or {}).items()}
    settled_as_not_done = [
        subtask for subtask, settlement in (settled or {}).items() if not settlement.is_done
    ]
    parent = desk.runs.get(run_id)
    child, kept = child_of(
        parent,
        desk.runs.values(run_id),
        ids=desk.ids,
        now_ms=unix_ms(desk.clock.now()),
        elements=finished_elements(desk.traces, parent, not_done=settled_as_not_done),
        unknown=unknown_effects(desk.traces, run_id),
        settled=found,
    )
    asked: Any = {"retry": run_id, "settled": found}
    return await desk.take(child, name=name, fingerprint=sha256_of(asked), kept=kept)


def _told(settled: Settled) -> dict[str, JsonValue]:
    return {"outcome": "done", "output": settled.output} if settled.is_done else {"outcome": "not_done"}


def _decision(
    desk: Desk, run_id: str, verdict: Verdict, *, plan_id: str, subtask: str | None = None
) -> Signal:
    payload: dict[str, JsonValue] = {"plan_id": plan_id, "subtask": subtask}
    return Signal(run_id, desk.ids.new(), verdict, payload, unix_ms(desk.clock.now()))


def _is_meant(wait: Wait, subtask: str | None) -> bool:
    return wait.kind == "approval" and (subtask is None or wait.subtask_id == subtask)


def _ended(run_id: str) -> Conflict:
    return Conflict("run.ended", f"run {run_id!r} has already ended", where=f"/objectives/{run_id}")
