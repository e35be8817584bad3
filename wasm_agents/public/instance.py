"""One instance of a core module through the public API: the rules of `instance.py`, other calls under them.

wasmtime-py reads a negative place from the memory's end and cuts a long read
short, so every pointer and length is made unsigned and checked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from wasmtime import Func, Memory, Store, Trap, WasmtimeError

from contracts.errors import AttemptFailed
from wasm_agents import failures
from wasm_agents.capi.config import MAX_TABLES
from wasm_agents.host_rules import keep_time, note_end
from wasm_agents.limits import PAGE_BYTES, GuestLimits
from wasm_agents.public.ended import core_failure
from wasm_agents.public.engine import stopper
from wasm_agents.surroundings import Surroundings
from wasm_agents.wasi import BadPointer
from wasm_agents.watch import Watch

if TYPE_CHECKING:
    from wasmtime import Caller

    from wasm_agents.public.lane import CoreLane

U32: Final = 0xFFFF_FFFF
U64: Final = 0xFFFF_FFFF_FFFF_FFFF


class PublicInstance:
    """A store with one instance in it; used by one thread at a time.

    Args:
        lane: The engine it runs in, alone.
        limits: For everything that runs in it.
        watch: Ends it.
    """

    def __init__(self, lane: CoreLane, limits: GuestLimits, watch: Watch) -> None:
        self.limits = limits
        self.watch = watch
        self.world: Surroundings | None = None
        self.serve: Callable[[str, bytes], bytes] | None = None
        self.failure: AttemptFailed | None = None
        self.pending: object = None
        self.alloc: Func | None = None
        self.host_calls = 0
        self._lane = lane
        self._memory: Memory | None = None
        self._execute: Func | None = None
        self._dealloc: Func | None = None
        self._known = 0
        self.store = Store(lane.engine)
        self._within: Store | Caller = self.store
        self.store.set_limits(limits.memory_bytes, limits.table_elements, 1, MAX_TABLES, 1)
        lane.instance = self

    def close(self) -> None:
        """Give back what it held."""
        self.store.close()

    # -- calls into the guest -------------------------------------------------------------

    def begin(
        self, watch: Watch, world: Surroundings | None, serve: Callable[[str, bytes], bytes] | None
    ) -> None:
        """Give it a call's whole fuel, and its surroundings.

        Args:
            watch: Ends the call.
            world: Clock, chance and log, for a guest that imports any.
            serve: Answers `agent.call`; None denies it.
        """
        self.watch, self.world, self.serve = watch, world, serve
        self.host_calls = 0
        self.store.set_fuel(self.limits.fuel)
        # A start function may loop too: the deadline is set before there is an instance.
        self.store.set_epoch_deadline(1)

    def exchange(self, content: bytes, *, again: bool = False) -> bytes:
        """Return what `execute` answers to `content`; the instance is made if it is not.

        Args:
            content: The input.
            again: Give input and output back to the guest: there will be a next call.

        Raises:
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`.
        """
        with self._watched():
            if self._memory is None:
                self._make()
            pointer = self.put(content)
            packed = self._call(self._execute, pointer, len(content)) & U64
            output = self._take(packed >> 32, packed & U32)
            if again:
                self._call(self._dealloc, pointer, len(content))
                self._call(self._dealloc, packed >> 32, packed & U32)
        return output

    def put(self, content: bytes) -> int:
        """Place `content` where the guest's `alloc` says, and return where that is.

        Raises:
            AttemptFailed: `abi.bad_alloc`, `limit.*`, `guest.*`.
        """
        pointer: int = self._call(self.alloc, len(content)) & U32
        size = self.size()
        if not pointer and self.is_full():
            raise failures.memory_failure(f"the guest has no room for {len(content)} bytes")
        if not pointer or pointer + len(content) > size:
            raise failures.bad_alloc(len(content), pointer, size)
        self.write(pointer, content)
        return pointer

    def _make(self) -> None:
        try:
            exports = self._lane.instantiate(self.store)
        except (Trap, WasmtimeError) as exc:
            raise self._failed(exc) from exc
        self._raise_noted()
        # The types were checked when the module was loaded.
        self._memory = cast("Memory", exports["memory"])
        self.alloc = cast("Func", exports["alloc"])
        self._execute = cast("Func", exports["execute"])
        self._dealloc = cast("Func", exports["dealloc"])
        if "_initialize" in exports:
            self._call(cast("Func", exports["_initialize"]))

    def _call(self, function: Func | None, *arguments: int) -> Any:
        assert function is not None  # found when the instance was made
        try:
            answer = function(self._within, *arguments)
        except (Trap, WasmtimeError) as exc:
            raise self._failed(exc) from exc
        self._raise_noted()
        return answer

    @contextmanager
    def _watched(self) -> Iterator[None]:
        if self.watch.stop:
            raise failures.stopped(self.watch.stop)
        stopper.enter(self.watch, self._lane.engine)
        try:
            yield
        finally:
            stopper.leave(self.watch)

    def _failed(self, exc: Trap | WasmtimeError) -> AttemptFailed:
        if self.failure is not None:
            return self.failure
        return core_failure(exc, stop=self.watch.stop, memory_is_full=self.is_full())

    def _raise_noted(self) -> None:
        # Raising in a host function would end some call, and not always this one. So it notes why, and the
        # guest ends at its next tick, or here if it came to its end before.
        if self.failure is not None:
            raise self.failure

    # -- calls out of the guest -----------------------------------------------------------

    @contextmanager
    def called_from(self, caller: Caller) -> Iterator[None]:
        """Look at the guest through a host function's caller; nothing is ever raised out of it."""
        outer, self._within = self._within, caller
        try:
            yield
            keep_time(self.watch)
        except BaseException as exc:  # noqa: BLE001  # wasmtime-py gives it to any thread
            note_end(self, exc)
            self._lane.engine.increment_epoch()
        finally:
            self._within = outer

    # -- memory ---------------------------------------------------------------------------

    def size(self) -> int:
        """Return how many bytes of memory there are now; never less than before."""
        if self._memory is not None:
            self._known = self._memory.data_len(self._within)
        return self._known

    def read(self, at: int, length: int) -> bytes:
        """Return a copy of the guest's memory.

        Raises:
            BadPointer: Not all of it is in memory.
        """
        if at + length > self.size() or self._memory is None:
            if not length and not at:
                return b""
            raise BadPointer(at, length)
        return bytes(self._memory.read(self._within, at, at + length))

    def write(self, at: int, content: bytes) -> None:
        """Put `content` into the guest's memory.

        Raises:
            BadPointer: Not all of it is in memory.
        """
        if at + len(content) > self.size():
            raise BadPointer(at, len(content))
        if content and self._memory is not None:
            self._memory.write(self._within, content, at)

    def is_full(self) -> bool:
        """Say whether memory could not grow by a page."""
        return self.size() + PAGE_BYTES > self.limits.memory_bytes

    def fuel_used(self) -> int:
        """Return what the guest used since it was given fuel."""
        return self.limits.fuel - self.store.get_fuel()

    def _take(self, pointer: int, length: int) -> bytes:
        size = self.size()
        if pointer + length > size:
            raise failures.bad_pointer("execute", length, pointer, size=size)
        if length > self.limits.output_bytes:
            raise AttemptFailed("limit.output", failures.over("output", length, self.limits.output_bytes))
        return self.read(pointer, length)
