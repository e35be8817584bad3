"""When a lot ends, and one of the many ways sites say so.

Every form here is unambiguous for a reader who knows the time now and the
site's home zone: a relative span, a date with its zone, or a date in the home zone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

_US: Final = {
    "America/New_York": ("ET", "EST", "EDT"),
    "America/Chicago": ("CT", "CST", "CDT"),
    "America/Denver": ("MT", "MST", "MDT"),
    "America/Los_Angeles": ("PT", "PST", "PDT"),
}
_DAY: Final = timedelta(hours=24)
_QUARTERS: Final = (0, 15, 30, 45)
_ORDINAL: Final = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}


@dataclass(frozen=True, slots=True)
class Ending:
    """One lot's end: the instant and how the page puts it."""

    at: datetime
    """Aware, UTC."""
    text: str
    """As a reader sees it."""
    html: str
    """The same text, marked up."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What a form may draw on."""

    now: datetime
    target: datetime
    """About when the lot should end; a form may round it."""
    home: ZoneInfo
    rng: random.Random


Form = Callable[[Moment], Ending | None]


def ending(now: datetime, hours: float, *, home: str, form: Form, rng: random.Random) -> Ending | None:
    """Return an end about `hours` from `now` in one form, or None where the form cannot say it.

    Args:
        now: Aware, on a whole minute.
        hours: From now; the end found lies at least an hour from 24 of them, on the same side.
        home: The site's zone, IANA.
        form: One of `FORMS`.
        rng: Draws the rounding and the zone.
    """
    found = form(Moment(now, now + timedelta(hours=hours), ZoneInfo(home), rng))
    if found is None:
        return None
    left = found.at - now
    apart = left >= timedelta(minutes=40) and abs(left - _DAY) >= timedelta(hours=1)
    return found if apart and (left < _DAY) == (hours < 24) else None


def iso_z(moment: datetime) -> str:
    """Return `2026-03-05T18:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(at: datetime, text: str) -> Ending:
    return Ending(at.astimezone(UTC), text, escape(text))


def _wall(moment: Moment, zone: ZoneInfo | str) -> datetime:
    """Return the target on a quarter hour of the day's business hours in `zone`."""
    local = moment.target.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    hour = min(max(local.hour, 8), 21)
    return local.replace(hour=hour, minute=moment.rng.choice(_QUARTERS), second=0, microsecond=0)


def _us_zone(moment: Moment) -> str:
    return moment.rng.choice(sorted(_US))


def _twelve(at: datetime) -> str:
    return at.strftime("%I:%M %p").lstrip("0")


def _span(moment: Moment) -> tuple[int, int, int]:
    """Return days, hours and minutes (on five) from now to about the target."""
    minutes = max(5, round((moment.target - moment.now) / timedelta(minutes=5)) * 5)
    return minutes // 1440, minutes // 60 % 24, minutes % 60


def _in_hours(moment: Moment) -> Ending | None:
    days, hours, minutes = _span(moment)
    if days:
        return None
    at = moment.now + timedelta(hours=hours, minutes=minutes)
    return _plain(at, f"Ends in {hours}h {minutes:02d}m")


def _days_and_hours(moment: Moment) -> Ending | None:
    days, hours, _ = _span(moment)
    if days < 1 or hours < 2:
        return None
    plural = "day" if days == 1 else "days"
    return _plain(moment.now + timedelta(days=days, hours=hours), f"Ends in {days} {plural} {hours} hours")


def _left(moment: Moment) -> Ending | None:
    days, hours, _ = _span(moment)
    if days < 1 or hours < 2:
        return None
    return _plain(moment.now + timedelta(days=days, hours=hours), f"{days}d {hours:02d}h left")


def _weekday_generic(moment: Moment) -> Ending:
    zone = _us_zone(moment)
    at = _wall(moment, zone)
    return _plain(at, f"closing {at:%a} {at.day} {at:%b} {_twelve(at)} {_US[zone][0]}")


def _dotted(moment: Moment) -> Ending:
    at = _wall(moment, "Europe/Berlin")
    return _plain(at, f"Ends {at:%d.%m.%Y %H:%M} {at.tzname()}")


def _iso_offset(moment: Moment) -> Ending:
    at = _wall(moment, moment.home)
    return _plain(at, f"Ends {at.isoformat()}")


def _iso_utc(moment: Moment) -> Ending:
    at = _wall(moment, "UTC")
    return _plain(at, f"Closes {iso_z(at)}")


def _tomorrow(moment: Moment) -> Ending | None:
    at = _wall(moment, moment.home)
    if at.date() != (moment.now.astimezone(moment.home) + timedelta(days=1)).date():
        return None
    return _plain(at, f"Ends tomorrow at {_twelve(at)}")


def _today(moment: Moment) -> Ending | None:
    at = _wall(moment, moment.home)
    if at.date() != moment.now.astimezone(moment.home).date():
        return None
    return _plain(at, f"Ends today {_twelve(at)}")


def _month_first(moment: Moment) -> Ending:
    zone = _us_zone(moment)
    at = _wall(moment, zone)
    return _plain(at, f"Bidding closes {at:%B} {at.day}, {at.year} at {_twelve(at)} {at.tzname()}")


def _named_zone(moment: Moment) -> Ending:
    zone = _us_zone(moment)
    at = _wall(moment, zone)
    return _plain(at, f"Closing time: {_twelve(at)} ({zone}), {at.day} {at:%B %Y}")


def _offset_in_brackets(moment: Moment) -> Ending:
    at = _wall(moment, _us_zone(moment))
    hours = int((at.utcoffset() or timedelta()).total_seconds() // 3600)
    return _plain(at, f"Auction ends {at:%Y-%m-%d %H:%M} (UTC{hours:+d})")


def _ordinal_day(moment: Moment) -> Ending:
    at = _wall(moment, "UTC").replace(minute=0)
    clock = at.strftime("%I%p").lstrip("0").lower()
    return _plain(at, f"Closing: {at:%A} {at.day}{_ORDINAL.get(at.day, 'th')} {at:%B %Y}, {clock} GMT")


def _after_posting(moment: Moment) -> Ending:
    zone = _us_zone(moment)
    at = _wall(moment, zone)
    posted = moment.now - timedelta(days=moment.rng.randint(3, 9))
    text = f"Posted {posted:%b} {posted.day}, ends {at:%b} {at.day} {_twelve(at)} {_US[zone][0]}"
    return _plain(at, text)


def _time_element(moment: Moment) -> Ending:
    at = _wall(moment, moment.home)
    text = f"Ends {at:%a} {at.day} {at:%b}, {_twelve(at)}"
    return Ending(at.astimezone(UTC), text, f'<time datetime="{at.isoformat()}">{escape(text)}</time>')


def _epoch_attribute(moment: Moment) -> Ending | None:
    found = _in_hours(moment)
    if found is None:
        return None
    text = found.text.replace("Ends in", "Closes in")
    mark = f'<span class="countdown" data-end="{int(found.at.timestamp())}">{escape(text)}</span>'
    return Ending(found.at, text, mark)


FORMS: Final[tuple[Form, ...]] = (
    _in_hours, _days_and_hours, _left, _weekday_generic, _dotted, _iso_offset, _iso_utc, _tomorrow, _today,
    _month_first, _named_zone, _offset_in_brackets, _ordinal_day, _after_posting, _time_element,
    _epoch_attribute,
)  # fmt: skip
