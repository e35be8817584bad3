"""Agents known by their cards that run once for each row, where rows are chosen or ordered by what they give."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from contracts.errors import InvalidInput
from planner.catalogue_terms import stem
from planner.chaining.call import Call
from planner.chaining.feeding import EACH, Fed, feed, takes_rows
from planner.chaining.outputs import Output
from planner.chaining.schemas import properties_of, types_of
from planner.rules.beside import Beside
from planner.rules.conditions import Condition, plain
from planner.rules.draft import Draft, key
from planner.rules.guest_names import SENSED, WORDING
from planner.rules.hearing import Heard
from planner.rules.lexicon import NUMBERS
from planner.rules.spelling import fold
from planner.rules.unit_bounds import unit_bounds

MAX_COLUMNS: Final = 6
_PAGES: Final = "details"
_KEEPS: Final = re.compile(
    r"\b(?:keep|only|just|leave|drop|throw|remove|discard|exclude|without|show|list|give|those|behalte|nur|wirf|zeig\w*"
    r"|solo|quedate|descarta|muestra|garde|seulement|retire|montre)\b"
)
_DROPS: Final = re.compile(
    r"\b(?:drop|throw|remove|discard|exclude|without|not|no|wirf|entferne|ohne|nicht|descarta|quita|sin|retire|sans"
    r"|ecarte)\b[^.;!?,\n]{0,40}$"
)
_COUNT: Final = "|".join(w for w, n in NUMBERS.items() if n > 1 and "-" not in w)
_RANKED: Final = (
    rf"(?:\b(?P<count>\d{{1,4}}|{_COUNT})\b(?:\s+[\w\ue000]+){{0,5}}?\s+)?\b(?:"
    r"(?P<most>most|highest|best|hochste\w*|mas|plus)"
    r"|(?P<least>fewest|least|lowest|worst|niedrigste\w*|menos|moins))"
)
_OFTEN: Final = (
    r"(?:frequent|common|used|often|popular|usual|frecuent|comun|usad|repetid|courant|souvent|utilis)"
)
"""Of words, how often they come up: no order of rows."""
_DESCRIPTION: Final = r"\b(?:descriptions?|beschreibung(?:en)?|descripcion(?:es)?)\b"
_DOWN: Final = re.compile(r"\b(?:descend|highest|most|best|absteigend|decroissant)")
_SORTS: Final = (
    r"\b(?:sort|rank|order|sortier|orden|trie|class)\w*\b[^.;!?]{0,40}?\b(?:by|nach|por|par)\s+(?:\w+ ){0,2}?"
)


class _Order(NamedTuple):
    """What rows are ordered by, and how many of them are wanted."""

    name: str
    is_descending: bool
    top: int | None


def called_beside(draft: Draft, heard: Heard, call: Call) -> Beside | None:
    """Return a call that runs once for each row and that the rows are chosen or ordered by; None otherwise."""
    name = call.card.name
    is_known = name in SENSED and not (name == WORDING and not call.presets)
    if is_known or name in {"scrape", "data", "time", "vision"} or call.role == "writes" or takes_rows(call):
        return None
    part = re.sub(r"\W", "_", name.removeprefix("wasm:"))[:50]
    given = {
        n: s
        for n, s in properties_of(call.card.gives).items()
        if types_of(s) <= {"string", "number", "integer", "boolean"}
    }
    after = heard.text.folded[call.start :]
    where = [*_kept(part, given, after), *_bounded(part, given, after)]
    order = next(_order(given, after), None)
    request = heard.request
    is_summed = request.statistics or request.group_by or "count" in request.wants
    is_each = EACH.search(heard.text.folded) is not None and request.wants_rows and not is_summed
    fed = _fed_by_page(draft, heard, call) if where or order or is_each else None
    if fed is None:
        return None
    is_short = re.search(_DESCRIPTION, heard.text.folded) is not None
    for source in fed.bind.values():
        if is_short and source == key(_PAGES, "/text"):
            source["pointer"] = "/description"
    pages = {n: source for n, source in fed.bind.items() if source.get("key") == _PAGES}
    return Beside(
        call,
        part,
        {n: source for n, source in fed.bind.items() if n not in pages},
        {n: source.get("pointer", "") for n, source in pages.items()},
        {f"{part}_{n}": f"/{part}/{n}" for n in list(given)[:MAX_COLUMNS]} or {part: f"/{part}"},
        where=tuple(where),
        order=((f"{part}_{order.name}", order.is_descending),) if order else (),
        top=order.top or request.top if order else None,
        of_details=True,
        bounds=tuple(float(c["value"]) for c in where if type(c.get("value")) in {int, float}),
    )


def _fed_by_page(draft: Draft, heard: Heard, call: Call) -> Fed | None:
    """Return what a call is given when it runs once for each row's own page; None where that page does not serve."""
    if "scrape" not in draft:
        return None
    pages = [Output(_PAGES, "scrape", draft.cards["scrape"].gives, True)]
    try:
        fed = feed(draft, call, heard.text, pages, is_given=False)
    except InvalidInput:
        return None
    return fed if fed.foreach == key(_PAGES) else None


def _kept(part: str, given: Mapping[str, Any], after: str) -> Iterator[Condition]:
    """Yield the tests that words of the text make: one of the values a card lists, or a truth by its name."""
    for name, schema in given.items():
        values = [v for v in schema.get("enum", ()) if isinstance(v, str)]
        said = [v for v in values if re.search(rf"\b{re.escape(fold(v))}\w{{0,2}}\b", after)]
        if len(said) == 1 and (match := _said(rf"{re.escape(fold(said[0]))}\w{{0,2}}", after)):
            test = "ne" if _DROPS.search(after[: match.start()]) else "eq"
            yield {"column": f"/{part}/{name}", "test": test, "value": said[0]}
        if types_of(schema) == {"boolean"} and (
            match := _said(rf"(?:in|un)?{re.escape(name.removeprefix('is_'))}", after)
        ):
            turns = bool(_DROPS.search(after[: match.start()])) != match.group().startswith(("in", "un"))
            yield {"column": f"/{part}/{name}", "test": "is_false" if turns else "is_true"}


def _said(pattern: str, after: str) -> re.Match[str] | None:
    """Return where a word is said of the rows that are to be kept."""
    match = re.search(rf"\b{pattern}\b", after)
    return match if match and _KEEPS.search(after[: match.start()]) else None


def _bounded(part: str, given: Mapping[str, Any], after: str) -> Iterator[Condition]:
    """Yield the bounds on a number that is named before them: "with a score above 0.5"."""
    numbers = [n for n, s in given.items() if types_of(s) <= {"number", "integer"}]
    for bound in unit_bounds(after):
        before = after[max(0, bound.start - 40) : bound.start]
        named = next((n for n in numbers if re.search(rf"\b{re.escape(n)}\b[^.;!?,]*$", before)), None)
        if named is not None and not bound.unit:
            yield {"column": f"/{part}/{named}", "test": bound.test, "value": plain(bound.value)}


def _order(given: Mapping[str, Any], after: str) -> Iterator[_Order]:
    """Yield the values that rows are ordered by."""
    for name, schema in given.items():
        if not types_of(schema) <= {"number", "integer"}:
            continue
        word = rf"(?:{re.escape(name)}|{re.escape(stem(name))}\w{{0,3}})"
        sorts = re.search(rf"{_SORTS}{word}\b", after)
        ranks = re.search(rf"{_RANKED}\s+(?:(?!{_OFTEN})\w+ )?{word}\b", after)
        if ranks is not None:
            yield _Order(name, ranks["most"] is not None, _number(ranks["count"]))
        elif sorts is not None:
            yield _Order(name, _DOWN.search(after, sorts.end()) is not None, None)


def _number(said: str | None) -> int | None:
    if said is None:
        return None
    count = int(said) if said.isdigit() else int(NUMBERS[said])
    return count if 0 < count <= 1000 else None
