"""A plan that goes on after a step of it failed: what is told to the planner, and what of the plan is open.

Open are the failed subtask and whatever waits for it, however far behind;
everything else is frozen and stands in the new plan as it stood. Of what
failed only the code is told: the text of an error may be a page's.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.hosts import hosts_within
from contracts.jsonvalue import canonical_json, sha256_of
from contracts.plan import Origin, Plan
from contracts.trace import TraceStatus

MAX_REPLANS: Final = 2
"""In one run."""
NEVER_REPLANNED: Final = frozenset(
    {"effect.unknown", "approval.rejected", "budget.exhausted", "run.redacted", "subtask.condition"}
)
"""Failures that no other plan mends: what may have happened, what a person refused, what is spent or lost."""
_SHOWN: Final = 60
_CODE: Final = re.compile(r"[a-z0-9_]{1,30}(\.[a-z0-9_]{1,30}){0,2}")

Document = Mapping[str, Any]
"""A subtask or a plan, as JSON."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A subtask that failed for good, and the run it failed in."""

    objective: str
    inputs: Mapping[str, JsonValue]
    plan: Plan
    """In force, and the bounds of the next one."""
    cards: Sequence[AgentCard]
    ended: Mapping[str, TraceStatus]
    """Every subtask that has ended in this run, also of earlier plans: none of their names is given anew."""
    subtask_id: str
    code: str
    """Of its error; nothing of its message, which a page may have written."""
    round: int
    """1, or 2 where the run was replanned before."""
    tried: tuple[str, ...] = ()
    """The signatures of what failed in earlier rounds."""

    @property
    def open(self) -> frozenset[str]:
        """Return the failed subtask and those behind it."""
        return open_after(self.plan, self.subtask_id)

    def hosts(self) -> set[str]:
        """Return the hosts that the plan in force names; what a value of its inputs names may be a stranger's."""
        document = self.plan.as_json()
        return hosts_within([document["objective"], document["subtasks"]])

    def subtask(self) -> Document:
        """Return the subtask that failed, as JSON."""
        return next(s for s in documents(self.plan) if s["id"] == self.subtask_id)


def rounds_of(plan: Plan) -> tuple[int, tuple[str, ...]]:
    """Return how often a plan's run had been replanned, and what had failed until then, as `marked` noted it."""
    noted = (plan.origin.model_extra or {}).get("replan")
    if not isinstance(noted, Mapping):
        return 0, ()
    count, tried = noted.get("round"), noted.get("tried")
    marks = tried if isinstance(tried, list) else []
    return count if isinstance(count, int) else 0, tuple(str(mark) for mark in marks[:MAX_REPLANS])


def marked(plan: Plan, failed: Failed, tried: Sequence[str]) -> Plan:
    """Return a new plan that says after what it was made, for those who try its run again.

    Args:
        plan: Its name does not depend on that.
        failed: After what.
        tried: The signatures of all that failed.
    """
    about: dict[str, JsonValue] = {
        "round": failed.round,
        "after": failed.subtask_id,
        "code": failed.code,
        "tried": [*tried],
    }
    origin = {**plan.origin.model_dump(mode="json", exclude_unset=True), "replan": about}
    return plan.model_copy(update={"origin": Origin.model_validate(origin)})


def plain_code(code: str) -> str:
    """Return an error's code where it is one, `failed` for anything else: a guest may write what it likes there."""
    return code if _CODE.fullmatch(code) else "failed"


def open_after(plan: Plan, subtask_id: str) -> frozenset[str]:
    """Return a subtask and all that wait for it, however far behind."""
    followers: dict[str, list[str]] = {}
    for subtask in plan.subtasks:
        for name in subtask.dependencies:
            followers.setdefault(name, []).append(subtask.id)
    found, frontier = {subtask_id}, deque([subtask_id])
    while frontier:
        for name in followers.get(frontier.popleft(), ()):
            if name not in found:
                found.add(name)
                frontier.append(name)
    return frozenset(found)


def documents(plan: Plan) -> Sequence[Document]:
    """Return the subtasks of a plan as JSON, as they were written."""
    found: Any = plan.as_json()["subtasks"]
    return list(found)


def signature(subtask: Document, cards: Mapping[str, AgentCard]) -> str:
    """Return a fingerprint of what a subtask does: its agent and arguments, whatever it is called and writes.

    An argument that is spelled out and one that the card defaults to are the
    same, and so are two spellings of one value: other spaces, a part named by
    dots. Under which condition it is done, and for how long it may try, is no
    argument.
    """
    card = cards.get(subtask["required_agent"])
    properties: Mapping[str, Any] = card.takes.get("properties", {}) if card is not None else {}
    bind: Mapping[str, Any] = subtask.get("bind", {})
    given: dict[str, Any] = {}
    for name, source in bind.items():
        if "key" in source:
            given[name] = _read(source)
        elif not _is_default(source, properties.get(name)):
            given.update(_leaves(name, source["literal"]))
    read = {source["key"] for source in bind.values() if "key" in source}
    unbound = [key for key in subtask["input_keys"] if key not in read]
    tested = {subtask["when"]["key"]} if "when" in subtask else set()
    given |= {key: [key, ""] for key in unbound if key not in tested or card is None or card.may_take(key)}
    more: dict[str, Any] = {"foreach": _read(subtask["foreach"])} if "foreach" in subtask else {}
    return sha256_of({"agent": subtask["required_agent"], "given": given} | more)


def changes(old: Plan, new: Plan) -> list[str]:
    """Return in words how a plan differs from the one before it."""
    before, after = ({s["id"]: s for s in documents(plan)} for plan in (old, new))
    found = [f"{name} ({before[name]['required_agent']}) is gone" for name in before if name not in after]
    for name, subtask in after.items():
        if name not in before:
            given = ", ".join(_argument(n, s) for n, s in subtask.get("bind", {}).items())
            found.append(f"{name} ({subtask['required_agent']}: {given or 'no arguments'}) is new")
        elif not is_same(subtask, before[name]):
            fields = sorted(
                f for f in subtask.keys() | before[name].keys() if _differ(subtask, before[name], f)
            )
            found.append(f"{name} has other {', '.join(fields)}")
    return found


def _read(source: Mapping[str, Any]) -> list[str]:
    return [source["key"], source.get("pointer", "")]


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield a literal part by part, as binds with dots would give it."""
    if isinstance(value, Mapping) and value:
        for part, inner in value.items():
            yield from _leaves(f"{name}.{part}", inner)
    else:
        yield name, {"literal": _folded(value)}


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_folded(part) for part in value]
    return {name: _folded(part) for name, part in value.items()} if isinstance(value, Mapping) else value


def _is_default(source: Mapping[str, Any], schema: Mapping[str, Any] | None) -> bool:
    if "literal" not in source:
        return False
    literal = source["literal"]
    return literal is None or (schema is not None and "default" in schema and schema["default"] == literal)


def _argument(name: str, source: Mapping[str, Any]) -> str:
    if "key" in source:
        return f"{name} from {source['key']}"
    return f"{name} {canonical_json(source['literal'])[:_SHOWN]}"


def _differ(one: Document, other: Document, field: str) -> bool:
    return not is_same(one.get(field), other.get(field))


def is_same(one: Any, other: Any) -> bool:
    """Say whether two JSON values are the same to the letter; to Python, true is 1 and 1 is 1.0."""
    return bool(one == other) and canonical_json(one) == canonical_json(other)


def by_name(cards: Sequence[AgentCard]) -> dict[str, AgentCard]:
    """Return the cards by the names of their agents."""
    return {card.name: card for card in cards}


def renamed(subtasks: Sequence[Document], names: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Yield subtasks that wait for others under their new names."""
    for subtask in subtasks:
        waits_for = [names.get(name, name) for name in subtask["dependencies"]]
        yield {**subtask, "dependencies": waits_for}
