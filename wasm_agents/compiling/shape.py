"""A module's imports and exports, as the compiler saw them and the host decides by."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple


class Import(NamedTuple):
    """What a module wants; a component's imports have no module."""

    module: str
    name: str
    kind: str
    """`func`, `memory`, `table`, `global`, `tag`; for components also `instance`, `component`, `resource`…"""
    signature: str
    """`(i32, i32) -> i64`, `(input: string) -> result<string, string>`; the empty string beside functions."""


class Export(NamedTuple):
    """What a module offers."""

    name: str
    kind: str
    signature: str


@dataclass(frozen=True, slots=True)
class Shape:
    """All of both, in the module's order."""

    imports: tuple[Import, ...]
    exports: tuple[Export, ...]
    has_tables: bool = False
    """Whether any module in it has a table of its own."""
    has_start: bool = False
    """Whether any runs code when it is instantiated."""

    def as_json(self) -> bytes:
        """Return the bytes `shape_from` reads."""
        return json.dumps(asdict(self)).encode()


def shape_from(document: bytes) -> Shape:
    """Return the shape a compiling process reported.

    Raises:
        ValueError: It is none.
    """
    found: Any = json.loads(document)
    try:
        imports, exports = found["imports"], found["exports"]
        return Shape(
            tuple(Import(*_words(row, 4)) for row in imports),
            tuple(Export(*_words(row, 3)) for row in exports),
            found.get("has_tables") is True,
            found.get("has_start") is not False,
        )
    except (KeyError, TypeError) as exc:
        raise ValueError("no report of a compilation") from exc


def _words(row: object, width: int) -> list[str]:
    if not isinstance(row, list) or len(row) != width or not all(isinstance(word, str) for word in row):
        raise ValueError(f"a row of a report is {width} words")
    return row
