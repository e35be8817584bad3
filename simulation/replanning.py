"""New plans for steps that failed: most within the bounds, some not, some not at all."""

from __future__ import annotations

import random
from typing import Any, Final

from contracts.errors import InvalidPlan, Problem, Unavailable
from contracts.plan import Plan, plan_of
from contracts.replanning import Failed, documents, renamed
from contracts.structure import seal

ASKS: Final = 0.3
"""Of all plans, how many have steps that ask for a new plan when they fail."""


def ask_for_plans(subtasks: list[dict[str, Any]], rng: random.Random) -> None:
    """Let some steps ask for a new plan when they fail."""
    if rng.random() > ASKS:
        return
    for subtask in subtasks:
        if subtask["on_failure"] == "skip" and rng.random() < 0.7:
            subtask["on_failure"] = "replan"
            if subtask["required_agent"] in ("pure", "idem") and rng.random() < 0.5:
                subtask["bind"]["do"]["literal"]["dies"] = True


def new_plan(failed: Failed, rng: random.Random) -> Plan:
    """Return a new plan; now and then one that leaves the bounds.

    Args:
        failed: What failed.
        rng: Draws it.

    Raises:
        Unavailable: Nobody can plan that.
        InvalidPlan: Nothing else is at hand.
    """
    luck = rng.random()
    if luck < 0.1:
        raise Unavailable("plan.none", "nobody can plan that")
    step = dict(failed.subtask())
    if step["required_agent"] != "pure" and all(s.required_agent != "pure" for s in failed.plan.subtasks):
        raise InvalidPlan([Problem("plan.no_alternative", "", "no pure agent is in the plan")])
    do = dict(step["bind"]["do"]["literal"])
    for trouble in ("fail", "dies", "crash", "bad") if luck < 0.8 else ():
        do.pop(trouble, None)
    do["round"] = failed.round
    name = f"{failed.subtask_id}r{failed.round}"
    step |= {"id": name, "required_agent": "pure", "bind": {"do": {"literal": do}}}
    if 0.8 <= luck < 0.9:
        step |= rng.choice(
            ({"required_agent": "effect"}, {"id": failed.subtask_id}, {"output_key": "elsewhere"})
        )
    whole = [step if s["id"] == failed.subtask_id else s for s in documents(failed.plan)]
    gone = {sid for sid in failed.open if sid in failed.ended and sid != failed.subtask_id}
    left = [s for s in renamed(whole, {failed.subtask_id: step["id"]}) if s["id"] not in gone]
    old = failed.plan.as_json()
    frame: dict[str, Any] = {n: old[n] for n in ("objective", "inputs", "result_key", "budget") if n in old}
    origin = {"planner": "rules"}
    document: dict[str, Any] = {**frame, "subtasks": left, "parent": failed.plan.plan_id, "origin": origin}
    return plan_of(seal(document))
