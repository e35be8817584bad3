"""Refuse in this process what no compiler is needed for: bytes that are not valid, and shapes nobody serves.

Validating a core module decodes it once and makes no code of it. Where that
may take more than a moment, and for all of a component but the core modules
in it, a process apart validates.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from ctypes import c_char_p, c_size_t, c_void_p
from dataclasses import dataclass, field
from typing import Final

from contracts.errors import AttemptFailed, CallsheetError, InvalidInput
from wasm_agents import failures
from wasm_agents.binary import COMPONENT, Facts
from wasm_agents.capi import library as c
from wasm_agents.capi.config import MAX_MEMORY_BYTES, MAX_TABLE_ELEMENTS, MAX_TABLES, Profile, new_config
from wasm_agents.compiling.shape import Shape
from wasm_agents.compiling.spelled import Spelled, spell
from wasm_agents.component.code import EXECUTE, MAX_LISTED, bad_export, import_denied
from wasm_agents.limits import PAGE_BYTES
from wasm_agents.module_facts import component_exports, component_imports
from wasm_agents.reading import Reader

MAX_BYTES: Final = 1024 * 1024
MAX_TYPES: Final = 10_000
"""Each takes a hundred times its length in memory."""
MAX_STEPS: Final = 8_000_000
"""Bytes times the widest type: a block or call of one byte moves all of its type's values."""

_IMPORTS: Final = 10
_EXPORTS: Final = 11
# A component's sections, by number.
_validate = c.symbol("wasmtime_module_validate", c_void_p, c_void_p, c_char_p, c_size_t)
_lock = threading.Lock()  # guards _engines
_engines: dict[Profile, int] = {}


@dataclass(slots=True)
class Seen:
    """What is known of a module before it is compiled."""

    refusal: CallsheetError | None = None
    """How it ends if a process apart finds it valid."""
    vectors: dict[str, list[int]] = field(default_factory=dict)
    """Imports and exports whose types wasmtime's C API cannot spell."""


def look_closer(wasm: bytes, facts: Facts, check: Callable[[Shape], None] | None) -> Seen:
    """Return what is known of a module, or refuse it.

    Args:
        wasm: What `look_at` has let pass.
        facts: What it said.
        check: Raises for a core module whose imports and exports nobody serves; None takes any shape, a
            component's too.

    Raises:
        InvalidInput: `load.malformed`, `load.import_denied`, `load.bad_export`.
        AttemptFailed: `limit.memory`, `limit.table`.
    """
    room = _Room()
    if facts.kind == "component":
        for start, end in facts.modules:
            if not room.check_valid("component", wasm[start:end]):
                break
        return Seen(_refusal_of_component(wasm) if check is not None else None)
    found = spell(wasm)
    is_valid = room.check_valid("core", wasm, found)
    refusal = _refusal_of(found, check) if found.is_whole and check is not None else None
    if is_valid and refusal is not None:
        raise refusal
    return Seen(refusal, found.vectors)


class _Room:
    """What validating may still take in this process, for one guest."""

    def __init__(self) -> None:
        self._bytes = MAX_BYTES
        self._steps = MAX_STEPS

    def check_valid(self, profile: Profile, wasm: bytes, found: Spelled | None = None) -> bool:
        """Return whether a core module was validated; there may be no room for it.

        Raises:
            InvalidInput: `load.malformed`.
        """
        size = len(wasm)
        self._bytes -= size
        if self._bytes < 0:
            return False
        found = found or spell(wasm)
        self._steps -= size * found.widest
        if self._steps < 0 or found.types > MAX_TYPES:
            return False
        error = _validate(_engine(profile), wasm, size)
        if error:
            said = c.take_error(error)
            raise InvalidInput("load.malformed", f"not a valid module: {said}", hint="Build the guest again.")
        return True


def _engine(profile: Profile) -> int:
    """Return an engine in which nothing is ever compiled or run: its settings say what is valid."""
    with _lock:
        if profile not in _engines:
            _engines[profile] = c.engine_new(new_config(ctypes.CDLL(c.PATH), profile))
        return _engines[profile]


def _refusal_of(found: Spelled, check: Callable[[Shape], None]) -> CallsheetError | None:
    try:
        check(found.shape)
    except CallsheetError as refused:
        return refused
    if any(pages * PAGE_BYTES > MAX_MEMORY_BYTES for pages in found.memories):
        return failures.memory_failure(f"the guest's memory begins with {max(found.memories)} pages")
    if len(found.tables) > MAX_TABLES or any(size > MAX_TABLE_ELEMENTS for size in found.tables):
        return AttemptFailed(
            "limit.table",
            f"the guest begins with {len(found.tables)} tables, the largest of {max(found.tables)} elements;"
            f" at most {MAX_TABLES}, each of {MAX_TABLE_ELEMENTS}, are served",
            hint="Use fewer and smaller tables.",
        )
    return None


def _refusal_of_component(wasm: bytes) -> InvalidInput | None:
    imports: list[str] = []
    exports: list[tuple[str, str]] = []
    try:
        for number, part in Reader(wasm, len(COMPONENT)).sections():
            if number == _IMPORTS:
                imports += component_imports(part)
            elif number == _EXPORTS:
                exports += component_exports(part)
    except InvalidInput:  # told by the process that validates it
        return None
    if imports:
        return import_denied(imports[:MAX_LISTED], len(imports))
    kinds = [kind for name, kind in exports if name == EXECUTE.decode()]
    if not kinds:
        return bad_export("no such export")
    return None if kinds == ["function"] else bad_export("no function by that name")
