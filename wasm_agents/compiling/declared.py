"""Read what a compiled module imports and exports, in words.

Runs in the compiling process: nothing but ctypes and a library that is handed in.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from ctypes import byref, c_bool, c_size_t, c_uint8
from ctypes import c_void_p as ptr
from typing import Any, ClassVar, Final

MAX_WORD: Final = 200
UNSPELLED: Final = "(v128…)"
"""Said of a function of vectors; no type the host serves."""
MAX_DEPTH: Final = 6
MAX_PARTS: Final = 20
"""Parameters, fields or cases spelled of one type; no type an agent has is larger."""

_EXTERNS: Final = ("func", "global", "table", "memory", "tag")
_VALUES: Final = {0: "i32", 1: "i64", 2: "f32", 3: "f64", 4: "v128", 128: "externref", 129: "funcref"}
_ITEMS: Final = ("component", "instance", "module", "func", "resource", "core-func", "type")
_FUNC: Final = 3
_PLAIN: Final = ("bool", "s8", "s16", "s32", "s64", "u8", "u16", "u32", "u64", "f32", "f64", "char", "string")
_NAMED: Final = (
    *("list", "record", "tuple", "variant", "enum", "option", "result", "flags"),
    *("own", "borrow", "future", "stream", "error-context", "map"),
)
Row = list[str]


class _Vec(ctypes.Structure):
    _fields_: ClassVar[Any] = (("size", c_size_t), ("at", ctypes.POINTER(ptr)))


class _Name(ctypes.Structure):
    _fields_: ClassVar[Any] = (("size", c_size_t), ("at", ptr))


class _Kinded(ctypes.Structure):
    """`wasmtime_component_valtype_t`, and the head of `wasmtime_component_item_t`."""

    _fields_: ClassVar[Any] = (("kind", c_uint8), ("of", ptr), ("more", ctypes.c_uint64))


def of_module(library: ctypes.CDLL, module: int, unspelled: dict[str, list[int]]) -> dict[str, list[Row]]:
    """Return a core module's imports and exports.

    Args:
        library: wasmtime's shared library.
        module: The module.
        unspelled: The numbers of imports and of exports that are functions of vectors: the library aborts
            when it is asked for such a type.
    """
    call = _Calls(library)
    imports, exports = _Vec(), _Vec()
    call("wasmtime_module_imports", None, (ptr, module), (ptr, byref(imports)))
    call("wasmtime_module_exports", None, (ptr, module), (ptr, byref(exports)))
    return {
        "imports": [
            [
                _text(call("wasm_importtype_module", ptr, (ptr, row))),
                _text(call("wasm_importtype_name", ptr, (ptr, row))),
                *_extern(
                    call,
                    call("wasm_importtype_type", ptr, (ptr, row)),
                    is_spelled=number not in unspelled["imports"],
                ),
            ]
            for number, row in enumerate(imports.at[: imports.size])
        ],
        "exports": [
            [
                _text(call("wasm_exporttype_name", ptr, (ptr, row))),
                *_extern(
                    call,
                    call("wasm_exporttype_type", ptr, (ptr, row)),
                    is_spelled=number not in unspelled["exports"],
                ),
            ]
            for number, row in enumerate(exports.at[: exports.size])
        ],
    }


def of_component(library: ctypes.CDLL, component: int, engine: int, *, most: int) -> dict[str, list[Row]]:
    """Return a component's imports and exports, at most so many of each."""
    call = _Calls(library)
    kind = call("wasmtime_component_type", ptr, (ptr, component))
    return {
        "imports": [["", *row] for row in _items(call, kind, engine, which="import", most=most)],
        "exports": list(_items(call, kind, engine, which="export", most=most)),
    }


class _Calls:
    """Calls the library's functions by name, with a prototype of its own for each."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def __call__(self, name: str, result: Any, *arguments: tuple[Any, Any]) -> Any:
        prototype = ctypes.CFUNCTYPE(result, *(kind for kind, _ in arguments))
        return prototype((name, self._library))(
            *(
                ctypes.cast(value, ptr) if kind is ptr and not isinstance(value, int) else value
                for kind, value in arguments
            )
        )


def _items(call: _Calls, kind: int, engine: int, *, which: str, most: int) -> Iterator[Row]:
    count = call(f"wasmtime_component_type_{which}_count", c_size_t, (ptr, kind), (ptr, engine))
    if count > most:
        raise ValueError(f"{count} {which}s, at most {most} are looked at")
    for number in range(count):
        name, extern, item = _Name(), ptr(), _Kinded()
        call(
            f"wasmtime_component_type_{which}_nth", c_bool,
            (ptr, kind), (ptr, engine), (c_size_t, number),
            (ptr, ctypes.addressof(name) + _Name.at.offset), (ptr, ctypes.addressof(name)), (ptr, byref(extern)),
        )  # fmt: skip
        call("wasmtime_component_extern_type", None, (ptr, extern.value), (ptr, byref(item)))
        word = _ITEMS[item.kind] if item.kind < len(_ITEMS) else "unknown"
        yield [_words(name), word, _function(call, item.of) if item.kind == _FUNC else ""]


def _function(call: _Calls, function: int) -> str:
    said = []
    count = call("wasmtime_component_func_type_param_count", c_size_t, (ptr, function))
    for number in range(min(count, MAX_PARTS)):
        name, kind = _Name(), _Kinded()
        call(
            "wasmtime_component_func_type_param_nth", c_bool, (ptr, function), (c_size_t, number),
            (ptr, ctypes.addressof(name) + _Name.at.offset), (ptr, ctypes.addressof(name)), (ptr, byref(kind)),
        )  # fmt: skip
        said.append(f"{_words(name)}: {_value(call, kind)}")
    if count > MAX_PARTS:
        said.append("…")
    result = _Kinded()
    has_result = call("wasmtime_component_func_type_result", c_bool, (ptr, function), (ptr, byref(result)))
    is_async = call("wasmtime_component_func_type_async", c_bool, (ptr, function))
    return (
        ("async " if is_async else "")
        + f"({', '.join(said)})"
        + (f" -> {_value(call, result)}" if has_result else "")
    )


def _value(call: _Calls, kind: _Kinded, depth: int = 0) -> str:
    """Spell a component's type; of records and the like, only what they are."""
    if kind.kind < len(_PLAIN):
        return _PLAIN[kind.kind]
    number = kind.kind - len(_PLAIN)
    word = _NAMED[number] if number < len(_NAMED) else "unknown"
    asked = {
        "list": ("list_type_element",),
        "option": ("option_type_ty",),
        "result": ("result_type_ok", "result_type_err"),
    }
    if word not in asked or depth >= MAX_DEPTH:
        return word
    parts = []
    for name in asked[word]:
        part = _Kinded()
        # Only a result's sides may be missing; the other two return nothing.
        has_part = call(
            f"wasmtime_component_{name}",
            c_bool if word == "result" else None,
            (ptr, kind.of),
            (ptr, byref(part)),
        )
        parts.append("_" if has_part is False else _value(call, part, depth + 1))
    return f"{word}<{', '.join(parts)}>"


def _extern(call: _Calls, extern: int, *, is_spelled: bool) -> Row:
    kind: int = call("wasm_externtype_kind", c_uint8, (ptr, extern))
    word = _EXTERNS[kind] if kind < len(_EXTERNS) else "unknown"
    if word != "func":
        return [word, ""]
    if not is_spelled:
        return [word, UNSPELLED]
    function = call("wasm_externtype_as_functype_const", ptr, (ptr, extern))
    sides = []
    for side in ("params", "results"):
        vec: Any = _Vec.from_address(call(f"wasm_functype_{side}", ptr, (ptr, function)))
        values = (
            call("wasm_valtype_kind", c_uint8, (ptr, value)) for value in vec.at[: min(vec.size, MAX_PARTS)]
        )
        more = ["…"] if vec.size > MAX_PARTS else []
        sides.append(", ".join([*(_VALUES.get(value, "unknown") for value in values), *more]))
    return [word, f"({sides[0]})" + (f" -> {sides[1]}" if sides[1] else "")]


def _text(name: int) -> str:
    return _words(_Name.from_address(name))


def _words(name: _Name) -> str:
    if not name.size:
        return ""
    raw = ctypes.string_at(name.at, min(name.size, 4 * MAX_WORD))
    text = raw.decode("utf-8", "replace")
    return text if len(text) <= MAX_WORD and name.size <= len(raw) else text[: MAX_WORD - 1] + "…"
