"""Lists of plain numbers in prose: "119,00 / 47,60 / 238,00 Euro", "12, 15 and 9", one a line, with a unit or without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from planner.rules.measures import KINDS
from planner.rules.spelling import fold

if TYPE_CHECKING:
    from pydantic import JsonValue

Mask = Callable[["JsonValue", str], str]
LEAST: Final = 3
"""Fewer numbers are no list: "between 3 and 5", "5 ft 11"."""
MOST_DIGITS: Final = 30
_SIGN: Final = r"[$€£¥]"
_NUMBER: Final = re.compile(
    rf"(?P<sign>{_SIGN})?\s?(?<![\w.,'])(?P<minus>[-\u2212])?"
    rf"(?P<digits>\d{{1,3}}(?: \d{{3}}){{1,4}}(?=,\d\d?(?!\d)| ?€)(?:,\d\d?)?|\d+(?:[.,'\u2019]\d+)*)"
    rf"(?:(?P<scale>k\b)|\s?(?P<unit>[$€£¥%]|°?[^\W\d_]+)(?![\w/])|(?![\w:@]))?"
)
_GAPS: Final = {
    "line": re.compile(r"[,;]?\s*\n\s*(?:[-*\u2022\u2013]\s+)?"),
    "comma": re.compile(r"\s*,\s+"),
    "semicolon": re.compile(r"\s*;\s*"),
    "slash": re.compile(r"\s*/\s*"),
    "pipe": re.compile(r"\s*[|\u00b7\u2022]\s*"),
    "plus": re.compile(r"\s*\+\s*"),
    "dash": re.compile(r"\s+[-\u2013\u2014]\s+"),
    "and": re.compile(r"\s*,?\s+(?:and|und|sowie|et|y|e|plus)\s+"),
    "space": re.compile(r" "),
}
_CLOCKS: Final = frozenset({"h", "s", "d", "min", "in", "b", "f", "c", "k", "w"})
"""Symbols that stand behind a time of day, or are words themselves."""
_DECIMAL_COMMA: Final = re.compile(r"\d,\d{1,2}$|^0,\d|\.\d{3},\d")
_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}(?:([.,'\u2019])\d{3})(?:\1\d{3})*")


@dataclass(frozen=True, slots=True)
class _Token:
    """A number, as it is written, and the unit at it."""

    start: int
    end: int
    """Of its digits."""
    stop: int
    """Of its unit."""
    digits: str
    is_negative: bool
    scale: int
    unit: str
    is_led: bool
    """Whether its unit stands before it."""


def take_number_lists(text: str, mask: Mask) -> str:
    """Return the text with every list of three numbers or more masked; a unit that each of them has stands behind."""
    out: list[str] = []
    here = 0
    for run, unit in _runs(text):
        values = _values(run)
        if len(values) < LEAST:
            continue
        last = run[-1]
        written = text[run[0].start : last.end]
        out += [text[here : run[0].start], mask(values, written)]
        if unit and (last.unit != unit or last.is_led):
            out.append(f"{unit} ")
        here = last.end
    return "".join(out) + text[here:]


def _runs(text: str) -> Iterator[tuple[list[_Token], str]]:
    """Yield the numbers that follow each other with one kind of mark between, and the unit they share."""
    run: list[_Token] = []
    kinds: list[str] = []
    for token in _tokens(text):
        kind = _kind(text[run[-1].stop : token.start]) if run else None
        if kind is not None and _goes_on(run, kinds, token, kind):
            kinds.append(kind)
        else:
            if run and _is_list(run, kinds):
                yield run, _unit(run)
            run, kinds = [], []
        run.append(token)
    if run and _is_list(run, kinds):
        yield run, _unit(run)


def _tokens(text: str) -> Iterator[_Token]:
    for match in _NUMBER.finditer(text):
        start, digits = match.start(), match["digits"]
        start += len(match.group()) - len(match.group().lstrip())
        after = text[match.end("digits") : match.end("digits") + 2]
        unit = fold(match["unit"] or "").lstrip("°")
        if unit and not (unit in "$€£¥%" or (unit in KINDS and unit not in _CLOCKS)):
            unit = ""
        known = match["sign"] or unit
        glued = after[:1].isalpha() and not unit and not match["scale"]
        if _is_part(text, start, match) or glued or re.match(r"[:@_-]\w", after) or len(digits) > 200:
            continue
        stop = match.end("unit") if unit else match.end("scale") if match["scale"] else match.end("digits")
        scale = 1000 if match["scale"] else 1
        yield _Token(
            start,
            match.end("scale") if match["scale"] else match.end("digits"),
            stop,
            digits,
            bool(match["minus"]),
            scale,
            known or "",
            bool(match["sign"]),
        )


def _is_part(text: str, start: int, match: re.Match[str]) -> bool:
    """Say whether a number is part of something else: a telephone number, a time, a date, a name."""
    before = text[max(start - 2, 0) : start]
    if re.fullmatch(r"0\d+", match["digits"]):
        return True
    if before.endswith(("+", "/", "-")):
        return not before[:1].isdigit() or before.endswith("-")
    return before.endswith((":", "#", "@", "_", ".")) or before[-1:].isalnum()


def _kind(gap: str) -> str | None:
    if len(gap) > 12:
        return None
    return next((kind for kind, pattern in _GAPS.items() if pattern.fullmatch(gap)), None)


def _goes_on(run: Sequence[_Token], kinds: Sequence[str], token: _Token, kind: str) -> bool:
    """Say whether a number goes on with a list: marks of one kind between, the last may be an "and"."""
    marks = {*kinds} - {"and"}
    if marks and kind not in marks and kind != "and":
        return False
    if "and" in kinds and kind != "and":  # "3 and 4, 5": an "and" ends a list
        return False
    units = {t.unit for t in (*run, token) if t.unit}
    return len(units) < 2


def _is_list(run: Sequence[_Token], kinds: Sequence[str]) -> bool:
    whole = [t for t in run if re.fullmatch(r"\d+", t.digits)]
    if {*kinds} == {"slash"} and len(run) == 3 and len(whole) == 3:  # a date
        return max(len(t.digits) for t in run) > 2 and not any(t.digits[:2] in {"19", "20"} for t in run)
    if "space" in kinds:
        # 9 000 000 is one number
        return not all(len(t.digits) == 3 for t in run[1:]) and all(len(t.digits) < 10 for t in run)
    return True


def _unit(run: Sequence[_Token]) -> str:
    return next((t.unit for t in run if t.unit), "")


def _values(run: Sequence[_Token]) -> list[JsonValue]:
    """Return the numbers that a run spells; none where one of them is none."""
    written = [part for t in run for part in _parts(t.digits)]
    if any(len(w) > MOST_DIGITS for w in written):
        return []
    has_comma = any(_DECIMAL_COMMA.search(w) for w in written)
    dotted = [w for w in written if w.count(".") == 1]
    # 85.500 beside 120.000 are no thirds of a thousand
    grouped = (
        bool(dotted)
        and all(_THOUSANDS.fullmatch(w) for w in dotted)
        and any(w.endswith("00") for w in dotted)
    )
    found: list[JsonValue] = []
    for token in run:
        for part in _parts(token.digits):
            number = _number(part, is_grouped=has_comma or grouped)
            if number is None:
                return []
            number *= token.scale * (-1 if token.is_negative else 1)
            found.append(number)
    return found


def _parts(digits: str) -> list[str]:
    """Return the numbers of `3,4,5`; `1,200,300` is one."""
    if digits.count(",") < 2 or "." in digits or _THOUSANDS.fullmatch(digits):
        return [digits]
    return digits.split(",")


def _number(digits: str, *, is_grouped: bool) -> int | float | None:
    """Return what digits spell; None where they are a date or a version.

    Args:
        digits: With marks of thousands and of decimals, as they are written.
        is_grouped: Whether a dot before three digits marks thousands here.
    """
    plain = re.sub(r"[\s'\u2019]", "", digits)
    comma, dot = plain.rfind(","), plain.rfind(".")
    if comma >= 0 and dot >= 0:
        mark, other = (",", ".") if comma > dot else (".", ",")
        plain = plain.replace(other, "").replace(mark, ".")
    elif comma >= 0:
        plain = plain.replace(",", "" if _THOUSANDS.fullmatch(plain) else ".")
    elif dot >= 0 and _THOUSANDS.fullmatch(plain) and (is_grouped or plain.count(".") > 1):
        plain = plain.replace(".", "")
    if plain.count(".") > 1:
        return None
    return float(plain) if "." in plain else int(plain)
