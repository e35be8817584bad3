"""One instance of a component and one call of its `execute`, in phases: each yields a future to be polled.

wasmtime reads and checks what lies in a component's memories; nothing here can
see them, so no peak is known. The outer component (`outer.py`) looks at an
answer's length before any of it is copied.
"""

from __future__ import annotations

from collections.abc import Generator
from ctypes import byref, c_void_p, string_at
from typing import TYPE_CHECKING, Final

from contracts.errors import AttemptFailed
from wasm_agents.capi import library as c
from wasm_agents.capi.config import MAX_COMPONENT_PARTS
from wasm_agents.component import binding as b
from wasm_agents.component.answer import Answer, answer_error, answer_ok
from wasm_agents.component.code import MAX_MEMORIES, ComponentCode
from wasm_agents.component.failures import Ended, failure_of, take_error, wants_more_memories
from wasm_agents.component.given import arguments
from wasm_agents.component.outer import INSTANCES, MEMORIES, Place, extra_room
from wasm_agents.limits import GuestLimits
from wasm_agents.store import Store
from wasm_agents.watch import Watch

if TYPE_CHECKING:
    from wasm_agents.hostcall import HostCall

MAX_TABLES: Final = 16
UNSEEN: Final = -1
"""The peak of a memory nobody can look at."""


class ComponentInstance:
    """A store with one component in it; used by one thread at a time, for one call.

    Args:
        code: What it is made of.
        limits: For everything that runs in it; its memories share `memory_bytes` evenly.
        watch: Ends it.

    Attributes:
        pending: None: it imports nothing, so it waits for nothing.
        place: Where the last call ended.
    """

    __slots__ = (
        "_outer_bytes",
        "_ref",
        "code",
        "is_made",
        "limits",
        "memories",
        "pending",
        "place",
        "store",
        "watch",
    )

    def __init__(self, code: ComponentCode, limits: GuestLimits, watch: Watch) -> None:
        self.code = code
        self.limits = limits
        self.watch = watch
        self._ref = b.Instance()
        self._outer_bytes = 0
        self.pending: HostCall | None = None
        self.is_made = False
        self.place: Place = "guest"
        self.memories = 0
        self.store = self._new_store()

    def close(self) -> None:
        """Give back what it held."""
        self.store.close()

    def begin_again(self, limits: GuestLimits) -> None:
        """Turn into an instance that is not made yet, under other limits; it must be closed."""
        self.limits = limits
        self.is_made = False
        self.store = self._new_store()

    def expect(self, input_bytes: int) -> None:
        """Count an input's copies against the memory limit; before the instance is made."""
        self._outer_bytes = extra_room(input_bytes)
        if self._outer_bytes:
            self._set_limits(self.store)

    def size(self) -> int:
        """Return `UNSEEN`, where a core module's instance says how large its memory is."""
        return UNSEEN

    def starting(self) -> Generator[int, None, None]:
        """Make the instance in phases: yields each future; whoever drives it polls it to its end.

        Raises:
            AttemptFailed: `limit.*`, `guest.trap`, `guest.interrupted`, `host.internal`.
        """
        while not self.is_made:
            error = c_void_p()
            yield b.instantiate_async(
                self.code.linker, self.store.context, self.code.component, byref(self._ref), byref(error)
            )
            self._made(error.value)

    def exchanging(self, content: bytes, *, bounded: bool = True) -> Generator[int, None, Answer]:
        """Return what `execute` answers to `content`, in phases; the store ends with an answer.

        Args:
            content: UTF-8.
            bounded: Through the outer component; without, an answer of any length is copied.

        Raises:
            InvalidInput: `json.encoding`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `output.*`, `host.internal`.
        """
        given, result, error = arguments(content, self.limits.output_bytes), b.Value(), c_void_p()
        function, context = self._function(bounded=bounded), self.store.context
        first, count = (given, 2) if bounded else (byref(given[1]), 1)
        yield b.func_call_async(byref(function), context, first, count, byref(result), 1, byref(error))
        is_ok, said = self._taken(result, error.value)
        # What the guest held is let go before its answer is read: reading may take as much.
        self.store.end()
        return answer_ok(said) if is_ok else answer_error(said)

    def _new_store(self) -> Store:
        store = Store(self.code.engine, self.limits, self.watch, parts=MAX_COMPONENT_PARTS)
        self.memories = self.code.memories
        self._set_limits(store)
        return store

    def _set_limits(self, store: Store) -> None:
        each, elements = share(self.limits, self.memories, self._outer_bytes), self.limits.table_elements
        parts, memories = MAX_COMPONENT_PARTS + INSTANCES, self.memories + MEMORIES
        c.store_limiter(store.handle, each, elements, parts, MAX_TABLES, memories)

    def _made(self, error: int | None) -> None:
        if error:
            ended = take_error(error)
            if not self._may_have_one_more(ended.text):
                raise self._failure(ended)
            self.store.close()
            self.store = self._new_store()
            return
        self.is_made = True

    def _function(self, *, bounded: bool) -> b.Function:
        function, index = b.Function(), self.code.bounded if bounded else self.code.execute
        if not b.instance_get_func(byref(self._ref), self.store.context, index, byref(function)):
            raise AttemptFailed("host.internal", "the component lost its export")
        return function

    def _failure(self, ended: Ended) -> AttemptFailed:
        self.place = ended.place
        most = self.limits.output_bytes
        return failure_of(ended.text, stop=self.watch.stop, place=ended.place, most=most)

    def _may_have_one_more(self, text: str) -> bool:
        """Say whether to try with one memory more, and let every later instance begin with as many."""
        if self.watch.stop or not wants_more_memories(text) or self.memories >= MAX_MEMORIES:
            return False
        self.code.memories = max(self.code.memories, self.memories + 1)
        return True

    def _taken(self, result: b.Value, error: int | None) -> tuple[bool, bytes]:
        if error:
            raise self._failure(take_error(error))
        try:
            text = b.Value.from_address(result.of.result.at).of.string
            return bool(result.of.result.is_ok), string_at(text.at, text.size)
        finally:
            b.value_delete(byref(result))


def share(limits: GuestLimits, memories: int, outer_bytes: int) -> int:
    """Return what each of a guest's memories may have: wasmtime's limit holds for each, ours for all together."""
    return max(0, limits.memory_bytes - outer_bytes) // memories
