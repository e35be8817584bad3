"""What a new plan may and may not do: at most two, nothing finished touched, nothing beyond the plan in force."""

from __future__ import annotations

import json
from collections import Counter
from itertools import pairwise
from typing import Any, Final

from contracts.effect import Effect
from contracts.plan import Plan, Subtask
from simulation.actors import KINDS
from simulation.laws.evidence import FINAL, GOOD, Case, Evidence, Verdict

MOST: Final = 2
ASKING: Final = ("replanning", "not_replanned")


def new_plans_stay_within_the_old(evidence: Evidence) -> Verdict:
    """A run is given at most two new plans, each within the one before it, and never twice the same step."""
    for case in evidence.cases.values():
        told = [e for e in case.events if e["kind"] == "replanned"]
        if len(told) > MOST:
            yield "a run is replanned at most twice", f"{case.run_id}: {len(told)} times"
        rounds = [json.loads(e["data"])["round"] for e in told]
        if rounds != list(range(1, len(told) + 1)):
            yield "new plans are counted", f"{case.run_id}: {rounds}"
        for event, (old, new) in zip(told, pairwise(case.plans), strict=False):
            about = json.loads(event["data"])
            if (about["from"], about["to"]) != (old.plan_id, new.plan_id) or new.parent != old.plan_id:
                yield "a new plan names the one before it", f"{case.run_id} event {event['event_id']}"
            yield from _within(case, old, new, event_id=event["event_id"])
        yield from _acts_once(case)


def every_question_has_its_answer(evidence: Evidence) -> Verdict:
    """Who asks for a new plan gets one, or hears that there is none, unless the run was stopped."""
    for case in evidence.cases.values():
        asked, answered = (
            {json.loads(e["data"])["subtask_id"] for e in case.events if e["kind"] in kinds}
            for kinds in (("replanning",), ("replanned", "not_replanned"))
        )
        refused: set[str] = set()
        for event in case.events:
            name = json.loads(event["data"]).get("subtask_id", "") if event["kind"] in ASKING else ""
            if event["kind"] == "replanning" and name in refused:
                yield "who heard no does not ask again", f"{case.run_id}: {name}"
            refused |= {name} if event["kind"] == "not_replanned" else set()
        was_stopped = case.state not in ("succeeded", "failed") or case.error_code not in ("", "run.failed")
        if case.state in FINAL and not was_stopped and asked - answered:
            yield "every question has its answer", f"{case.run_id}: {sorted(asked - answered)}"


def _within(case: Case, old: Plan, new: Plan, *, event_id: int) -> Verdict:
    before, what = {s.id: s for s in old.subtasks}, f"{case.run_id} event {event_id}"
    ended = {t["subtask_id"]: t["ended"] for t in case.traces if t["ended"] and t["event_id"] < event_id}
    if not {s.required_agent for s in new.subtasks} <= _agents(old):
        yield "a new plan names no other agent", what
    after = {s.id: s for s in new.subtasks}
    for sid, status in ended.items():
        if status in GOOD and sid in before and _text(before[sid]) != _text(after.get(sid)):
            yield "what is finished stands in the new plan", f"{what}: {sid}"
        if status not in GOOD and sid in after and _text(before.get(sid)) != _text(after[sid]):
            yield "a name that is used up is not given again", f"{what}: {sid}"
    for subtask in new.subtasks:
        if subtask.id not in before and KINDS[subtask.required_agent] is not Effect.PURE:
            yield "a new plan adds no effect", f"{what}: {subtask.id}"


def _acts_once(case: Case) -> Verdict:
    plans: Any = case.plans
    if len(plans) < 2:
        return
    done = Counter(effect.name for effect in case.effects if effect.kind == "effectful")
    for name, times in done.items():
        if times > 1:
            yield "no effect twice, by whatever plan", f"{name}: {times} times"


def _agents(plan: Plan) -> set[str]:
    return {name for s in plan.subtasks for name in (s.required_agent, s.fallback_agent) if name is not None}


def _text(subtask: Subtask | None) -> str:
    return "" if subtask is None else subtask.model_dump_json(exclude_unset=True)
