"""Amounts with units, and the unit they are wanted in: "30 miles in km", "wie viele Kilo sind 150 Pfund"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from planner.rules.amounts import read_number
from planner.rules.measures import KINDS, PHRASED, SHORT, kind_of
from planner.rules.text import JSON_MARK, Text

MAX_FOUND: Final = 20
"""Amounts and units looked at in one text."""
_NAME: Final = rf"(?:{'|'.join(PHRASED)}|[^\W\d_$][\w/]*|[°$€£¥][a-z]?)"
"""What may be a unit's name; whether it is one is looked up."""
_NUMBER: Final = r"(?<![\w.,-])-?\d[\d.,']*(?:\s?k\b)?"
_MEASURED: Final = re.compile(
    rf"(?:(?P<number>{_NUMBER})|(?P<list>{JSON_MARK}))\s*(?:degrees? |grad |° ?|grados "
    rf"|degres )?(?P<unit>in(?=\s+(?:to|in|into|as)\b)|{_NAME})(?![\w/])"
    rf"|(?P<sign>[$€£¥])\s?(?P<money>\d[\d.,]*)"
)
_TARGET: Final = re.compile(
    rf"(?:(?:->|=>|→|=\s*\?)\s*"
    rf"|\b(?:in|into|to|as|en|nach|a|zu|auf|als|is|are|=|equals?)\s+(?:degrees? |grad |grados |degres "
    rf"|the )?|how (?:many|much) |wie ?viele?n? |cuant[oa]s? |"
    rf"combien (?:de |d'))(?P<unit>{_NAME})(?![\w/])"
)
_CONVERTS: Final = re.compile(
    r"\b(?:convert\w*|conversion|umrechn\w*|umgerechnet|umwandeln|wandle\w*|rechne\b.{0,80}\b(?:um|in)\b"
    r"|konvertier\w*|conviert\w*|convierte\w*|conversi\w*"
    r"|\b(?:weights?|mass|mileage|odometer|length|height|width|distance|power|speed|capacity|volume"
    r"|temperature|consumption|area|gewicht|lange|laufleistung"
    r"|kilometerstand|leistung|hohe|breite|peso|longitud|altura|potencia|kilometraje|poids|longueur"
    r"|hauteur|puissance|kilometrage)\b.{0,80}\b(?:in|en)\b"
    r"|give (?:it|them|that|me|the)\b|express\w*|gib\b|show (?:it|them)|state (?:it|them)|expresa\w*|exprime\w*)"
)
_WORD: Final = re.compile(rf"(?<![\w/]){_NAME}(?![\w/])")
_FACT: Final = re.compile(
    r"\b(?:weight|mass|mileage|odometer|length|height|width|distance|power|speed|capacity|volume|temperature|consumption"
    r"|area|gewicht|lange|laufleistung|kilometerstand|leistung|hohe|breite|hubraum|peso|longitud|altura|potencia"
    r"|kilometraje|poids|longueur|hauteur|puissance|kilometrage)\b"
)
_RATE: Final = re.compile(
    r"\b(?:rates?(?: of)?|kurs(?: von)?|wechselkurs|taux(?: de)?|tipo de cambio(?: de)?|tasa(?: de)?|at|@"
    r"|=)\s*(?P<rate>\d+[.,]\d+)\b"
)


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
    rate: float | None = None


def conversion_in(text: Text) -> Conversion | None:
    """Return the conversion a text asks for, when it does."""
    folded = text.folded
    named = (m for m in _TARGET.finditer(folded) if _is_unit(m["unit"]) and not _is_window(folded, m))
    targets = list(islice(named, MAX_FOUND))
    measured = list(islice((m for m in _MEASURED.finditer(folded) if _is_amount(m)), MAX_FOUND))
    for target in targets:
        kind, symbol = kind_of(target["unit"])
        for found in measured:
            if found.start() <= target.start("unit") < found.end():
                continue
            mine = kind_of(found["unit"] or found["sign"])
            if mine[0] != kind or mine[1] == symbol or not _belong(folded, found, target, kind):
                continue
            return _of(found, target, mine, symbol, _rate(folded))
    for target in targets:
        kind, symbol = kind_of(target["unit"])
        if _CONVERTS.search(folded) and kind != "time" and target["unit"] not in SHORT:
            others = [u for u, _ in _named(folded, kind) if u != symbol]
            end = target.end()
            return Conversion(
                kind,
                others[0] if others else None,
                symbol,
                None,
                False,
                target.start(),
                end,
                (target.span(),),
                _rate(folded),
            )
    return None


def fact_in(text: Text) -> str:
    """Return the fact of a page that a text names, as it is written; `Value` where it names none."""
    match = _FACT.search(text.folded)
    return text.plain[match.start() : match.end()].capitalize() if match else "Value"


def _of(
    found: re.Match[str], target: re.Match[str], mine: tuple[str, str], symbol: str, rate: float | None
) -> Conversion:
    digits = found["number"] or found["money"]
    value = None
    if digits:
        scale = "k" if digits.rstrip().endswith("k") else ""
        value = read_number(digits.rstrip("k ").lstrip("-"), scale) * (-1 if digits.startswith("-") else 1)
    spans = (found.span(), target.span())
    start, end = min(s for s, _ in spans), max(e for _, e in spans)
    return Conversion(mine[0], mine[1], symbol, value, found["list"] is not None, start, end, spans, rate)


def _belong(folded: str, found: re.Match[str], target: re.Match[str], kind: str) -> bool:
    """Say whether an amount and a unit asked for stand near enough to be of one question."""
    first, second = sorted((found.span(), target.span()))
    between = folded[first[1] : second[0]]
    if kind == "time" or found["unit"] in SHORT:
        return len(between) < 25 and not re.search(r"\b(?:until|remain|left|bis|hasta|end)", between)
    return len(between) < 90


def _named(folded: str, kind: str) -> Iterator[tuple[str, int]]:
    for match in _WORD.finditer(folded):
        if _is_unit(match.group()) and match.group() not in SHORT and kind_of(match.group())[0] == kind:
            yield kind_of(match.group())[1], match.start()


def _is_unit(name: str) -> bool:
    return name in KINDS or name in PHRASED


def _is_amount(match: re.Match[str]) -> bool:
    return match["sign"] is not None or match["unit"] == "in" or _is_unit(match["unit"])


def _rate(folded: str) -> float | None:
    match = _RATE.search(folded)
    return read_number(match["rate"]) if match else None


def _is_window(folded: str, match: re.Match[str]) -> bool:
    """Say whether "in days" is no target: "in 3 days", "in hours of use"."""
    return bool(
        re.match(r"\s+(?:of use|left|until|remain|ago)", folded[match.end() :])
    ) or match.group().startswith(("is a", "are a"))
