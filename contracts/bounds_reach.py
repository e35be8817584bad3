"""Where a new plan may reach, and who may say where: no host and no source the plan in force does not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from contracts.bounds_sides import AGENTS, Sides, out
from contracts.card import AgentCard
from contracts.errors import Problem
from contracts.hosts import hosts_within
from contracts.jsonvalue import join_pointer
from contracts.plan import Plan
from contracts.replanning import Document, documents
from contracts.taint import tainted_keys

_OTHER: Final = re.compile(r"(?:[a-z][a-z0-9+.-]{0,30}:)?[/\\]{2}(?P<host>[^\s/\\?#<>\"'`]+)", re.IGNORECASE)
"""An address with another scheme than http(s), or with none."""

Steer = tuple[str, str, str, str]
"""An agent that reaches the network, its parameter, the key and the pointer it is given by."""


def host_problems(sides: Sides) -> Iterator[Problem]:
    """Yield hosts the plan in force does not name."""
    document = sides.old.as_json()
    known = sides.failed.hosts() | _others([document["objective"], document["subtasks"]])
    for n, subtask in sides.changed:
        for host in sorted((hosts_within(subtask) | _others(subtask)) - known):
            said = f"{subtask['id']!r} reaches for {host[:80]!r}, which the plan in force does not name"
            yield out(f"/subtasks/{n}", said, "Name no new host.")
    mark = sides.new.as_json()
    for host in sorted(hosts_within([mark.get("origin"), mark.get("estimate")]) - known):
        yield out("/origin", f"the plan names {host[:80]!r}, which the plan in force does not name", "")


def reach_problems(sides: Sides) -> Iterator[Problem]:
    """Yield values that would newly steer an agent that reaches the network, or come to it from elsewhere."""
    before: dict[Steer, set[str]] = {}
    sources = _sources(sides.old, sides.cards, {})
    for subtask in documents(sides.old):
        for steer in _steers(subtask, sides.cards):
            before.setdefault(steer, set()).update(sources.get(steer[2], ()))
    failed = sides.failed.subtask()
    agent: str = failed["required_agent"]
    instead = [
        s["id"] for _, s in sides.changed if s["output_key"] == failed["output_key"] and sides.is_new(s)
    ]
    sources = _sources(sides.new, sides.cards, dict.fromkeys(instead, agent))
    for n, subtask in sides.changed:
        for steer in sorted(_steers(subtask, sides.cards)):
            steered, name, key, _ = steer
            more = sources.get(key, set()) - before.get(steer, set())
            if steer in before and not more:
                continue
            whence = "an untrusted source" if sources.get(key) else f"{key!r}, as nothing did before"
            said = f"{subtask['id']!r} gives {steered} its {name!r} from {whence}"
            where = join_pointer("subtasks", n, *([name] if name in subtask else ["bind", name]))
            yield out(where, said, "Give it what the plan in force gave it.")


def _sources(plan: Plan, cards: Mapping[str, AgentCard], instead: Mapping[str, str]) -> dict[str, set[str]]:
    """Return the agents behind each tainted key; what stands in a step's place counts as that step's agent."""
    found = tainted_keys(plan, cards)
    return {key: {instead.get(s.subtask_id, s.agent) for s in found[key]} for key in found}


def _steers(subtask: Document, cards: Mapping[str, AgentCard]) -> set[Steer]:
    """Return every value but literals that an agent which reaches the network is given."""
    agents = [subtask[f] for f in AGENTS if f in subtask and _reaches(cards.get(subtask[f]))]
    return {(agent, *given) for agent in agents for given in _given(subtask)}


def _given(subtask: Document) -> Iterator[tuple[str, str, str]]:
    named = {name: source for name, source in subtask.get("bind", {}).items() if "key" in source}
    named |= {field: subtask[field] for field in ("foreach", "when") if field in subtask}
    for name, source in named.items():
        yield name, source["key"], source.get("pointer", "")
    read = {source["key"] for source in named.values()}
    yield from ((key, key, "") for key in subtask["input_keys"] if key not in read)


def _reaches(card: AgentCard | None) -> bool:
    return card is None or "requests" in card.uses


def _others(value: Any) -> set[str]:
    """Return the hosts of addresses that are no http(s) URLs."""
    if isinstance(value, str):
        return {match["host"].lower() for match in _OTHER.finditer(value)}
    parts = [*value.keys(), *value.values()] if isinstance(value, Mapping) else value
    return set().union(*map(_others, parts)) if isinstance(parts, list) else set()
