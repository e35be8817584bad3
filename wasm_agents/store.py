"""A store with every limit set before anything of a guest runs in it."""

from __future__ import annotations

import ctypes
from typing import Final

from wasm_agents.capi import library as c
from wasm_agents.limits import GuestLimits
from wasm_agents.watch import Watch, on_epoch

_TABLES: Final = 4


class Store:
    """One guest's memory, tables and fuel; never used by two threads at once.

    Args:
        engine: wasmtime's engine.
        limits: Set at once.
        watch: Asked at every tick.
        parts: How many core instances, and memories, may be in it; a component has several.
    """

    __slots__ = ("_used", "context", "handle", "limits")

    def __init__(self, engine: int, limits: GuestLimits, watch: Watch, *, parts: int = 1) -> None:
        self.handle: int = c.store_new(engine, watch.number, None)
        self.context: int = c.store_context(self.handle)
        self.limits = limits
        self._used = 0
        c.store_limiter(
            self.handle, limits.memory_bytes, limits.table_elements, parts, _TABLES * parts, parts
        )
        c.context_set_fuel(self.context, limits.fuel)
        c.store_epoch_callback(self.handle, on_epoch, watch.number, None)
        # A start function may loop too: the first tick counts before there is an instance.
        c.context_set_epoch_deadline(self.context, 1)

    def fuel_used(self) -> int:
        """Return what the guest used so far."""
        if not self.handle:
            return self._used
        left = ctypes.c_uint64()
        c.context_get_fuel(self.context, ctypes.byref(left))
        return self.limits.fuel - left.value

    def end(self, used: int | None = None) -> None:
        """Give the instance's slot back; what was used stays known.

        Args:
            used: What is told instead, when given.
        """
        self._used = self.fuel_used() if used is None else used
        self.close()

    def close(self) -> None:
        """Give the instance's slot back."""
        if self.handle:
            c.store_delete(self.handle)
            self.handle = 0
