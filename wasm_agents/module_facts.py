"""What a module's bytes say of it, read from its section tables alone; nothing is compiled or run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal

from contracts.errors import InvalidInput
from wasm_agents.reading import Reader, malformed

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


def facts_of(wasm: bytes) -> ModuleFacts:
    """Return what a module's bytes say of it.

    Raises:
        InvalidInput: `load.malformed`, its sections cannot be told apart.
    """
    if wasm.startswith(COMPONENT):
        facts = ModuleFacts("component", len(wasm))
        _read_component(facts, Reader(wasm, len(COMPONENT)), depth=0)
    elif wasm.startswith(CORE):
        facts = ModuleFacts("core module", len(wasm))
        _read_core(facts, Reader(wasm, len(CORE)), is_whole=True)
    else:
        raise InvalidInput("load.malformed", f"not a WebAssembly module: it begins with {wasm[:8]!r}")
    return facts


def _read_core(facts: ModuleFacts, source: Reader, *, is_whole: bool) -> None:
    for number, part in source.sections():
        if number == 10:
            _count_bodies(facts, Reader(part.raw, part.at, part.end))
        if is_whole:
            _list_section(facts, _name(_CORE_SECTIONS, number), part)
            if number == 2:
                facts.imports = list(_core_imports(part))
            elif number == 7:
                facts.exports = list(_core_exports(part))


def _read_component(facts: ModuleFacts, source: Reader, *, depth: int) -> None:
    if depth > MAX_NESTING:
        raise malformed(source.at)
    for number, part in source.sections():
        if depth == 0:
            _list_section(facts, _name(_COMPONENT_SECTIONS, number), part)
        if number in {1, 4}:
            inner = Reader(part.raw, part.at + len(CORE), part.end)
            if number == 1:
                _read_core(facts, inner, is_whole=False)
            else:
                _read_component(facts, inner, depth=depth + 1)
        elif number == 10 and depth == 0:
            facts.imports += component_imports(part)
        elif number == 11 and depth == 0:
            facts.exports += component_exports(part)


def _list_section(facts: ModuleFacts, name: str, part: Reader) -> None:
    if len(facts.sections) < MOST_NAMES:
        facts.sections.append((name, part.end - part.at))


def _count_bodies(facts: ModuleFacts, part: Reader) -> None:
    for _ in range(part.u32()):
        body = part.part()
        facts.functions += 1
        if facts.functions > MOST_FUNCTIONS:
            raise InvalidInput("load.too_large", f"more than {MOST_FUNCTIONS} functions")
        facts.largest_body = max(facts.largest_body, body.end - body.at)


def _core_imports(part: Reader) -> Iterator[str]:
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


def _core_exports(part: Reader) -> Iterator[tuple[str, str]]:
    for _ in range(min(part.u32(), MOST_NAMES)):
        name = part.text()
        kind = part.byte()
        part.u32()
        yield name, _name(_CORE_KINDS, kind)


def component_imports(part: Reader) -> Iterator[str]:
    """Yield the names in a component's import section."""
    for _ in range(min(part.u32(), MOST_NAMES)):
        part.byte()
        yield part.text()
        _pass_type(part)


def component_exports(part: Reader) -> Iterator[tuple[str, str]]:
    """Yield the names in a component's export section, each with its kind."""
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


def _pass_type(part: Reader) -> None:
    kind = part.byte()
    if kind == 0 or (kind in {2, 3} and part.byte() == 0) or kind not in {0, 2, 3}:
        if kind == 0:
            part.byte()
        part.u32()
    elif kind == 2:
        part.leb()


def _name(names: tuple[str, ...], number: int) -> str:
    return names[number] if number < len(names) else f"unknown {number}"
