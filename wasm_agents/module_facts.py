"""What a module's bytes say of it, read from its section tables alone; nothing is compiled or run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from contracts.errors import InvalidInput

CORE: Final = b"\0asm\x01\0\0\0"
COMPONENT: Final = b"\0asm\x0d\0\x01\0"
MOST_NAMES: Final = 1000
"""Sections, imports, or exports, that are listed."""
MOST_FUNCTIONS: Final = 1_000_000
MAX_NESTING: Final = 16

_CORE_SECTIONS: Final = (
    *("custom", "type", "import", "function", "table", "memory", "global", "export", "start"),
    *("element", "code", "data", "data count", "tag"),
)
_COMPONENT_SECTIONS: Final = (
    *("custom", "core module", "core instance", "core type", "component", "instance", "alias"),
    *("type", "canon", "start", "import", "export", "value"),
)
_CORE_KINDS: Final = ("function", "table", "memory", "global", "tag")
_COMPONENT_KINDS: Final = ("core module", "function", "value", "type", "component", "instance")


@dataclass(slots=True)
class ModuleFacts:
    """A module, without what it does."""

    kind: Literal["core module", "component"]
    size: int
    """In bytes."""
    sections: list[tuple[str, int]] = field(default_factory=list)
    """Name and bytes, in order; of a component only its own."""
    imports: list[str] = field(default_factory=list)
    """`module.name`, or a component's names."""
    exports: list[tuple[str, str]] = field(default_factory=list)
    """Name and kind."""
    functions: int = 0
    """Bodies, with those of modules inside."""
    largest_body: int = 0
    """In bytes; compiling it takes longest."""

    def as_json(self) -> dict[str, Any]:
        """Return every field."""
        return asdict(self)


class _Bytes:
    """Reads forward, and never past an end."""

    def __init__(self, raw: bytes, at: int = 0, end: int | None = None) -> None:
        self.raw = raw
        self.at = at
        self.end = len(raw) if end is None else end

    def byte(self) -> int:
        if self.at >= self.end:
            raise _malformed(self.at)
        self.at += 1
        return self.raw[self.at - 1]

    def u32(self) -> int:
        value = 0
        for shift in range(0, 35, 7):
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise _malformed(self.at)

    def leb(self) -> None:
        """Pass over a number of any width."""
        for _ in range(10):
            if self.byte() < 0x80:
                return
        raise _malformed(self.at)

    def part(self) -> _Bytes:
        """Return what a length says comes next."""
        size = self.u32()
        if size > self.end - self.at:
            raise _malformed(self.at)
        self.at += size
        return _Bytes(self.raw, self.at - size, self.at)

    def text(self) -> str:
        part = self.part()
        return self.raw[part.at : min(part.end, part.at + 200)].decode("utf-8", "replace")


def facts_of(wasm: bytes) -> ModuleFacts:
    """Return what a module's bytes say of it.

    Raises:
        InvalidInput: `load.malformed`, its sections cannot be told apart.
    """
    if wasm.startswith(COMPONENT):
        facts = ModuleFacts("component", len(wasm))
        _read_component(facts, _Bytes(wasm, len(COMPONENT)), depth=0)
    elif wasm.startswith(CORE):
        facts = ModuleFacts("core module", len(wasm))
        _read_core(facts, _Bytes(wasm, len(CORE)), is_whole=True)
    else:
        raise InvalidInput("load.malformed", f"not a WebAssembly module: it begins with {wasm[:8]!r}")
    return facts


def _sections(source: _Bytes) -> Iterator[tuple[int, _Bytes]]:
    while source.at < source.end:
        number = source.byte()
        yield number, source.part()


def _read_core(facts: ModuleFacts, source: _Bytes, *, is_whole: bool) -> None:
    for number, part in _sections(source):
        if number == 10:
            _count_bodies(facts, _Bytes(part.raw, part.at, part.end))
        if is_whole:
            _list_section(facts, _name(_CORE_SECTIONS, number), part)
            if number == 2:
                facts.imports = list(_core_imports(part))
            elif number == 7:
                facts.exports = list(_core_exports(part))


def _read_component(facts: ModuleFacts, source: _Bytes, *, depth: int) -> None:
    if depth > MAX_NESTING:
        raise _malformed(source.at)
    for number, part in _sections(source):
        if depth == 0:
            _list_section(facts, _name(_COMPONENT_SECTIONS, number), part)
        if number in {1, 4}:
            inner = _Bytes(part.raw, part.at + len(CORE), part.end)
            if number == 1:
                _read_core(facts, inner, is_whole=False)
            else:
                _read_component(facts, inner, depth=depth + 1)
        elif number == 10 and depth == 0:
            facts.imports += _component_imports(part)
        elif number == 11 and depth == 0:
            facts.exports += _component_exports(part)


def _list_section(facts: ModuleFacts, name: str, part: _Bytes) -> None:
    if len(facts.sections) < MOST_NAMES:
        facts.sections.append((name, part.end - part.at))


def _count_bodies(facts: ModuleFacts, part: _Bytes) -> None:
    for _ in range(part.u32()):
        body = part.part()
        facts.functions += 1
        if facts.functions > MOST_FUNCTIONS:
            raise InvalidInput("load.too_large", f"more than {MOST_FUNCTIONS} functions")
        facts.largest_body = max(facts.largest_body, body.end - body.at)


def _core_imports(part: _Bytes) -> Iterator[str]:
    for _ in range(min(part.u32(), MOST_NAMES)):
        yield f"{part.text()}.{part.text()}"
        kind = part.byte()
        if kind == 1:
            part.leb()
        if kind in {1, 2}:
            flags = part.byte()
            part.leb()
            if flags & 1:
                part.leb()
        elif kind == 3:
            part.leb()
            part.byte()
        else:
            if kind == 4:
                part.byte()
            part.u32()


def _core_exports(part: _Bytes) -> Iterator[tuple[str, str]]:
    for _ in range(min(part.u32(), MOST_NAMES)):
        name = part.text()
        kind = part.byte()
        part.u32()
        yield name, _name(_CORE_KINDS, kind)


def _component_imports(part: _Bytes) -> Iterator[str]:
    for _ in range(min(part.u32(), MOST_NAMES)):
        part.byte()
        yield part.text()
        _pass_type(part)


def _component_exports(part: _Bytes) -> Iterator[tuple[str, str]]:
    for _ in range(min(part.u32(), MOST_NAMES)):
        part.byte()
        name = part.text()
        kind = part.byte()
        if kind == 0:
            part.byte()
        part.u32()
        if part.byte():
            _pass_type(part)
        yield name, _name(_COMPONENT_KINDS, kind)


def _pass_type(part: _Bytes) -> None:
    kind = part.byte()
    if kind == 0 or (kind in {2, 3} and part.byte() == 0) or kind not in {0, 2, 3}:
        if kind == 0:
            part.byte()
        part.u32()
    elif kind == 2:
        part.leb()


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else f"unknown {number}"


def _malformed(at: int) -> InvalidInput:
    return InvalidInput("load.malformed", f"a section, a name or a length does not end, near byte {at}")
