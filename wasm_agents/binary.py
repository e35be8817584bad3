"""Look at a module's bytes before the compiler does: what is it, and is it small enough to compile?

Compiling is not interruptible and its time grows faster than a function's
length. The section table tells every function's length without decoding an
instruction; a component's core modules are found the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

from contracts.errors import InvalidInput
from wasm_agents.limits import (
    MAX_BODY_BYTES,
    MAX_CODE_BYTES,
    MAX_COMPONENT_BODY_BYTES,
    MAX_COMPONENT_BYTES,
    MAX_FUNCTIONS,
    MAX_MODULE_BYTES,
    MAX_NESTING,
    MAX_SECTIONS,
    MAX_SHAPE,
)

Kind = Literal["core", "component"]

HEADER: Final = b"\0asm\x01\0\0\0"
COMPONENT: Final = b"\0asm\x0d\0\x01\0"
_KINDS: Final[dict[bytes, Kind]] = {HEADER: "core", COMPONENT: "component"}
# Core sections, by number.
_CUSTOM: Final = 0
_TYPES: Final = 1
_IMPORTS: Final = 2
_TABLES: Final = 4
_START: Final = 8
_GLOBALS: Final = 6
_EXPORTS: Final = 7
_CODE: Final = 10
MAX_TYPES: Final = 60_000
"""Of a module: each takes a hundred times its length in memory, and is looked at by the host."""
MAX_GLOBALS: Final = 60_000
"""Of a core module: a slot has a mebibyte for them and for what else an instance is."""
MAX_COMPONENT_GLOBALS: Final = 5_000
"""Of a module in a component, which is made of it up to 64 times; nothing of this counts as its memory."""
MAX_COMPONENT_IMPORTS: Final = 10_000
_COUNTED: Final[dict[Kind, dict[int, tuple[str, int]]]] = {
    "core": {
        _TYPES: ("types", MAX_TYPES),
        _IMPORTS: ("imports", MAX_SHAPE),
        _GLOBALS: ("globals", MAX_GLOBALS),
        _EXPORTS: ("exports", MAX_SHAPE),
    },
    "component": {
        _TYPES: ("types", MAX_TYPES),
        _IMPORTS: ("imports", MAX_COMPONENT_IMPORTS),
        _GLOBALS: ("globals", MAX_COMPONENT_GLOBALS),
    },
}
# A component's sections that hold a whole binary.
_CORE_MODULE: Final = 1
_NESTED_COMPONENT: Final = 4
_NAMES: Final = b"name"
"""What the section of functions' names is called."""
_NOT_NAMES: Final = b"none"
"""As long, and no section of names."""


@dataclass(slots=True)
class Facts:
    """What the section tables say."""

    kind: Kind
    sections: int = 0
    functions: int = 0
    largest_body: int = 0
    code_bytes: int = 0
    has_tables: bool = False
    has_start: bool = False
    modules: list[tuple[int, int]] = field(default_factory=list)
    """Where each core module begins and ends; a component holds several."""
    names: list[int] = field(default_factory=list)
    """Where the word stands that makes a section one of functions' names."""


def look_at(wasm: bytes) -> Facts:
    """Return a module's or component's facts, in time linear in its tables.

    Raises:
        InvalidInput: `load.malformed`, `load.too_large`.
    """
    facts = Facts(_kind_of(wasm, 0, len(wasm)))
    most = MAX_MODULE_BYTES if facts.kind == "core" else MAX_COMPONENT_BYTES
    if len(wasm) > most:
        raise _too_large(f"a {_noun(facts.kind)} of {len(wasm)} bytes, at most {most} are loaded")
    found = [(0, len(wasm), 0)]
    while found:
        start, end, depth = found.pop()
        if depth > MAX_NESTING:
            raise _too_large(f"components nested {depth} deep, at most {MAX_NESTING}")
        if _kind_of(wasm, start, end) == "core":
            facts.modules.append((start, end))
            _walk_module(wasm, start, end, facts)
        else:
            found += [(at, to, depth + 1) for at, to in _parts(wasm, start, end, facts)]
    return facts


def without_names(wasm: bytes, facts: Facts) -> bytes:
    """Return the module with every section of functions' names made one of no meaning; no byte moves.

    wasmtime spells a guest's calls out when it traps, and makes readable what looks like a C++ name: a name
    of 300 bytes can stand for more text than there is memory, and there is no limit on that.
    """
    if not facts.names:
        return wasm
    made = bytearray(wasm)
    for at in facts.names:
        made[at : at + len(_NOT_NAMES)] = _NOT_NAMES
    return bytes(made)


def kind_of(wasm: bytes) -> Kind:
    """Return what a file says it is; nothing of it is looked at but its first bytes.

    Raises:
        InvalidInput: `load.malformed`.
    """
    return _kind_of(wasm, 0, len(wasm))


def _kind_of(wasm: bytes, start: int, end: int) -> Kind:
    head = wasm[start : min(start + len(HEADER), end)]
    kind = _KINDS.get(head)
    if kind is not None:
        return kind
    if not wasm:
        raise _malformed("an empty file, not a WebAssembly module")
    where = f", at byte {start}" if start else ""
    raise _malformed(f"not a WebAssembly module: it begins with {head!r}{where}")


def _walk_module(wasm: bytes, start: int, end: int, facts: Facts) -> None:
    at = start + len(HEADER)
    while at < end:
        section, body, at = _section(wasm, at, end, facts)
        facts.has_tables |= section == _TABLES
        facts.has_start |= section == _START
        if section == _CODE:
            _walk_bodies(wasm, body, at, facts)
        elif section == _CUSTOM:
            size, named = _read_u32(wasm, body, at)
            if wasm[named : min(named + size, at)] == _NAMES:
                facts.names.append(named)
        elif section in _COUNTED[facts.kind]:
            word, most = _COUNTED[facts.kind][section]
            count, _ = _read_u32(wasm, body, at)
            # More types than bytes are none: whoever validates says so.
            if count > most and (section != _TYPES or count < at - body):
                raise _too_large(f"{count} {word}, at most {most} are looked at")


def _parts(wasm: bytes, start: int, end: int, facts: Facts) -> list[tuple[int, int]]:
    """Return where the binaries inside a component lie, last first."""
    at, parts = start + len(COMPONENT), []
    while at < end:
        section, body, at = _section(wasm, at, end, facts)
        if section in {_CORE_MODULE, _NESTED_COMPONENT}:
            parts.append((body, at))
    return parts[::-1]


def _section(wasm: bytes, at: int, end: int, facts: Facts) -> tuple[int, int, int]:
    """Return a section's number, where its body begins and where it ends."""
    facts.sections += 1
    if facts.sections > MAX_SECTIONS:
        raise _too_large(f"more than {MAX_SECTIONS} sections")
    section = wasm[at]
    size, at = _read_u32(wasm, at + 1, end)
    if at + size > end:
        raise _malformed(f"section {section} ends past the module, at byte {at + size} of {end}")
    return section, at, at + size


def _walk_bodies(wasm: bytes, at: int, end: int, facts: Facts) -> None:
    facts.code_bytes += end - at
    if facts.code_bytes > MAX_CODE_BYTES:
        raise _too_large(f"{facts.code_bytes} bytes of code, at most {MAX_CODE_BYTES} are compiled")
    count, at = _read_u32(wasm, at, end)
    facts.functions += count
    if facts.functions > MAX_FUNCTIONS:
        raise _too_large(f"{facts.functions} functions, at most {MAX_FUNCTIONS} are compiled")
    largest = facts.largest_body
    for number in range(count):
        size, at = _read_u32(wasm, at, end)
        at += size
        if at > end:
            raise _malformed(f"function body {number} ends past its section")
        largest = max(size, largest)
    most = MAX_BODY_BYTES if facts.kind == "core" else MAX_COMPONENT_BODY_BYTES
    if largest > most:
        raise _too_large(f"a function body of {largest} bytes, at most {most} are compiled")
    facts.largest_body = largest


def _read_u32(wasm: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the LEB128 number at `at` and the place after it."""
    value = 0
    for shift in range(0, 35, 7):
        if at >= end:
            break
        byte = wasm[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _malformed(f"a length that does not end, at byte {at}")


def _noun(kind: Kind) -> str:
    return "module" if kind == "core" else "component"


def _malformed(message: str) -> InvalidInput:
    return InvalidInput(
        "load.malformed", message, hint="Build the guest for wasm32: a core module, or a component."
    )


def _too_large(message: str) -> InvalidInput:
    return InvalidInput("load.too_large", message, hint="Split large functions; leave unused code out.")
