"""What an objective asks for, read again in the light of a sketch: agents it names are meant, others are not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from contracts.card import AgentCard
from planner.chaining.call import Call
from planner.chaining.profiles import Profile
from planner.rules.draft import Draft
from planner.rules.hearing import Heard, hear
from planner.rules.request import Request
from planner.rules.text import Text

NATIVE: Final = frozenset({"scrape", "vision", "time", "data"})
_PHOTOS: Final = frozenset({"photos", "blur", "duplicates", "colour", "text_check"})
_CLOCK: Final = frozenset({"deadline", "zone", "soonest", "between_dates", "dates", "moment"})
_ROWS: Final = frozenset(
    ["underpriced", "reckon", "count", "cheap", "dear", "sort", "group", "join", "ascending", "descending"]
)


def heard_with(text: Text, draft: Draft, profiles: Sequence[Profile], agents: Sequence[str]) -> Heard:
    """Return an ask, read as one for these agents and no other.

    Args:
        text: What is asked.
        draft: Where it will go; knows these agents only.
        profiles: Of the agents no recipe knows.
        agents: Those a sketch names, in its order.
    """
    heard = hear(text, draft, [p for p in profiles if p.card.name in agents])
    calls = [call for call in heard.calls if call.card.name in agents]
    called = {call.card.name for call in calls}
    end = len(text.plain)
    missing = [draft.cards[a] for a in agents if a not in NATIVE and a not in called]
    calls += [Call(card, end) for card in missing]
    return replace(heard, request=_meant(heard.request, agents), calls=tuple(calls))


def _meant(request: Request, agents: Collection[str]) -> Request:
    wants = set(request.wants)
    if "vision" not in agents:
        wants -= _PHOTOS
    elif not request.wants_photos:
        wants.add("photos")
    if "time" not in agents:
        wants -= _CLOCK
        request = replace(request, window=None, keeps_only_window=False)
    elif not request.wants_clock:
        wants.add("deadline")
    if "data" not in agents:
        wants -= _ROWS
        request = replace(
            request, statistics=(), limits=(), top=None, sort_by=None, group_by=None,
            sought=replace(request.sought, rows=False),
        )  # fmt: skip
    elif not (request.wants_reckoning or request.wants_rows):
        wants.add("reckon")
    return replace(request, wants=frozenset(wants))


def takes_address(card: AgentCard) -> bool:
    """Say whether an agent reads an address itself."""
    return bool({"url", "urls", "link", "uri"} & set(card.takes.get("properties", {})))
