"""Whether a plan stays within what was asked for: hosts, effects, capabilities."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from contracts.errors import Problem
from contracts.hosts import hosts_within
from contracts.jsonvalue import join_pointer
from planner.checks.asked import Asked
from planner.checks.look import AGENT_FIELDS, Look

SETTINGS: Final = {
    "http": "guests.allow_http",
    "kv": "guests.allow_kv",
    "llm": "guests.allow_llm",
    "secrets": "guests.secrets",
}
"""Capabilities that nothing stands in for, and what grants them; a clock or random numbers are replaced."""
MOST_NAMED: Final = 6


def host_problems(document: Mapping[str, Any], allowed: Collection[str]) -> Iterator[Problem]:
    """Yield each host that is named and may not be; whatever a plan says may become what its run may reach."""
    named = ", ".join(sorted(allowed)[:MOST_NAMED]) or "none"
    for at, who, part in _parts(document):
        for host in sorted(hosts_within(part).difference(allowed)):
            yield Problem(
                "plan.url_not_allowed",
                at,
                f"{who} reaches for {host[:80]!r}, which the objective does not name",
                f"Hosts that may be named: {named}. Name its URL in the objective, if it is meant.",
            )


def effect_problems(look: Look, asked: Asked) -> Iterator[Problem]:
    """Yield each agent whose effect nobody asked for."""
    if asked.effects is None:
        return
    for index, field, subtask, name in _agents(look):
        card = look.known.by_name[name].card
        if card.effect.value not in asked.effects and name not in asked.agents:
            yield Problem(
                "plan.effect_not_asked",
                join_pointer("subtasks", index, field),
                f"{subtask['id']!r} uses {name}, which is {card.effect.value}, and the objective asks for no such effect",
                f"Leave it out, or say in the objective that {name} is to be used.",
            )


def capability_problems(look: Look, asked: Asked) -> Iterator[Problem]:
    """Yield each agent of which something it cannot do without is not granted."""
    if asked.capabilities is None:
        return
    missing: dict[str, list[str]] = {}
    for index, field, subtask, name in _agents(look):
        if name not in missing:
            wants = look.known.by_name[name].card.extra.get("capabilities")
            missing[name] = list(_missing(wants if isinstance(wants, Mapping) else {}, asked.capabilities))
        if missing[name]:
            yield Problem(
                "plan.capability_not_granted",
                join_pointer("subtasks", index, field),
                f"{subtask['id']!r} uses {name}, which asks for {', '.join(missing[name][:MOST_NAMED])}: not granted",
                _grant_it(missing[name]),
            )


def _grant_it(missing: list[str]) -> str:
    settings = dict.fromkeys(SETTINGS[name.partition(":")[0]] for name in missing)
    return f"Grant it in the settings ({', '.join(settings)}), or use another agent."


def _agents(look: Look) -> Iterator[tuple[int, str, Mapping[str, Any], str]]:
    for index, subtask in enumerate(look.subtasks):
        for field in AGENT_FIELDS:
            name = subtask.get(field)
            if name in look.known.by_name:
                yield index, field, subtask, name


def _missing(wants: Mapping[str, Any], granted: frozenset[str]) -> Iterator[str]:
    """Yield what is asked for of each kind of which nothing at all is granted."""
    for kind in SETTINGS:
        found = [f"{kind}:{name}" for rule in wants.get(kind, ()) for name in _names(kind, rule)]
        if found and f"{kind}:*" not in granted and not any(_is_granted(name, granted) for name in found):
            yield from found


def _names(kind: str, rule: Mapping[str, Any]) -> Iterator[str]:
    if kind == "llm":
        yield from rule.get("models", ())
    else:
        yield str(rule.get({"http": "host", "kv": "namespace", "secrets": "name"}[kind], ""))


def _is_granted(name: str, granted: frozenset[str]) -> bool:
    return name in granted or (
        name.startswith("http:") and any(_overlap(name[5:], g[5:]) for g in granted if g[:5] == "http:")
    )


def _overlap(one: str, other: str) -> bool:
    """Say whether two hosts, or `*.` and a host, have a name in common."""
    if one == other:
        return True
    wide, narrow = (one, other) if one.startswith("*.") else (other, one)
    return wide.startswith("*.") and narrow.removeprefix("*").endswith(wide[1:])


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
