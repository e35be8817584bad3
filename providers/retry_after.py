"""When an endpoint asks to be left alone: its Retry-After, in seconds or as a date."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from contracts.errors import CallsheetError

LONGEST_S: Final = 366 * 86_400.0
MAX_CHARS: Final = 64


def read_retry_after(said: str, *, now: datetime) -> float | None:
    """Return how many seconds to wait, 0 for what has passed; None where it cannot be read.

    Args:
        said: The header's value: seconds, or an HTTP date.
        now: Aware.

    Source: RFC 9110, 10.2.3.
    """
    text = said.strip()
    if not text or len(text) > MAX_CHARS:
        return None
    try:
        return _bounded(float(text))  # some servers send fractions
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(text)
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return _bounded((aware - now).total_seconds())
    except (ValueError, OverflowError):
        return None


def asked_wait_s(error: CallsheetError, *, now: datetime) -> float | None:
    """Return the wait an endpoint's error asks for: `retry_after_s` of its data, else its header, `retry_after`."""
    seconds, said = error.data.get("retry_after_s"), error.data.get("retry_after")
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        return _bounded(float(seconds))
    return read_retry_after(said, now=now) if isinstance(said, str) else None


def _bounded(seconds: float) -> float | None:
    return None if math.isnan(seconds) else min(max(seconds, 0.0), LONGEST_S)
