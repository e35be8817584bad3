"""A module under its limits: call it, here or on the event loop."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from contextlib import suppress
from typing import Any, Final, Protocol

from contracts.errors import AttemptFailed, InvalidInput
from wasm_agents import failures
from wasm_agents.component.answer import Answer
from wasm_agents.component.call import calling
from wasm_agents.component.code import ComponentCode
from wasm_agents.component.instance import ComponentInstance
from wasm_agents.engines import COMPONENT_MAPS, room
from wasm_agents.fibers import INLINE_MEMORY, Fiber, Fibers, Pace, Serve
from wasm_agents.instance import CoreInstance
from wasm_agents.kept import Kept, KeptGuest
from wasm_agents.limits import GuestLimits
from wasm_agents.loaded import CoreCode
from wasm_agents.result import GuestResult
from wasm_agents.surroundings import Surroundings
from wasm_agents.watch import Interrupt, Watch

Code = CoreCode | ComponentCode
Instance = CoreInstance | ComponentInstance

MAX_ARMED: Final = 64


class Guest(Protocol):
    """A module ready to be called under its limits, whatever runs it; calls may overlap.

    Attributes:
        digest: SHA-256 of the module, hex.
        limits: For each call.
        may_wait: Whether it may ask the host for something.
    """

    digest: str
    limits: GuestLimits
    may_wait: bool

    def call(
        self,
        content: bytes,
        deadline_s: float,
        *,
        interrupt: Interrupt | None = None,
        world: Surroundings | None = None,
        serve: Callable[[str, bytes], bytes] | None = None,
    ) -> GuestResult:
        """Give `content` to the guest's `execute` and return what it answers.

        Args:
            content: UTF-8 JSON, by the ABI; not looked at here.
            deadline_s: For the whole call; the limits' `wall_ms` holds too.
            interrupt: Stops the call when set.
            world: Clock, chance and log; one of its own when None.
            serve: Answers `agent.call`; None denies it.

        Raises:
            InvalidInput: `limit.input`.
            Unavailable: `host.busy`.
            AttemptTimedOut: `limit.time`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`; `data` says what was used.
        """
        ...

    async def call_async(
        self,
        content: bytes,
        deadline_s: float,
        *,
        world: Surroundings | None = None,
        serve: Serve | None = None,
    ) -> GuestResult:
        """Do what `call` does on the running event loop; being cancelled stops the guest first.

        Args:
            content: UTF-8 JSON, by the ABI; not looked at here.
            deadline_s: For the whole call, waiting for host calls included.
            world: Clock, chance and log; one of its own when None.
            serve: Answers `agent.call` while the guest is set aside; None denies it.

        Raises:
            InvalidInput: `limit.input`.
            Unavailable: `host.busy`.
            AttemptTimedOut: `limit.time`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`; `data` says what was used.
        """
        ...

    def keep(self) -> Kept:
        """Return an instance that serves one call after another.

        Raises:
            InvalidInput: `load.manifest`, a component's instance serves one call.
            Unavailable: `host.busy`.
        """
        ...

    def arm(self, count: int) -> None:
        """Make instances ahead, up to `count`: the next calls wait for none to be made.

        A module that may look at a clock or ask the host at its start is not made ahead.

        Raises:
            Unavailable: `host.busy`.
            AttemptFailed: The module cannot be instantiated within its limits.
        """
        ...


class DirectGuest:
    """A guest whose code is called over the C API."""

    def __init__(self, digest: str, limits: GuestLimits, code: Code, fibers: Fibers) -> None:
        self.digest = digest
        self.limits = limits
        self.may_wait = isinstance(code, CoreCode) and code.may_wait
        self._has_world = isinstance(code, CoreCode) and code.has_world
        self._code = code
        self._fibers = fibers
        self._pace = Pace(never_inline=limits.memory_bytes > INLINE_MEMORY)
        self._armed: list[CoreInstance] = []  # append and pop are atomic
        self._spent: list[CoreInstance] = []  # likewise; who waits for an answer does not wait for their end

    def __del__(self) -> None:
        for made in (*self._armed, *self._spent):
            made.close()

    def call(
        self,
        content: bytes,
        deadline_s: float,
        *,
        interrupt: Interrupt | None = None,
        world: Surroundings | None = None,
        serve: Callable[[str, bytes], bytes] | None = None,
    ) -> GuestResult:
        """See `Guest.call`."""
        started = time.monotonic()
        instance = self._begin(content, started + deadline_s, world)
        try:
            if interrupt is not None:
                interrupt.attach(instance.watch)
            if isinstance(instance, CoreInstance):
                instance.serve = serve
                return _result(instance, self._exchange(instance, content), started)
            return _result(instance, Fiber(instance, self._phases(instance, content)).to_the_end(), started)
        except AttemptFailed as failure:
            failure.data |= used(instance, started)
            raise
        finally:
            self._end(instance)

    async def call_async(
        self,
        content: bytes,
        deadline_s: float,
        *,
        world: Surroundings | None = None,
        serve: Serve | None = None,
    ) -> GuestResult:
        """See `Guest.call_async`."""
        started = time.monotonic()
        instance = self._begin(content, started + deadline_s, world)
        try:
            fiber = Fiber(instance, self._phases(instance, content), self._pace)
            answer = await self._fibers.run(fiber, serve)
            return _result(instance, answer, started)
        except AttemptFailed as failure:
            failure.data |= used(instance, started)
            raise
        finally:
            self._end(instance)

    def keep(self) -> Kept:
        """See `Guest.keep`."""
        if not isinstance(self._code, CoreCode):
            raise InvalidInput(
                "load.manifest",
                "a component's instance serves one call",
                hint='Say instance = "fresh" in its agent.toml.',
            )
        return KeptGuest(self._code, self.limits, self._fibers)

    def arm(self, count: int) -> None:
        """See `Guest.arm`."""
        code = self._code
        if not isinstance(code, CoreCode) or not code.is_quiet or code.may_wait or code.has_world:
            return
        while self._spent:
            with suppress(IndexError):  # another thread took the last one
                self._spent.pop().close()
        while len(self._armed) < min(count, MAX_ARMED):
            instance = code.open(self.limits, Watch(time.monotonic() + self.limits.wall_ms / 1000))
            instance.watch.enter()
            try:
                instance.instantiate(code.pre_here)
            except AttemptFailed:
                instance.close()
                raise
            finally:
                instance.watch.leave()
            self._armed.append(instance)

    def _begin(self, content: bytes, deadline: float, world: Surroundings | None) -> Instance:
        limits, code = self.limits, self._code
        if len(content) > limits.input_bytes:
            raise InvalidInput("limit.input", failures.over("input", len(content), limits.input_bytes))
        deadline = min(deadline, time.monotonic() + limits.wall_ms / 1000)
        if self._armed:
            with suppress(IndexError):  # another thread took the last one
                armed = self._armed.pop()
                armed.watch.deadline = deadline
                armed.is_armed = True
                return armed
        if isinstance(code, CoreCode):
            instance = code.open(limits, Watch(deadline))
            if self._has_world:
                instance.world = world or Surroundings(log_bytes=limits.log_bytes)
            return instance
        room.enter(COMPONENT_MAPS)
        return ComponentInstance(code, limits, Watch(deadline))

    def _exchange(self, instance: CoreInstance, content: bytes) -> bytes:
        watch = instance.watch
        watch.enter()
        try:
            if not instance.memory and isinstance(self._code, CoreCode):
                instance.instantiate(self._code.pre_here)
            return instance.exchange(content)
        finally:
            watch.leave()

    def _phases(self, instance: Instance, content: bytes) -> Generator[int, None, bytes | Answer]:
        if isinstance(instance, CoreInstance) and isinstance(self._code, CoreCode):
            return self._code.phases(instance, content)
        assert isinstance(instance, ComponentInstance)
        return calling(instance, content)

    def _end(self, instance: Instance) -> None:
        if isinstance(instance, CoreInstance) and instance.is_armed and len(self._spent) < MAX_ARMED:
            self._spent.append(instance)  # closed when the next are made
        else:
            _close(instance)


def _close(instance: Instance) -> None:
    instance.close()
    if isinstance(instance, ComponentInstance):
        instance.watch.end()
        room.leave(COMPONENT_MAPS)


def _result(instance: Instance, answer: bytes | Answer, started: float) -> GuestResult:
    output = answer.output if isinstance(answer, Answer) else answer
    told = used(instance, started)
    return GuestResult(output, answer=answer if isinstance(answer, Answer) else None, **told)


def used(instance: Instance, started: float) -> dict[str, Any]:
    """Return what a call used: `GuestResult`'s fields but its output."""
    told: dict[str, Any] = {
        "fuel": instance.store.fuel_used(),
        "peak_memory_bytes": instance.size(),
        "wall_ms": round((time.monotonic() - started) * 1000, 3),
    }
    if isinstance(instance, CoreInstance):
        told |= {"host_calls": instance.host_calls, "log": instance.world.log if instance.world else ""}
    return told
