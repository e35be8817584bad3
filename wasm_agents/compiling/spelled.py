"""Read what a core module imports and exports from its bytes, in the words the compiler's report uses.

Nobody believes these words alone: they refuse a module before it is compiled,
never let one in. What the compiler says of it decides that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from contracts.errors import InvalidInput
from wasm_agents.binary import HEADER, MAX_TYPES
from wasm_agents.compiling.declared import MAX_PARTS
from wasm_agents.compiling.shape import Export, Import, Shape
from wasm_agents.limits import MAX_FUNCTIONS, MAX_SHAPE
from wasm_agents.reading import Reader, malformed

_EXTERNS: Final = ("func", "table", "memory", "global", "tag")
_FUNC: Final = 0
_FUNC_TYPE: Final = 0x60
_VECTOR: Final = 0x7B
_VALUES: Final = {
    0x7F: "i32", 0x7E: "i64", 0x7D: "f32", 0x7C: "f64", _VECTOR: "v128", 0x70: "funcref", 0x6F: "externref",
}  # fmt: skip
_LONG: Final = (0x63, 0x64)
"""References that a heap type follows."""


@dataclass(slots=True)
class Spelled:
    """A core module's declarations, as far as refusing it takes."""

    imports: list[Import] = field(default_factory=list)
    exports: list[Export] = field(default_factory=list)
    types: int = 0
    widest: int = 1
    """Parameters, or results, of its widest type."""
    memories: list[int] = field(default_factory=list)
    """Pages each begins with."""
    tables: list[int] = field(default_factory=list)
    """Elements each begins with."""
    is_whole: bool = False
    """Whether that is all of them."""

    @property
    def shape(self) -> Shape:
        """Return its imports and exports."""
        return Shape(tuple(self.imports), tuple(self.exports))

    @property
    def vectors(self) -> dict[str, list[int]]:
        """Return which imports and exports are functions of vectors, by their numbers."""
        rows: Mapping[str, Iterable[Import | Export]] = {"imports": self.imports, "exports": self.exports}
        return {
            word: [n for n, row in enumerate(listed) if "v128" in row.signature]
            for word, listed in rows.items()
        }


def spell(wasm: bytes) -> Spelled:
    """Return a core module's declarations, up to the first that cannot be read; `look_at` has let it pass."""
    found = Spelled()
    parts = {number: part for number, part in Reader(wasm, len(HEADER)).sections() if number}
    size = parts[1].end - parts[1].at if 1 in parts else 1
    try:
        types = _Types(parts[1], found) if 1 in parts else None
    except InvalidInput:
        # There may be as many or as wide ones as there are bytes, and no more.
        found.types, found.widest = min(found.types, size), size
        return found
    with suppress(InvalidInput):
        _declare(found, parts, types)
        found.is_whole = True
    return found


def _declare(found: Spelled, parts: Mapping[int, Reader], types: _Types | None) -> None:
    imported = _imports(parts[2], found, types) if 2 in parts else []
    found.tables = _starts(parts[4], is_table=True) if 4 in parts else []
    found.memories = _starts(parts[5]) if 5 in parts else []
    if 7 in parts:
        _exports(parts[7], found, _Functions(imported, parts.get(3), types))


class _Types:
    """Where each type's parameters begin, to be spelled when somebody asks."""

    def __init__(self, part: Reader, found: Spelled) -> None:
        self._part = part
        self._starts: list[int] = []
        self._said: dict[int, str] = {}
        found.types = part.u32()
        if found.types > MAX_TYPES:
            raise malformed(part.at)
        for _ in range(found.types):
            if part.byte() != _FUNC_TYPE:
                raise malformed(part.at)
            self._starts.append(part.at)
            for _ in ("parameters", "results"):
                count = part.u32()
                found.widest = max(found.widest, count)
                _pass_values(part, count)

    def signature(self, number: int) -> str:
        """Return a type, spelled."""
        said = self._said.get(number)
        if said is None:
            if number >= len(self._starts):
                raise malformed(self._part.end)
            part = Reader(self._part.raw, self._starts[number], self._part.end)
            sides = [_side(part), _side(part)]
            said = self._said[number] = f"({sides[0]})" + (f" -> {sides[1]}" if sides[1] else "")
        return said


class _Functions:
    """Which type each function has; those of its own are read as far as they are asked for."""

    def __init__(self, imported: list[int], own: Reader | None, types: _Types | None) -> None:
        self._known = imported
        self._types = types
        count = 0 if own is None else own.u32()
        if count > MAX_FUNCTIONS:
            raise malformed(0)
        self._left = (own.u32() for _ in range(count) if own is not None)

    def signature(self, number: int) -> str:
        """Return a function's type, spelled."""
        self._known += islice(
            self._left, max(0, min(number, MAX_FUNCTIONS + MAX_SHAPE) + 1 - len(self._known))
        )
        if self._types is None or number >= len(self._known):
            raise malformed(0)
        return self._types.signature(self._known[number])


def _pass_values(part: Reader, count: int) -> None:
    after = part.at + count
    if after <= part.end and not any(long in part.raw[part.at : after] for long in _LONG):
        part.at = after
        return
    for _ in range(count):
        _value(part)


def _value(part: Reader) -> str:
    kind = part.byte()
    if kind in _LONG:
        part.leb()
        return "reference"
    return _VALUES.get(kind, "unknown")


def _side(part: Reader) -> str:
    count = part.u32()
    begun = part.at
    words = [_value(part) for _ in range(min(count, MAX_PARTS))]
    _pass_values(part, count - len(words))
    if count > MAX_PARTS:
        # One that is not spelled is told all the same.
        words.append("…, v128" if _VECTOR in part.raw[begun : part.at] else "…")
    return ", ".join(words)


def _imports(part: Reader, found: Spelled, types: _Types | None) -> list[int]:
    """Return the type of each function that is imported."""
    functions = []
    for _ in range(part.u32()):
        module, name, kind, signature = part.text(), part.text(), part.byte(), ""
        if kind == _FUNC:
            functions.append(part.u32())
            signature = types.signature(functions[-1]) if types else ""
        elif kind in {1, 2}:
            if kind == 1:
                _value(part)
            _limits(part)
        elif kind == 3:
            _value(part)
            part.byte()
        else:
            raise malformed(part.at)
        found.imports.append(Import(module, name, _EXTERNS[kind], signature))
    return functions


def _exports(part: Reader, found: Spelled, functions: _Functions) -> None:
    for _ in range(part.u32()):
        name, kind, number = part.text(), part.byte(), part.u32()
        signature = functions.signature(number) if kind == _FUNC else ""
        found.exports.append(Export(name, _EXTERNS[kind] if kind < len(_EXTERNS) else "unknown", signature))


def _starts(part: Reader, *, is_table: bool = False) -> list[int]:
    """Return what each memory, or table, begins with."""
    found = []
    for _ in range(part.u32()):
        if is_table:
            _value(part)
        found.append(_limits(part))
    return found


def _limits(part: Reader) -> int:
    flags, least = part.byte(), part.u32()
    if flags & 1:
        part.leb()
    return least
