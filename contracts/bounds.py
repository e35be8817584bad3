"""What a new plan may not leave: the agents, hosts and effects of the plan it takes the place of.

Judged apart from whoever planned, with nothing but both plans and the cards:
a planner that was talked into something by a page is caught here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from contracts.bounds_effects import dropped_questions, effect_problems
from contracts.bounds_limits import limit_problems
from contracts.bounds_order import order_problems
from contracts.bounds_reach import host_problems, reach_problems
from contracts.bounds_sides import AGENTS, Sides, out
from contracts.errors import Problem
from contracts.plan import Plan
from contracts.replanning import Failed, is_same, signature
from contracts.structure import plan_problems

MAX_PROBLEMS: Final = 100
MAX_MORE: Final = 8
"""Subtasks a new plan may have beyond the old one's."""
_KEPT: Final = ("objective", "inputs", "result_key", "budget")
"""What stands in a plan beside its subtasks and does not change."""
_FROZEN: Final = "What does not wait for the failed step stays as it is."


def bounds_problems(failed: Failed, plan: Plan) -> list[Problem]:
    """Return everything by which a plan leaves the bounds of the one it takes the place of; empty when it may run.

    Args:
        failed: What failed in the plan in force.
        plan: The new one.
    """
    found = plan_problems(plan.as_json())
    if found:
        return found[:MAX_PROBLEMS]
    sides = Sides(failed, plan)
    for part in (
        _frame,
        _frozen,
        _names,
        _agents,
        effect_problems,
        dropped_questions,
        order_problems,
        limit_problems,
        host_problems,
        reach_problems,
        _loops,
    ):
        found += part(sides)
        if len(found) >= MAX_PROBLEMS:
            break
    return found[:MAX_PROBLEMS]


def _frame(sides: Sides) -> Iterator[Problem]:
    """Yield what is another beside the subtasks."""
    if sides.new.parent != sides.old.plan_id:
        yield out(
            "/parent", "it names another parent than the plan in force", "Name the plan in force as parent."
        )
    old, new = sides.old.as_json(), sides.new.as_json()
    for field in _KEPT:
        if not is_same(old.get(field), new.get(field)):
            yield out(f"/{field}", f"its {field} is another", "A replan changes subtasks alone.")
    if len(sides.after) > len(sides.before) + MAX_MORE:
        said = f"{len(sides.after)} subtasks in place of {len(sides.before)}"
        yield out("/subtasks", said, f"Add at most {MAX_MORE}.")


def _frozen(sides: Sides) -> Iterator[Problem]:
    """Yield what stands no more as it stood, of what the failure does not touch."""
    changed = {n for n, _ in sides.changed}
    for name in sides.before.keys() - sides.open:
        if name not in sides.after:
            yield out("/subtasks", f"{name!r} is gone, and does not wait for what failed", _FROZEN)
        elif sides.after[name][0] in changed:
            yield out(f"/subtasks/{sides.after[name][0]}", f"{name!r} was changed", _FROZEN)


def _names(sides: Sides) -> Iterator[Problem]:
    """Yield names that were used up: of what has ended, traces are kept under them."""
    frozen = sides.before.keys() - sides.open
    for name, (n, _) in sides.after.items():
        if name in sides.failed.ended and name not in frozen:
            yield out(f"/subtasks/{n}/id", f"{name!r} has ended in this run", "Give a new subtask a new id.")


def _agents(sides: Sides) -> Iterator[Problem]:
    """Yield agents the plan in force does not name."""
    known = {s[f] for s in sides.before.values() for f in AGENTS if f in s}
    for n, subtask in sides.changed:
        for field in AGENTS:
            if field in subtask and subtask[field] not in known:
                said = f"{subtask['id']!r} wants {subtask[field][:80]!r}, an agent the plan in force does not name"
                hint = f"Agents within the plan: {', '.join(sorted(known))}."
                yield out(f"/subtasks/{n}/{field}", said, hint)


def _loops(sides: Sides) -> Iterator[Problem]:
    """Yield steps that failed or were finished before."""
    failed, cards = sides.failed, sides.cards
    done = [s for i, s in sides.before.items() if i in failed.ended]
    known = {signature(s, cards) for s in done} | {*failed.tried}
    waiting = {signature(s, cards) for i, s in sides.before.items() if i not in failed.ended}
    waiting.discard(signature(failed.subtask(), cards))
    for n, subtask in sides.changed:
        mark = signature(subtask, cards)
        if mark in known and mark not in waiting:
            said = (
                f"{subtask['id']!r} is what failed or was finished before: {subtask['required_agent']} again"
            )
            hint = "Choose another agent or other arguments, or do without."
            yield Problem("plan.replan_loop", f"/subtasks/{n}", said, hint)
