"""Instances that outlive a call: for a run's next call (`session`), or for anybody's (`pooled`)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Final

from wasm_agents.fibers import Serve
from wasm_agents.guest import Guest
from wasm_agents.kept import Kept
from wasm_agents.result import GuestResult
from wasm_agents.surroundings import Surroundings

MAX_KEPT: Final = 32
"""Instances of one agent that wait for their next call."""


class Keeping:
    """The kept instances of one agent, on one event loop; the longest unused goes first."""

    def __init__(self) -> None:
        self._idle: OrderedDict[object, list[Kept]] = OrderedDict()
        self._turns: dict[object, tuple[asyncio.Lock, int]] = {}  # with how many hold or want it
        self._count = 0

    async def call(
        self,
        guest: Guest,
        content: bytes,
        deadline_s: float,
        *,
        session: str,
        world: Surroundings,
        serve: Serve | None,
    ) -> GuestResult:
        """Do what `Guest.call_async` does, in an instance kept from before where there is one.

        Args:
            guest: Whose instances they are.
            content: The input.
            deadline_s: For the whole call.
            session: Calls of one session run one after another in one instance; empty: in any idle one.
            world: Clock, chance and log.
            serve: Answers its host calls.

        Raises:
            InvalidInput: `limit.input`.
            AttemptTimedOut: `limit.time`.
            AttemptFailed: `limit.*`, `guest.*`, `abi.*`, `host.internal`.
        """
        key = (session, guest.limits)
        async with self._turn(key) if session else nullcontext():
            kept = self._take(key) or guest.keep()
            try:
                return await kept.call_async(content, deadline_s, world=world, serve=serve)
            finally:
                if not kept.is_over:
                    self._put(key, kept)

    def close(self) -> None:
        """Let every idle instance go."""
        while self._count:
            self._drop()

    @asynccontextmanager
    async def _turn(self, key: object) -> AsyncIterator[None]:
        """Wait until no other call of the session is under way."""
        lock, users = self._turns.get(key, (asyncio.Lock(), 0))
        self._turns[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns.pop(key)
            if users > 1:
                self._turns[key] = lock, users - 1

    def _take(self, key: object) -> Kept | None:
        idle = self._idle.get(key)
        if not idle:
            return None
        self._count -= 1
        kept = idle.pop()
        if not idle:
            del self._idle[key]
        return kept

    def _put(self, key: object, kept: Kept) -> None:
        while self._count >= MAX_KEPT:
            self._drop()
        self._idle.setdefault(key, []).append(kept)
        self._idle.move_to_end(key)
        self._count += 1

    def _drop(self) -> None:
        oldest = next(iter(self._idle))
        kept = self._take(oldest)
        if kept is not None:
            kept.close()
