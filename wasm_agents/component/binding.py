"""Prototypes over the component half of wasmtime's C API, and the two values that cross it.

Arguments are read, never taken over: a string may lie in Python's own bytes
for as long as the call lasts. A result belongs to the caller, who deletes it.

Source: the headers `wasmtime/component/*.h` of wasmtime 50.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import c_bool, c_char_p, c_size_t, c_uint8, c_uint32, c_uint64
from ctypes import c_void_p as ptr
from typing import Any, ClassVar, Final

from wasm_agents.capi.library import Bytes, symbol

U32: Final = 6
"""`WASMTIME_COMPONENT_U32`."""
STRING: Final = 12
"""`WASMTIME_COMPONENT_STRING`, and `WASMTIME_COMPONENT_VALTYPE_STRING`."""
RESULT: Final = 19
FUNCTION: Final = 3
"""`WASMTIME_COMPONENT_ITEM_COMPONENT_FUNC`."""


class ResultOf(ctypes.Structure):
    """`wasmtime_component_valresult_t`: which of the two it is, and where its value lies."""

    _fields_: ClassVar[Sequence[Any]] = (("is_ok", c_bool), ("at", ptr))


class _ValueOf(ctypes.Union):
    # `words` makes it as wide as the widest of the kinds left out.
    _fields_: ClassVar[Sequence[Any]] = (
        ("u32", c_uint32),
        ("string", Bytes),
        ("result", ResultOf),
        ("words", c_uint64 * 3),
    )


class Value(ctypes.Structure):
    """`wasmtime_component_val_t`."""

    _fields_: ClassVar[Sequence[Any]] = (("kind", c_uint8), ("of", _ValueOf))


class TypeOrItem(ctypes.Structure):
    """`wasmtime_component_valtype_t`, and `wasmtime_component_item_t`: a kind, and what describes it."""

    _fields_: ClassVar[Sequence[Any]] = (("kind", c_uint8), ("at", ptr), ("more", ptr))


class Frames(ctypes.Structure):
    """`wasm_frame_vec_t`."""

    _fields_: ClassVar[Sequence[Any]] = (("size", c_size_t), ("at", ctypes.POINTER(ptr)))


class Instance(ctypes.Structure):
    """`wasmtime_component_instance_t`."""

    _fields_: ClassVar[Sequence[Any]] = (("store_id", c_uint64), ("index", c_uint32))


class Function(ctypes.Structure):
    """`wasmtime_component_func_t`."""

    _fields_: ClassVar[Sequence[Any]] = (("words", c_uint64 * 4),)


# The component
deserialize_file = symbol("wasmtime_component_deserialize_file", ptr, ptr, c_char_p, ptr)
component_delete = symbol("wasmtime_component_delete", None, ptr)
export_index = symbol("wasmtime_component_get_export_index", ptr, ptr, ptr, c_char_p, c_size_t)
export_index_delete = symbol("wasmtime_component_export_index_delete", None, ptr)
linker_new = symbol("wasmtime_component_linker_new", ptr, ptr)
linker_delete = symbol("wasmtime_component_linker_delete", None, ptr)

# A call
instantiate_async = symbol("wasmtime_component_linker_instantiate_async", ptr, ptr, ptr, ptr, ptr, ptr)
instance_get_func = symbol("wasmtime_component_instance_get_func", c_bool, ptr, ptr, ptr, ptr)
func_call_async = symbol(
    "wasmtime_component_func_call_async", ptr, ptr, ptr, ptr, c_size_t, ptr, c_size_t, ptr
)
value_delete = symbol("wasmtime_component_val_delete", None, ptr)
error_frames = symbol("wasmtime_error_wasm_trace", None, ptr, ptr)
frame_place = symbol("wasm_frame_module_offset", c_size_t, ptr)
frames_delete = symbol("wasm_frame_vec_delete", None, ptr)

# Types
component_type = symbol("wasmtime_component_type", ptr, ptr)
type_delete = symbol("wasmtime_component_type_delete", None, ptr)
import_count = symbol("wasmtime_component_type_import_count", c_size_t, ptr, ptr)
import_nth = symbol("wasmtime_component_type_import_nth", c_bool, ptr, ptr, c_size_t, ptr, ptr, ptr)
export_get = symbol("wasmtime_component_type_export_get", ptr, ptr, ptr, c_char_p, c_size_t)
extern_type = symbol("wasmtime_component_extern_type", None, ptr, ptr)
extern_delete = symbol("wasmtime_component_extern_delete", None, ptr)
item_delete = symbol("wasmtime_component_item_delete", None, ptr)
func_is_async = symbol("wasmtime_component_func_type_async", c_bool, ptr)
param_count = symbol("wasmtime_component_func_type_param_count", c_size_t, ptr)
param_nth = symbol("wasmtime_component_func_type_param_nth", c_bool, ptr, c_size_t, ptr, ptr, ptr)
func_result = symbol("wasmtime_component_func_type_result", c_bool, ptr, ptr)
result_ok = symbol("wasmtime_component_result_type_ok", c_bool, ptr, ptr)
result_err = symbol("wasmtime_component_result_type_err", c_bool, ptr, ptr)
valtype_delete = symbol("wasmtime_component_valtype_delete", None, ptr)
