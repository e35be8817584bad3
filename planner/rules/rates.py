"""Exchange rates in words: "0.92 euro per dollar", "ein Dollar kostet 0,92 Euro", "at a rate of 0.92"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from planner.rules.amounts import read_number
from planner.rules.measures import UNIT, symbols_of

MAX_TRIED: Final = 20
_NUMBER: Final = r"\d{1,9}(?:[.,]\d{1,9})?"
_MONEY: Final = rf"(?:us |)(?:{UNIT})"
_ONE: Final = r"(?:1(?:[.,]0+)?|one|an?|each|every|ein(?:en|em|e)?|jeder?|une?|uno|cada|chaque)"
_PER: Final = re.compile(
    rf"(?<![\w.,])(?P<sign>[$€£¥]\s?)?(?P<value>{_NUMBER})\s?(?P<gets>{_MONEY})?"
    rf"\s*(?:(?:per|pro|je|por|par|/)\s*(?:(?:{_ONE}|the)\s+)?|(?:pour|fur|for|to|a)\s+(?:{_ONE}|the|den|el|le)\s+)"
    rf"(?P<base>{_MONEY})(?![\w/])"
)
_EQUALS: Final = re.compile(
    rf"(?<![\w.,]){_ONE}\s*(?P<base>{_MONEY})\s*(?:=|is|are|equals?|buys?|costs?|gets?|gives?|makes?|is worth|at|"
    rf"kostet|ist|sind|entspricht|ergibt|bringt|macht|wert|vale|son|es|cuesta|equivale a|vaut|coute|fait|egale?|est)"
    rf"\s*(?:you |me |us |about )?(?P<sign>[$€£¥]\s?)?(?P<value>{_NUMBER})\s?(?P<gets>{_MONEY})?(?![\w/])"
)
_PLAIN: Final = re.compile(
    r"\b(?:rates?|(?:wechsel)?kurs|taux(?: de change)?|tipo de cambio|tasa|at|@|=|a|zu|zum)\s*"
    r"(?:of|is|being|von|ist|de|du|es|est|[:=])?\s*(?P<value>\d{1,9}[.,]\d{1,9})(?![\w.,]\d)"
    r"|=\s*(?P<last>\d{1,9}[.,]\d{1,9})\b"
)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many of one currency one unit of another buys."""

    value: float
    base: str
    """Symbol; empty where the text does not say."""
    gets: str
    start: int
    end: int


def rate_in(folded: str) -> Rate | None:
    """Return the rate a folded text names; the currencies of it too, where it does."""
    return next(_between(folded), None) or next(_plain(folded), None)


def _between(folded: str) -> Iterator[Rate]:
    for pattern in (_PER, _EQUALS):
        for match in islice(pattern.finditer(folded), MAX_TRIED):
            base = symbols_of(match["base"]).get("currency", "")
            gets = symbols_of((match["sign"] or match["gets"] or "").strip()).get("currency", "")
            value = read_number(match["value"])
            if base and gets and base != gets and value > 0:
                yield Rate(value, base, gets, *match.span())


def _plain(folded: str) -> Iterator[Rate]:
    for match in islice(_PLAIN.finditer(folded), MAX_TRIED):
        value = read_number(match["value"] or match["last"])
        if value > 0:
            yield Rate(value, "", "", *match.span())
