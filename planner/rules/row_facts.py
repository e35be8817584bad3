"""What is done with a fact of each row after it was converted: bounds, an order, the first N, price per unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Literal

from planner.rules.fact_names import fact_label, fact_noun, is_part
from planner.rules.lexicon import CHEAP, DEAR, NUMBERS
from planner.rules.measures import UNIT, is_unit, kind_of, symbols_of
from planner.rules.spelling import fold
from planner.rules.text import Text
from planner.rules.unit_bounds import UnitBound, unit_bounds
from planner.rules.units import Conversion

MAX_FOUND: Final = 20
_PRICED: Final = r"(?:prices?|rents?|costs?|bids?|\w*preise?|miete|precios?|alquiler|prix|loyers?)"
_RATIO: Final = re.compile(
    rf"\b{_PRICED}\s*(?P<per>(?:per|pro|je|por|par|/)\s*(?:the )?(?P<unit>{UNIT}))(?![\w/])"
)
_LEAST: Final = (
    r"fewest|least|lowest|smallest|shortest|lightest|slowest|weakest|coldest|coolest|nearest|closest|narrowest"
    r"|wenigsten|kurzesten?|kleinsten?|leichtesten?|niedrigsten?|geringsten?|langsamsten?|schwachsten?|kaltesten?"
    r"|menor(?:es)?|mas (?:cort|pequen|liger|baj|lent|fri)[ao]s?|menos(?! de\b| que\b)"
    r"|plus (?:court|petit|leger|bas|lent|froid)\w*|moins(?! de\b| que\b| cher)"
)
_MOST: Final = (
    r"most|longest|heaviest|largest|biggest|highest|tallest|fastest|strongest|hottest|warmest|widest|deepest|farthest"
    r"|furthest|greatest|roomiest"
    r"|meisten|langsten?|schwersten?|gro(?:ss|ß)ten?|hochsten?|schnellsten?|starksten?|warmsten?|hei(?:ss|ß)esten?"
    r"|breitesten?|tiefsten?"
    r"|mayor(?:es)?|mas (?:larg|grand|pesad|alt|rapid|potent|anch|calient)[aeo]s?|con mas(?! de\b| que\b)"
    r"|plus (?:long|grand|lourd|haut|rapide|puissant|large|chaud)\w*|le plus de"
)
_THRIFTY: Final = (
    r"thriftiest|most (?:economical|frugal|efficient)|sparsamsten?"
    r"|mas economic[ao]s?|plus (?:econom|sobre)\w*"
)
_COUNT: Final = "|".join(w for w, n in NUMBERS.items() if n > 1 and "-" not in w)
_RANKED: Final = re.compile(
    rf"(?:\b(?P<count>\d{{1,4}}|{_COUNT})\b(?:\s+[\w\ue000-]+){{0,6}}?\s+)?"
    rf"\b(?:(?P<thrifty>{_THRIFTY})|(?P<least>{_LEAST})|(?P<most>{_MOST}))\b"
    r"(?!\s+(?:expensive|recent|popular|common|frequent|valuable|similar|likely|important|of)\b)"
)
_VERB: Final = re.compile(
    r"\b(?:convert\w*|convierte\w*|konvertier\w*|express\w*|expres\w*|exprim\w*|transform\w*|turn|change|switch|restate"
    r"|umrechnen|umgerechnet|umwandeln|rechne|wandle\w*|verwandle\w*|pas(?:a|e|alos|alas|ar|sez?)|cambia\w*)"
    r"\b(?: (?:it|them)\b)?"
)
_MONEY_AFTER: Final = re.compile(rf"\s+(?:[a-z]+ )?{_PRICED}\b")
_ONE: Final = re.compile(
    r"\b(?:which|what|welche[rs]?|cual|quel(?:le)?) (?:one|\w+[^s\s]) (?:is|has|ist|hat|es|tiene|est|a)\b"
)
_EACH: Final = re.compile(r"\b(?:each|every|jede[rnsm]?|cada|chaque)\b(?! (?:other|time|page|seite|pagina))")
_BACK: Final = frozenset(
    [
        "it",
        "that",
        "this",
        "them",
        "result",
        "results",
        "value",
        "values",
        "converted",
        "figure",
        "danach",
        "esto",
    ]
)
_OF_PRICE: Final = re.compile(
    rf"\b(?:average|mean|median|total|lowest|highest|durchschnitt\w*|mittlere\w*|media|moyen\w*)\s+(?:\w+\s+)?{_PRICED}\b"
    rf"|\bdurchschnittspreis"
)
_PLACE: Final = re.compile(r"\{\{\s*(\w{1,40})")


@dataclass(frozen=True)
class FactUse:
    """A fact that is converted for each row, and what is asked of the values that come out."""

    fact: str
    """As pages label it; empty: the row's price."""
    column: str
    """Of the report."""
    bounds: tuple[UnitBound, ...] = ()
    ratio: str = ""
    """Report column of the price by what comes out; empty: nobody asks for it."""
    ranks: Literal["", "value", "ratio"] = ""
    """By what the rows are ordered, where that is not the price."""
    is_descending: bool = False
    top: int | None = None
    is_part: bool = False
    """Whether it is of the things that one page lists, which have no pages of their own: ingredients."""
    is_each: bool = False
    """Whether it is asked for each of several."""
    is_summed: bool = True
    """Whether statistics are of what comes out, not of prices."""
    spans: tuple[tuple[int, int], ...] = ()
    """What of the text then asks for nothing else."""


def fact_use(text: Text, conversion: Conversion) -> FactUse:
    """Return what a text asks of a fact that it has converted, no amount of its own."""
    folded = text.folded
    noun = fact_noun(folded, conversion)
    fact = fact_label(text, noun, conversion) if conversion.kind != "currency" else ""
    bounds = tuple(_bounds(folded, conversion))
    ratio = next(
        (m for m in islice(_RATIO.finditer(folded), MAX_FOUND) if _is_of(m["unit"], conversion.target)), None
    )
    is_money = conversion.kind == "currency"  # the cheapest are so in any currency
    ranked = None if is_money else _ranked(folded, bounds, is_priced=ratio is not None)
    by = _sort_noun(folded)
    is_sorted = (
        by in _BACK or (by != "" and noun is not None and by in noun.group()) or _is_of(by, conversion.target)
    )
    ranks: Literal["", "value", "ratio"] = "value" if ranked or is_sorted else ""
    if ratio is not None and (ranked or by or any(text.has(words) for words in (CHEAP, DEAR))):
        ranks = "ratio"
    column = _column(text, fact or "Price", conversion.target)
    spans = [
        *((b.start, b.end) for b in bounds),
        *(m.span() for m in islice(_VERB.finditer(folded), MAX_FOUND)),
    ]
    spans += [noun.span()] if noun and fact else []
    spans += [ratio.span("per")] if ratio else []
    spans += [ranked.span()] if ranked and ranks == "value" else []
    return FactUse(
        fact,
        column,
        bounds,
        f"price_per_{_slug(conversion.target)}" if ratio else "",
        ranks,
        _is_descending(ranked, conversion)
        if ranked
        else text.matches(r"\bdescend|\babsteig|\bdecroiss|\bdescendente"),
        _top(folded, ranked),
        is_part(noun),
        _EACH.search(folded) is not None,
        is_money or _OF_PRICE.search(folded) is None,
        tuple(spans),
    )


def _bounds(folded: str, conversion: Conversion) -> Iterator[UnitBound]:
    """Yield the bounds on what comes out: those in its unit, and those without one that follow and are on no price."""
    for bound in unit_bounds(folded):
        clause = re.split(r"[.;!?]", folded[max(0, bound.start - 60) : bound.start])[-1]
        if _is_of(bound.unit, conversion.target) or (
            not bound.unit
            and bound.start > conversion.start
            and not re.search(rf"\b{_PRICED}\b", clause)
            and not re.match(
                r"\s*(?:[a-z$€£¥%])", folded[bound.end :].removeprefix(" or").removeprefix(" and")
            )
        ):
            yield bound


def _is_of(unit: str, symbol: str) -> bool:
    return unit != "" and symbol in symbols_of(unit).values()


def _ranked(folded: str, bounds: tuple[UnitBound, ...], *, is_priced: bool) -> re.Match[str] | None:
    for match in islice(_RANKED.finditer(folded), MAX_FOUND):
        said = next(g for g in ("thrifty", "least", "most") if match[g])
        if any(b.start <= match.start(said) < b.end for b in bounds):
            continue
        if is_priced or not _MONEY_AFTER.match(folded, match.end()):
            return match
    return None


def _is_descending(ranked: re.Match[str], conversion: Conversion) -> bool:
    if ranked["thrifty"]:
        return conversion.target != "l/100km"
    return ranked["most"] is not None


def _top(folded: str, ranked: re.Match[str] | None) -> int | None:
    if ranked is None:
        return None
    if ranked["count"]:
        count = int(ranked["count"]) if ranked["count"].isdigit() else int(NUMBERS[ranked["count"]])
        return count if 0 < count <= 1000 else None
    return 1 if _ONE.search(folded) else None


def _sort_noun(folded: str) -> str:
    """Return the noun that rows are to be sorted by, when the text says so."""
    match = re.search(
        r"\b(?:sort|rank|order|arrange|sortier|orden|trie|class)\w*(?:-\w+)?\s+(?:[\w\ue000-\ue005]+\s+){0,6}?"
        r"(?:by|nach|por|par)\s+(?:the |their |its |le |la |el |ihrem |dem |der )?([a-z][\w/-]*)"
        r"|\b(?:sortier\w*|ordena\w*)\s+(?:\w+\s+){0,3}?(danach|por esto)\b",
        folded,
    )
    return next((g for g in match.groups() if g), "") if match else ""


def _column(text: Text, fact: str, target: str) -> str:
    """Return the report column: a template's place that is called like the unit, else the fact with the unit."""
    places = (fold(p) for quote in text.quotes for p in _PLACE.findall(quote))
    return next(
        (p for p in places if is_unit(p) and kind_of(p)[1] == target), f"{_slug(fold(fact))}_{_slug(target)}"
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
