"""A module's imports and exports as wasmtime-py tells them, and a component's held against its world."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from wasmtime import Engine, FuncType, GlobalType, MemoryType, Module, TableType, ValType
from wasmtime.component import Component, ResultType, String
from wasmtime.component import FuncType as ComponentFuncType

from contracts.errors import InvalidInput
from wasm_agents.compiling.shape import Export, Import, Shape
from wasm_agents.component.code import EXECUTE, MAX_LISTED, bad_export, import_denied
from wasm_agents.component.outer import BOUNDED

_SIGNATURE: Final = re.compile(r"\([^\s:,()]+: string\) -> result<string, string>")
_IS_EXECUTE: Final = "(input: string) -> result<string, string>"
_KINDS: Final = {MemoryType: "memory", TableType: "table", GlobalType: "global"}


def shape_of(engine: Engine, made: Module | Component) -> Shape:
    """Return what a module compiled in this process imports and exports."""
    if isinstance(made, Component):
        kind = made.type
        return Shape(
            tuple(Import("", name, "", "") for name in kind.imports(engine)),
            tuple(Export(name, *_component_export(each)) for name, each in kind.exports(engine).items()),
        )
    return Shape(
        tuple(Import(i.module, i.name or "", *_extern(i.type)) for i in made.imports),
        tuple(Export(e.name, *_extern(e.type)) for e in made.exports),
    )


def check_component(shape: Shape) -> None:
    """Hold a component's imports and exports against the world.

    Raises:
        InvalidInput: `load.import_denied`, `load.bad_export`.
    """
    if shape.imports:
        names = ["".join(ch if ch.isprintable() else "?" for ch in i.name[:200]) for i in shape.imports]
        raise import_denied(names[:MAX_LISTED], len(names))
    found = {export.name: export for export in shape.exports}
    execute = found.get(EXECUTE.decode())
    if execute is None:
        raise bad_export("no such export")
    if execute.kind != "func":
        raise bad_export("no function by that name")
    if not _SIGNATURE.fullmatch(execute.signature):
        raise bad_export("a function of another type")
    if BOUNDED.decode() not in found:
        raise InvalidInput("load.malformed", "the component fits in no other", hint="Build the guest again.")


def _extern(kind: object) -> tuple[str, str]:
    if isinstance(kind, FuncType):
        results = f" -> {_list(kind.results)}" if kind.results else ""
        return "func", f"({_list(kind.params)}){results}"
    return _KINDS.get(type(kind), "tag"), ""


def _list(types: Sequence[ValType]) -> str:
    return ", ".join(str(kind) for kind in types)


def _component_export(extern: Any) -> tuple[str, str]:
    item = getattr(extern, "ty", extern)  # some releases give the type itself
    if not isinstance(item, ComponentFuncType):
        return "other", ""
    result = item.result
    takes_text = [type(kind) for _, kind in item.params] == [String]
    gives_text = (
        isinstance(result, ResultType) and isinstance(result.ok, String) and isinstance(result.err, String)
    )
    return "func", _IS_EXECUTE if takes_text and gives_text else "another"
