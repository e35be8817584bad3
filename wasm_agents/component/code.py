"""A component loaded from its compiled form: nothing imported, `execute` exported as the world says."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ctypes import byref, c_size_t, c_void_p
from typing import Final

from contracts.errors import AttemptFailed, InvalidInput
from wasm_agents.capi import library as c
from wasm_agents.component import binding as b
from wasm_agents.component.outer import BOUNDED

EXECUTE: Final = b"execute"
"""The guest's own function; `BOUNDED` calls it."""
WORLD: Final = "execute: func(input: string) -> result<string, string>"
MAX_MEMORIES: Final = 8
MAX_LISTED: Final = 20


class ComponentCode:
    """A component's code, ready to be instantiated.

    Args:
        path: A file of the compiler's own making, of a guest within the outer component; may be
            removed afterwards.
        engine: wasmtime's engine for the profile `component`.

    Attributes:
        linker: What it is instantiated by; it serves nothing.
        memories: How many memories a guest has, as far as is known; they share one limit.

    Raises:
        InvalidInput: `load.import_denied`, `load.bad_export`, `load.malformed`.
        AttemptFailed: `host.internal`.
    """

    __slots__ = ("bounded", "component", "engine", "execute", "linker", "memories")

    def __init__(self, path: bytes, engine: int) -> None:
        self.engine = engine
        self.memories = 1
        self.bounded = self.execute = self.linker = self.component = 0
        made = c_void_p()
        error = b.deserialize_file(engine, path, byref(made))
        if error:
            raise AttemptFailed(
                "host.internal", f"wasmtime could not load the component: {c.take_error(error)}"
            )
        self.component = made.value or 0
        _check(self.component, engine)
        self.linker = b.linker_new(engine)
        self.execute = b.export_index(self.component, None, EXECUTE, len(EXECUTE)) or 0
        self.bounded = b.export_index(self.component, None, BOUNDED, len(BOUNDED)) or 0
        if not self.bounded:
            raise InvalidInput(
                "load.malformed", "the component fits in no other", hint="Build the guest again."
            )

    def __del__(self) -> None:
        """Give the code back; no instance is left that might be made of it."""
        for index in filter(None, (self.execute, self.bounded)):
            b.export_index_delete(index)
        if self.linker:
            b.linker_delete(self.linker)
        if self.component:
            b.component_delete(self.component)


def _check(component: int, engine: int) -> None:
    kind = b.component_type(component)
    try:
        _check_imports(kind, engine)
        _check_export(kind, engine)
    finally:
        b.type_delete(kind)


def _check_imports(kind: int, engine: int) -> None:
    count = b.import_count(kind, engine)
    if not count:
        return
    raise import_denied([_import_name(kind, engine, n) for n in range(min(count, MAX_LISTED))], count)


def import_denied(names: list[str], count: int) -> InvalidInput:
    """Return the error of a component that imports so many things, the first of them by name."""
    return InvalidInput(
        "load.import_denied",
        f"the component imports {names[0]!r}" + (f" and {count - 1} more" if count > 1 else ""),
        hint="A component agent imports nothing: build it with --stub-wasi.",
        data={"imports": names},
    )


def _import_name(kind: int, engine: int, number: int) -> str:
    at, size, extern = c_void_p(), c_size_t(), c_void_p()
    b.import_nth(kind, engine, number, byref(at), byref(size), byref(extern))
    name = ctypes.string_at(at.value, min(size.value, 200)) if at.value else b""
    b.extern_delete(extern)
    return "".join(ch if ch.isprintable() else "?" for ch in name.decode("utf-8", "replace"))


def _check_export(kind: int, engine: int) -> None:
    extern = c_void_p()
    if not b.export_get(kind, engine, EXECUTE, len(EXECUTE), byref(extern)):
        raise bad_export("no such export")
    item = b.TypeOrItem()
    try:
        b.extern_type(extern, byref(item))
        try:
            if item.kind != b.FUNCTION:
                raise bad_export("no function by that name")
            if not _is_execute(item.at):
                raise bad_export("a function of another type")
        finally:
            b.item_delete(byref(item))
    finally:
        b.extern_delete(extern)


def bad_export(found: str) -> InvalidInput:
    """Return the error of a component that does not export what it must."""
    return InvalidInput(
        "load.bad_export",
        f"the component must export {WORLD!r}; it has {found}",
        hint="Build it for the world in agent.wit.",
        data={"export": "execute"},
    )


def _is_execute(function: int) -> bool:
    if b.func_is_async(function) or b.param_count(function) != 1:
        return False
    name, size = c_void_p(), c_size_t()
    with _type() as parameter:
        b.param_nth(function, 0, byref(name), byref(size), byref(parameter))
        if parameter.kind != b.STRING:
            return False
    with _type() as result:
        if not b.func_result(function, byref(result)) or result.kind != b.RESULT:
            return False
        return _is_string(b.result_ok, result.at) and _is_string(b.result_err, result.at)


def _is_string(part: Callable[[int, object], bool], result: int) -> bool:
    with _type() as kind:
        return part(result, byref(kind)) and bool(kind.kind == b.STRING)


@contextmanager
def _type() -> Iterator[b.TypeOrItem]:
    """Lend a place for a type, and free what was put there."""
    kind = b.TypeOrItem(kind=b.STRING)
    try:
        yield kind
    finally:
        b.valtype_delete(byref(kind))
