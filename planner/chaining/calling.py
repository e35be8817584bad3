"""Which agents an objective calls for by what their cards say; words that only look like it call for none."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from planner.chaining.call import Call
from planner.chaining.profiles import Profile
from planner.chaining.reasons import inside, is_meant, reasons_in
from planner.chaining.said import Said, said_of
from planner.chaining.schemas import properties_of
from planner.rules.text import Text


def called_by_card(
    text: Text,
    profiles: Sequence[Profile],
    *,
    sought: Collection[str] | None = None,
    spent: Collection[str] = (),
    is_given: bool = False,
) -> list[Call]:
    """Return the calls a text makes on agents known by their cards alone, in its order.

    Args:
        text: What is asked.
        profiles: Of the agents.
        sought: Words of the rows that are sought on pages, which name a thing, not a deed; None: no rows are.
        is_given: Whether it speaks of material that the caller gives, and asks for no work on rows.
        spent: Names of agents that are called already.
    """
    said = said_of(text, sought, is_given=is_given)
    found = [
        call for p in profiles if p.card.name not in spent and (call := _call(p, text, said)) is not None
    ]
    return sorted(_without_rivals(found), key=lambda call: call.start)


def named_in(text: Text, profiles: Sequence[Profile], *, with_guests: bool) -> Iterator[Call]:
    """Yield a call for each agent that is named in full, or named beside a word such as module."""
    for profile in profiles:
        name = profile.card.name
        if name.removeprefix("wasm:").partition("_")[0] not in text.folded:
            continue
        bare = re.escape(name.removeprefix("wasm:")).replace("_", "[ _-]")
        near = r"(?:wasm|guest|module|agent|tool|modul|modulo|agente|gast|plugin)\w*"
        patterns = [rf"(?<![\w:]){re.escape(name)}\b"] if ":" in name else []
        if with_guests:
            patterns += [
                rf"\b{near}(?: (?:called|named))?[ -]+{bare}\b",
                rf"\b{bare}(?:[ -]+\w+)?[ -]+{near}\b",
                rf"\b{bare}-{near}\b",
            ]
        for pattern in patterns:
            match = re.search(pattern, text.folded)
            if match:
                yield Call(profile.card, match.start(), reach=match.span())
                break


def _call(profile: Profile, text: Text, said: Said) -> Call | None:
    if not profile.phrases and profile.weak.isdisjoint(said.places) and not inside(profile, said):
        return None
    found = reasons_in(profile, text, said)
    phrases = [p for p in profile.phrases if re.search(rf"\b{re.escape(p)}\b", text.folded)]
    if not (phrases or is_meant(profile, text, said, found)):
        return None
    hits = (found.strong or found.weak) & said.places.keys()
    starts = [said.places[s] for s in hits] or [text.folded.find(p) for p in phrases] or [0]
    ends = [said.ends[s] for s in hits] or [starts[0]]
    return Call(profile.card, min(starts), reach=(min(starts), max(ends)))


def _without_rivals(calls: list[Call]) -> Iterator[Call]:
    """Yield the calls, but not one whose every reason another's reach holds already, and one of those alike."""
    kept: list[Call] = []
    for call in calls:
        rivals = [
            c
            for c in calls
            if c is not call
            and c.reach[0] <= call.reach[0]
            and call.reach[1] <= c.reach[1]
            and c.reach != call.reach
        ]
        if not rivals and not any(_is_alike(call, other) for other in kept):
            kept.append(call)
            yield call


def _is_alike(call: Call, other: Call) -> bool:
    """Say whether two agents are called for by words that stand together, and take and give the same."""
    return (
        call.reach[0] <= other.reach[1]
        and other.reach[0] <= call.reach[1]
        and properties_of(call.card.takes).keys() == properties_of(other.card.takes).keys()
        and bool(properties_of(call.card.gives).keys() & properties_of(other.card.gives).keys())
    )
