"""A module that passed every check, compiled once, with an engine for each call under way.

An engine costs some 20 us and loading compiled code into it some 30 us, so
calls that overlap get one each and a stop reaches exactly one of them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from wasmtime import Config, Engine, FuncType, MemoryType, Module, ValType, WasmtimeError

from contracts.errors import InvalidInput
from wasm_agents.binary import check_module
from wasm_agents.failures import brief

MAX_IDLE_LANES: Final = 8
STACK_BYTES: Final = 256 * 1024
"""Below the smallest thread stack a supported system gives (macOS: 512 KiB)."""

OFF: Final = (
    "gc_support",
    "shared_memory",
    "wasm_component_model",
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
)

SIGNATURES: Final = {"alloc": "(i32) -> i32", "dealloc": "(i32, i32)", "execute": "(i32, i32) -> i64"}


@dataclass(frozen=True, slots=True)
class Lane:
    """One engine and the module loaded into it; serves one call at a time."""

    engine: Engine
    module: Module


class Code:
    """Compiled code of one module.

    Args:
        wasm: The module's bytes.

    Raises:
        InvalidInput: `load.malformed`, `load.too_large`, `load.import_denied`, `load.bad_export`.
    """

    def __init__(self, wasm: bytes) -> None:
        check_module(wasm)
        engine = Engine(make_config())
        try:
            module = Module(engine, wasm)
        except WasmtimeError as exc:
            raise InvalidInput("load.malformed", f"not a valid module: {brief(exc)}") from exc
        _check_imports(module)
        _check_exports(module)
        # Trusted: these bytes were made above and never leave this object.
        self._compiled = bytes(module.serialize())
        self._lock = threading.Lock()  # guards _idle
        self._idle = [Lane(engine, module)]

    @contextmanager
    def lane(self) -> Iterator[Lane]:
        """Lend an engine that nobody else uses."""
        with self._lock:
            lane = self._idle.pop() if self._idle else None
        if lane is None:
            engine = Engine(make_config())
            lane = Lane(engine, Module.deserialize(engine, self._compiled))
        try:
            yield lane
        finally:
            with self._lock:
                if len(self._idle) < MAX_IDLE_LANES:
                    self._idle.append(lane)


def make_config() -> Config:
    """Return the one profile every guest runs under: metered, stoppable, deterministic, core features only."""
    config = Config()
    for feature in OFF:
        setattr(config, feature, False)
    config.epoch_interruption = True
    config.consume_fuel = True
    config.cranelift_nan_canonicalization = True
    config.max_wasm_stack = STACK_BYTES
    config.parallel_compilation = False  # a hostile module may hold one core, not all
    return config


def _check_imports(module: Module) -> None:
    names = [f"{i.module}.{i.name}" for i in module.imports]
    if names:
        raise InvalidInput(
            "load.import_denied",
            f"the module imports {names[0][:200]!r}" + (f" and {len(names) - 1} more" if names[1:] else ""),
            hint="Build it freestanding: an agent/1 guest imports nothing.",
            data={"imports": [n[:200] for n in names[:20]]},
        )


def _check_exports(module: Module) -> None:
    found = {e.name: e.type for e in module.exports}
    if not isinstance(found.get("memory"), MemoryType):
        raise _bad_export("memory", "a memory", found.get("memory"))
    for name, signature in SIGNATURES.items():
        kind = found.get(name)
        if not isinstance(kind, FuncType) or _spell(kind) != signature:
            raise _bad_export(name, f"a function {signature}", kind)


def _bad_export(name: str, wanted: str, found: object) -> InvalidInput:
    said = "nothing" if found is None else type(found).__name__.removesuffix("Type").lower()
    if isinstance(found, FuncType):
        said = f"a function {_spell(found)}"[:200]
    return InvalidInput(
        "load.bad_export",
        f"the module must export {name!r} as {wanted}; it exports {said}",
        hint="Include wasm_agents/guests/agent.h, which exports all four.",
        data={"export": name},
    )


def _spell(kind: FuncType) -> str:
    results = f" -> {_list(kind.results)}" if kind.results else ""
    return f"({_list(kind.params)}){results}"


def _list(types: Sequence[ValType]) -> str:
    return ", ".join(str(t) for t in types)
