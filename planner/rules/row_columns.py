"""Columns of rows at hand that a text means by other words: what it groups by, and amounts that two columns make."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from planner.rules.conditions import Step
from planner.rules.lexicon import Words
from planner.rules.nouns import spellings
from planner.rules.repeats import ALONE, DROPS
from planner.rules.request import Request
from planner.rules.spelling import fold

if TYPE_CHECKING:
    from pydantic import JsonValue

AMOUNT: Final = "amount"
_AMOUNTS: Final = Words(
    "amount amounts cost costs value values turnover revenue montant montants cout valeur betrag betrage kosten wert "
    "umsatz gesamt* importe importes coste total totals summe*"
)
_QUANTITY: Final = Words(
    "qty quantity quantities count units pieces pcs qte quantite menge anzahl stuck stk cantidad unidades"
)
_UNIT_PRICE: Final = Words(
    "price unitprice unit_price prix pu prix_unitaire preis einzelpreis stuckpreis ep precio precio_unitario pvp"
)
_SUMMED: Final = re.compile(
    r"\b(?:sum|total|average|mean|median|minimum|maximum)(?:s| up)?\s+(?:of\s+)?(?:the\s+|all\s+|their\s+)?([a-z]\w+)"
)
_HIGHEST: Final = re.compile(
    r"\b(?:highest|lowest|largest|biggest|smallest|hochste\w*|niedrigste\w*|mayor|menor|plus grand\w*|by|nach) "
    r"([a-z]\w+)"
)
_NO_AMOUNT: Final = Words("id ids n nr no num nummer numero number lot los year jahr ano annee row zeile")
"""Columns whose numbers only tell rows apart."""
_SUMS: Final = Words(
    "sum price prices prix preis precio fee fees gebuhr bid bids gebot puja score scores points punkte puntos nota mark"
)
_MOST: Final = re.compile(
    r"\b(?:who|which|what|wer|welche\w*|quien|cual|que|qui|quel\w*)\b[^.;!?\n]{1,60}?"
    r"\b(?:(?P<most>most|meisten|mas|plus)|least|fewest|wenigsten|menos|moins)\b(?! (?:de|que) \d)"
)
_BY: Final = re.compile(
    r"\b(?:per|by|for (?:each|every)|pro|je|nach|par|por|por cada|pour chaque)\s+(?:the )?([^\W\d_]\w*)"
)
_NEXT: Final = re.compile(r"\s+(?:values? (?:of|in) )?(?:the )?([^\W\d_]\w*)")
_TOLD_BY: Final = re.compile(
    r"\b(?:by|per|of|in|with the same|nach|pro|je|jede\w*|por|cada|par|chaque|each|every)\s+"
    r"(?:the |el |la |le )?([^\W\d_]\w*)"
)
_CLAUSE: Final = re.compile(
    r"(?:(?!\s(?:and|und|y|et|then|dann|puis|luego)\b)[^,.;:!?\n\ue000-\ue005]){0,40}+"
)
_SORTED: Final = re.compile(r"\b(?:sort|rank|order|arrange|orden|trie|trier|triez|classe|sortier)\w*\b")


def is_named(column: str, word: str) -> bool:
    """Say whether a word names a column: the column itself, its plural, or what the column's name is short for."""
    own, said = fold(column), fold(word)
    return bool(said) and (
        own in {said, *spellings(said)} or said in spellings(own) or (len(own) > 2 and said.startswith(own))
    )


def tells_apart(column: str) -> bool:
    """Say whether a column's numbers only tell rows apart: an id, a lot's number."""
    return fold(column) in _NO_AMOUNT


def named_group(request: Request, columns: Sequence[str]) -> str | None:
    """Return the column that what is reckoned is told apart by: "work out the amount per product"."""
    folded = request.text.folded
    if not request.wants & {"reckon"} or request.sort_by or _SORTED.search(folded):
        return None
    return next((c for m in _BY.finditer(folded) for c in columns if is_named(c, m.group(1))), None)


def product_of(request: Request, columns: Sequence[str]) -> list[Step]:
    """Return the step that multiplies quantity by unit price, where an amount is asked for that no column holds."""
    said = [w.text for w in request.text.words]
    many = next((c for c in columns if fold(c) in _QUANTITY), None)
    price = next((c for c in columns if fold(c) in _UNIT_PRICE), None)
    if many is None or price is None or not any(w in _AMOUNTS for w in said):
        return []
    if any(fold(c) in _AMOUNTS or fold(c) == AMOUNT for c in columns):
        return []
    return [{"op": "derive", "column": AMOUNT, "value": {"mul": [{"column": many}, {"column": price}]}}]


def amounts_column(request: Request, rows: list[JsonValue]) -> str:
    """Return the column the statistics are of: one the rows have, if they are known."""
    match = _SUMMED.search(request.text.folded)
    word = match.group(1) if match else ""
    if rows and not isinstance(rows[0], Mapping):
        return "value"
    said = [word, *spellings(word)] if word else []
    if not rows or not isinstance(rows[0], Mapping):
        return request.sort_by or (said[-1] if said else _superlative(request) or "value")
    first: Mapping[str, Any] = rows[0]
    if "alphabetical" in request.wants:
        return next((str(n) for n in first if isinstance(first[n], str)), "value")
    words = {s for w in request.text.words for s in (w.text, *spellings(w.text))}
    numbers = [n for n in first if type(first[n]) in {int, float}]
    choices = (
        (n for n in first if n.lower() == request.sort_by),
        (n for n in first if n.lower() in said),
        (n for n in numbers if n.lower() in words),
        (n for n in numbers if fold(n) in _AMOUNTS or fold(n) in _SUMS),
        (n for n in numbers if not tells_apart(n)),
        (n for n in numbers if n.lower() != "id"),
        (n for n in first if n.lower() in words),
    )
    return next((str(n) for choice in choices for n in choice), said[-1] if said else "value")


def _superlative(request: Request) -> str:
    """Return the noun after "the highest", which names a column."""
    match = _HIGHEST.search(request.text.folded)
    return match.group(1) if match else ""


def with_most(request: Request) -> Request:
    """Return a request for the one row that has most, or least, as one in order, of which the first is wanted."""
    most = _MOST.search(request.text.folded)
    if most is None or request.statistics or request.group_by:
        return request
    if request.wants & {"cheap", "dear", "ascending", "descending", "sort"}:
        return request
    way = "descending" if most["most"] else "ascending"
    return replace(request, wants=request.wants | {way}, top=request.top or 1)


def without_repeats(folded: str, columns: Sequence[str]) -> list[Step]:
    """Return the step that keeps the first of rows that are the same, or that have the same in a column named."""
    match = DROPS.search(folded) or ALONE.search(folded)
    if match is None:
        return []
    rest = _CLAUSE.match(folded, match.end())
    near = folded[match.start() : rest.end() if rest else match.end()]
    next_word = _NEXT.match(folded, match.end()) if ALONE.match(match.group()) else None
    said = [m.group(1) for m in (next_word, *_TOLD_BY.finditer(near)) if m is not None]
    by = [c for c in columns if any(is_named(c, word) for word in said)]
    return [{"op": "distinct", "by": by[:1]} if by else {"op": "distinct"}]
