"""Prototypes over wasmtime's C API: what wasmtime-py's public path costs 19 times of.

Functions that can run guest code, or take long, let go of the interpreter's
lock; the rest keep it, since letting go and taking it back costs more than
they do. Every pointer is a plain integer. Loading this module touches no
engine; `selfcheck.py` says whether the wheel is the one these were written for.

Source: the headers `wasmtime.h` and `wasmtime/*.h` of wasmtime 50.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import (
    c_bool,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint8,
    c_uint32,
    c_uint64,
)
from ctypes import c_void_p as ptr
from typing import Any, ClassVar, Final

from wasmtime import TrapCode, _ffi

PINNED: Final = ("50",)
"""The releases whose structures these are."""

I32: Final = 0
I64: Final = 1


class RawValue(ctypes.Union):
    """`wasmtime_val_raw_t`: an argument or result with no kind beside it."""

    _fields_: ClassVar[Sequence[Any]] = (
        ("i32", c_int32), ("u32", c_uint32), ("i64", c_int64), ("u64", c_uint64),
        ("f32", c_float), ("f64", c_double), ("v128", c_uint8 * 16),
    )  # fmt: skip


class _FuncOrMemory(ctypes.Union):
    _fields_: ClassVar[Sequence[Any]] = (("words", c_uint64 * 3),)


class Extern(ctypes.Structure):
    """`wasmtime_extern_t`: the kind, then the function, memory, table or global itself."""

    _fields_: ClassVar[Sequence[Any]] = (("kind", c_uint8), ("of", _FuncOrMemory))


class _ValueOf(ctypes.Union):
    _fields_: ClassVar[Sequence[Any]] = (
        ("i32", c_int32), ("u32", c_uint32), ("i64", c_int64), ("u64", c_uint64), ("words", c_uint64 * 3),
    )  # fmt: skip


class Value(ctypes.Structure):
    """`wasmtime_val_t`: an argument or result with its kind."""

    _fields_: ClassVar[Sequence[Any]] = (("kind", c_uint8), ("of", _ValueOf))


class InstanceRef(ctypes.Structure):
    """`wasmtime_instance_t`."""

    _fields_: ClassVar[Sequence[Any]] = (("store_id", c_uint64), ("index", c_size_t))


class Bytes(ctypes.Structure):
    """`wasm_byte_vec_t`: bytes that wasmtime allocated or is to read."""

    _fields_: ClassVar[Sequence[Any]] = (("size", c_size_t), ("at", ptr))


class Continuation(ctypes.Structure):
    """`wasmtime_async_continuation_t`: what says whether a suspended host call is done."""

    _fields_: ClassVar[Sequence[Any]] = (("callback", ptr), ("env", ptr), ("finalizer", ptr))


OF: Final = Extern.of.offset
"""Where in an `Extern` the function or memory lies."""

EpochCallback = ctypes.CFUNCTYPE(ptr, ptr, ptr, ctypes.POINTER(c_uint64), ctypes.POINTER(c_uint8))
"""(context, data, how far on, what then) -> error or null."""
RawCallback = ctypes.CFUNCTYPE(ptr, ptr, ptr, ptr, c_size_t)
"""(env, caller, values, how many) -> trap or null."""
AsyncCallback = ctypes.CFUNCTYPE(None, ptr, ptr, ptr, c_size_t, ptr, c_size_t, ptr, ptr)
"""(env, caller, arguments, how many, results, how many, trap, continuation)."""
ContinuationCallback = ctypes.CFUNCTYPE(c_bool, ptr)
"""(env) -> whether the host call is done."""

EPOCH_CONTINUE: Final = 0
EPOCH_YIELD: Final = 1

PATH: Final = str(_ffi.filename)
"""The shared library's file; a child process loads it from there without the package."""

_FREE: Final = ctypes.CDLL(PATH)  # lets go of the interpreter's lock
_HELD: Final = ctypes.PyDLL(PATH)  # keeps it


missing: Final[list[str]] = []
"""Functions that this library does not have; `selfcheck.py` looks here before any is called."""


def _declare(library: ctypes.CDLL, name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(library, name, None)
    if function is None:
        missing.append(name)
        return None
    function.restype = result
    function.argtypes = arguments
    return function


# Engine and module
engine_new = _declare(_HELD, "wasm_engine_new_with_config", ptr, ptr)
engine_delete = _declare(_FREE, "wasm_engine_delete", None, ptr)
engine_increment_epoch = _declare(_HELD, "wasmtime_engine_increment_epoch", None, ptr)
module_deserialize_file = _declare(_FREE, "wasmtime_module_deserialize_file", ptr, ptr, c_char_p, ptr)
module_deserialize = _declare(_FREE, "wasmtime_module_deserialize", ptr, ptr, ptr, c_size_t, ptr)
module_delete = _declare(_FREE, "wasmtime_module_delete", None, ptr)

# Linker
linker_new = _declare(_HELD, "wasmtime_linker_new", ptr, ptr)
linker_delete = _declare(_HELD, "wasmtime_linker_delete", None, ptr)
linker_define_func_unchecked = _declare(
    _HELD, "wasmtime_linker_define_func_unchecked",
    ptr, ptr, c_char_p, c_size_t, c_char_p, c_size_t, ptr, RawCallback, ptr, ptr,
)  # fmt: skip
linker_define_async_func = _declare(
    _HELD, "wasmtime_linker_define_async_func",
    ptr, ptr, c_char_p, c_size_t, c_char_p, c_size_t, ptr, AsyncCallback, ptr, ptr,
)  # fmt: skip
linker_instantiate_pre = _declare(_HELD, "wasmtime_linker_instantiate_pre", ptr, ptr, ptr, ptr)
instance_pre_delete = _declare(_HELD, "wasmtime_instance_pre_delete", None, ptr)
instance_pre_instantiate = _declare(_FREE, "wasmtime_instance_pre_instantiate", ptr, ptr, ptr, ptr, ptr)
instance_pre_instantiate_async = _declare(
    _HELD, "wasmtime_instance_pre_instantiate_async", ptr, ptr, ptr, ptr, ptr, ptr
)
instance_export_get = _declare(
    _HELD, "wasmtime_instance_export_get", c_bool, ptr, ptr, c_char_p, c_size_t, ptr
)

# Store
store_new = _declare(_HELD, "wasmtime_store_new", ptr, ptr, ptr, ptr)
store_context = _declare(_HELD, "wasmtime_store_context", ptr, ptr)
store_delete = _declare(_HELD, "wasmtime_store_delete", None, ptr)
store_limiter = _declare(
    _HELD, "wasmtime_store_limiter", None, ptr, c_int64, c_int64, c_int64, c_int64, c_int64
)
store_epoch_callback = _declare(
    _HELD, "wasmtime_store_epoch_deadline_callback", None, ptr, EpochCallback, ptr, ptr
)
context_set_epoch_deadline = _declare(_HELD, "wasmtime_context_set_epoch_deadline", None, ptr, c_uint64)
context_set_fuel = _declare(_HELD, "wasmtime_context_set_fuel", ptr, ptr, c_uint64)
context_get_fuel = _declare(_HELD, "wasmtime_context_get_fuel", ptr, ptr, ptr)
context_get_data = _declare(_HELD, "wasmtime_context_get_data", ptr, ptr)

# Calls and memory
func_call_unchecked = _declare(_FREE, "wasmtime_func_call_unchecked", ptr, ptr, ptr, ptr, c_size_t, ptr)
func_call_async = _declare(
    _HELD, "wasmtime_func_call_async", ptr, ptr, ptr, ptr, c_size_t, ptr, c_size_t, ptr, ptr
)
call_future_poll = _declare(_FREE, "wasmtime_call_future_poll", c_bool, ptr)
call_future_delete = _declare(_HELD, "wasmtime_call_future_delete", None, ptr)
memory_at = _declare(_HELD, "wasmtime_memory_data", ptr, ptr, ptr)
memory_size = _declare(_HELD, "wasmtime_memory_data_size", c_size_t, ptr, ptr)
caller_context = _declare(_HELD, "wasmtime_caller_context", ptr, ptr)
caller_export_get = _declare(_HELD, "wasmtime_caller_export_get", c_bool, ptr, c_char_p, c_size_t, ptr)

# Errors and traps
error_new = _declare(_HELD, "wasmtime_error_new", ptr, c_char_p)
error_message = _declare(_HELD, "wasmtime_error_message", None, ptr, ptr)
error_delete = _declare(_HELD, "wasmtime_error_delete", None, ptr)
trap_new = _declare(_HELD, "wasmtime_trap_new", ptr, c_char_p, c_size_t)
trap_message = _declare(_HELD, "wasm_trap_message", None, ptr, ptr)
trap_code = _declare(_HELD, "wasmtime_trap_code", c_bool, ptr, ptr)
trap_delete = _declare(_HELD, "wasm_trap_delete", None, ptr)
byte_vec_delete = _declare(_HELD, "wasm_byte_vec_delete", None, ptr)

# Types
functype_delete = _declare(_HELD, "wasm_functype_delete", None, ptr)
_functype_new = _declare(_HELD, "wasm_functype_new", ptr, ptr, ptr)
_valtype_new = _declare(_HELD, "wasm_valtype_new", ptr, c_uint8)
_valtype_vec_new = _declare(_HELD, "wasm_valtype_vec_new", None, ptr, c_size_t, ptr)


def function_type(signature: str) -> int:
    """Return a new `wasm_functype_t`, to be deleted by the caller.

    Args:
        signature: Parameters, `>`, results; `i` for i32 and `I` for i64.
    """
    vecs = []
    for part in signature.split(">"):
        types = (ptr * max(1, len(part)))(*(_valtype_new(I64 if kind == "I" else I32) for kind in part))
        vec = Bytes()  # every vector of the C API is a size and a place
        _valtype_vec_new(ctypes.byref(vec), len(part), types)
        vecs.append(vec)
    made: int = _functype_new(ctypes.byref(vecs[0]), ctypes.byref(vecs[1]))
    return made


def symbol(name: str, result: Any, *arguments: Any) -> Any:
    """Return one more function of the library, with its prototype; it lets go of the interpreter's lock."""
    return _declare(_FREE, name, result, *arguments)


def take_error(error: int) -> str:
    """Return an error's message and free it; bounded and printable."""
    vec = Bytes()
    error_message(error, ctypes.byref(vec))
    error_delete(error)
    return _take_text(vec)


def take_trap(trap: int) -> tuple[str, str]:
    """Return a trap's word (`TRAP_WORDS`, or "host" for one a host function made) and message; free it."""
    number = c_uint8()
    is_known = trap_code(trap, ctypes.byref(number))
    vec = Bytes()
    trap_message(trap, ctypes.byref(vec))
    trap_delete(trap)
    word = "host"
    if is_known:
        word = TRAP_WORDS[number.value] if number.value < len(TRAP_WORDS) else "unknown"
    return word, _take_text(vec)


def _take_text(vec: Bytes) -> str:
    # The cause stands last, after a backtrace of names the guest chose.
    size = min(vec.size, 4000)
    raw = ctypes.string_at(vec.at + vec.size - size, size) if vec.at else b""
    byte_vec_delete(ctypes.byref(vec))
    lines = [line.strip() for line in raw.decode("utf-8", "replace").replace("\0", "").splitlines()]
    text = next((line for line in reversed(lines) if line), "")
    return "".join(c if c.isprintable() else "?" for c in text[:300])


TRAP_WORDS: Final = tuple(code.name.lower() for code in sorted(TrapCode, key=lambda code: code.value))
"""By number: `wasmtime_trap_code_enum` of `wasmtime/trap.h`."""
