"""Ways to go on after a failed step that need no model: other arguments, another agent, doing without.

Tried in that order; each stays within the plan in force, and whoever asks
checks each before it is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.replanning import Document, Failed, by_name, documents, renamed
from planner.replanning_checks import within
from planner.validation import parameters_of

SAFE_ARGUMENTS: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {("scrape", "render"): ("always", "never")}
"""Agent and parameter -> what else may be tried; none of it reaches further than what was asked for."""
_NAME_CHARS: Final = 63

Alternative = tuple[str, list[dict[str, Any]]]
"""What is done, in words; the subtasks of the new plan."""


def alternatives(failed: Failed) -> Iterator[Alternative]:
    """Yield what could be done instead, the nearest to what was asked for first."""
    step = failed.subtask()
    yield from _other_arguments(failed, step)
    yield from _other_agents(failed, step)
    yield from _without(failed)


def new_name(failed: Failed) -> str:
    """Return an id for what takes the place of the failed step; no subtask of the run had it before."""
    taken = failed.ended.keys() | {s.id for s in failed.plan.subtasks}
    number = failed.round
    while True:
        tail = f"_r{number}"
        name = failed.subtask_id[: _NAME_CHARS - len(tail)] + tail
        if name not in taken:
            return name
        number += 1


def _other_arguments(failed: Failed, step: Document) -> Iterator[Alternative]:
    card = by_name(failed.cards).get(step["required_agent"])
    properties: Mapping[str, Any] = card.takes.get("properties", {}) if card is not None else {}
    for (agent, name), values in SAFE_ARGUMENTS.items():
        if agent != step["required_agent"] or name not in properties:
            continue
        given = step.get("bind", {}).get(name, {"literal": properties[name].get("default")})
        for value in values:
            if given.get("literal") != value and "key" not in given:
                bind = {**step.get("bind", {}), name: {"literal": value}}
                yield f"{agent} again, {name} {value}", _in_place(failed, {**step, "bind": bind})


def _other_agents(failed: Failed, step: Document) -> Iterator[Alternative]:
    cards = by_name(failed.cards)
    given = parameters_of(step)
    for card in within(failed):
        if card.name == step["required_agent"] or card.effect is not Effect.PURE:
            continue
        properties = card.takes.get("properties", {})
        fits = given <= properties.keys() and given.issuperset(card.takes.get("required", ()))
        if fits and _gives_enough(failed, step, cards.get(step["required_agent"]), card):
            yield f"{card.name} instead", _in_place(failed, {**step, "required_agent": card.name})


def _gives_enough(failed: Failed, step: Document, old: AgentCard | None, new: AgentCard) -> bool:
    """Say whether an agent gives what those who read the failed step's output look for in it."""
    given = new.gives.get("properties", {}).keys()
    for reader in documents(failed.plan):
        if step["output_key"] not in reader["input_keys"]:
            continue
        pointers = [s.get("pointer", "") for s in _sources(reader) if s.get("key") == step["output_key"]]
        for pointer in pointers or [""]:
            if pointer and "foreach" not in step:
                wanted = {pointer.split("/")[1]}
            else:
                wanted = set(old.gives.get("required", ())) if old is not None else {""}
            if not wanted <= given:
                return False
    return True


def _in_place(failed: Failed, step: Document) -> list[dict[str, Any]]:
    """Return the plan in force with another step in place of the failed one."""
    name = new_name(failed)
    whole = [{**step, "id": name} if s["id"] == failed.subtask_id else s for s in documents(failed.plan)]
    gone = _ended_behind(failed)
    return [s for s in renamed(whole, {failed.subtask_id: name}) if s["id"] not in gone]


def _ended_behind(failed: Failed) -> frozenset[str]:
    """Return what waited for the failed step and has ended meanwhile: it was skipped, and is not brought back."""
    return frozenset(name for name in failed.open if name in failed.ended)


def _without(failed: Failed) -> Iterator[Alternative]:
    """Yield the plan without the failed step, where nothing that is needed for the result needs it."""
    result = failed.plan.result_key
    if result is None:
        return  # whether such a run succeeds is whether nothing of it failed
    cards, opened = by_name(failed.cards), failed.open
    gone: dict[str, str] = {}
    kept: list[dict[str, Any]] = []
    for step in _in_order(documents(failed.plan)):
        left: Document | None = step
        if step["id"] in opened:
            is_over = step["id"] in failed.ended
            left = None if is_over else _reading_less(step, {*gone.values()}, cards)
        if left is None:
            if step["id"] != failed.subtask_id and _acts(step, cards):
                return  # somebody asked for that to be done
            gone[step["id"]] = step["output_key"]
        else:
            waits_for = [name for name in left["dependencies"] if name not in gone]
            kept.append({**left, "dependencies": waits_for} if step["id"] in opened else dict(left))
    if result not in gone.values() and kept:
        order = {s["id"]: n for n, s in enumerate(documents(failed.plan))}
        yield f"without {', '.join(gone)}", sorted(kept, key=lambda s: order[s["id"]])


def _reading_less(step: Document, lost: set[str], cards: Mapping[str, AgentCard]) -> Document | None:
    """Return a step that does without some keys, or nothing where it cannot."""
    missing = lost.intersection(step["input_keys"])
    if not missing:
        return step
    card = cards.get(step["required_agent"])
    if card is None or any(step[f]["key"] in missing for f in ("foreach", "when") if f in step):
        return None
    bind = step.get("bind", {})
    binds = {name: source for name, source in bind.items() if source.get("key") not in missing}
    parts = {name.partition(".")[2] for name in bind.keys() - binds.keys()} - {""}
    if parts & set(_texts([source.get("literal") for source in binds.values()])):
        return None  # other arguments speak of that part by its name
    keys = [key for key in step["input_keys"] if key not in missing]
    found = {**step, "input_keys": keys} | ({"bind": binds} if "bind" in step else {})
    required = set(card.takes.get("required", ()))
    gone = parameters_of(step) - parameters_of(found)
    return None if required & gone or not keys else found


def _in_order(subtasks: Sequence[Document]) -> Iterator[Document]:
    """Yield subtasks behind those they wait for."""
    done: set[str] = set()
    waiting = list(subtasks)
    while waiting:
        later = []
        for step in waiting:
            if done.issuperset(step["dependencies"]):
                done.add(step["id"])
                yield step
            else:
                later.append(step)
        waiting = later


def _acts(step: Document, cards: Mapping[str, AgentCard]) -> bool:
    card = cards.get(step["required_agent"])
    return card is None or card.effect is not Effect.PURE or step.get("effect", "pure") != "pure"


def _sources(step: Document) -> Iterator[Mapping[str, Any]]:
    yield from step.get("bind", {}).values()
    yield from (step[field] for field in ("foreach", "when") if field in step)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from value.keys()
        for part in value.values():
            yield from _texts(part)
    elif isinstance(value, list):
        for part in value:
            yield from _texts(part)
