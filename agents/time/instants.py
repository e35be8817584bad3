"""Machine forms that name an instant by themselves: epoch seconds or milliseconds, ISO 8601 with an offset."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from agents.time.marks import InstantMark

_ISO: Final = re.compile(
    r"(?<![\d-])(\d{4}-\d\d-\d\d)([Tt ])(\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?\s?([Zz]\b|[+-]\d\d(?::?\d\d)?(?![\d:]))"
)
_COMPACT_ISO: Final = re.compile(r"(?<![\w-])(\d{8})T(\d{4})(\d\d)?(Z\b|[+-]\d\d:?\d\d(?![\d:]))")
_EPOCH: Final = re.compile(r"(?<![\w.,+#$-])(\d{10})(\d{3})?(?![\w-]|[.,:/]\d)")
_INTRODUCED: Final = re.compile(
    r"[:=\"'@(]\s*$|\b(?:ends|starts|closes|closing|until|expires|at|on|date|time|deadline)\s*$",
    re.IGNORECASE,
)
_YEARS: Final = timedelta(days=5 * 365)


def instants(text: str, *, now: datetime) -> Iterator[InstantMark]:
    """Find instants; a number counts as epoch when it is within five years of `now` and stands as a value."""
    for found in _ISO.finditer(text):
        yield from _iso(found)
    for found in _COMPACT_ISO.finditer(text):
        yield from _compact(found)
    for found in _EPOCH.finditer(text):
        moment = datetime.fromtimestamp(int(found[1]), UTC) + timedelta(milliseconds=int(found[2] or 0))
        stands = found[0] == text.strip() or _INTRODUCED.search(
            text[max(0, found.start() - 12) : found.start()]
        )
        if abs(moment - now) <= _YEARS and stands:
            yield InstantMark(*found.span(), moment, "epoch")


def _iso(found: re.Match[str]) -> Iterator[InstantMark]:
    date, separator, clock, seconds, fraction, offset = found.groups()
    written = f"{date}T{clock}{seconds or ':00'}.{(fraction or '0')[:6]:0<6}{_spelled(offset)}"
    is_range = separator == " " and seconds is None and offset[0] == "-" and ":" in offset
    doubt = "what follows the time is an offset or a second time of day" if is_range else ""
    yield from _aware(found, written, doubt=doubt)


def _compact(found: re.Match[str]) -> Iterator[InstantMark]:
    day, clock, seconds, offset = found.groups()
    written = f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:]}:{seconds or '00'}{_spelled(offset)}"
    yield from _aware(found, written)


def _spelled(offset: str) -> str:
    if offset in "Zz":
        return "+00:00"
    digits = offset[1:].replace(":", "")
    return f"{offset[0]}{digits[:2]}:{digits[2:] or '00'}"


def _aware(found: re.Match[str], written: str, *, doubt: str = "") -> Iterator[InstantMark]:
    try:
        yield InstantMark(*found.span(), datetime.fromisoformat(written).astimezone(UTC), "iso", doubt)
    except (ValueError, OverflowError):
        return
