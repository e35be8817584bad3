"""The one check every plan passes, whoever wrote it: its structure, its agents, their arguments, where it reaches.

Every problem is collected, none raised. The structure is contracts' to judge;
here are the checks that need the catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.errors import InvalidInput, Problem
from contracts.jsonvalue import join_pointer
from contracts.schemas import Checker
from contracts.structure import plan_problems
from planner.catalogue import near_names
from planner.hosts import hosts_within

if TYPE_CHECKING:
    from pydantic import JsonValue

EFFECTS: Final = ("pure", "idempotent", "effectful")
MAX_PROBLEMS: Final = 100
Checkers = dict[tuple[str, str], Checker]
"""What was compiled of the cards: (agent, parameter) -> its schema."""
_AGENT_FIELDS: Final = ("required_agent", "fallback_agent")
"""Whoever stands in for an agent is given the same arguments, under the same `effect`."""


def check(
    document: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    *,
    allowed_hosts: Collection[str] | None = None,
    is_ours: bool = False,
    checkers: Checkers | None = None,
) -> list[Problem]:
    """Return everything wrong with a plan document; an empty list when it may run.

    Args:
        document: A sealed plan.
        cards: The agents at hand.
        allowed_hosts: Lower case; when given, no URL in what the planner wrote may name another host.
        is_ours: Whether the document was sealed just now.
        checkers: What was compiled of these very cards before, and will be now.
    """
    found = plan_problems(document, is_ours=is_ours)
    if any(problem.code == "plan.shape" for problem in found):
        return found
    known = {card.name: card for card in cards}
    subtasks: list[dict[str, Any]] = document["subtasks"]  # type: ignore[assignment]  # the schema has said so
    checkers = {} if checkers is None else checkers
    for index, subtask in enumerate(subtasks):
        for field in _AGENT_FIELDS:
            if field not in subtask:
                continue
            card = known.get(subtask[field])
            if card is None:
                found.append(_unknown_agent(index, field, subtask, cards))
            else:
                found += _agent_problems(index, subtask, card, checkers)
        if len(found) >= MAX_PROBLEMS:
            return found[:MAX_PROBLEMS]
    if allowed_hosts is not None:
        found += islice(_host_problems(document, allowed_hosts), MAX_PROBLEMS - len(found))
    return found


def _unknown_agent(index: int, field: str, subtask: Mapping[str, Any], cards: Sequence[AgentCard]) -> Problem:
    name = subtask[field]
    near = near_names(name, cards)
    said = ", ".join(near) if near else ", ".join(card.name for card in cards[:20]) or "none"
    return Problem(
        "plan.unknown_agent",
        join_pointer("subtasks", index, field),
        f"{subtask['id']!r} wants the agent {name[:80]!r}, which does not exist",
        f"Nearest: {said}." if near else f"Agents at hand: {said}.",
    )


def _agent_problems(
    index: int, subtask: Mapping[str, Any], card: AgentCard, checkers: Checkers
) -> Iterator[Problem]:
    bind: Mapping[str, Any] = subtask.get("bind", {})
    given = parameters_of(subtask)
    properties = _mapping(card.takes.get("properties"))
    if card.takes.get("additionalProperties", True) is False:
        unknown = sorted(name for name in given if name not in properties)
        yield from (_misnamed(index, name, subtask, card, properties) for name in unknown)
    for name in card.takes.get("required", ()):
        if name not in given:
            said = f"{subtask['id']!r} does not give {card.name} its {name!r}"
            yield Problem("plan.bad_arguments", f"/subtasks/{index}/bind", said)
    for name in bind:
        if "." in name and name.partition(".")[0] in bind:
            said = f"{subtask['id']!r} gives a parameter both whole and in parts"
            yield Problem("plan.bad_arguments", f"/subtasks/{index}/bind", said)
            break
    for name, source in bind.items():
        if name in properties and source.get("literal") is not None:
            at = join_pointer("subtasks", index, "bind", name, "literal")
            yield from _misfits(at, source["literal"], card, name, checkers)
    if "effect" in subtask and EFFECTS.index(subtask["effect"]) < EFFECTS.index(card.effect.value):
        yield Problem(
            "plan.effect_weaker",
            f"/subtasks/{index}/effect",
            f"{subtask['id']!r} says {subtask['effect']}, but {card.name} is {card.effect.value}",
            "Leave effect out to have the agent's own.",
        )


def parameters_of(subtask: Mapping[str, Any]) -> set[str]:
    """Return the names of the parameters a subtask's agent is given; of `tables.site`, `tables`."""
    read: set[str] = set()
    found: set[str] = set()
    for name, source in subtask.get("bind", {}).items():
        if "key" in source:
            read.add(source["key"])
        elif source["literal"] is None:
            continue
        found.add(name.partition(".")[0])
    found.update(name for name in subtask["input_keys"] if name not in read)
    return found


def _misnamed(
    index: int, name: str, subtask: Mapping[str, Any], card: AgentCard, properties: Mapping[str, Any]
) -> Problem:
    known = ", ".join(properties) or "nothing"
    return Problem(
        "plan.bad_arguments",
        f"/subtasks/{index}/bind",
        f"{subtask['id']!r} gives {card.name} {name[:80]!r}, which it does not take",
        f"{card.name} takes {known}.",
    )


def _misfits(at: str, value: JsonValue, card: AgentCard, name: str, checkers: Checkers) -> Iterator[Problem]:
    try:
        checker = checkers.get((card.name, name)) or _checker(card, name)
    except InvalidInput as exc:
        yield Problem("plan.bad_arguments", at, f"the card of {card.name} is unusable: {exc.message}")
        return
    checkers[card.name, name] = checker
    wrong = checker.first(value)
    if wrong is not None:
        yield Problem("plan.bad_arguments", at + wrong[0], f"{card.name} cannot take this {name}: {wrong[1]}")


def _checker(card: AgentCard, name: str) -> Checker:
    shared = {part: card.takes[part] for part in ("$defs", "definitions") if part in card.takes}
    schema = card.takes["properties"][name]
    return Checker({**shared, "allOf": [schema]} if shared else {"allOf": [schema]})


def _host_problems(document: Mapping[str, Any], allowed: Collection[str]) -> Iterator[Problem]:
    # Whatever a plan says may become what its run may reach, so every word of it is read.
    for at, who, part in _parts(document):
        for host in sorted(hosts_within(part).difference(allowed)):
            yield Problem(
                "plan.url_not_allowed",
                at,
                f"{who} reaches for {host[:80]!r}, which the objective does not name",
            )


def _parts(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield pointer, owner and content of everything but what the caller wrote."""
    for index, subtask in enumerate(document["subtasks"]):
        who = repr(subtask["id"])
        for name, source in subtask.get("bind", {}).items():
            at = join_pointer("subtasks", index, "bind", name)
            yield f"{at}/literal" if "literal" in source else at, who, [name, source]
        for field, content in subtask.items():
            if field != "bind":
                yield join_pointer("subtasks", index, field), who, content
    for field in sorted(document.keys() - {"objective", "inputs", "subtasks"}):
        yield join_pointer(field), "the plan", document[field]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
