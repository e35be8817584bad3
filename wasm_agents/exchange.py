"""One call in one store: hand the input over, run, read the answer; believe nothing the guest says."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple, cast

from wasmtime import Func, Instance, Memory, Module, Store, Trap, WasmtimeError

from contracts.errors import AttemptFailed
from wasm_agents.alarm import Watch
from wasm_agents.failures import failure_of, memory_failure
from wasm_agents.limits import PAGE_BYTES, GuestLimits

U32: Final = 0xFFFF_FFFF
U64: Final = 0xFFFF_FFFF_FFFF_FFFF


class GuestResult(NamedTuple):
    """What one call gave and used."""

    output: bytes
    fuel: int
    peak_memory_bytes: int
    wall_ms: float
    """From asking for an instance to having the output."""


class _Exports(NamedTuple):
    memory: Memory
    alloc: Callable[..., int]
    execute: Callable[..., int]


class Exchange:
    """One call in one store."""

    def __init__(self, store: Store, module: Module, limits: GuestLimits) -> None:
        self._store = store
        self._module = module
        self._limits = limits
        self._memory: Memory | None = None
        self._started = time.perf_counter()

    def run(self, data: bytes, watch: Watch) -> GuestResult:
        """Return what `execute` answers to `data`.

        Raises:
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`; `data` says what was used.
        """
        try:
            output = self._exchange(data)
        except (Trap, WasmtimeError) as exc:
            failure = failure_of(exc, reason=watch.reason, memory_is_full=self._memory_is_full())
            failure.data |= self._used()
            raise failure from exc
        except AttemptFailed as failure:
            failure.data |= self._used()
            raise
        return GuestResult(output, **self._used())

    def _exchange(self, data: bytes) -> bytes:
        memory, alloc, execute = self._instantiate()
        pointer = self._place(memory, alloc, data)
        packed = execute(self._store, pointer, len(data)) & U64
        return self._read(memory, packed >> 32, packed & U32)

    def _instantiate(self) -> _Exports:
        exports = Instance(self._store, self._module, []).exports(self._store)
        # The types were checked when the module was loaded.
        self._memory = cast("Memory", exports["memory"])
        return _Exports(self._memory, cast("Func", exports["alloc"]), cast("Func", exports["execute"]))

    def _place(self, memory: Memory, alloc: Callable[..., int], data: bytes) -> int:
        pointer = alloc(self._store, len(data)) & U32
        size = memory.data_len(self._store)
        if pointer == 0 and self._memory_is_full():
            raise memory_failure(f"the guest has no room for an input of {len(data)} bytes")
        if pointer == 0 or pointer + len(data) > size:
            raise AttemptFailed(
                "abi.bad_alloc",
                f"alloc({len(data)}) gave {pointer:#x}, and memory has {size} bytes",
                data={"pointer": pointer, "memory_bytes": size},
            )
        if data:
            memory.write(self._store, data, pointer)
        return pointer

    def _read(self, memory: Memory, pointer: int, length: int) -> bytes:
        size = memory.data_len(self._store)
        if pointer + length > size:
            raise AttemptFailed(
                "abi.bad_pointer",
                f"execute gave {length} bytes at {pointer:#x}, and memory has {size} bytes",
                data={"pointer": pointer, "length": length, "memory_bytes": size},
            )
        if length > self._limits.output_bytes:
            raise AttemptFailed("limit.output", over("output", length, self._limits.output_bytes))
        return bytes(memory.read(self._store, pointer, pointer + length))

    def _memory_is_full(self) -> bool:
        return self._peak() + PAGE_BYTES > self._limits.memory_bytes

    def _peak(self) -> int:
        # Linear memory never shrinks, so its size now is the most it was.
        return self._memory.data_len(self._store) if self._memory is not None else 0

    def _used(self) -> dict[str, Any]:
        return {
            "fuel": self._limits.fuel - self._store.get_fuel(),
            "peak_memory_bytes": self._peak(),
            "wall_ms": round((time.perf_counter() - self._started) * 1000, 3),
        }


def bound(store: Store, limits: GuestLimits) -> None:
    """Set every limit of a new store, before anything of the guest runs."""
    store.set_limits(
        memory_size=limits.memory_bytes,
        table_elements=limits.table_elements,
        instances=1,
        tables=4,
        memories=1,
    )
    store.set_fuel(limits.fuel)
    # A start function may loop too: the deadline is set before there is an instance.
    store.set_epoch_deadline(1)


def over(what: str, size: int, most: int) -> str:
    """Say that an input or output is too long."""
    return f"an {what} of {size} bytes, at most {most} are passed"
