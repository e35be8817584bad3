"""One call of a component from nothing to its answer, with the reason told apart when it ran out of memory.

A component's memories cannot be looked at. But it imports nothing, so the same
input makes it do the same again: given a little more room, a guest that never
met its limit ends at the very same place, after the very same fuel.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Final, TypeVar

from contracts.errors import AttemptFailed
from wasm_agents import failures
from wasm_agents.capi import library as c
from wasm_agents.component.answer import Answer
from wasm_agents.component.instance import ComponentInstance
from wasm_agents.limits import CEILINGS, MIB

MORE_ROOM: Final = 8 * MIB
"""What a second look may use beyond the limit; a guest that wanted more at once is not recognised."""
MORE_FUEL: Final = 1_000
"""What it may do beyond the place where the first one ended."""
OUT_OF_MEMORY: Final = frozenset({"unreachable", "memory_out_of_bounds"})
"""The traps that runtimes end in when there is no memory left."""
T = TypeVar("T")


def calling(instance: ComponentInstance, content: bytes) -> Generator[int, None, Answer]:
    """Return what `execute` answers to `content`, in phases; the instance is made if it is not.

    Raises:
        InvalidInput: `json.encoding`.
        AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `output.*`, `host.internal`.
    """
    instance.expect(len(content))
    yield from instance.starting()
    try:
        return (yield from instance.exchanging(content))
    except AttemptFailed as first:
        failure = first
        if instance.place == "border" and first.code == "abi.bad_pointer":
            failure = (yield from _asked_directly(instance, content)) or first
        may_be_full = failure.code == "abi.bad_alloc" or failure.data.get("trap") in OUT_OF_MEMORY
        if may_be_full and (yield from _met_its_limit(instance, content)):
            message = f"the guest was given no more memory, and failed: {failure.message}"
            raise failures.memory_failure(message) from failure
        raise failure from None


def call(instance: ComponentInstance, content: bytes) -> Answer:
    """Do what `calling` does, all on this thread.

    Raises:
        InvalidInput: `json.encoding`.
        AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `output.*`, `host.internal`.
    """
    return to_the_end(calling(instance, content))


def to_the_end(phases: Generator[int, None, T]) -> T:
    """Drive phases on this thread, and return what they give."""
    while True:
        try:
            future = next(phases)
        except StopIteration as end:
            value: T = end.value
            return value
        while not c.call_future_poll(future):
            pass
        c.call_future_delete(future)


def _asked_directly(
    instance: ComponentInstance, content: bytes
) -> Generator[int, None, AttemptFailed | None]:
    """Return what wasmtime says when it meets the bad pointer itself: whose it is, the input's or the answer's.

    Nothing of an answer is copied: it lies outside the guest's memory.
    """
    used = instance.store.fuel_used()
    if instance.watch.stop:
        return None
    instance.close()
    instance.begin_again(instance.limits)
    found = None
    try:
        yield from instance.starting()
        yield from instance.exchanging(content, bounded=False)
    except AttemptFailed as failure:
        if failure.code.startswith("abi."):  # and not its deadline, met meanwhile
            found = failure
    instance.store.end(used)
    return found


def _met_its_limit(instance: ComponentInstance, content: bytes) -> Generator[int, None, bool]:
    """Say whether the call ends otherwise with more room; the instance then holds the second store."""
    limits, used = instance.limits, instance.store.fuel_used()
    room = min(limits.memory_bytes + MORE_ROOM, CEILINGS["memory_bytes"][1])
    fuel = min(used + MORE_FUEL, CEILINGS["fuel"][1])
    if instance.watch.stop:
        return False
    instance.close()  # its memory first: two at once would be twice what the call may use
    instance.begin_again(replace(limits, memory_bytes=room, fuel=fuel))
    try:
        yield from instance.starting()
        yield from instance.exchanging(content)
    except AttemptFailed:
        pass
    differs = instance.store.fuel_used() != used
    instance.store.end(used)  # what the call used is what it used the first time
    return differs and not instance.watch.stop
