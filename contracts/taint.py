"""Where a plan's values come from: what an untrusted source had a hand in is tainted, and so is what is made of it.

A page, a photo and a guest are untrusted; their cards say so. The caller's
inputs are not. Judged on the plan alone, before anything runs: a key is
tainted when its producer's card says so, or when anything its producer may
read is tainted. What a subtask may read is what its `input_keys` list, for
its parameters, its `foreach` and its `when` alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from contracts.card import AgentCard
from contracts.effect import Effect

if TYPE_CHECKING:
    from contracts.plan import Plan

Document = Mapping[str, Any]
"""A plan as JSON."""

_SOURCES: Final = {"scrape": "a page", "vision": "a photo"}
MAX_SOURCES: Final = 8
"""Sources that are told of one key; more are not."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where an untrusted value comes from."""

    subtask_id: str
    agent: str

    @override
    def __str__(self) -> str:
        """Return it in words."""
        what = _SOURCES.get(self.agent, f"the agent {self.agent}")
        return f"{what} ({self.subtask_id})"


@dataclass(frozen=True, slots=True)
class Use:
    """An untrusted value that a subtask is given."""

    name: str
    """The parameter, or `foreach` or `when`."""
    key: str
    sources: tuple[Source, ...]
    of: str = ""
    """Where it decides whether an earlier subtask is done, without which this one is not: which."""

    @override
    def __str__(self) -> str:
        """Return it in words."""
        if self.of:
            return f"whether {self.of} is done, for which it waits, comes from {' and '.join(map(str, self.sources))}"
        what = {"foreach": "what it runs over", "when": "its condition"}.get(self.name, f"its {self.name!r}")
        return f"{what} comes from {' and '.join(map(str, self.sources))}"


def is_untrusted(agent: str, cards: Mapping[str, AgentCard]) -> bool:
    """Say whether what an agent gives is untrusted; of an agent nobody knows it is."""
    card = cards.get(agent)
    return card is None or card.untrusted_output


def tainted_keys(plan: Plan | Document, cards: Mapping[str, AgentCard]) -> dict[str, tuple[Source, ...]]:
    """Return the tainted keys of a sound plan, each with the sources it comes from.

    Args:
        plan: As it is, or its JSON; its keys are written by ancestors of who reads them.
        cards: Agent -> its card.
    """
    subtasks = {s["id"]: s for s in _document(plan)["subtasks"]}
    found: dict[str, tuple[Source, ...]] = {}
    for subtask_id in TopologicalSorter({i: s["dependencies"] for i, s in subtasks.items()}).static_order():
        subtask = subtasks[subtask_id]
        sources = [Source(subtask_id, name) for name in _agents(subtask) if is_untrusted(name, cards)]
        sources += [source for key in subtask["input_keys"] for source in found.get(key, ())]
        if sources:
            found[subtask["output_key"]] = tuple(dict.fromkeys(sources))[:MAX_SOURCES]
    return found


def tainted_uses(subtask: Document, tainted: Mapping[str, tuple[Source, ...]]) -> tuple[Use, ...]:
    """Return what a subtask is given of tainted keys, its parameters first.

    Args:
        subtask: As JSON.
        tainted: As `tainted_keys` returned it.
    """
    if not any(key in tainted for key in subtask["input_keys"]):
        return ()
    given = list(_given(subtask))
    given += [(field, subtask[field]["key"]) for field in ("foreach", "when") if field in subtask]
    return tuple(Use(name, key, tainted[key]) for name, key in given if key in tainted)


def is_effectful(subtask: Document, cards: Mapping[str, AgentCard]) -> bool:
    """Say whether a subtask may act on the world so that it must not happen twice, its stand-in's turn included."""
    known = [cards[name] for name in _agents(subtask) if name in cards]
    effects = [card.effect for card in known] + [Effect(subtask.get("effect", Effect.PURE))]
    return Effect.EFFECTFUL in effects


def needs_approval(plan: Plan | Document, cards: Mapping[str, AgentCard]) -> dict[str, tuple[Use, ...]]:
    """Return the effectful subtasks that would be given a tainted value, each with what it would be given.

    A tainted condition counts for all that waits for its subtask, too: it decides whether they are done.
    """
    document = _document(plan)
    acting = [s for s in document["subtasks"] if is_effectful(s, cards)]
    if not acting:
        return {}
    tainted = tainted_keys(document, cards)
    above = _conditions(document, tainted)
    found = {s["id"]: (*tainted_uses(s, tainted), *above.get(s["id"], ())) for s in acting}
    return {name: uses for name, uses in found.items() if uses}


def _conditions(document: Document, tainted: Mapping[str, tuple[Source, ...]]) -> dict[str, tuple[Use, ...]]:
    """Return the tainted conditions of what each subtask waits for."""
    subtasks = {s["id"]: s for s in document["subtasks"]}
    own = {
        name: Use("", s["when"]["key"], tainted[s["when"]["key"]], name)
        for name, s in subtasks.items()
        if "when" in s and s["when"]["key"] in tainted
    }
    found: dict[str, tuple[Use, ...]] = {}
    if not own:
        return found
    for name in TopologicalSorter({i: s["dependencies"] for i, s in subtasks.items()}).static_order():
        uses = [use for n in subtasks[name]["dependencies"] for use in found.get(n, ())]
        uses += [own[n] for n in subtasks[name]["dependencies"] if n in own]
        if uses:
            found[name] = tuple({use.of: use for use in uses}.values())[:MAX_SOURCES]
    return found


def _document(plan: Plan | Document) -> Document:
    return plan if isinstance(plan, Mapping) else plan.as_json()


def _agents(subtask: Document) -> Iterator[str]:
    yield subtask["required_agent"]
    if "fallback_agent" in subtask:
        yield subtask["fallback_agent"]


def _given(subtask: Document) -> Iterator[tuple[str, str]]:
    """Yield each parameter that a key is read for, and the key; one that no bind reads comes under its own name."""
    bound = {name: source["key"] for name, source in subtask.get("bind", {}).items() if "key" in source}
    read = set(bound.values()) | {subtask[f]["key"] for f in ("foreach", "when") if f in subtask}
    yield from bound.items()
    yield from ((key, key) for key in subtask["input_keys"] if key not in read)
