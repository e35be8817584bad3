"""A value that a text spells out for a parameter, and how sure it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

LEAST: Final = 0.9
"""Below, a value is only of the right type."""
STRONG: Final = 2.0
"""From here on a value is surely meant for its parameter."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value for a parameter, and how sure it is."""

    value: Any
    strength: float
    literal: int | None = None
    """Which of the text's literals it is."""
    is_named: bool = False
    """Whether the parameter's name stands just before it."""


def words_of(name: str, schema: Any) -> set[str]:
    """Return the words a parameter is called by, and those of its description that say what kind of value it takes."""
    said = set(name.lower().split("_"))
    if isinstance(schema, Mapping):
        described = str(schema.get("description", "")).lower()
        said |= {
            w
            for w in ("csv", "url", "link", "pdf", "path", "file", "city", "place", "country")
            if re.search(rf"\b{w}\b", described)
        }
    return said
