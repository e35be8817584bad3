"""The guests that come with the house, by name."""

from __future__ import annotations

from typing import Final

from planner.chaining.call import Call

CONVERT: Final = "wasm:convert"
ECHO: Final = "wasm:echo"
SCHEMA_CHECK: Final = "wasm:schema_check"
TABLE: Final = "wasm:table"
TEMPLATE: Final = "wasm:template"
WORDING: Final = "wasm:text_stats"
SENSED: Final = frozenset({CONVERT, ECHO, SCHEMA_CHECK, TABLE, TEMPLATE, WORDING})

Sense = tuple[Call, tuple[tuple[int, int], ...]]
"""A call, and the spans of the text that then ask for nothing else."""
