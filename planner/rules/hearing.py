"""One ask of an objective, read: what it wants, whom it calls for, and what in it nobody here does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.card import AgentCard
from planner.chaining.call import Call
from planner.chaining.calling import called_by_card, named_in
from planner.chaining.concepts import concept, foreign
from planner.chaining.counts import counted_in
from planner.chaining.handed import with_stretches, without_converted
from planner.chaining.openers import opening_calls, wants_text
from planner.chaining.profiles import VAGUE, Profile
from planner.chaining.schemas import properties_of
from planner.rules.deeds import LISTED, Deed, deeds_in
from planner.rules.draft import Draft
from planner.rules.fields import fields_in
from planner.rules.guest_names import SENSED, WORDING
from planner.rules.lexicon import NOUN_FILLERS, NOUN_TRIGGERS, RECKON, STATISTICS, STOPS, Words
from planner.rules.phrases import SPOKEN_OF
from planner.rules.refusal import unsupported
from planner.rules.request import Request, read_request
from planner.rules.sense_lines import WRITTEN, lines_in, writes_lines
from planner.rules.senses import senses_in
from planner.rules.spelling import fold
from planner.rules.text import MARKS, Text

MOST_QUALIFIERS: Final = 3
PASSED_ON: Final = Words(
    "send call submit run execute schick schicke schicken sende senden manda mandar envia enviar envoie envoyer "
    "envoyez fais haz pon mets"
)
"""Deeds that may mean no more than that something is passed through an agent."""
_FREQUENT: Final = re.compile(
    r"\b(?:most (?:frequent|common|used)|commonest|(?:am )?haufigste\w*|plus (?:frequente?s?|courante?s?|souvent)"
    r"|mas (?:frecuentes?|repetid\w*|comun\w*|usad\w*))\b"
)
"""Of a text's words, not of rows."""
_PLACEHOLDER: Final = re.compile(r"\{\{\s*(\w{1,40})\s*\}\}")
_GIVEN: Final = re.compile(r"\s*(?:=|:|is|ist|es|est)?\s*\d")


@dataclass(frozen=True)
class Heard:
    """One ask, read."""

    text: Text
    request: Request
    calls: tuple[Call, ...]
    is_given: bool
    """Whether the objective speaks of material that comes beside it."""


def hear(text: Text, draft: Draft, profiles: Sequence[Profile]) -> Heard:
    """Return one ask, read: what it wants of rows, pages, photos and times, and the agents it calls for."""
    first = read_request(text)
    sensed = list(senses_in(text, draft))
    calls = [call for call, _ in sensed]
    names = {call.card.name for call in calls}
    calls += [
        c for c in named_in(text, profiles, with_guests="guest" in first.wants) if c.card.name not in names
    ]
    names = {call.card.name for call in calls}
    unknown = [p for p in profiles if p.card.name not in SENSED]
    of_rows = bool(text.urls) and (first.wants_rows or first.wants_reckoning)
    sought = {w for kind in first.sought.kinds for w in kind} if of_rows else None
    is_given = bool(SPOKEN_OF.search(text.folded) or text.files)
    calls += called_by_card(
        text, unknown, sought=sought, spent=names, is_given=is_given and not first.wants_reckoning
    )
    if first.wants_clock or any(wants_text(call) for call in calls):
        calls += opening_calls(text, unknown, called={call.card.name for call in calls})
    spans = [span for _, claimed in sensed for span in claimed]
    if WORDING in {call.card.name for call, _ in sensed}:
        spans += [match.span() for match in _FREQUENT.finditer(text.folded)]
    reduced = text.without([*spans, *_claimed(text, calls, profiles)])
    calls.sort(key=lambda call: call.start)
    return Heard(
        text,
        read_request(reduced),
        tuple(_in_need_order(without_converted(with_stretches(calls, text), text))),
        is_given,
    )


def _claimed(text: Text, calls: Sequence[Call], profiles: Sequence[Profile]) -> list[tuple[int, int]]:
    """Return where the words stand that agents known by their cards alone account for.

    Those are the words they list, a "compute" their cards speak of too, and a
    "total" they give by that name: none of them asks for work on rows.
    """
    called = {c.card.name for c in calls} - SENSED
    mine = [p for p in profiles if p.card.name in called]
    strong = {s for p in mine for s in p.strong}
    words = {w for w in text.words if concept(w.text) in strong}
    words |= {w for _, w in text.having(RECKON) if any(concept(w.text) in p.deeds for p in mine)}
    for listed in STATISTICS.values():
        words |= {w for _, w in text.having(listed) if any(concept(w.text) in p.gives for p in mine)}
    if not (text.urls or text.values or text.csvs):  # nothing that rows could be of
        words |= {w for w in text.words if any(concept(w.text) in p.weak - VAGUE for p in mine)}
    counts = [
        (count.start, count.end)
        for p in mine
        for name, schema in properties_of(p.card.takes).items()
        if (count := counted_in(name, schema, text)) is not None
    ]
    filled = {name for quote in text.quotes for name in _PLACEHOLDER.findall(fold(quote))}
    words |= {w for w in text.words if w.text in filled and _GIVEN.match(text.folded, w.end)}
    leads = _qualified(text, strong) if text.urls else []
    return [*((w.start, w.end) for w in words), *counts, *leads]


def _qualified(text: Text, strong: set[str]) -> list[tuple[int, int]]:
    """Return where the words stand that only qualify what an agent gives: of "a short summary", short."""
    found = []
    for at, word in enumerate(text.words):
        if concept(word.text) not in strong:
            continue
        start = at
        while start > 0 and at - start < MOST_QUALIFIERS and _qualifies(text, start - 1, word.clause):
            start -= 1
        found.append((text.words[start].start, word.end))
    return found


def _qualifies(text: Text, at: int, clause: int) -> bool:
    word = text.words[at]
    ends = word.text in NOUN_FILLERS or word.text in NOUN_TRIGGERS or word.text in STOPS or word.text in MARKS
    return word.clause == clause and not ends


def _in_need_order(calls: list[Call]) -> list[Call]:
    """Return the calls, each after those that give a parameter of its by name."""
    for later in range(len(calls)):
        for earlier in range(later):
            gives = set(properties_of(calls[later].card.gives)) - {"text", "value", "kind", "count"}
            takes = set(properties_of(calls[earlier].card.takes)) - set(calls[earlier].presets)
            mine = set(properties_of(calls[earlier].card.gives))
            if gives & takes and not (
                mine
                & set(properties_of(calls[later].card.takes)) - {"text", "value", "kind", "count"} - gives
            ):
                calls[earlier], calls[later] = calls[later], calls[earlier]
    return calls


def refuse_deeds(heard: Heard, draft: Draft, *, is_lenient: bool) -> None:
    """Refuse an ask for a deed that nothing at hand does, or, when lenient, leave it out and say so.

    Raises:
        InvalidInput: `plan.unsupported_objective`.
    """
    fields = fields_in(heard.text)
    lines = lines_in(heard.text) if any(map(writes_lines, heard.calls)) else None
    for deed in deeds_in(heard.text):
        if fields is not None and (fields.start <= deed.start < fields.end or deed.is_soft):
            continue  # "make" of "make, model, price", and "put them side by side"
        if lines is not None and lines.start <= deed.start < lines.end:
            continue  # "one line per flat: title, rent"
        if any(_covers(call, deed, heard) for call in heard.calls):
            continue
        if deed.is_soft and _is_listing(deed, heard):
            continue
        if is_lenient:
            draft.warn(f"left out, no agent at hand can {deed.verb}")
            continue
        cards = tuple(draft.cards.values())
        raise unsupported(draft.objective, cards, f"no agent at hand can {deed.verb}", deed=deed.verb)


def _is_listing(deed: Deed, heard: Heard) -> bool:
    """Say whether a deed only words what the recipes do: "make a list of", "translate this into an ISO timestamp"."""
    said = [w.text for w in heard.text.words if w.clause == deed.clause]
    return any(w in LISTED for w in said) or bool(heard.request.wants & {"zone"} and not heard.text.urls)


def _covers(call: Call, deed: Deed, heard: Heard) -> bool:
    """Say whether an agent's own card speaks of the deed, or the deed's clause asks for it."""
    said = {concept(deed.verb), *foreign(deed.verb)}
    card: AgentCard = call.card
    from_card = {
        concept(w)
        for w in re.findall(r"[^\W\d_]+", f"{card.name} {card.description} {' '.join(card.words)}".lower())
    }
    if said & from_card and card.name not in SENSED:
        return True
    is_passed_on = deed.verb in PASSED_ON and _is_target(call, heard)
    if writes_lines(call) and deed.verb in WRITTEN:
        return True
    return (deed.is_soft or is_passed_on) and deed.start <= call.start <= deed.end


def _is_target(call: Call, heard: Heard) -> bool:
    """Say whether an agent is named as what something is passed through."""
    before = heard.text.folded[: call.start].rstrip()
    return before.endswith(
        (
            *(
                " through",
                " thru",
                " to",
                " via",
                " with",
                " the",
                " into",
                " durch",
                " durchs",
                " das",
                " den",
                " ans",
            ),
            *(" ins", " por", " al", " el", " par", " par l'", " a l'", " dans l'", "call", "run"),
        )
    )
