"""Units that a page states something in, and the unit it is wanted in: "the mileage from miles into kilometres"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from planner.rules.measures import SHORT, UNIT, is_unit, symbols_of

MAX_NAMED: Final = 20
_REACH: Final = 48
"""Characters before a unit that are looked at for what it is."""
_ARTICLE: Final = r"(?:the |den |die |das |les |los |las |us |degrees |grad |grados |degres |full |whole )*"
_VERBS: Final = (
    r"(?:is|are|was|were|given|stated|listed|quoted|shown|measured|printed|priced|comes?|ist|sind|stehen|steht"
    r"|angegeben|son|esta|estan|vienen?|sont|est|donnee?s?|indiquee?s?|affichee?s?|exprimee?s?)"
)
_SAYS: Final = (
    r"(?:says?|gives|giving|uses?|using|has|shows|lists|states|quotes|nennt|zeigt|hat|da|usa|indica|muestra"
    r"|donne|affiche|indique)"
)
_THEY: Final = (
    r"(?:they|it|page|pages|site|shop|seller|sellers|dealer|ads?|listings?) (?:all |only )?"
    r"(?:list|lists|quote|quotes|give|gives|show|shows|state|states|use|uses|have|has|print|prints)"
)
_SOURCE: Final = re.compile(
    r"(?:\b(?:from|instead of|rather than|not|statt|anstatt|anstelle von|von|aus|de|des|du|depuis|desde|en vez de"
    r"|en lugar de|au lieu de|plutot que|plutot qu'en)(?: (?:in|en))?"
    r"|\b(?:angegeben|gelistet) (?:sind|ist|werden)"
    rf"|\b{_VERBS}\s(?:(?:all|alle|todos|tous) )?(?:in|en)"
    rf"|\b(?:{_SAYS}|{_THEY})(?:\s\w+){{0,4}}?)\s+{_ARTICLE}$"
)
_STATED: Final = re.compile(
    r"\s*(?:angegeben|gelistet|stehen|steht|ausgezeichnet|sind|ist|given|stated|listed)\b"
)
_STRONG: Final = re.compile(
    rf"(?:\b(?:to|too|into|nach|zu|(?:convi|convert|pasa|passe|cambi|transform)\w* (?:a|en|in))|->|=>|→)\s*{_ARTICLE}$"
)
_WEAK: Final = re.compile(rf"\b(?:in|en|a|as|als|auf|vers)\s+{_ARTICLE}$")
_COUNTED: Final = re.compile(r"[\d½¼¾]\s?$")
_RATIO: Final = re.compile(r"(?:\b(?:per|pro|je|por|par|al|por cada)|/)\s*(?:(?:one|each|the) )?$")
_LEADS: Final = re.compile(r"\s*(?:to|too|into|nach|->|=>|→)\s+([\w/²]+)")
_LED: Final = re.compile(r"([\w/²]+)\s*(?:\bto|\binto|\bnach|->|=>|→)\s*$")
"""A short name is a unit only right beside another one: "ft to m", not "to Stone Mountain"."""


@dataclass(frozen=True, slots=True)
class Stated:
    """Two units of one kind, of which one is stated and the other asked for."""

    kind: str
    source: str
    target: str
    spans: tuple[tuple[int, int], ...]
    is_sure: bool
    """Whether small words say which is which, so that no verb of converting is needed."""


@dataclass(frozen=True, slots=True)
class _Named:
    name: str
    start: int
    end: int
    lead: int
    """Where the small words that say what it is begin; its own start without any."""
    is_source: bool
    is_asked: bool
    """Whether it is the unit asked for, by the small words before it."""
    is_strong: bool


def stated_in(folded: str, skipped: Sequence[tuple[int, int]], bounded: Sequence[str] = ()) -> Stated | None:
    """Return the units that a text has something converted between, without an amount of its own.

    Args:
        folded: The text.
        skipped: Spans whose units say something else: bounds, exchange rates.
        bounded: Units of the bounds; rows can be held against them in no other.
    """
    named = list(islice(_named(folded, skipped), MAX_NAMED))
    asked = [n for n in named if n.is_asked and not n.is_source]
    for target in sorted(asked, key=lambda n: (not n.is_strong, n.start if n.is_strong else -n.start)):
        for kind, symbol in sorted(symbols_of(target.name).items()):
            source = _source(kind, symbol, target, named)
            if source is None or kind == "time":
                continue
            spans = ((source.lead, source.end), (target.lead, target.end))
            is_sure = target.is_strong or source.is_source
            return Stated(kind, symbols_of(source.name)[kind], symbol, spans, is_sure)
    return next(_bounded(named, bounded), None)


def _bounded(named: Sequence[_Named], bounded: Sequence[str]) -> Iterator[Stated]:
    """Yield what is stated in one unit and bounded in another: "under 100 km; the page gives miles"."""
    for source in sorted((n for n in named if n.is_source or n.is_asked), key=lambda n: not n.is_source):
        mine = symbols_of(source.name)
        for unit in bounded:
            other = symbols_of(unit)
            for kind in sorted(k for k in mine if k in other and mine[k] != other[k] and k != "time"):
                yield Stated(kind, mine[kind], other[kind], ((source.lead, source.end),), source.is_source)


def is_source(folded: str, start: int, end: int) -> bool:
    """Say whether the unit there is the one that something is stated in."""
    return bool(_SOURCE.search(_before(folded, start)) or _STATED.match(folded, end))


def is_counted(folded: str, start: int) -> bool:
    """Say whether the unit there only counts something: "12 metres", "per metre"."""
    before = _before(folded, start)
    return bool(_COUNTED.search(before) or _RATIO.search(before))


def _source(kind: str, symbol: str, target: _Named, named: Sequence[_Named]) -> _Named | None:
    others = [n for n in named if symbols_of(n.name).get(kind, symbol) != symbol]
    return min(others, key=lambda n: (not n.is_source, n.start > target.start, -n.start), default=None)


def _named(folded: str, skipped: Sequence[tuple[int, int]]) -> Iterator[_Named]:
    for match in re.finditer(rf"(?<![\w/]){UNIT}(?![\w/])", folded):
        name, (start, end) = match.group(), match.span()
        if not is_unit(name) or any(a <= start < b for a, b in skipped) or is_counted(folded, start):
            continue
        before = _before(folded, start)
        asks = _STRONG.search(before) or _WEAK.search(before)
        is_strong = _STRONG.search(before) is not None
        if name in SHORT and (name == "in" or not _is_beside(folded, before, end)):
            continue
        lead = _SOURCE.search(before) or asks
        place = start - len(before) + lead.start() if lead else start
        yield _Named(name, start, end, place, is_source(folded, start, end), asks is not None, is_strong)


def _is_beside(folded: str, before: str, end: int) -> bool:
    near = (_LED.search(before), _LEADS.match(folded, end))
    return any(m is not None and is_unit(m[1]) for m in near)


def _before(folded: str, start: int) -> str:
    return folded[max(0, start - _REACH) : start]
