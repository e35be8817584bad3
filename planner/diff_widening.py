"""What a new plan may do that the old one might not: agents, hosts, effects, budgets, approvals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contracts.card import AgentCard
from contracts.hosts import hosts_within
from planner.diff_steps import Matched, Subtask

AGENT_FIELDS: Final = ("required_agent", "fallback_agent")
STRICT: Final = {"never": 0, "auto": 1, "always": 2}
EFFECTS: Final = ("pure", "idempotent", "effectful")
EFFECTFUL: Final = EFFECTS[-1]
MOST: Final = 100
_PLAIN: Final[Mapping[str, float]] = {"retries": 0, "timeout_s": 60}
"""What a subtask has of these where neither it nor its agent says."""
_MOST_ITEMS: Final = 1000
"""Elements a foreach runs for where it says nothing."""

Cards = Mapping[str, AgentCard]


def widenings(
    old: Mapping[str, Any], new: Mapping[str, Any], matched: Matched, *, cards: Sequence[AgentCard]
) -> list[str]:
    """Return each widening in words, at most a hundred."""
    by_name = {card.name: card for card in cards}
    effects = {card.name: card.effect.value for card in cards}
    found = [
        *_new_agents(old, new, effects),
        *_new_hosts(old, new),
        *_more_effects(old, new, effects),
        *_wider_budget("the plan", old.get("budget"), new.get("budget")),
    ]
    for was, now in matched.pairs:
        found += _wider_step(was, now, by_name)
    for step in matched.added:
        found += _bold_step(step, by_name)
    more = len(found) - MOST
    return found if more <= 0 else [*found[:MOST], f"and {more} more"]


def _agents(plan: Mapping[str, Any]) -> Counter[str]:
    return Counter(s[field] for s in plan["subtasks"] for field in AGENT_FIELDS if field in s)


def _new_agents(old: Mapping[str, Any], new: Mapping[str, Any], effects: Mapping[str, str]) -> Iterator[str]:
    before = _agents(old)
    for name in sorted(_agents(new).keys() - before.keys()):
        effect = f", which is {effects[name]}" if name in effects else ""
        yield f"uses the agent {name[:80]}{effect}; it did not before"


def _new_hosts(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before = hosts_within([old["subtasks"], old.get("inputs", {}), old["objective"]])
    after = hosts_within([new["subtasks"], new.get("inputs", {}), new["objective"]])
    yield from (f"reaches for the host {host[:80]}; it did not before" for host in sorted(after - before))


def _more_effects(
    old: Mapping[str, Any], new: Mapping[str, Any], effects: Mapping[str, str]
) -> Iterator[str]:
    before, after = _effectful(old, effects), _effectful(new, effects)
    if sum(after.values()) and not sum(before.values()):
        yield "has effects outside; it had none before"
    for name, count in sorted(after.items()):
        if 0 < before[name] < count:
            yield f"calls {name[:80]}, which is effectful, in {count} steps; it did in {before[name]} before"


def _effectful(plan: Mapping[str, Any], effects: Mapping[str, str]) -> Counter[str]:
    found: Counter[str] = Counter()
    for s in plan["subtasks"]:
        for field in AGENT_FIELDS:
            name = s.get(field, "")
            if name and EFFECTFUL in {s.get("effect"), effects.get(name)}:
                found[name] += 1
    return found


def _wider_step(was: Subtask, now: Subtask, cards: Cards) -> Iterator[str]:
    who = repr(now["id"])
    yield from _wider_budget(who, was.get("budget"), now.get("budget"))
    for name in _PLAIN:
        before, after = (_counted(s, name, cards) for s in (was, now))
        if (name in was or name in now) and after > before:
            yield f"{who} has {name} {after:g}; it had {before:g}"
    before, after = (_effect(s, cards) for s in (was, now))
    if after > before:
        yield f"{who} is {EFFECTS[after]}; it was {EFFECTS[before]}"
    elif EFFECTS.index(was.get("effect", "pure")) > after:
        yield f"{who} counts as {EFFECTS[after]}; it counted as {was['effect']}"
    asked, asks = was.get("approval", "auto"), now.get("approval", "auto")
    if STRICT[asks] < STRICT[asked]:
        yield f"{who} asks for approval {asks}; it asked {asked}"
    if "when" in was and "when" not in now:
        yield f"{who} runs in any case; it had a condition"
    most = [_times(s) for s in (was, now)]
    if most[1] > most[0]:
        yield f"{who} runs up to {most[1]} times; it ran up to {most[0]}"


def _bold_step(step: Subtask, cards: Cards) -> Iterator[str]:
    """Yield what a step that is new may do beyond what any step may."""
    who = f"{step['id']!r} is new and"
    if step.get("approval") == "never":
        yield f"{who} asks nobody for approval"
    if _effect(step, cards) == EFFECTS.index(EFFECTFUL):
        yield f"{who} effectful"
    if _times(step) > 1:
        yield f"{who} runs up to {_times(step)} times"
    for name in _PLAIN:
        own = _counted({"required_agent": step["required_agent"]}, name, cards)
        if step.get(name, 0) > own:
            yield f"{who} has {name} {step[name]:g}; its agent has {own:g}"


def _counted(step: Subtask, name: str, cards: Cards) -> float:
    card = cards.get(step["required_agent"])
    found: float = step.get(name, _PLAIN[name] if card is None else getattr(card, name))
    return found


def _effect(step: Subtask, cards: Cards) -> int:
    said = [step.get("effect", "pure")]
    said += [cards[step[f]].effect.value for f in AGENT_FIELDS if step.get(f) in cards]
    return max(map(EFFECTS.index, said))


def _times(step: Subtask) -> int:
    found: int = step["foreach"].get("max_items", _MOST_ITEMS) if "foreach" in step else 1
    return found


def _wider_budget(who: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> Iterator[str]:
    before, after = old or {}, new or {}
    for name in sorted(before):
        if name not in after:
            yield f"{who} has no budget of {name}; it had {before[name]}"
        elif after[name] > before[name]:
            yield f"{who} may use {after[name]} {name}; it had {before[name]}"
