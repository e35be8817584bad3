"""What the measured guests are given, the same for every host."""

from __future__ import annotations

import json
from typing import Final


def _text(size: int) -> bytes:
    return json.dumps({"text": "x" * (size - 12)}).encode()


SMALL: Final = _text(100)
LARGE: Final = _text(1_000_000)
HOST_CALLS: Final = 2_000
"""A guest makes in one call."""


def wrapped(content: bytes) -> bytes:
    """Return what an echo answers."""
    return b'{"ok":' + content + b"}"
