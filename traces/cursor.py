"""Where a page ended, as an opaque word a caller hands back."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from contracts.errors import InvalidInput

MAX_LIMIT: Final = 1000
"""Lines on one page."""

_SPELLED: Final = re.compile(r"([a-z]+):([1-9]\d{0,17})")


def write_cursor(kind: str, seq: int) -> str:
    """Return the cursor behind a row; `kind` keeps one list's from being used on another."""
    return base64.urlsafe_b64encode(f"{kind}:{seq}".encode()).decode().rstrip("=")


def read_cursor(kind: str, cursor: str | None) -> int | None:
    """Return the `seq` a cursor names; None for no cursor.

    Raises:
        InvalidInput: `trace.bad_cursor` or `run.bad_cursor`, as `kind` says.
    """
    if cursor is None:
        return None
    try:
        raw = cursor[:64].encode("ascii")
        spelled = base64.b64decode(raw + b"=" * (-len(raw) % 4), altchars=b"-_", validate=True).decode(
            "ascii"
        )
    except (binascii.Error, ValueError):
        spelled = ""
    found = _SPELLED.fullmatch(spelled)
    if found is None or found[1] != kind or write_cursor(kind, int(found[2])) != cursor:
        raise InvalidInput(
            f"{kind}.bad_cursor",
            f"{cursor[:80]!r} is no cursor of this list",
            hint="Leave it out for the first page, or give `next` of the page before, unchanged.",
        )
    return int(found[2])


def check_limit(kind: str, limit: int) -> int:
    """Return the limit, from 1 to `MAX_LIMIT`.

    Raises:
        InvalidInput: `trace.bad_limit` or `run.bad_limit`.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidInput(f"{kind}.bad_limit", f"a page has 1 to {MAX_LIMIT} lines, not {str(limit)[:40]}")
    return limit
