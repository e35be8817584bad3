"""One instance called again and again: for agents whose manifest says `pooled` or `session`.

What a call leaves in the guest's memory is there in the next one. That is what
such an agent asks for, and why none is kept so without asking.
"""

from __future__ import annotations

import ctypes
import time
from ctypes import c_uint64
from typing import Final, Protocol

from contracts.errors import AttemptFailed, CallsheetError, InvalidInput
from wasm_agents import failures
from wasm_agents.capi import library as c
from wasm_agents.fibers import Fiber, Fibers, Serve
from wasm_agents.limits import GuestLimits
from wasm_agents.loaded import CoreCode
from wasm_agents.result import GuestResult
from wasm_agents.surroundings import Surroundings
from wasm_agents.watch import Watch

FAR: Final = 1e18


class Kept(Protocol):
    """An instance for one caller at a time; after a failed call it is of no more use.

    Attributes:
        is_over: Whether it is of no more use.
    """

    is_over: bool

    def call(self, content: bytes, deadline_s: float) -> GuestResult:
        """Do what `Guest.call` does, in this instance; what the guest may ask of the host is denied.

        Raises:
            InvalidInput: `limit.input`.
            AttemptTimedOut: `limit.time`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`; `data` says what was used.
        """
        ...

    async def call_async(
        self, content: bytes, deadline_s: float, *, world: Surroundings, serve: Serve | None = None
    ) -> GuestResult:
        """Do what `Guest.call_async` does, in this instance.

        Raises:
            InvalidInput: `limit.input`.
            AttemptTimedOut: `limit.time`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`; `data` says what was used.
        """
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class KeptGuest:
    """A kept instance, called over the C API.

    Args:
        code: Its module.
        limits: For each call; memory for all of them.
        fibers: Run it on the event loop.

    Raises:
        Unavailable: `host.busy`.
    """

    __slots__ = (
        "_code", "_fibers", "_fuel", "_instance", "_left", "_left_at", "_most", "_wall_s", "_watch", "is_over",
    )  # fmt: skip

    def __init__(self, code: CoreCode, limits: GuestLimits, fibers: Fibers) -> None:
        self._code = code
        self._fibers = fibers
        self._wall_s = limits.wall_ms / 1000
        self._most = limits.input_bytes
        self._fuel = limits.fuel
        self.is_over = True
        self._watch = Watch(FAR)
        self._instance = code.open(limits, self._watch)
        self._left = c_uint64()
        self._left_at = ctypes.byref(self._left)
        self.is_over = False

    def __del__(self) -> None:
        if not self.is_over:  # let go of by whoever kept it, as when an agent is replaced
            self.close()

    def call(self, content: bytes, deadline_s: float) -> GuestResult:
        """See `Kept.call`."""
        started = time.monotonic()
        instance, watch = self._instance, self._watch
        length = len(content)
        if self.is_over or length > self._most:
            raise self._refusal(length)
        instance.host_calls = 0
        if self._code.has_world:
            instance.world = Surroundings(log_bytes=instance.limits.log_bytes)
        watch.deadline = started + min(deadline_s, self._wall_s)
        c.context_set_fuel(instance.context, self._fuel)
        watch.enter()
        try:
            if self._code.may_wait:
                output = self._phases(content).to_the_end()
            else:
                watch.slice_end = 0.0
                if not instance.memory:
                    instance.instantiate(self._code.pre_here)
                output = instance.exchange(content)
                instance.give_back(length)
        except AttemptFailed as failure:
            self._fail(failure, started)
            raise
        finally:
            watch.leave()
        return self._result(output, started)

    async def call_async(
        self, content: bytes, deadline_s: float, *, world: Surroundings, serve: Serve | None = None
    ) -> GuestResult:
        """See `Kept.call_async`."""
        started = time.monotonic()
        instance = self._instance
        if self.is_over or len(content) > self._most:
            raise self._refusal(len(content))
        instance.host_calls = 0
        self._watch.deadline = started + min(deadline_s, self._wall_s)
        c.context_set_fuel(instance.context, self._fuel)
        instance.world = world if self._code.has_world else None
        try:
            output = await self._fibers.run(self._phases(content), serve)
        except AttemptFailed as failure:
            self._fail(failure, started)
            raise
        except BaseException:
            self.close()
            raise
        return self._result(output, started)

    def close(self) -> None:
        """See `Kept.close`."""
        self.is_over = True
        self._instance.close()

    def _phases(self, content: bytes) -> Fiber[bytes]:
        return Fiber(self._instance, self._code.phases(self._instance, content, again=True))

    def _refusal(self, length: int) -> CallsheetError:
        if self.is_over:
            return AttemptFailed("host.internal", "a kept instance was called after its end")
        return InvalidInput("limit.input", failures.over("input", length, self._most))

    def _fail(self, failure: AttemptFailed, started: float) -> None:
        result = self._result(b"", started)
        failure.data |= result.used() | {"log": result.log}
        self.close()

    def _result(self, output: bytes, started: float) -> GuestResult:
        instance = self._instance
        c.context_get_fuel(instance.context, self._left_at)
        world = instance.world
        log = "" if world is None else world.log
        used, wall_ms = self._fuel - self._left.value, (time.monotonic() - started) * 1000
        return GuestResult(output, used, instance.size(), wall_ms, instance.host_calls, log)
