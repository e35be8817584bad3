"""Ask dateparser about texts the own grammar cannot read; what it says is a guess, never a certainty."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import dateparser  # type: ignore[import-untyped]  # it ships no types

MAX_CHARS: Final = 300
LANGUAGES: Final = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "cs", "tr", "ru", "uk")


def guess(text: str, *, now: datetime, zone: str) -> datetime | None:
    """Return what dateparser makes of a text that names a day and a month, or None.

    Args:
        text: Only its first `MAX_CHARS` are looked at.
        now: Aware.
        zone: IANA name, for a text that names none.
    """
    asked = text[:MAX_CHARS].strip()
    if not any(c.isdigit() for c in asked):
        return None
    local = now.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    try:
        found = dateparser.parse(
            asked,
            languages=list(LANGUAGES),
            settings={
                "RELATIVE_BASE": local,
                "PREFER_DATES_FROM": "future",
                "PARSERS": ["relative-time", "absolute-time"],
                "REQUIRE_PARTS": ["day", "month"],
                "TIMEZONE": zone,
                "RETURN_AS_TIMEZONE_AWARE": True,
            },
        )
    except (ValueError, OverflowError):
        return None
    return found.astimezone(UTC) if found is not None else None
