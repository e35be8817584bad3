"""One instance of a core module: its exports, its memory, and one call at a time through them.

Nothing a guest says is believed: every pointer and length is read as unsigned
and held against the memory as it is. Memory never moves (`capi/config.py`) and
never shrinks, so its size is asked for again only where more of it is named
than was there before.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator
from ctypes import byref, c_void_p, memmove, string_at
from typing import TYPE_CHECKING, Final

from contracts.errors import AttemptFailed
from wasm_agents import failures
from wasm_agents.capi import library as c
from wasm_agents.engines import room
from wasm_agents.limits import PAGE_BYTES, GuestLimits
from wasm_agents.store import Store
from wasm_agents.surroundings import Surroundings
from wasm_agents.wasi import BadPointer
from wasm_agents.watch import Watch

if TYPE_CHECKING:
    from wasm_agents.hostcall import HostCall

U32: Final = 0xFFFF_FFFF

live: Final[dict[int, CoreInstance]] = {}
"""Every instance by its store's context, for host functions to find theirs."""

_EXPORTS: Final = (b"memory", b"alloc", b"execute", b"dealloc", b"_initialize")
_STRIDE: Final = ctypes.sizeof(c.Extern)


class CoreInstance:
    """A store with one instance in it; used by one thread at a time.

    Args:
        engine: wasmtime's engine.
        limits: For everything that runs in it.
        watch: Ends it.
        maps: What it was let in with.
    """

    __slots__ = (
        "alloc", "base", "context", "dealloc", "execute", "externs", "failure", "given", "host_calls",
        "init", "known", "limits",
        "maps", "memory", "packed", "pending", "raw", "raw0", "raw1", "serve", "store", "trap", "trap_at", "watch",
        "world",
    )  # fmt: skip

    def __init__(self, engine: int, limits: GuestLimits, watch: Watch, *, maps: int) -> None:
        self.maps = maps
        self.limits = limits
        self.watch = watch
        self.store = Store(engine, limits, watch)
        self.context = self.store.context
        self.externs = (c.Extern * len(_EXPORTS))()
        self.memory = self.alloc = self.execute = self.dealloc = self.init = 0
        self.trap = c_void_p()
        self.trap_at = byref(self.trap)
        self.raw = (c.RawValue * 2)()
        self.raw0, self.raw1 = self.raw
        self.world: Surroundings | None = None
        self.serve: Callable[[str, bytes], bytes] | None = None
        self.failure: AttemptFailed | None = None
        self.pending: HostCall | None = None
        self.host_calls = 0
        self.given = self.packed = 0
        self.base = self.known = 0
        live[self.context] = self

    def close(self) -> None:
        """Give the slot back."""
        if live.pop(self.context, None) is not None:
            self.watch.end()
            self.store.close()
            room.leave(self.maps)

    # -- called directly ------------------------------------------------------------------

    def instantiate(self, pre: int) -> None:
        """Make the instance and run what it runs at its start.

        Raises:
            AttemptFailed: It could not be made.
        """
        ref = c.InstanceRef()
        error = c.instance_pre_instantiate(pre, self.context, byref(ref), self.trap_at)
        if error or self.trap.value:
            raise self.failed(error)
        self.find_exports(ref)
        if self.init:
            error = c.func_call_unchecked(self.context, self.init, self.raw, 1, self.trap_at)
            if error or self.trap.value:
                raise self.failed(error)

    def exchange(self, content: bytes) -> bytes:
        """Return what `execute` answers to `content`.

        Raises:
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`.
        """
        context, raw, raw0, trap_at = self.context, self.raw, self.raw0, self.trap_at
        length = len(content)
        raw0.u64 = length
        error = c.func_call_unchecked(context, self.alloc, raw, 1, trap_at)
        if error or self.trap.value:
            raise self.failed(error)
        pointer = raw0.u32
        if not pointer or (pointer + length > self.known and pointer + length > self.size()):
            raise self.misplaced(length, pointer)
        memmove(self.base + pointer, content, length)
        raw0.u64 = self.given = pointer
        self.raw1.u64 = length
        error = c.func_call_unchecked(context, self.execute, raw, 2, trap_at)
        if error or self.trap.value:
            raise self.failed(error)
        packed = self.packed = raw0.u64
        return self.take(packed)

    def give_back(self, length: int) -> None:
        """Hand input and output of the last exchange to the guest's `dealloc`: there will be a next call.

        Raises:
            AttemptFailed: `limit.*`, `guest.*`; the instance is of no more use.
        """
        for at, size in ((self.given, length), (self.packed >> 32, self.packed & U32)):
            self.raw0.u64 = at
            self.raw1.u64 = size
            error = c.func_call_unchecked(self.context, self.dealloc, self.raw, 2, self.trap_at)
            if error or self.trap.value:
                raise self.failed(error)

    # -- called on a fiber ----------------------------------------------------------------

    def starting(self, pre: int) -> Generator[int, None, None]:
        """Make the instance in phases: yields each future; whoever drives it polls it to its end.

        Raises:
            AttemptFailed: It could not be made.
        """
        ref, error = c.InstanceRef(), c_void_p()
        yield c.instance_pre_instantiate_async(pre, self.context, byref(ref), self.trap_at, byref(error))
        if error.value or self.trap.value:
            raise self.failed(error.value or 0)
        self.find_exports(ref)
        if self.init:
            yield from self._calling(self.init, 0)

    def exchanging(self, content: bytes, *, again: bool = False) -> Generator[int, None, bytes]:
        """Return what `execute` answers, in phases.

        Args:
            content: The input.
            again: Give input and output back to the guest: there will be a next call.

        Raises:
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`.
        """
        length = len(content)
        pointer = (yield from self._calling(self.alloc, 1, length)) & U32
        self.place(content, pointer)
        packed = yield from self._calling(self.execute, 1, pointer, length)
        output = self.take(packed)
        if again:
            yield from self._calling(self.dealloc, 0, pointer, length)
            yield from self._calling(self.dealloc, 0, packed >> 32, packed & U32)
        return output

    def _calling(self, function: int, results: int, *arguments: int) -> Generator[int, None, int]:
        values = (c.Value * (len(arguments) + 1))()
        for value, argument in zip(values, arguments, strict=False):
            value.of.u64 = argument
        result, error = c.Value(), c_void_p()
        yield c.func_call_async(
            self.context, function, values, len(arguments), byref(result), results, self.trap_at, byref(error)
        )
        if error.value or self.trap.value:
            raise self.failed(error.value or 0)
        packed: int = result.of.u64
        return packed

    # -- memory ---------------------------------------------------------------------------

    def find_exports(self, ref: c.InstanceRef) -> None:
        """Note where the exports are; their types were checked when the module was loaded."""
        at = ctypes.addressof(self.externs)
        found = []
        for number, name in enumerate(_EXPORTS):
            place = at + number * _STRIDE
            there = c.instance_export_get(self.context, byref(ref), name, len(name), place)
            found.append(place + c.OF if there else 0)
        self.memory, self.alloc, self.execute, self.dealloc, self.init = found
        self.base = c.memory_at(self.context, self.memory)
        self.size()

    def size(self) -> int:
        """Return how many bytes of memory there are now; never less than before."""
        if self.memory:
            self.known = c.memory_size(self.context, self.memory)
        return self.known

    def read(self, at: int, length: int) -> bytes:
        """Return a copy of the guest's memory.

        Raises:
            BadPointer: Not all of it is in memory.
        """
        if at + length > self.known and at + length > self.size():
            raise BadPointer(at, length)
        return string_at(self.base + at, length)

    def write(self, at: int, content: bytes) -> None:
        """Put `content` into the guest's memory.

        Raises:
            BadPointer: Not all of it is in memory.
        """
        length = len(content)
        if at + length > self.known and at + length > self.size():
            raise BadPointer(at, length)
        memmove(self.base + at, content, length)

    def place(self, content: bytes, pointer: int) -> None:
        """Put `content` where the guest's `alloc` said.

        Raises:
            AttemptFailed: `abi.bad_alloc`, `limit.memory`.
        """
        if not pointer:
            raise self.misplaced(len(content), pointer)
        try:
            self.write(pointer, content)
        except BadPointer as exc:
            raise self.misplaced(len(content), pointer) from exc

    def take(self, packed: int) -> bytes:
        """Return the bytes a packed pointer and length name.

        Raises:
            AttemptFailed: `abi.bad_pointer`, `limit.output`.
        """
        pointer, length = packed >> 32, packed & U32
        if pointer + length > self.known and pointer + length > self.size():
            raise failures.bad_pointer("execute", length, pointer, size=self.known)
        if length > self.limits.output_bytes:
            raise AttemptFailed("limit.output", failures.over("output", length, self.limits.output_bytes))
        return string_at(self.base + pointer, length)

    def misplaced(self, length: int, pointer: int) -> AttemptFailed:
        """Return why `alloc` gave no place."""
        size = self.size()
        if not pointer and self.is_full():
            return failures.memory_failure(f"the guest has no room for {length} bytes")
        return failures.bad_alloc(length, pointer, size)

    def is_full(self) -> bool:
        """Say whether memory could not grow by a page."""
        return self.size() + PAGE_BYTES > self.limits.memory_bytes

    def failed(self, error: int) -> AttemptFailed:
        """Return why the last call into the guest failed, and free what wasmtime said."""
        trap, self.trap.value = self.trap.value, None
        text = c.take_error(error) if error else ""
        word, _ = c.take_trap(trap) if trap else ("", "")
        if self.failure is not None:
            return self.failure
        if word:
            return failures.trapped(word, stop=self.watch.stop, memory_is_full=self.is_full())
        return failures.refused(text, stop=self.watch.stop)
