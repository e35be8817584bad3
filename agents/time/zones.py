"""Zones: `CT`, `Eastern Daylight Time`, `CET`, `UTC+05:30`, `America/New_York`, `Paris time`.

A season-neutral name (CT, Mountain) follows the place's clock; a seasonal one
(EST, CEST) is the fixed offset it names, and a doubt is said where that offset
is not in force on the day.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, timedelta, timezone
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from agents.time.marks import DayOrder, ZoneMark
from agents.time.vocabulary import word_set

_PLACES: Final = {
    "ET": "America/New_York", "CT": "America/Chicago", "MT": "America/Denver", "PT": "America/Los_Angeles",
    "EASTERN": "America/New_York", "CENTRAL": "America/Chicago", "MOUNTAIN": "America/Denver",
    "PACIFIC": "America/Los_Angeles", "ALASKA": "America/Anchorage", "HAWAII": "Pacific/Honolulu",
    "ARIZONA": "America/Phoenix", "ATLANTIC": "America/Halifax", "CENTRAL EUROPEAN": "Europe/Berlin",
}  # fmt: skip
_SEASONAL: Final[dict[str, tuple[float, str]]] = {
    "EST": (-5, "America/New_York"), "EDT": (-4, "America/New_York"),
    "CST": (-6, "America/Chicago"), "CDT": (-5, "America/Chicago"),
    "MST": (-7, "America/Denver"), "MDT": (-6, "America/Denver"),
    "PST": (-8, "America/Los_Angeles"), "PDT": (-7, "America/Los_Angeles"),
    "AKST": (-9, "America/Anchorage"), "AKDT": (-8, "America/Anchorage"), "HST": (-10, "Pacific/Honolulu"),
    "NST": (-3.5, "America/St_Johns"), "NDT": (-2.5, "America/St_Johns"), "ADT": (-3, "America/Halifax"),
    "AST": (-4, "America/Halifax"),
    "UTC": (0, ""), "GMT": (0, ""), "Z": (0, ""),
    "BST": (1, "Europe/London"), "WET": (0, "Europe/Lisbon"), "WEST": (1, "Europe/Lisbon"),
    "CET": (1, "Europe/Berlin"), "CEST": (2, "Europe/Berlin"), "MEZ": (1, "Europe/Berlin"),
    "MESZ": (2, "Europe/Berlin"), "EET": (2, "Europe/Athens"), "EEST": (3, "Europe/Athens"),
    "MSK": (3, "Europe/Moscow"), "IST": (5.5, "Asia/Kolkata"), "PKT": (5, "Asia/Karachi"),
    "SGT": (8, "Asia/Singapore"), "HKT": (8, "Asia/Hong_Kong"), "JST": (9, "Asia/Tokyo"), "KST": (9, "Asia/Seoul"),
    "AWST": (8, "Australia/Perth"), "ACST": (9.5, "Australia/Adelaide"), "ACDT": (10.5, "Australia/Adelaide"),
    "AEST": (10, "Australia/Sydney"), "AEDT": (11, "Australia/Sydney"),
    "NZST": (12, "Pacific/Auckland"), "NZDT": (13, "Pacific/Auckland"), "SAST": (2, "Africa/Johannesburg"),
}  # fmt: skip
_CERTAIN_AT: Final = {
    "BST": ("Europe/",), "IST": ("Asia/Kolkata", "Asia/Calcutta"), "AST": ("America/", "Atlantic/"),
    "WEST": ("Europe/", "Atlantic/"),
}  # fmt: skip
"""Abbreviations with several meanings, and the home zones in which one of them is plainly meant."""
_DOUBTFUL_AT: Final = {
    "CST": ("Asia/", "Australia/", "America/Havana"), "EST": ("Australia/",), "PST": ("Asia/Manila",),
    "MST": ("Asia/Kuala_Lumpur", "Asia/Singapore", "Asia/Yangon"),
}  # fmt: skip
"""American abbreviations, and the home zones in which something else may be meant."""
_MONTH_FIRST: Final = word_set("US PH FM MH PW GU PR VI AS MP")
_EITHER: Final = word_set("CA BZ KE GH TG PA KY CN JP KR TW HU LT MN SE ZA IR")
_NAMES: Final = "|".join(sorted({"ET", "CT", "MT", "PT", *_SEASONAL} - {"Z"}, key=len, reverse=True))

_OFFSET: Final = re.compile(
    r"\(?\b(?:UTC|GMT)\s?([+-])\s?(\d{1,2})(?::?([0-5]\d))?(?!\d|[:.,]\d)\)?", re.IGNORECASE
)
_ODD_OFFSET: Final = re.compile(r"\s?[+-]\d{1,2}(?!\d\d)")
"""What follows UTC and is no offset anybody keeps."""
_BARE_OFFSET: Final = re.compile(r"(?:(?<=:\d\d)|(?<=:\d\d\s))([+-])(\d\d):?([0-5]\d)(?![\d:])")
_SECONDS: Final = re.compile(r":\d\d:\d\d\s?$")
_IANA: Final = re.compile(r"\b[A-Z][A-Za-z]{1,14}(?:/[A-Z][A-Za-z_+-]{1,24}){1,2}\b")
_PLACE_NAME: Final = re.compile(
    r"\b(Central European|Eastern|Central|Mountain|Pacific|Alaska|Hawaii|Arizona|Atlantic)"
    r"(?:\s(Standard|Daylight|Summer))?(\sTime|\stime)?\b(?!\s?(?:Avenue|Ave|St\b|Street|bike|Park))",
    re.IGNORECASE,
)
_ABBREVIATION: Final = re.compile(rf"(?<![A-Za-z/_])({_NAMES})(?![A-Za-z_]|/[A-Za-z])", re.IGNORECASE)
_ATTACHED: Final = re.compile(r"(?<=\d)\s?(Z)(?![A-Za-z\d])")
_AFTER_HALF: Final = re.compile(r"\d\s?[ap]\.?m?\.?\s?\(?$", re.IGNORECASE)
_CITY: Final = re.compile(
    r"\b([A-Z][a-z]{2,12}(?:\s[A-Z][a-z]{2,12})?)\s(?:[Ll]ocal\s)?[Tt]ime\b"
    r"|\b(?:heure de|hora de|ora di)\s([A-Z][a-z]{2,12})"
)


def zones(text: str, *, home: str) -> Iterator[ZoneMark]:
    """Find zones; what an abbreviation means may hang on the home zone."""
    for found in _OFFSET.finditer(text):
        yield from _offset(found)
    for found in _BARE_OFFSET.finditer(text):
        # 09:00-11:00 is two times of day; 09:00:00-11:00 is one with its offset.
        if found[1] == "+" or ":" not in found[0] or _SECONDS.search(text[: found.start()][-9:]):
            yield from _offset(found)
        if found[1] == "+" and ":" in found[0] and int(found[2]) > 14:
            yield ZoneMark(*found.span(), UTC, found[0], doubt=f"the offset {found[0]} is in use nowhere")
    yield from _places(text)
    for found in _PLACE_NAME.finditer(text):
        if found[1][0].isupper() or found[3]:
            yield _named(found)
    for found in (*_ABBREVIATION.finditer(text), *_ATTACHED.finditer(text)):
        if found[1].isupper() or _AFTER_HALF.search(text[max(0, found.start() - 8) : found.start()]):
            yield _abbreviated(found, found[1].upper(), home)


@cache
def known_zones() -> frozenset[str]:
    """Return every IANA name of the time zone database that ships with the project."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(listed.split())


def order_in(zone: str) -> DayOrder | None:
    """Return how dates in numbers are written where `zone` is; None where both ways are, or nobody knows."""
    orders = orders_in(zone)
    return orders[0] if len(orders) == 1 else None


@cache
def orders_in(zone: str) -> tuple[DayOrder, ...]:
    """Return every way in which dates in numbers are written where `zone` is; none where nobody knows."""
    country = _countries().get(zone, "US" if zone.startswith("US/") else "")
    if country in _MONTH_FIRST:
        return ("mdy",)
    if country in _EITHER:
        return ("dmy", "mdy")
    return ("dmy",) if country else ()


@cache
def _countries() -> dict[str, str]:
    table = files("tzdata.zoneinfo").joinpath("zone.tab").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in table.splitlines() if line and not line.startswith("#"))
    return {row[2]: row[0] for row in rows}


@cache
def _cities() -> dict[str, str]:
    return {name.rpartition("/")[2]: name for name in _countries()}


def _places(text: str) -> Iterator[ZoneMark]:
    for found in _IANA.finditer(text):
        if found[0] in known_zones():
            yield _at_place(found, found[0])
    for found in _CITY.finditer(text):
        name = _cities().get((found[1] or found[2]).replace(" ", "_"))
        if name is not None:
            yield _at_place(found, name)


def _at_place(found: re.Match[str], name: str) -> ZoneMark:
    return ZoneMark(*found.span(), ZoneInfo(name), name, order=order_in(name))


def _offset(found: re.Match[str]) -> Iterator[ZoneMark]:
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    if minutes <= 14 * 60:
        offset = timedelta(minutes=-minutes if found[1] == "-" else minutes)
        is_american = timedelta(hours=-10) <= offset <= timedelta(hours=-3)
        order: DayOrder | None = None if is_american or not offset else "dmy"
        yield ZoneMark(*found.span(), timezone(offset), found[0].strip("() "), order=order)


def _named(found: re.Match[str]) -> ZoneMark:
    place = _PLACES[found[1].upper()]
    season = (found[2] or "").lower()
    if not season:
        return ZoneMark(*found.span(), ZoneInfo(place), found[0], order=order_in(place))
    standard = {"America/New_York": -5, "America/Chicago": -6, "America/Denver": -7, "America/Phoenix": -7,
                "America/Los_Angeles": -8, "America/Anchorage": -9, "Pacific/Honolulu": -10,
                "America/Halifax": -4, "Europe/Berlin": 1}[place]  # fmt: skip
    offset = timezone(timedelta(hours=standard + (season != "standard")))
    return ZoneMark(*found.span(), offset, found[0], order=order_in(place), season_of=place)


def _abbreviated(found: re.Match[str], name: str, home: str) -> ZoneMark:
    if name in _PLACES:
        place = _PLACES[name]
        return ZoneMark(*found.span(), ZoneInfo(place), name, order=order_in(place))
    hours, place = _SEASONAL[name]
    if not place and _ODD_OFFSET.match(found.string, found.end()):
        doubt = f"the offset after {name} is in use nowhere"
        return ZoneMark(*found.span(), timezone(timedelta(hours=hours)), name, doubt=doubt)
    is_certain = home.startswith(_CERTAIN_AT.get(name, "")) and not home.startswith(
        _DOUBTFUL_AT.get(name, ())
    )
    doubt = "" if is_certain else f"{name} names more than one zone"
    order = order_in(place) if place and not doubt else None
    fixed = timezone(timedelta(hours=hours))
    return ZoneMark(*found.span(), fixed, name, order=order, doubt=doubt, season_of=place)
