"""Bounds with a unit: "below 100,000 miles", "longer than 12 metres", "15 kW oder mehr"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import Final

from planner.rules.amounts import BOUNDS, DIGITS, Test, kept, read_number
from planner.rules.measures import UNIT, is_unit

MAX_FOUND: Final = 20
_MORE: Final = (
    r"(?:(?:long|larg|bigg|heavi|tall|high|wid|deep|fast|strong|warm|hott|old|thick|broad|farth|furth|great|roomi)er"
    r"|more powerful) than"
    r"|(?:lang|gro(?:ss|ß)|schwer|hoh|breit|tief|schnell|stark|warm|hei(?:ss|ß)|alt|dick)er als"
    r"|mas (?:larg|grand|pesad|alt|anch|rapid|potent|calient)[aeo]s? (?:de|que)"
    r"|plus (?:long(?:ue)?|grande?|lourde?|haute?|large|rapide|puissante?|chaude?)s? (?:de|que)"
)
"""Comparatives that only a unit makes a bound: "bigger than 50" may be of anything."""
_LESS: Final = (
    r"(?:short|small|light|narrow|shallow|slow|weak|cold|cool|young|near|clos|thinn|thrifti)er than"
    r"|(?:kurz|klein|leicht|niedrig|schmal|flach|langsam|schwach|kalt|jung|dunn|sparsam)er als"
    r"|mas (?:cort|pequen|liger|baj|estrech|lent)[ao]s? (?:de|que)"
    r"|plus (?:courte?|petite?|legere?|basse|bas|etroite?|lente?)s? (?:de|que)"
)
_LED: Final[dict[Test, str]] = {
    "lt": f"{BOUNDS['lt']}|{_LESS}",
    "le": BOUNDS["le"],
    "gt": f"{BOUNDS['gt']}|{_MORE}",
    "ge": BOUNDS["ge"],
}
_AMOUNT: Final = (
    rf"(?P<sign>[$€£¥]\s?)?(?P<number>{DIGITS})\s*(?P<scale>k\b|thousand\b|million\b|tausend\b|mil\b|mille\b)?"
    rf"\s*(?:degrees? |grad |grados |degres )?(?P<unit>{UNIT})?(?![\w/])"
)
_BOUND: Final = re.compile(
    "|".join(rf"(?P<{test}>(?<![\w-])(?:{words}))" for test, words in _LED.items()).join(("(?:", ")"))
    + rf"\s*{_AMOUNT}"
)
_TAILED: Final = re.compile(
    rf"(?<![\w.,]){_AMOUNT}\s+(?:or|oder|o|ou)\s+(?:(?P<ge>more|longer|over|above|mehr|mas|plus)"
    r"|(?P<le>less|fewer|under|below|shorter|lighter|weniger|menos|moins))\b"
)


@dataclass(frozen=True, slots=True)
class UnitBound:
    """A bound on something measured, where it stands in the text."""

    test: Test
    value: float
    unit: str
    """As it is written, folded; empty where none is."""
    start: int
    end: int


def unit_bounds(folded: str) -> list[UnitBound]:
    """Return the bounds of a folded text, those without a unit too."""
    found = [*islice(_BOUND.finditer(folded), MAX_FOUND), *islice(_TAILED.finditer(folded), MAX_FOUND)]
    return sorted((_read(match, folded) for match in found), key=lambda bound: bound.start)


def _read(match: re.Match[str], folded: str) -> UnitBound:
    said = match.groupdict()
    test = kept(next(t for t in BOUNDS if said.get(t) is not None), folded, match.start())
    sign, unit = (match["sign"] or "").strip(), match["unit"] or ""
    known = sign or (unit if is_unit(unit) else "")
    is_tailed = match.re is _TAILED
    end = (
        match.end()
        if is_tailed or (known and not sign)
        else match.end("scale" if match["scale"] else "number")
    )
    value = read_number(match["number"], match["scale"] or "")
    return UnitBound(test, value, known, match.start(), end)
