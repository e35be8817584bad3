"""Amounts with units, and the unit they are wanted in: "30 miles in km", "wie viele Kilo sind 150 Pfund"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from planner.rules.amounts import read_number
from planner.rules.measures import KINDS, PHRASED, SHORT, UNIT, is_unit, kind_of, symbols_of
from planner.rules.rates import Rate, rate_in
from planner.rules.stated import Stated, is_counted, is_source, stated_in
from planner.rules.text import JSON_MARK, Text
from planner.rules.unit_bounds import unit_bounds

MAX_FOUND: Final = 20
"""Amounts and units looked at in one text."""
_NUMBER: Final = r"(?<![\w.,-])-?\d[\d.,']*(?:\s?k\b)?"
_MEASURED: Final = re.compile(
    rf"(?:(?P<number>{_NUMBER})|(?P<list>{JSON_MARK}))\s*(?:degrees? |grad |° ?|grados "
    rf"|degres )?(?P<unit>in(?=\s+(?:to|in|into|as)\b)|{UNIT})(?![\w/])"
    rf"|(?P<sign>[$€£¥])\s?(?P<money>\d[\d.,]*)"
)
_TARGET: Final = re.compile(
    rf"(?:(?:->|=>|→|=\s*\?)\s*"
    rf"|\b(?:in|into|to|too|as|en|nach|a|zu|auf|als|is|are|=|equals?)\s+(?:degrees? |grad |grados |degres "
    rf"|the )?|how (?:many|much) |wie ?viele?n? |cuant[oa]s? |"
    rf"combien (?:de |d'))(?P<unit>{UNIT})(?![\w/])"
)
_CONVERTS: Final = re.compile(
    r"\b(?:convert\w*|conversion|umrechn\w*|umgerechnet|umwandeln|wandle\w*|rechne\b.{0,80}\b(?:um|in)\b"
    r"|konvertier\w*|verwandl\w*|pasa(?:r|los?|las?)?\b|transform\w*|turn\b|change\b|switch\b|restate\w*|conviert\w*|convierte\w*|conversi\w*"
    r"|\b(?:weights?|mass|mileage|odometer|length|height|width|distance|power|speed|capacity|volume"
    r"|temperature|consumption|area|gewicht|lange|laufleistung"
    r"|kilometerstand|leistung|hohe|breite|peso|longitud|altura|potencia|kilometraje|poids|longueur"
    r"|hauteur|puissance|kilometrage)\b.{0,80}\b(?:in|en)\b"
    r"|give (?:it|them|that|me|the)\b|express\w*|gib\b|show (?:it|them)|state (?:it|them)|expresa\w*|exprime\w*)"
)
_WORD: Final = re.compile(rf"(?<![\w/]){UNIT}(?![\w/])")
_ALSO: Final = re.compile(r"\s*(?:[,;&+/]\s*)?(?:(?:and|an|und|y|et|plus|then)\s+)?")
"""What stands between two amounts of one list."""


_TOKEN: Final = re.compile(r"[^\W\d_]+|[°$€£¥]")
_FIRST: Final = frozenset(t for name in (*KINDS, *PHRASED) for t in _TOKEN.findall(name)[:1]) - {"in", "a"}
"""What every unit's name begins with: a text without any of them names no unit."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """An amount and the unit it is wanted in."""

    kind: str
    source: str | None
    """The symbol of its unit; None: what comes before says."""
    target: str
    value: float | None
    """None: a list, or what comes before gives it."""
    is_list: bool
    start: int
    end: int
    spans: tuple[tuple[int, int], ...]
    """What of the text it takes up."""
    rate: Rate | None = None
    values: tuple[float, ...] = ()
    """Where it is a list that is told amount by amount: "34 feet and 52 feet"."""


def conversion_in(text: Text) -> Conversion | None:
    """Return the conversion a text asks for, when it does."""
    folded = text.folded
    if not _FIRST.isdisjoint(_TOKEN.findall(folded)):
        return _found(text, folded, rate_in(folded))
    return None


def _found(text: Text, folded: str, rate: Rate | None) -> Conversion | None:
    bounds = unit_bounds(folded) if text.urls or text.values or text.csvs else []
    rates = [(rate.start, rate.end)] if rate is not None and rate.base else []
    skipped = [*((b.start, b.end) for b in bounds), *rates]
    named = (m for m in _TARGET.finditer(folded) if is_unit(m["unit"]) and not _is_window(folded, m))
    named = (m for m in named if not _is_in(m.start("unit"), skipped))
    targets = [m for m in islice(named, MAX_FOUND) if not (text.urls and is_source(folded, *m.span("unit")))]
    amounts = (m for m in _MEASURED.finditer(folded) if _is_amount(m) and not _is_in(m.start(), skipped))
    measured = list(islice(amounts, MAX_FOUND))
    for target in targets:
        for found in measured:
            pair = _pair(found["unit"] or found["sign"], target["unit"])
            if found.start() <= target.start("unit") < found.end() or pair is None:
                continue
            if _belong(folded, found, target, pair[0]):
                return _of(_row_of(folded, measured, found, pair[1]), target, pair, rate)
    stated = stated_in(folded, skipped, [b.unit for b in bounds] if text.urls else [])
    return _stated(folded, targets, stated, rate)


def _pair(source: str, target: str) -> tuple[str, str, str] | None:
    """Return (kind, symbol, symbol) of two different units of one kind; None when they are not."""
    mine, other = _symbols(source), symbols_of(target)
    kinds = (k for k in other if k in mine and mine[k] != other[k])
    return next(((k, mine[k], other[k]) for k in kinds), None)


def _symbols(source: str) -> dict[str, str]:
    return symbols_of(source) or dict([kind_of(source)])


def _stated(
    folded: str, targets: list[re.Match[str]], pair: Stated | None, rate: Rate | None
) -> Conversion | None:
    """Return the conversion of what comes before: a page's, another agent's."""
    converts = _CONVERTS.search(folded) is not None
    sides = {rate.base, rate.gets} if rate is not None and rate.base else set[str]()
    if pair is not None and (pair.is_sure or converts or rate is not None):
        start, end = min(s for s, _ in pair.spans), max(e for _, e in pair.spans)
        return Conversion(
            pair.kind,
            pair.source,
            pair.target,
            None,
            False,
            start,
            end,
            pair.spans,
            _fitting(rate, pair.kind),
        )
    for target in targets:
        kind, symbol = kind_of(target["unit"])
        money = symbols_of(target["unit"]).get("currency", "")
        if is_rated := money in sides:  # "in pounds, at 0.79 pounds to the dollar"
            kind, symbol = "currency", money
        if (
            not (converts or is_rated)
            or kind == "time"
            or target["unit"] in SHORT
            or is_counted(folded, target.start("unit"))
        ):
            continue
        others = [u for u, _ in _named(folded, kind) if u != symbol]
        source = others[0] if others else _other_side(rate, symbol)
        spans = (target.span(),)
        return Conversion(
            kind, source, symbol, None, False, target.start(), target.end(), spans, _fitting(rate, kind)
        )
    return None


def _fitting(rate: Rate | None, kind: str) -> Rate | None:
    return rate if kind == "currency" else None


def _other_side(rate: Rate | None, symbol: str) -> str | None:
    """Return the currency that a rate is named with, beside the one asked for."""
    if rate is None or symbol not in {rate.base, rate.gets}:
        return None
    return rate.gets if rate.base == symbol else rate.base


def _is_in(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _row_of(
    folded: str, measured: Sequence[re.Match[str]], first: re.Match[str], symbol: str
) -> list[re.Match[str]]:
    """Return the amounts of one unit that stand one behind the other from the first on."""
    row = [first]
    if first["list"] is not None:
        return row
    for match in measured[measured.index(first) + 1 :]:
        is_same = match["list"] is None and symbol in _symbols(match["unit"] or match["sign"]).values()
        if not (is_same and _ALSO.fullmatch(folded, row[-1].end(), match.start())):
            break
        row.append(match)
    return row


def _of(
    row: Sequence[re.Match[str]], target: re.Match[str], pair: tuple[str, str, str], rate: Rate | None
) -> Conversion:
    values = tuple(_value(m["number"] or m["money"]) for m in row if m["list"] is None)
    spans = (*(m.span() for m in row), target.span())
    start, end = min(s for s, _ in spans), max(e for _, e in spans)
    kind, source, symbol = pair
    value = values[0] if len(values) == 1 else None
    listed = values if value is None else ()
    return Conversion(
        kind, source, symbol, value, value is None, start, end, spans, _fitting(rate, kind), listed
    )


def _value(digits: str) -> float:
    scale = "k" if digits.rstrip().endswith("k") else ""
    return read_number(digits.rstrip("k ").lstrip("-"), scale) * (-1 if digits.startswith("-") else 1)


def _belong(folded: str, found: re.Match[str], target: re.Match[str], kind: str) -> bool:
    """Say whether an amount and a unit asked for stand near enough to be of one question."""
    first, second = sorted((found.span(), target.span()))
    between = folded[first[1] : second[0]]
    if kind == "time" or found["unit"] in SHORT:
        return len(between) < 25 and not re.search(r"\b(?:until|remain|left|bis|hasta|end)", between)
    return len(between) < 90


def _named(folded: str, kind: str) -> Iterator[tuple[str, int]]:
    for match in _WORD.finditer(folded):
        if is_unit(match.group()) and match.group() not in SHORT and kind_of(match.group())[0] == kind:
            yield kind_of(match.group())[1], match.start()


def _is_amount(match: re.Match[str]) -> bool:
    return match["sign"] is not None or match["unit"] == "in" or is_unit(match["unit"])


def _is_window(folded: str, match: re.Match[str]) -> bool:
    """Say whether "in days" is no target: "in 3 days", "in hours of use"."""
    return bool(
        re.match(r"\s+(?:of use|left|until|remain|ago)", folded[match.end() :])
    ) or match.group().startswith(("is a", "are a"))
