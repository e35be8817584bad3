"""A module under its limits, called through wasmtime-py's documented API alone.

What differs from the direct calls: a call costs some 20 times as much; one from
an event loop holds a thread, also while it waits, and `MAX_THREADS` run at once;
filling memory with a core module's data costs no fuel; and a call that the host
ends in a host function goes on to its next loop or call before it notices.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from contracts.errors import AttemptFailed, InvalidInput
from wasm_agents import failures
from wasm_agents.engines import COMPONENT_MAPS, room
from wasm_agents.fibers import Serve
from wasm_agents.limits import GuestLimits
from wasm_agents.public.code import PublicCode
from wasm_agents.public.component import PublicComponentCall
from wasm_agents.public.instance import PublicInstance
from wasm_agents.public.lane import CoreLane
from wasm_agents.public.threads import Ask, Threads
from wasm_agents.result import GuestResult
from wasm_agents.surroundings import Surroundings
from wasm_agents.watch import Interrupt, Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

MAPS: Final = COMPONENT_MAPS
"""Mappings of one call at most: its engine's code, its memories and tables."""
Called = PublicInstance | PublicComponentCall


class PublicGuest:
    """A guest whose code is called through the public API.

    Args:
        digest: SHA-256 of the module, hex.
        limits: For each call.
        code: What is called.
        threads: Run calls from event loops.
    """

    def __init__(self, digest: str, limits: GuestLimits, code: PublicCode, threads: Threads) -> None:
        self.digest = digest
        self.limits = limits
        self.may_wait = code.may_wait
        self._code = code
        self._threads = threads

    def call(
        self,
        content: bytes,
        deadline_s: float,
        *,
        interrupt: Interrupt | None = None,
        world: Surroundings | None = None,
        serve: Ask | None = None,
    ) -> GuestResult:
        """See `Guest.call`."""
        check_input(content, self.limits)
        with watching(self.limits, deadline_s) as watch:
            if interrupt is not None:
                interrupt.attach(watch)
            return self._run(content, watch, world=world, serve=serve)

    async def call_async(
        self,
        content: bytes,
        deadline_s: float,
        *,
        world: Surroundings | None = None,
        serve: Serve | None = None,
    ) -> GuestResult:
        """See `Guest.call_async`; the guest holds a thread until it is done."""
        check_input(content, self.limits)
        with watching(self.limits, deadline_s) as watch:
            return await self._threads.run(
                lambda ask: self._run(content, watch, world=world, serve=ask), watch, serve=serve
            )

    def keep(self) -> PublicKept:
        """See `Guest.keep`."""
        if self._code.kind == "component":
            raise InvalidInput(
                "load.manifest",
                "a component's instance serves one call",
                hint='Say instance = "fresh" in its agent.toml.',
            )
        return PublicKept(self._code, self.limits, self._threads)

    def arm(self, count: int) -> None:
        """Do nothing: nothing is made ahead here."""

    def _run(
        self, content: bytes, watch: Watch, *, world: Surroundings | None, serve: Ask | None
    ) -> GuestResult:
        started = time.monotonic()
        room.enter(MAPS)
        try:
            with self._code.lane() as lane:
                if not isinstance(lane, CoreLane):
                    return exchange(PublicComponentCall(lane, self.limits, watch), content, started)
                instance = PublicInstance(lane, self.limits, watch)
                around = world or Surroundings(log_bytes=self.limits.log_bytes)
                instance.begin(watch, around if self._code.has_world else None, serve)
                try:
                    return exchange(instance, content, started)
                finally:
                    instance.close()
        finally:
            room.leave(MAPS)


class PublicKept:
    """A kept instance, with an engine of its own for as long as it is kept.

    Args:
        code: Its module.
        limits: For each call; memory for all of them.
        threads: Run calls from event loops.

    Raises:
        Unavailable: `host.busy`.
    """

    def __init__(self, code: PublicCode, limits: GuestLimits, threads: Threads) -> None:
        self.is_over = True
        room.enter(MAPS)
        self._code = code
        self._limits = limits
        self._threads = threads
        self._instance: PublicInstance | None = None
        self._lane = code.take()
        self.is_over = False

    def __del__(self) -> None:
        if not self.is_over:  # let go of by whoever kept it, as when an agent is replaced
            self.close()

    def call(self, content: bytes, deadline_s: float) -> GuestResult:
        """See `Kept.call`."""
        self._check(content)
        world = Surroundings(log_bytes=self._limits.log_bytes)
        with self._closing(), watching(self._limits, deadline_s) as watch:
            return self._run(content, watch, world=world, serve=None)

    async def call_async(
        self, content: bytes, deadline_s: float, *, world: Surroundings, serve: Serve | None = None
    ) -> GuestResult:
        """See `Kept.call_async`."""
        self._check(content)
        with self._closing(), watching(self._limits, deadline_s) as watch:
            return await self._threads.run(
                lambda ask: self._run(content, watch, world=world, serve=ask), watch, serve=serve
            )

    def close(self) -> None:
        """See `Kept.close`."""
        if not self.is_over:
            self.is_over = True
            if self._instance is not None:
                self._instance.close()
            self._code.give_back(self._lane)
            room.leave(MAPS)

    def _check(self, content: bytes) -> None:
        if self.is_over:
            raise AttemptFailed("host.internal", "a kept instance was called after its end")
        check_input(content, self._limits)

    @contextmanager
    def _closing(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.close()
            raise

    def _run(self, content: bytes, watch: Watch, *, world: Surroundings, serve: Ask | None) -> GuestResult:
        started = time.monotonic()
        instance = self._instance
        if instance is None:
            assert isinstance(self._lane, CoreLane)
            instance = self._instance = PublicInstance(self._lane, self._limits, watch)
        instance.begin(watch, world if self._code.has_world else None, serve)
        return exchange(instance, content, started, again=True)


def check_input(content: bytes, limits: GuestLimits) -> None:
    """Hold an input against its limit.

    Raises:
        InvalidInput: `limit.input`.
    """
    if len(content) > limits.input_bytes:
        raise InvalidInput("limit.input", failures.over("input", len(content), limits.input_bytes))


@contextmanager
def watching(limits: GuestLimits, deadline_s: float) -> Iterator[Watch]:
    """Lend a watch for one call."""
    watch = Watch(time.monotonic() + min(deadline_s, limits.wall_ms / 1000))
    try:
        yield watch
    finally:
        watch.end()


def exchange(called: Called, content: bytes, started: float, *, again: bool = False) -> GuestResult:
    """Return what a guest answers and what it used.

    Raises:
        InvalidInput: `json.encoding`.
        AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `output.*`, `host.internal`; `data` says what was used.
    """
    try:
        if isinstance(called, PublicInstance):
            return GuestResult(called.exchange(content, again=again), **used(called, started))
        answer = called.exchange(content)
    except AttemptFailed as failure:
        failure.data |= used(called, started)
        raise
    return GuestResult(answer.output, answer=answer, **used(called, started))


def used(called: Called, started: float) -> dict[str, Any]:
    """Return what a call used: `GuestResult`'s fields but its output."""
    told: dict[str, Any] = {
        "fuel": called.fuel_used(),
        "peak_memory_bytes": called.size(),
        "wall_ms": round((time.monotonic() - started) * 1000, 3),
    }
    if isinstance(called, PublicInstance):
        told |= {"host_calls": called.host_calls, "log": called.world.log if called.world else ""}
    return told
