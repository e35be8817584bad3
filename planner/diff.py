"""What changed between two plans, in words: for whoever approves an edit or a plan made anew.

Steps are the same when they do the same thing to the same things, whatever
they are called; else when they share a name. Ids and keys that were merely
renamed are told once and not again in every step that reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.jsonvalue import canonical_json
from planner.diff_steps import Matched, match_steps, translated
from planner.diff_widening import widenings

if TYPE_CHECKING:
    from pydantic import JsonValue

MOST_LINES: Final = 200
MOST_SHOWN: Final = 100
BEFORE_IT: Final = 20
"""Characters shown before the place where two long values begin to differ."""
ABSENT: Final = "nothing"
_STEP_FIELDS: Final = (
    "objective",
    "required_agent",
    "foreach",
    "when",
    "output_schema",
    "on_failure",
    "fallback_agent",
    "retries",
    "timeout_s",
    "approval",
    "budget",
    "effect",
)
_SETS: Final = ("dependencies", "input_keys")


@dataclass(frozen=True, slots=True)
class Change:
    """One field that is another now."""

    field: str
    before: Any = None
    after: Any = None
    had: bool = True
    """Whether it was there before."""
    has: bool = True

    def as_json(self) -> dict[str, JsonValue]:
        """Return field, and before and after where there was or is something."""
        found: dict[str, Any] = {"field": self.field}
        return (
            found
            | ({"before": self.before} if self.had else {})
            | ({"after": self.after} if self.has else {})
        )

    def line(self) -> str:
        """Return the change in one short line."""
        before, after = _beside(self.before, self.after) if self.had and self.has else ("", "")
        before = before or (_short(self.before) if self.had else ABSENT)
        after = after or (_short(self.after) if self.has else ABSENT)
        return f"{self.field[:60]}: {before} -> {after}"


@dataclass(frozen=True, slots=True)
class Step:
    """A step that only one of the plans has."""

    id: str
    agent: str
    objective: str

    def as_json(self) -> dict[str, JsonValue]:
        """Return the step's id, agent and words."""
        return {"id": self.id, "agent": self.agent, "objective": self.objective}


@dataclass(frozen=True, slots=True)
class StepChange:
    """A step that both plans have, and what is other about it."""

    id: str
    was: str
    """Its id before."""
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, JsonValue]:
        """Return ids and changes."""
        return {"id": self.id, "was": self.was, "changes": [c.as_json() for c in self.changes]}


@dataclass(frozen=True, slots=True)
class PlanDiff:
    """What changed between two plans."""

    old_id: str
    new_id: str
    added: tuple[Step, ...]
    removed: tuple[Step, ...]
    changed: tuple[StepChange, ...]
    plan: tuple[Change, ...]
    """Of the plan as a whole: objective, inputs, result, budget."""
    widens: tuple[str, ...]
    """What the new plan may do that the old one might not, each in words."""

    @property
    def is_same(self) -> bool:
        """Whether nothing changed that a run could notice."""
        return not (self.added or self.removed or self.changed or self.plan)

    def as_json(self) -> dict[str, JsonValue]:
        """Return the whole of it for programs."""
        return {
            "old": self.old_id,
            "new": self.new_id,
            "same": self.is_same,
            "added": [s.as_json() for s in self.added],
            "removed": [s.as_json() for s in self.removed],
            "changed": [c.as_json() for c in self.changed],
            "plan": [c.as_json() for c in self.plan],
            "widens": list(self.widens),
        }

    def lines(self) -> list[str]:
        """Return it for people, a bounded number of lines; what the new plan may do more comes first.

        Nothing in them drives a terminal or turns the direction of reading.
        """
        found = list(map(_plain, self._lines()))
        more = len(found) - MOST_LINES
        return found if more <= 0 else [*found[:MOST_LINES], f"... and {more} more lines"]

    def _lines(self) -> Iterator[str]:
        if self.is_same:
            yield "nothing changed"
        yield from (f"! {words}" for words in self.widens)
        yield from (f"  {change.line()}" for change in self.plan)
        yield from (f"+ {s.id}: {s.agent[:80]}: {_short(s.objective)}" for s in self.added)
        yield from (f"- {s.id}: {s.agent[:80]}: {_short(s.objective)}" for s in self.removed)
        for step in self.changed:
            yield f"~ {step.id}" + (f" (was {step.was})" if step.was != step.id else "")
            yield from (f"    {change.line()}" for change in step.changes)


def diff_plans(
    old: Mapping[str, JsonValue], new: Mapping[str, JsonValue], *, cards: Sequence[AgentCard] = ()
) -> PlanDiff:
    """Return what changed.

    Args:
        old: A plan document that passed its checks.
        new: Another one.
        cards: The agents at hand: their effects are told as well.
    """
    matched = match_steps(old, new)
    return PlanDiff(
        old_id=str(old.get("plan_id", "")),
        new_id=str(new.get("plan_id", "")),
        added=tuple(map(_step, matched.added)),
        removed=tuple(map(_step, matched.removed)),
        changed=tuple(_step_changes(matched)),
        plan=tuple(_plan_changes(old, new, matched)),
        widens=tuple(widenings(old, new, matched, cards=cards)),
    )


def _step(subtask: Mapping[str, Any]) -> Step:
    return Step(subtask["id"], subtask["required_agent"], subtask["objective"])


def _step_changes(matched: Matched) -> Iterator[StepChange]:
    for was, now in matched.pairs:
        before = translated(was, matched)
        changes = [*_fields(before, now), *_sets(before, now), *_binds(before, now)]
        if was["output_key"] != now["output_key"]:
            changes.append(Change("output_key", was["output_key"], now["output_key"]))
        if changes or was["id"] != now["id"]:
            yield StepChange(now["id"], was["id"], tuple(changes))


def _fields(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    return _compared(before, now, _STEP_FIELDS)


def _compared(before: Mapping[str, Any], now: Mapping[str, Any], names: Sequence[str]) -> Iterator[Change]:
    for name in names:
        had, has = name in before, name in now
        if had != has or (had and not _same(before[name], now[name])):
            yield Change(name, before.get(name), now.get(name), had=had, has=has)


def _sets(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    for name in _SETS:
        if set(before[name]) != set(now[name]):
            yield Change(name, sorted(before[name]), sorted(now[name]))


def _binds(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    old, new = before.get("bind", {}), now.get("bind", {})
    for change in _compared(old, new, sorted({*old, *new})):
        yield Change(f"bind.{change.field}", change.before, change.after, had=change.had, has=change.has)


def _plan_changes(old: Mapping[str, Any], new: Mapping[str, Any], matched: Matched) -> Iterator[Change]:
    yield from _compared(old, new, ("objective", "budget"))
    given, gives = old.get("inputs", {}), new.get("inputs", {})
    for change in _compared(given, gives, sorted({*given, *gives})):
        yield Change(f"inputs.{change.field}", change.before, change.after, had=change.had, has=change.has)
    result = old.get("result_key")
    before = {"result_key": matched.keys.get(result, result)} if result is not None else {}
    yield from _compared(before, {k: new[k] for k in ("result_key",) if k in new}, ("result_key",))


def _same(one: Any, other: Any) -> bool:
    return one == other and canonical_json(one) == canonical_json(other)


def _plain(line: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def _beside(one: Any, other: Any) -> tuple[str, str]:
    """Return two long values from where they begin to differ; nothing where that shows anyway."""
    texts = canonical_json(one), canonical_json(other)
    if _short(one) != _short(other):
        return "", ""
    start = next((n for n, (a, b) in enumerate(zip(*texts, strict=False)) if a != b), 0) - BEFORE_IT
    first, second = (
        f"…{text[start : start + MOST_SHOWN]}{'…' if len(text) > start + MOST_SHOWN else ''}"
        for text in texts
    )
    return first, second


def _short(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"
