"""JSON that may be shown on a terminal: what could drive it or turn its text around is escaped."""

from __future__ import annotations

import json
import re
from typing import Any, Final

# C0 is json's to escape. C1 moves cursors, the marks and overrides reorder text
# (https://www.unicode.org/reports/tr9/), half a surrogate pair cannot be printed.
_UNFIT: Final = re.compile(
    r"[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def terminal_json(value: Any) -> str:
    """Return the value as indented JSON, every character one that only shows itself."""
    # Outside of strings JSON has none of these, so the value stays the same.
    return _UNFIT.sub(
        lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, indent=2, ensure_ascii=False)
    )
