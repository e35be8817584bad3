"""One instance of a core module: its exports, its memory, and one call at a time through them.

Nothing a guest says is believed: every pointer and length is read as unsigned
and held against the memory as it is. Memory never moves (`capi/config.py`) and
never shrinks, so its size is asked for again only where more of it is named
than was there before.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Generator
from ctypes import memmove, string_at
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

_NAMED: Final = tuple((name, len(name)) for name in _EXPORTS)

# One array of words holds all that wasmtime reads and writes here: an object for each place would be
# made and traced by the collector in every call. Places, in words:
_RAW: Final = len(_EXPORTS) * _STRIDE // 8
_TRAP: Final = _RAW + 4
_ERROR: Final = _TRAP + 1
_REF: Final = _ERROR + 1
_FIRST: Final = _REF + 2
_SECOND: Final = _FIRST + 4
_RESULT: Final = _SECOND + 4
INNER: Final = _RESULT + 4
"""A call within a host call: its argument, result, trap and error."""
INNER_RESULT: Final = INNER + 4
INNER_TRAP: Final = INNER_RESULT + 4
INNER_ERROR: Final = INNER_TRAP + 1
_Words = ctypes.c_uint64 * (INNER_ERROR + 1)


class CoreInstance:
    """A store with one instance in it; used by one thread at a time.

    Args:
        engine: wasmtime's engine.
        limits: For everything that runs in it.
        watch: Ends it.
        maps: What it was let in with.
    """

    __slots__ = (
        "alloc", "at", "base", "context", "dealloc", "execute", "failure", "given", "host_calls", "init", "is_armed",
        "known", "limits", "maps", "memory", "packed", "pending", "raw", "serve", "store", "trap_at", "watch",
        "words", "world",
    )  # fmt: skip

    def __init__(self, engine: int, limits: GuestLimits, watch: Watch, *, maps: int) -> None:
        self.maps = maps
        self.limits = limits
        self.watch = watch
        self.store = Store(engine, limits, watch)
        self.context = self.store.context
        self.memory = self.alloc = self.execute = self.dealloc = self.init = 0
        self.words = _Words()
        at = self.at = ctypes.addressof(self.words)
        self.raw = at + 8 * _RAW
        self.trap_at = at + 8 * _TRAP
        self.is_armed = False
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
        error = c.instance_pre_instantiate(pre, self.context, self.at + 8 * _REF, self.trap_at)
        if error or self.words[_TRAP]:
            raise self.failed(error)
        self.find_exports()
        if self.init:
            error = c.func_call_unchecked(self.context, self.init, self.raw, 1, self.trap_at)
            if error or self.words[_TRAP]:
                raise self.failed(error)

    def exchange(self, content: bytes) -> bytes:
        """Return what `execute` answers to `content`.

        Raises:
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`.
        """
        context, raw, words, trap_at = self.context, self.raw, self.words, self.trap_at
        length = len(content)
        words[_RAW] = length
        error = c.func_call_unchecked(context, self.alloc, raw, 1, trap_at)
        if error or words[_TRAP]:
            raise self.failed(error)
        pointer = words[_RAW] & U32
        if not pointer or (pointer + length > self.known and pointer + length > self.size()):
            raise self.misplaced(length, pointer)
        memmove(self.base + pointer, content, length)
        words[_RAW] = self.given = pointer
        words[_RAW + 2] = length
        error = c.func_call_unchecked(context, self.execute, raw, 2, trap_at)
        if error or words[_TRAP]:
            raise self.failed(error)
        packed: int = words[_RAW]
        self.packed = packed
        return self.take(packed)

    def give_back(self, length: int) -> None:
        """Hand input and output of the last exchange to the guest's `dealloc`: there will be a next call.

        Raises:
            AttemptFailed: `limit.*`, `guest.*`; the instance is of no more use.
        """
        for at, size in ((self.given, length), (self.packed >> 32, self.packed & U32)):
            self.words[_RAW] = at
            self.words[_RAW + 2] = size
            error = c.func_call_unchecked(self.context, self.dealloc, self.raw, 2, self.trap_at)
            if error or self.words[_TRAP]:
                raise self.failed(error)

    # -- called on a fiber ----------------------------------------------------------------

    def starting(self, pre: int) -> Generator[int, None, None]:
        """Make the instance in phases: yields each future; whoever drives it polls it to its end.

        Raises:
            AttemptFailed: It could not be made.
        """
        at, words = self.at, self.words
        yield c.instance_pre_instantiate_async(
            pre, self.context, at + 8 * _REF, self.trap_at, at + 8 * _ERROR
        )
        if words[_TRAP] or words[_ERROR]:
            raise self.failed(words[_ERROR])
        self.find_exports()
        if self.init:
            yield self._asked(self.init, 0, 0)
            self._answered()

    def exchanging(self, content: bytes, *, again: bool = False) -> Generator[int, None, bytes]:
        """Return what `execute` answers, in phases.

        Args:
            content: The input.
            again: Give input and output back to the guest: there will be a next call.

        Raises:
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`.
        """
        length = len(content)
        yield self._asked(self.alloc, 1, 1, length)
        pointer = self._answered() & U32
        self.place(content, pointer)
        yield self._asked(self.execute, 2, 1, pointer, length)
        packed = self._answered()
        output = self.take(packed)
        if again:
            yield self._asked(self.dealloc, 2, 0, pointer, length)
            self._answered()
            yield self._asked(self.dealloc, 2, 0, packed >> 32, packed & U32)
            self._answered()
        return output

    def _asked(self, function: int, count: int, results: int, first: int = 0, second: int = 0) -> int:
        at, words = self.at, self.words
        words[_FIRST + 1] = first
        words[_SECOND + 1] = second
        future: int = c.func_call_async(
            self.context,
            function,
            at + 8 * _FIRST,
            count,
            at + 8 * _RESULT,
            results,
            self.trap_at,
            at + 8 * _ERROR,
        )
        return future

    def _answered(self) -> int:
        words = self.words
        if words[_TRAP] or words[_ERROR]:
            raise self.failed(words[_ERROR])
        result: int = words[_RESULT + 1]
        return result

    # -- memory ---------------------------------------------------------------------------

    def find_exports(self) -> None:
        """Note where the exports are; their types were checked when the module was loaded."""
        at, ref = self.at, self.at + 8 * _REF
        found = []
        for number, (name, length) in enumerate(_NAMED):
            place = at + number * _STRIDE
            there = c.instance_export_get(self.context, ref, name, length, place)
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

    def is_trapped(self) -> bool:
        """Say whether the last call in place ended in a trap."""
        return bool(self.words[_TRAP])

    def is_full(self) -> bool:
        """Say whether memory could not grow by a page."""
        return self.size() + PAGE_BYTES > self.limits.memory_bytes

    def failed(self, error: int, trap: int = 0) -> AttemptFailed:
        """Return why the last call into the guest failed, and free what wasmtime said."""
        words = self.words
        trap, words[_TRAP], words[_ERROR] = trap or words[_TRAP], 0, 0
        text = c.take_error(error) if error else ""
        word, _ = c.take_trap(trap) if trap else ("", "")
        if self.failure is not None:
            return self.failure
        if word:
            return failures.trapped(word, stop=self.watch.stop, memory_is_full=self.is_full())
        return failures.refused(text, stop=self.watch.stop)
