"""Score one plan against what its objective needs: which agents, in which order, given what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contracts.card import AgentCard
from eval.planning.suite import Case

UNSUPPORTED: Final = "plan.unsupported_objective"


@dataclass(frozen=True, slots=True)
class Planned:
    """What a planner made of an objective: a plan, or the code of its refusal."""

    document: Mapping[str, Any] | None
    code: str = ""
    """Why there is no plan: an error's code, or the class of what nobody expected."""
    problems: tuple[str, ...] = ()
    """What the one check says of the plan, as codes."""
    ms: float = 0.0


@dataclass(frozen=True, slots=True)
class PlanScore:
    """How one plan fared."""

    case: Case
    found: tuple[str, ...]
    """The agents of the plan, each once."""
    code: str
    is_exact: bool
    """Nothing needed is missing and nothing is there that is neither needed nor optional."""
    f1: float
    """Of needed agents found; optional ones do not count."""
    order_kept: int
    order_asked: int
    is_valid: bool
    """A plan without problems, or the right refusal."""
    is_refused: bool
    ms: float

    @property
    def is_crash(self) -> bool:
        """Say whether planning ended in something that has no code."""
        return bool(self.code) and "." not in self.code


def score_plan(case: Case, planned: Planned) -> PlanScore:
    """Score what a planner made of a case."""
    subtasks = _subtasks(planned.document)
    found = {str(s["required_agent"]) for s in subtasks}
    is_refused = planned.document is None and planned.code == UNSUPPORTED
    asked = [pair for pair in case.order if all(name in case.agents or name in found for name in pair)]
    return PlanScore(
        case=case,
        found=tuple(sorted(found)),
        code=planned.code,
        is_exact=_is_exact(case, found) if case.is_supported else is_refused,
        f1=_f1(case, found, is_refused=is_refused),
        order_kept=sum(_waits(subtasks, later, earlier) for later, earlier in asked),
        order_asked=len(asked),
        is_valid=is_refused if planned.document is None else not planned.problems,
        is_refused=is_refused,
        ms=planned.ms,
    )


def uses_rightly(case: Case, planned: Planned, cards: Collection[AgentCard]) -> bool:
    """Say whether the plan is valid, has the agent the case needs, and gives it every required parameter."""
    card = next((card for card in cards if card.name == case.needs), None)
    if card is None or planned.document is None or planned.problems:
        return False
    subtasks = _subtasks(planned.document)
    used = [s for s in subtasks if s["required_agent"] == case.needs]
    given = [{name.partition(".")[0] for name in _given(s)} for s in used]
    required = set(card.takes.get("required", ()))
    kept = all(_waits(subtasks, later, earlier) for later, earlier in case.order if later == case.needs)
    return kept and bool(used) and all(required <= names for names in given)


def binds_exactly(case: Case, document: Mapping[str, Any] | None) -> bool:
    """Say whether some step of the agent needed gets each value the case names, from where it says."""
    subtasks = _subtasks(document)
    return any(
        all(_is_from(subtasks, s, name, source) for name, source in case.binds.items())
        for s in subtasks
        if s["required_agent"] == case.needs
    )


def _subtasks(document: Mapping[str, Any] | None) -> Sequence[Mapping[str, Any]]:
    return [] if document is None else document["subtasks"]


def _is_exact(case: Case, found: set[str]) -> bool:
    return case.agents <= found <= case.agents | case.optional


def _f1(case: Case, found: set[str], *, is_refused: bool) -> float:
    if not case.is_supported:
        return float(is_refused)
    counted = found - (case.optional - case.agents)
    right = len(counted & case.agents)
    return 2 * right / (len(counted) + len(case.agents)) if right else 0.0


def _waits(subtasks: Sequence[Mapping[str, Any]], later: str, earlier: str) -> bool:
    """Say whether some step of one agent waits, directly or through others, for some step of the other."""
    first = {s["id"] for s in subtasks if s["required_agent"] == earlier}
    return any(
        not first.isdisjoint(_ancestors(subtasks, s)) for s in subtasks if s["required_agent"] == later
    )


def _ancestors(subtasks: Sequence[Mapping[str, Any]], subtask: Mapping[str, Any]) -> set[str]:
    by_id = {s["id"]: s for s in subtasks}
    found: set[str] = set()
    open_ids = [*subtask["dependencies"]]
    while open_ids:
        name = open_ids.pop()
        if name not in found and name in by_id:
            found.add(name)
            open_ids += by_id[name]["dependencies"]
    return found


def _given(subtask: Mapping[str, Any]) -> Iterator[str]:
    bind = subtask.get("bind", {})
    read = {source["key"] for source in bind.values() if "key" in source}
    yield from (name for name, source in bind.items() if "key" in source or source["literal"] is not None)
    yield from (name for name in subtask["input_keys"] if name not in read)


def _is_from(
    subtasks: Sequence[Mapping[str, Any]], subtask: Mapping[str, Any], name: str, source: Mapping[str, Any]
) -> bool:
    bound = subtask.get("bind", {}).get(name, {"key": name} if name in subtask["input_keys"] else {})
    if "literal" in source:
        return bool(bound.get("literal") == source["literal"])
    key = bound.get("key", "")
    if "input" in source:
        return bool(key == source["input"])
    by_id = {s["id"]: s for s in subtasks}
    writers = [s for s in subtasks if s["output_key"] == key]
    before = {by_id[i]["required_agent"] for w in writers for i in _ancestors(subtasks, w)}
    return source["agent"] in before | {w["required_agent"] for w in writers}
