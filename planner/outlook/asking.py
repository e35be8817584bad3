"""What of a plan waits for a person, and what nobody can know before it runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contracts.effect import Effect
from planner.outlook.shape import Approval, StepOutlook
from planner.outlook.steps import Known

MAX_NAMED: Final = 5


def approvals_of(subtask: Mapping[str, Any], step: StepOutlook) -> Iterator[Approval]:
    """Yield why a step waits for a person; one may have several reasons."""
    asked = subtask.get("approval", "auto")
    if asked == "always":
        yield Approval(step.id, "always", "the plan asks for a person here")
    if step.effect != Effect.EFFECTFUL:
        return
    if step.tainted:
        why = _named([str(use) for use in step.tainted])
        yield Approval(step.id, "always", f"{step.agent} would act on what nobody vouches for: {why}")
    elif asked == "auto":
        yield Approval(step.id, "effects", f"{step.agent} changes something that cannot be taken back")


def unknown_of(
    subtasks: Sequence[Mapping[str, Any]], steps: Sequence[StepOutlook], known: Known, *, waits: bool
) -> Iterator[str]:
    """Yield in words what an outlook leaves open.

    Args:
        subtasks: Of the plan.
        steps: What is expected of them, in their order.
        known: What that rests on.
        waits: Whether anything waits for a person.
    """
    absent = sorted({step.agent for step in steps} - known.cards.keys())
    if absent:
        yield f"anything about {_named(absent)}: no such agent is at hand"
    if not known.past.is_known:
        yield "no traces of earlier runs could be read; every time is a guess"
    guessed = [s.id for s in steps if s.basis.kind == "default"]
    if guessed and known.past.is_known:
        yield f"how long {_named(guessed)} will take: no such agent has run here, so the times are guesses"
    lists = [s.id for s in steps if s.elements is not None and s.elements.source != "inputs"]
    if lists:
        yield f"how many elements {_named(lists)} will have"
    depends = [s["id"] for s in subtasks if "when" in s]
    if depends:
        yield f"whether {_named(depends)} will run at all: a condition decides; they are counted in"
    free = [s.id for s in steps if s.tokens is None or s.usd is None]
    if free:
        yield f"what {_named(free)} will cost in tokens or money"
    if any(s.get("on_failure") == "replan" for s in subtasks):
        yield "what a new plan after a failure would do; it stays within this one's agents, hosts and effects"
    if waits:
        yield "how long a person takes to decide"


def _named(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - MAX_NAMED} more" if len(ids) > MAX_NAMED else ""
    return ", ".join(ids[:MAX_NAMED]) + more
