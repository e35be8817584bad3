"""The profiles guests run under: `core` modules and `component`s.

Metered, stoppable, deterministic, with the features a language needs and no
more. The child that compiles makes the same profile from the same lines, so
this module uses nothing but ctypes and a library that is handed in.
"""

from __future__ import annotations

import ctypes
from ctypes import c_bool, c_size_t, c_uint32, c_uint64
from ctypes import c_void_p as ptr
from typing import Any, Final, Literal

Profile = Literal["core", "component", "public"]
"""`public` is for core modules too: what an engine loads that wasmtime-py's public settings make."""

STACK_BYTES: Final = 256 * 1024
"""What a guest's own calls may stack up."""
FIBER_BYTES: Final = 4 * 1024 * 1024
"""A fiber's stack: a guest's part, and what Python may need on top of it. Address space, not memory."""
MAX_MEMORY_BYTES: Final = 1024 * 1024 * 1024
MAX_TABLE_ELEMENTS: Final = 1_000_000
MAX_TABLES: Final = 4
"""Of one core module."""
MAX_COMPONENT_PARTS: Final = 64
"""Core instances, memories and tables of one component."""

SPARE_STACKS: Final = 64

_OFF: Final = (
    "gc_support",
    "shared_memory",
    "wasm_component_model_accessors",
    "wasm_component_model_async",
    "wasm_component_model_async_stackful",
    "wasm_component_model_canonical_names",
    "wasm_component_model_implements",
    "wasm_component_model_map",
    "wasm_component_model_more_async_builtins",
    "wasm_custom_page_sizes",
    "wasm_exceptions",
    "wasm_function_references",
    "wasm_gc",
    "wasm_memory64",
    "wasm_multi_memory",
    "wasm_relaxed_simd",
    "wasm_stack_switching",
    "wasm_tail_call",
    "wasm_threads",
    "wasm_wide_arithmetic",
    "memory_may_move",  # reserved whole, so that its place is known once and for all
    "parallel_compilation",  # a hostile module may hold one core, not all
)
_NEEDED_BY: Final[dict[str, tuple[Profile, ...]]] = {
    # Parts of a component that hand strings on see both their memories; without, the compiler panics.
    "wasm_multi_memory": ("component",),
}
_ON: Final = ("epoch_interruption", "consume_fuel", "cranelift_nan_canonicalization")


def new_config(library: ctypes.CDLL, profile: Profile, *, slots: int = 0) -> int:
    """Return a new `wasm_config_t`; making an engine of it takes it over.

    Args:
        library: wasmtime's shared library.
        profile: What is to be run.
        slots: Instances alive at once, each in a slot mapped beforehand; 0 maps each when it is made.
    """
    config: int = _call(library, "wasm_config_new", ptr)
    for name, is_on in switches(profile).items():
        _set(library, config, name, value=is_on)
    _call(library, "wasmtime_config_max_wasm_stack_set", None, (ptr, config), (c_size_t, STACK_BYTES))
    _call(library, "wasmtime_config_async_stack_size_set", None, (ptr, config), (c_uint64, FIBER_BYTES))
    if slots:
        _pool(library, config, profile, slots)
    return config


def switches(profile: Profile) -> dict[str, bool]:
    """Return every setting that is on or off, by wasmtime's name for it."""
    return {
        **dict.fromkeys(_ON, True),
        **{name: profile in _NEEDED_BY.get(name, ()) for name in _OFF},
        "wasm_component_model": profile == "component",
        # A mapping of its own for a memory's first content pays for megabytes of it, as in a Python component.
        # The public settings cannot say so: there it is on, as it is when nothing is said.
        "memory_init_cow": profile != "core",
    }


def _pool(library: ctypes.CDLL, config: int, profile: Profile, slots: int) -> None:
    pool: int = _call(library, "wasmtime_pooling_allocation_config_new", ptr)
    parts = 4 if profile == "component" else 1
    wanted = {
        "total_core_instances": (c_uint32, slots * parts),
        "total_memories": (c_uint32, slots * (2 if profile == "component" else 1)),
        "total_tables": (c_uint32, slots * parts),
        "total_component_instances": (c_uint32, slots),
        # Each has a guard page, and so two entries in the kernel's bounded list of mappings. A call stands on
        # a second one only while `alloc` runs inside its host call.
        "total_stacks": (c_uint32, slots + SPARE_STACKS),
        "max_memory_size": (c_size_t, MAX_MEMORY_BYTES),
        "table_elements": (c_size_t, MAX_TABLE_ELEMENTS),
        "max_tables_per_module": (c_uint32, MAX_TABLES),
        "max_memories_per_module": (c_uint32, 1),
        "max_core_instances_per_component": (c_uint32, MAX_COMPONENT_PARTS),
        "max_memories_per_component": (c_uint32, MAX_COMPONENT_PARTS),
        "max_tables_per_component": (c_uint32, MAX_COMPONENT_PARTS),
        # Resident pages are wiped by hand when a slot is given back: dear when many guests end together.
        "linear_memory_keep_resident": (c_size_t, 0),
        "table_keep_resident": (c_size_t, 0),
    }
    for name, (kind, value) in wanted.items():
        _call(library, f"wasmtime_pooling_allocation_config_{name}_set", None, (ptr, pool), (kind, value))
    _call(library, "wasmtime_pooling_allocation_strategy_set", None, (ptr, config), (ptr, pool))
    _call(library, "wasmtime_pooling_allocation_config_delete", None, (ptr, pool))


def _set(library: ctypes.CDLL, config: int, name: str, *, value: bool) -> None:
    _call(library, f"wasmtime_config_{name}_set", None, (ptr, config), (c_bool, value))


def _call(library: ctypes.CDLL, name: str, result: Any, *arguments: tuple[Any, Any]) -> Any:
    # A prototype of its own for each call: handles are made once, and nobody's shared prototype is changed.
    kinds = [kind for kind, _ in arguments]
    function = ctypes.CFUNCTYPE(result, *kinds)((name, library))
    return function(*(value for _, value in arguments))
