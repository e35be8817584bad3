"""How a plan should have gone: worked out anew from its graph, its conditions and what the attempts gave."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from pydantic import JsonValue

from contracts.effect import Effect
from contracts.plan import Plan, Subtask, When
from simulation.actors import KINDS
from simulation.laws.evidence import GOOD, Case, Evidence, Verdict

NO_TRIES = frozenset({"effect.not_done", "budget.exhausted"})
STOPPED = frozenset({"run.cancelled", "run.deadline", "run.rejected", "run.subtask_failed"})


def a_plan_goes_as_it_says(evidence: Evidence) -> Verdict:
    """Skips, conditions, lists and failures follow from the plan, in every run nobody stopped."""
    for case in evidence.cases.values():
        if case.plan is None or case.row["started_ms"] is None:
            continue
        endings = {s.id: case.ending(s.id) for s in case.plan.subtasks}
        statuses = {sid: str(t["ended"]) for sid, t in endings.items() if t is not None}
        for subtask in case.plan.subtasks:
            status = statuses.get(subtask.id)
            if status is None or status == "cancelled":
                continue
            yield from _skips(evidence, case, subtask, statuses)
            if subtask.foreach is not None and status in GOOD:
                yield from _whole_list(evidence, case, subtask)
        if case.error_code not in STOPPED:
            yield from _verdict(evidence, case, case.plan, statuses)


def _skips(evidence: Evidence, case: Case, subtask: Subtask, statuses: dict[str, str]) -> Verdict:
    what = f"{case.run_id} {subtask.id} ended as {statuses[subtask.id]}"
    has_all = all(statuses.get(d) in GOOD for d in subtask.dependencies)
    may_run = has_all and (
        subtask.when is None or holds(subtask.when, evidence.context(case, subtask.when.key))
    )
    is_skipped = statuses[subtask.id] == "skipped"
    called = [c for c in case.calls if c.subtask_id == subtask.id and evidence.was_kept(c)]
    if may_run and is_skipped:
        yield "what may run is not skipped", what
    if not may_run and not is_skipped and not _taken_over(case, subtask):
        yield "what may not run is skipped", what
    if is_skipped and called:
        yield "a skipped subtask is not run", f"{what}: {len(called)} calls"


def _taken_over(case: Case, subtask: Subtask) -> bool:
    ending = case.ending(subtask.id)
    return case.row["parent_id"] is not None and ending is not None and ending["attempt"] == 0


def _whole_list(evidence: Evidence, case: Case, subtask: Subtask) -> Verdict:
    if _taken_over(case, subtask):
        return
    elements = evidence.elements(case, subtask)
    found = evidence.context(case, subtask.output_key)
    if not isinstance(found, list) or len(found) != len(elements):
        yield (
            "elements stay complete and in order",
            f"{case.run_id} {subtask.id}: {len(elements)} elements, {found!s:.80}",
        )
        return
    for i in range(len(elements)):
        last = [t for t in case.element(subtask.id, i) if t["next_ms"] is None]
        if len(last) != 1:
            yield "each element ends once", f"{case.run_id} {subtask.id} {i}: {len(last)} times"
        elif (found[i] is not None) != (last[0]["status"] in GOOD):
            yield (
                "elements stay complete and in order",
                f"{case.run_id} {subtask.id} {i}: {found[i]!s:.60}, {last[0]['status']}",
            )


def _verdict(evidence: Evidence, case: Case, plan: Plan, statuses: dict[str, str]) -> Verdict:
    for sid, status in statuses.items():
        if status == "cancelled":
            yield "only a stopped run has cancelled subtasks", f"{case.run_id} {sid}: {case.state}"
    produced = {s.output_key for s in plan.subtasks if statuses.get(s.id) in GOOD} | plan.inputs.keys()
    failed = [sid for sid, status in statuses.items() if status not in GOOD | {"skipped"}]
    should = plan.result_key in produced if plan.result_key is not None else not failed
    if (case.state == "succeeded") != should:
        yield (
            "a run ends as its subtasks say",
            f"{case.run_id}: {case.state} with {statuses}, result {plan.result_key}",
        )
    for subtask in plan.subtasks:
        if subtask.on_failure == "fail" and subtask.id in failed:
            yield (
                "a subtask that must not fail fails its run",
                f"{case.run_id} {subtask.id}: {case.state} {case.error_code}",
            )
    expected = _result(evidence, case, plan)
    text = evidence.text(case.row["result"], case.row["result_blob"])
    if case.state == "succeeded" and (None if text is None else json.loads(text)) != expected:
        yield "a run's result is what was written", f"{case.run_id}: {text!s:.80}, not {expected!s:.80}"


def _result(evidence: Evidence, case: Case, plan: Plan) -> JsonValue:
    if plan.result_key is not None:
        return evidence.context(case, plan.result_key)
    awaited = {d for s in plan.subtasks for d in s.dependencies}
    ends = [s.output_key for s in plan.subtasks if s.id not in awaited and s.output_key in case.values]
    found = {key: evidence.context(case, key) for key in ends}
    return found[ends[0]] if len(found) == 1 else found


def every_try_is_made(evidence: Evidence) -> Verdict:
    """A failure that may pass is tried again as often as allowed; then the fallback has its turn; no more than that."""
    for case in evidence.cases.values():
        if case.plan is None:
            continue
        for subtask in case.plan.subtasks:
            for name in {c.name for c in case.calls if c.subtask_id == subtask.id}:
                yield from _tries(evidence, case, subtask, case.attempts(name))


def _tries(evidence: Evidence, case: Case, subtask: Subtask, traces: list[Any]) -> Verdict:
    last = next((t for t in traces if t["next_ms"] is None), None)
    real = [t for t in traces if t["status"] != "cancelled" and t["error_code"] not in NO_TRIES]
    by_agent = Counter(t["agent_type"] for t in real)
    for agent, made in by_agent.items():
        if made > _allowed(subtask, agent):
            yield "no more tries than allowed", f"{case.run_id} {subtask.id} {agent}: {made}"
    if last is None or last["status"] not in ("failure", "timeout") or case.error_code in STOPPED:
        return
    if last["error_code"] in ("effect.unknown", "budget.exhausted"):
        return
    if last["error_code"] == "effect.not_done":
        yield from _not_done(case, subtask, traces)
        return
    error = evidence.body(last)["metadata"]["error"]
    agent = last["agent_type"]
    what = f"{case.run_id} {subtask.id} gave up after {by_agent}, {last['error_code']}"
    if error.get("retryable") and by_agent[agent] < _allowed(subtask, agent):
        yield "every try is made", what
    if (
        subtask.on_failure == "fallback"
        and agent == subtask.required_agent
        and subtask.fallback_agent != agent
    ):
        yield "the fallback has its turn", what


def _not_done(case: Case, subtask: Subtask, traces: list[Any]) -> Verdict:
    made = sum(t["error_code"] == "effect.not_done" for t in traces)
    if made < 1 + (1 if subtask.retries is None else subtask.retries):
        yield "every try is made", f"{case.run_id} {subtask.id} gave up after {made} that were not done"


def _allowed(subtask: Subtask, agent: str) -> int:
    if KINDS[agent] is Effect.EFFECTFUL:
        return 1
    return 1 + (1 if subtask.retries is None else subtask.retries)


def holds(when: When, value: JsonValue) -> bool:
    """Say whether a condition holds; written apart from the engine's, for the few forms plans here use."""
    found: Any = value
    for part in when.pointer.split("/")[1:]:
        if not isinstance(found, dict) or part not in found:
            return when.op in ("ne", "empty")
        found = found[part]
    match when.op:
        case "eq":
            return bool(found == when.value)
        case "ne":
            return bool(found != when.value)
        case "gt":
            return isinstance(found, int) and isinstance(when.value, int) and found > when.value
        case _:
            raise AssertionError(f"no plan here uses {when.op!r}")
