"""Amounts and spans in an objective: "under $9,000", "unter 9.000 €", "within a day", "top five"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from planner.rules.lexicon import DEADLINE, NUMBERS, STARTS, UNITS_FACT, UNITS_TIME, Words
from planner.rules.text import MARKS, Text

Test = Literal["lt", "le", "gt", "ge"]
MAX_HOURS: Final = 87_600.0
"""Ten years; a longer span is read as this."""

_MONEY: Final = r"(?:us\$|[$€£¥]|\b(?:usd|eur|gbp|euros?|dollars?|pounds?|bucks)\b)"
DIGITS: Final = r"\d[\d.,'\u00a0\u202f]*(?:(?<=\d) \d{3}\b)*"
_AMOUNT: Final = (
    rf"(?:{_MONEY}\s*)?(?P<number>{DIGITS})\s*(?P<scale>k\b|m\b|thousand\b|million\b|tausend\b|mil\b|mille\b)?"
    rf"\s*(?P<money>{_MONEY})?"
)
BOUNDS: Final[dict[Test, str]] = {
    "lt": (
        r"under|below|less than|fewer than|lower than|cheaper than|beneath|unter(?:halb)?(?: von)?|weniger als|"
        r"billiger als|moins de|inferieure? a|menos de|por debajo de|inferior(?:es)? a|en dessous de|sous|<(?!=)"
    ),
    "le": (
        r"at most|no more than|not more than|not over|up to|max(?:imum|imal|imo)?\.?(?: of| de)?|hochstens|bis(?: zu)?|"
        r"au plus|jusqu'a|hasta|como maximo|a lo sumo|<="
    ),
    "gt": (
        r"over|above|more than|greater than|higher than|exceed(?:ing|s)?|depassent|depasse|ubersteig\w*"
        r"|superan?|uber|mehr als|plus de|superieure? a|mas de|"
        r"superior(?:es)? a|por encima de|au-dessus de|>(?!=)"
    ),
    "ge": r"at least|no less than|not under|min(?:imum)?\.?(?: of)?|mindestens|ab|au moins|al menos|como minimo|>=",
}
_LIMIT: Final = re.compile(
    "|".join(rf"(?P<{test}>(?<![\w-])(?:{words}))" for test, words in BOUNDS.items()).join(("(?:", ")"))
    + rf"\s*{_AMOUNT}"
)
_DROPS: Final = re.compile(
    r"\b(?:drop|throw|discard|remove|exclude|reject|ignore|skip|leave|wirf|entferne|streiche|lass|ignoriere|descarta"
    r"|quita|elimina|excluye|retire|enleve|ecarte|exclus|supprime|elimine|jette)\s+(?:out |away |off |aside )?"
    r"(?:any\w*|all\w*|every\w*|the|those|that|whatever|what|ones|rows|lots|listings|items|was|die|alles?|los|las|lo|todo"
    r"|les?|ceux|celles|tout)\b[^.;!?,\n]{0,60}$"
)
_TURNED: Final[dict[Test, Test]] = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_BETWEEN: Final = re.compile(
    rf"\b(?:between|zwischen|entre)\s+(?:{_MONEY}\s*)?(?P<low>{DIGITS})\s*(?P<lowscale>k\b)?\s*{_MONEY}?\s*"
    rf"(?:and|und|et|y|-)\s*{_AMOUNT}"
)
_COUNT: Final = "|".join(NUMBERS)
_UNIT: Final = "|".join(sorted(UNITS_TIME, key=len, reverse=True))
_NEXT: Final = (
    r"(?:(?:next|coming|following|prochaine?s?|proxim[ao]s?|siguientes?|suivante?s?|nachsten?|kommenden?"
    r"|folgenden?) )"
)
_WINDOW: Final = re.compile(
    r"(?:\b(?P<firm>within|inside|(?:with)?in (?:less|under) than|in (?:less than|under)|"
    r"(?:in |within |over |during )?(?:the )?(?:next|coming)|less than|under|"
    r"innerhalb(?: von| der| des)?|binnen|in de[nr] (?:nachsten|kommenden)|in weniger als|"
    r"dans (?:les|la|moins (?:de|d'))|d'ici|au cours des|durant les|"
    r"en (?:las|los|menos de|(?:la|el)(?= proxim| siguient))|dentro de(?: las| los)?"
    r"|durante (?:las|los)(?= proxim| siguient| \d))|\b(?P<loose>in|en|dans))(?:\s+|(?<='))"
    rf"(?:the )?{_NEXT}?"
    rf"(?:(?P<number>\d+(?:[.,]\d+)?)\s*|(?P<word>{_COUNT})(?P<more> and a half| y medi[ao]"
    rf"| et demie?)?[\s-]+(?:(?:an?|une) )?)?{_NEXT}?(?P<demi>(?:half|demi|halben?|media)[ -])?"
    rf"(?P<unit>{_UNIT})\b(?! of use)(?P<half> and a half| y media| et demie?| und eine halbe)?"
)
_WEEKDAY: Final = (
    r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|(?:mon|diens|donners|frei|sams|sonn)tag|mittwoch"
    r"|lunes|martes|miercoles|jueves|viernes|sabado|domingo|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche)"
)
_TODAY: Final = re.compile(
    r"\b(?:today|tonight|this (?:morning|afternoon|evening)|heute(?: abend)?|hoy|esta (?:noche|tarde)"
    r"|aujourd'hui|ce soir"
    r"|(?P<two>tomorrow|morgen|manana|demain)"
    r"|(?P<week>this week|diese woche|esta semana|cette semaine"
    rf"|(?:by|before|until|till|bis|vor|avant|antes del?|hasta el|d'ici)(?: next| nachsten| kommenden)? {_WEEKDAY}))\b"
)
_MOST: Final = (
    r"(?:cheapest|lowest|highest|best|most expensive|least expensive|dearest|priciest|smallest|largest|biggest"
    r"|newest|latest"
    r"|oldest|most recent|billigste[nr]?|gunstigste[nr]?|teuerste[nr]?|kleinste[nr]?|grosste[nr]?|hochste[nr]?"
    r"|niedrigste[nr]?|neue?ste[nr]?|beste[nr]?|mejores|meilleure?s?|ultim[ao]s|derniere?s?)"
)
_MORE: Final = (
    r"(?:mas (?:(?:barat|car|alt|baj|nuev)[ao]s|recientes)"
    r"|(?:plus|moins) (?:chere?s|petite?s|grande?s|recente?s|haute?s|bas|basses|elevee?s))"
)
_TOP: Final = re.compile(
    rf"\b(?:(?:top|first|best|erste[n]?|primer[ao]s|premiers?)\s+(?P<a>\d{{1,4}}|{_COUNT})\b(?!\s*(?:{_UNIT})\b)"
    rf"|(?P<b>\d{{1,4}}|{_COUNT})\s+(?:{_MOST}|(?:[^\W\d_]{{3,15}}\s+)?{_MORE})\b(?!\s*(?:{_UNIT})\b)"
    rf"|(?:cheapest|lowest|highest|most expensive|dearest|priciest|newest|latest|oldest|billigsten|gunstigsten|teuersten)"
    rf" (?P<c>\d{{1,2}}|{_COUNT})\b(?!\s*(?:{_UNIT})\b))"
)
_RUNS_OUT: Final = re.compile(r"\bruns? out\b|\blauf(?:t|en)\b[^.;?!]{0,80}\b(?:ab|aus)\b")


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound on the price, or on a named fact of a listing."""

    test: Test
    value: float
    fact: str | None = None
    """`Hours`; None is the price."""


@dataclass(frozen=True, slots=True)
class Window:
    """How soon something must end."""

    hours: float
    start: int
    """Where it stands in the text."""
    is_loose: bool = False
    """Said by the calendar ("today"), read as hours from now."""


def read_number(digits: str, scale: str = "") -> float:
    """Return the number that `9,000`, `9.000`, `9 000`, `9,50` or `9` with `k` spells."""
    text = re.sub(r"[\s'\u00a0\u202f]", "", digits).rstrip(".,")
    thousands = re.fullmatch(r"\d{1,3}([.,])\d{3}(?:\1\d{3})*(?:(?!\1)[.,]\d{1,2})?", text)
    if thousands:
        mark = thousands.group(1)
        text = text.replace(mark, "").replace(",", ".")
    elif text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    else:
        text = text.replace(",", "")
    head, _, tail = text.partition(".")
    number = float(f"{head[:15]}.{tail.replace('.', '')[:6] or 0}")
    factor = {"k": 1e3, "thousand": 1e3, "tausend": 1e3, "mil": 1e3, "mille": 1e3, "m": 1e6, "million": 1e6}
    return number * factor.get(scale, 1)


def kept(test: Test, folded: str, start: int) -> Test:
    """Return the test of the rows that stay: "throw out anything above 500" keeps what is at most 500."""
    return _TURNED[test] if _DROPS.search(folded[max(0, start - 100) : start]) else test


def limits_of(text: Text) -> Iterator[Limit]:
    """Yield every bound on a price or a fact; one with a unit nobody knows is left out."""
    for match in _BETWEEN.finditer(text.folded):
        high = read_number(match["number"], match["scale"] or "")
        low = read_number(match["low"], match["lowscale"] or "")
        if low * 1000 <= high and match["scale"] and low < 1000:  # "between 5 and 9k"
            low = read_number(match["low"], match["scale"])
        yield Limit("ge", low)
        yield Limit("le", high)
    for match in _LIMIT.finditer(text.folded):
        # A comma after the number is read with it: "over 50, please" has no unit.
        unit = "" if match["number"][-1] in ".," else _unit_after(text.folded, match.end())
        said: Test = next(t for t in BOUNDS if match[t] is not None)
        test = kept(said, text.folded, match.start())
        value = read_number(match["number"], match["scale"] or "")
        if match["money"] or _names_money(match.group()) or unit in _NO_UNIT or not unit:
            yield Limit(test, value)
        elif unit in UNITS_FACT and not _is_window(text, match):
            yield Limit(test, value, fact=UNITS_FACT[unit])


def window_of(text: Text) -> Window | None:
    """Return how soon something must end, when the text says so."""
    ends = text.has(DEADLINE) or text.has(STARTS) or _RUNS_OUT.search(text.folded) is not None
    for match in _WINDOW.finditer(text.folded):
        counted = match["number"] or match["word"] or match["demi"] or match["half"]
        if match["loose"] and not (ends and counted):
            continue
        if match.group().startswith(("less than", "under")) and not ends:
            continue
        count = read_number(match["number"]) if match["number"] else NUMBERS.get(match["word"] or "one", 1)
        count = count * 0.5 if match["demi"] else count + 0.5 if match["half"] or match["more"] else count
        return Window(min(count * UNITS_TIME[match["unit"]], MAX_HOURS), match.start())
    calendar = _TODAY.search(text.folded) if ends else None
    if calendar is None:
        return None
    hours = 48 if calendar["two"] else 168 if calendar["week"] else 24
    return Window(hours, calendar.start(), is_loose=True)


def top_of(text: Text) -> int | None:
    """Return N of "top N" or "the N cheapest"."""
    match = _TOP.search(text.folded)
    if match is None:
        return None
    said = match["a"] or match["b"] or match["c"]
    count = int(said) if said.isdigit() else int(NUMBERS[said])
    return count if 0 < count <= 1000 else None


_NO_UNIT: Final = Words(
    "and or of on at from in that which who whose with ending end ends closing having is are for to per by each as a "
    "und oder auf von bei aus mit die das endend et ou sur qui avec se y o en que con de today tonight within only "
    "bid bids price prices sorted but total max cash then"
)


def _unit_after(folded: str, end: int) -> str:
    match = re.compile(rf"\s*([^\W\d_]+|[{MARKS}])").match(folded, end)
    word = match.group(1) if match else ""
    return "" if word in MARKS else word


def _names_money(text: str) -> bool:
    return re.search(_MONEY, text) is not None


def _is_window(text: Text, match: re.Match[str]) -> bool:
    before = text.folded[: match.start()].rstrip()
    window = window_of(text)
    return before.endswith((" in", " en", " dans")) or (
        window is not None
        and not window.is_loose
        and match.start() <= window.start + 3
        and window.start <= match.end()
    )
