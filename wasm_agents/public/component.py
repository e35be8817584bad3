"""One call of a component through the public API: the rules of `component/`, other calls under them.

The outer component refuses an answer too long here too; wasmtime-py tells where
a call ended only in a backtrace's text.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from wasmtime import Engine, Store, Trap, WasmtimeError
from wasmtime.component import Component, Linker, Variant

from contracts.errors import AttemptFailed, InvalidInput
from wasm_agents import failures
from wasm_agents.capi.config import MAX_COMPONENT_PARTS
from wasm_agents.component.answer import Answer, answer_error, answer_ok
from wasm_agents.component.call import MORE_FUEL, MORE_ROOM, OUT_OF_MEMORY
from wasm_agents.component.code import MAX_MEMORIES
from wasm_agents.component.failures import wants_more_memories
from wasm_agents.component.instance import MAX_TABLES, UNSEEN, share
from wasm_agents.component.outer import BOUNDED, INSTANCES, MEMORIES, Place, extra_room
from wasm_agents.limits import CEILINGS, GuestLimits
from wasm_agents.public.ended import component_failure, component_place, text_of
from wasm_agents.public.engine import stopper
from wasm_agents.watch import Watch

EXECUTE: Final = "execute"
_BOUNDED: Final = BOUNDED.decode()


class ComponentLane:
    """A component ready to be instantiated, again and again, for one call at a time.

    Args:
        engine: Its own.
        component: Loaded into that engine; a guest within the outer component.

    Attributes:
        memories: How many memories a guest has, as far as is known; they share one limit.
    """

    def __init__(self, engine: Engine, component: Component) -> None:
        self.engine = engine
        self.memories = 1
        self._component = component
        self._linker = Linker(engine)

    def call(self, store: Store, text: str, *, most: int | None) -> Any:
        """Make the instance in this store and call it.

        Args:
            store: New.
            text: The input.
            most: How long an answer may be; None calls the guest's own function, which knows no such limit.
        """
        instance = self._linker.instantiate(store, self._component)
        function = instance.get_func(store, EXECUTE if most is None else _BOUNDED)
        if function is None:
            raise AttemptFailed("host.internal", "the component lost its export")
        return function(store, text) if most is None else function(store, most, text)


class PublicComponentCall:
    """One call of a component, with the reason told apart when it ran out of memory.

    Args:
        lane: The engine it runs in, alone.
        limits: For everything that runs in it; its memories share `memory_bytes` evenly.
        watch: Ends it.
    """

    def __init__(self, lane: ComponentLane, limits: GuestLimits, watch: Watch) -> None:
        self._lane = lane
        self._limits = limits
        self._watch = watch
        self._fuel = 0
        self._place: Place = "guest"

    def exchange(self, content: bytes) -> Answer:
        """Return what `execute` answers to `content`.

        Raises:
            InvalidInput: `json.encoding`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `output.*`, `host.internal`.
        """
        try:
            text = content.decode()
        except UnicodeDecodeError as exc:
            raise InvalidInput("json.encoding", f"the input is not UTF-8 at byte {exc.start}") from exc
        if self._watch.stop:
            raise failures.stopped(self._watch.stop)
        stopper.enter(self._watch, self._lane.engine)
        try:
            given = self._run_to_its_end(text, extra_room(len(content)))
        finally:
            stopper.leave(self._watch)
        if not isinstance(given, Variant):
            raise AttemptFailed("host.internal", f"the component gave {type(given).__name__}")
        said = str(given.payload).encode()
        return answer_ok(said) if given.tag == "ok" else answer_error(said)

    def size(self) -> int:
        """Return `UNSEEN`: nobody can look at a component's memory."""
        return UNSEEN

    def fuel_used(self) -> int:
        """Return what the guest used."""
        return self._fuel

    def _run_to_its_end(self, text: str, outer_bytes: int) -> Any:
        """Do what `component.call.calling` does; what the first of several runs used is what the call used."""
        try:
            return self._run(text, self._limits, outer_bytes)
        except AttemptFailed as first:
            used, failure = self._fuel, first
            if self._place == "border" and first.code == "abi.bad_pointer":
                other = self._again(text, self._limits, outer_bytes, bounded=False)
                if other is not None and other.code.startswith("abi."):  # and not its deadline, met meanwhile
                    failure = other
            may_be_full = failure.code == "abi.bad_alloc" or failure.data.get("trap") in OUT_OF_MEMORY
            is_full = may_be_full and self._met_its_limit(text, used, outer_bytes)
            self._fuel = used
            if is_full:
                message = f"the guest was given no more memory, and failed: {failure.message}"
                raise failures.memory_failure(message) from failure
            raise failure from None

    def _met_its_limit(self, text: str, used: int, outer_bytes: int) -> bool:
        """Say whether the call ends otherwise with more room."""
        room = min(self._limits.memory_bytes + MORE_ROOM, CEILINGS["memory_bytes"][1])
        fuel = min(used + MORE_FUEL, CEILINGS["fuel"][1])
        self._again(text, replace(self._limits, memory_bytes=room, fuel=fuel), outer_bytes)
        return self._fuel != used and not self._watch.stop

    def _again(
        self, text: str, limits: GuestLimits, outer_bytes: int, *, bounded: bool = True
    ) -> AttemptFailed | None:
        """Return how another run of the same call fails, if it does and was not stopped."""
        found = None
        if not self._watch.stop:
            try:
                self._run(text, limits, outer_bytes, bounded=bounded)
            except AttemptFailed as failure:
                found = failure
        return None if self._watch.stop else found

    def _run(self, text: str, limits: GuestLimits, outer_bytes: int, *, bounded: bool = True) -> Any:
        lane, most = self._lane, limits.output_bytes
        parts = MAX_COMPONENT_PARTS + INSTANCES
        while True:
            memories = lane.memories
            with Store(lane.engine) as store:
                each = share(limits, memories, outer_bytes)
                store.set_limits(each, limits.table_elements, parts, MAX_TABLES, memories + MEMORIES)
                store.set_fuel(limits.fuel)
                store.set_epoch_deadline(1)
                try:
                    return lane.call(store, text, most=most if bounded else None)
                except (Trap, WasmtimeError) as exc:
                    may_have_more = wants_more_memories(text_of(exc)) and memories < MAX_MEMORIES
                    if self._watch.stop or not may_have_more:
                        self._place, left = component_place(exc), store.get_fuel()
                        raise component_failure(
                            exc, stop=self._watch.stop, fuel_left=left, most=most
                        ) from exc
                finally:
                    self._fuel = limits.fuel - store.get_fuel()
            lane.memories = max(lane.memories, memories + 1)
