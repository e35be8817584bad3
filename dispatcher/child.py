"""Trying a run again: a child run that keeps what its parent finished and does the rest anew.

What ended with an output is kept, as receipts with attempt 0. An effect of
which nobody knows whether it happened is never run again on a guess: whoever
retries says what became of it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from contracts.errors import Conflict, InvalidInput
from contracts.journal import Receipt, Value
from contracts.plan import Plan, Subtask
from contracts.run import Run, RunState
from contracts.trace import TraceStatus
from dispatcher.ids import Ids
from dispatcher.receipts import unstarted
from memory.encoding import encode
from storage.failure import damaged
from traces.cleaning import MARK

UNKNOWN: Final = "effect.unknown"

Kept = list[tuple[Receipt, Value | None]]


def child_of(
    parent: Run,
    values: Mapping[str, JsonValue],
    *,
    ids: Ids,
    now_ms: int,
    elements: Mapping[str, Mapping[int, JsonValue]] | None = None,
    unknown: Sequence[str] = (),
    settled: Mapping[str, Mapping[str, JsonValue]] | None = None,
) -> tuple[Run, Kept]:
    """Return the run that tries a parent again, and what it takes over.

    Args:
        parent: As it is stored; it has ended.
        values: Its context as it is stored, by key.
        ids: Names for the child and its receipts.
        now_ms: Unix milliseconds.
        elements: Subtask -> index -> output, of elements that succeeded in a foreach that did not.
        unknown: Its subtasks that ended as `effect.unknown`.
        settled: Subtask -> `{"outcome": "done", "output": ...}` or `{"outcome": "not_done"}`.

    Raises:
        Damaged: `storage.damaged`, what a subtask gave is not there.
        Conflict: `run.not_ended`, `effect.unsettled`, `run.redacted`, `run.no_plan`.
        InvalidInput: `effect.bad_settlement`.
    """
    settled = settled or {}
    plan = _plan_of(parent)
    _check_settled(plan, unknown, settled)
    child = _again(parent, plan, run_id=ids.new(), now_ms=now_ms)
    kept: Kept = []
    for subtask in plan.subtasks:
        status = parent.subtasks.get(subtask.id)
        settlement = settled.get(subtask.id)
        if settlement is not None and settlement.get("outcome") == "done":
            output, status = settlement.get("output"), TraceStatus.SUCCESS
        elif settlement is None and status is not None and status.has_output:
            if subtask.output_key not in values:  # a damaged index hides it; run again it might act again
                raise damaged("value", parent.run_id, subtask.output_key)
            output = values[subtask.output_key]
        else:
            given = sorted((elements or {}).get(subtask.id, {}).items())
            kept.extend(
                (_element(subtask, i, output, plan=plan, trace_id=ids.new(), now_ms=now_ms), None)
                for i, output in given
            )
            continue
        kept.append(_taken_over(subtask, status, output, plan=plan, trace_id=ids.new(), now_ms=now_ms))
    for number, (receipt, _) in enumerate(kept, 2):  # event 1 is the child's own
        receipt.event_id = number
    return child, kept


def _again(parent: Run, plan: Plan, *, run_id: str, now_ms: int) -> Run:
    return Run(
        run_id=run_id,
        objective=parent.objective,
        state=RunState.QUEUED,
        inputs=parent.inputs,
        plan=plan,
        policy=parent.policy,
        now=parent.now,
        home_zone=parent.home_zone,
        created_ms=now_ms,
        priority=parent.priority,
        approval=parent.approval,
        parent_id=parent.run_id,
        root_id=parent.root_id or parent.run_id,
    )


def _plan_of(parent: Run) -> Plan:
    where = f"/objectives/{parent.run_id}"
    if not parent.state.is_final:
        raise Conflict("run.not_ended", f"run {parent.run_id!r} has not ended", where=where)
    if parent.is_redacted:
        raise _redacted("its inputs or its plan")
    if parent.plan is None:
        raise Conflict(
            "run.no_plan", f"run {parent.run_id!r} ended without a plan", where=where, hint="Submit it again."
        )
    return parent.plan


def _redacted(what: str) -> Conflict:
    return Conflict(
        "run.redacted",
        f"a secret in {what} was not kept, so the run cannot be tried again",
        hint="Submit the objective again.",
    )


def _check_settled(
    plan: Plan, unknown: Sequence[str], settled: Mapping[str, Mapping[str, JsonValue]]
) -> None:
    known = {s.id for s in plan.subtasks}
    for name, settlement in settled.items():
        outcome = settlement.get("outcome")
        if name not in known or outcome not in {"done", "not_done"}:
            raise InvalidInput(
                "effect.bad_settlement",
                f"{name[:80]!r}: a settlement names a subtask and says done or not_done, not {outcome!r:.40}",
                hint='Send {"settled": {SUBTASK: {"outcome": "done", "output": ...}}}.',
            )
    missing = sorted(set(unknown) - settled.keys())
    if missing:
        raise Conflict(
            "effect.unsettled",
            f"whether these took effect is not known: {', '.join(missing[:10])}",
            hint="Find out, then say done or not_done for each.",
            data={"subtasks": missing},
        )


def _element(
    subtask: Subtask, index: int, output: JsonValue, *, plan: Plan, trace_id: str, now_ms: int
) -> Receipt:
    text = encode(output, subtask.output_key)
    if MARK in text:
        raise _redacted(f"what {subtask.id!r} gave")
    return Receipt(
        trace_id,
        subtask.id,
        subtask.required_agent,
        TraceStatus.SUCCESS,
        0,
        index,
        now_ms,
        output=output,
        output_text=text,
        output_key=subtask.output_key,
        objective=subtask.objective,
        plan_id=plan.plan_id,
    )


def _taken_over(
    subtask: Subtask, status: TraceStatus, output: JsonValue, *, plan: Plan, trace_id: str, now_ms: int
) -> tuple[Receipt, Value]:
    text = encode(output, subtask.output_key)
    if MARK in text:
        raise _redacted(f"what {subtask.id!r} gave")
    receipt = unstarted(
        subtask,
        status,
        trace_id=trace_id,
        now_ms=now_ms,
        plan_id=plan.plan_id,
        output=json.loads(text),
        output_text=text,
        output_key=subtask.output_key,
    )
    return receipt, Value(subtask.output_key, text, subtask.id)
