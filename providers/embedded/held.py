"""One server and those who use it: it ends when it is retired and the last of them is done."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from pydantic import SecretStr

from contracts.clock import Clock
from egress.fetch_door import Fetcher, SdkDoor
from providers.chat import Message, StreamingProvider
from providers.embedded.prefix import SLOT, KeptPrefix, kept_quietly
from providers.embedded.server import HowToRun, Running, start
from providers.embedded.states import SlotStates
from providers.openai_compatible import OpenAICompatible
from providers.sdk import load

ANSWER_S: Final = 900.0
"""For one completion; whoever asks may wait less."""
KEEPING_S: Final = 10.0
"""For a command, before it ends, to keep what it read."""


class Door(Fetcher, SdkDoor, Protocol):
    """The way to the server; `egress.fetch_door.FetchDoor` and `egress.fetch.Egress` are one."""


class Held:
    """A server that runs, what speaks to it, and how many use it now."""

    def __init__(
        self, running: Running, how: HowToRun, *, door: Door, clock: Clock, states: SlotStates
    ) -> None:
        self.running = running
        self.how = how
        self.users = 0
        self.kept = KeptPrefix(running, how, door, states)
        self.planner = self._adapter(door, clock, slot=SLOT)
        self.others = self._adapter(door, clock, slot=min(1, how.slots - 1))
        self._is_retired = False
        self._keeping: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, how: HowToRun, *, door: Door, clock: Clock, states: SlotStates) -> Held:
        """Return a server that has loaded its model; raises as `providers.embedded.server.start`."""
        # What speaks to it is imported while it loads, and not in the first call.
        importing = asyncio.create_task(load("openai"))
        try:
            running = await start(how, states=states.folder, clock=clock)
        except BaseException:
            importing.cancel()
            raise
        try:
            await importing
        except BaseException:
            await running.close()
            raise
        return cls(running, how, door=door, clock=clock, states=states)

    def keep_later(self, prefix: Sequence[Message]) -> None:
        """Have a prefix kept on disk, unless it is or is being kept."""
        if (self._keeping is None or self._keeping.done()) and not self.kept.is_kept(prefix):
            self._keeping = asyncio.create_task(kept_quietly(self.kept, prefix))

    async def settled(self) -> None:
        """Return when what is being kept is kept."""
        if self._keeping is not None:
            await asyncio.wait([self._keeping])

    async def left(self) -> None:
        """Take note that somebody is done with it."""
        self.users -= 1
        await self._end_if_unused()

    async def retire(self) -> None:
        """Have it end when nobody uses it."""
        self._is_retired = True
        await self._end_if_unused()

    async def close(self) -> None:
        """End it now; once begun it is done, whoever stops waiting for it."""
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        if self._keeping is not None:
            if self.how.where == "here":  # a command that ends now; the next one need not read it again
                await asyncio.wait([self._keeping], timeout=KEEPING_S)
            self._keeping.cancel()
            await asyncio.wait([self._keeping])
        await self.running.close()

    async def _end_if_unused(self) -> None:
        if self._is_retired and self.users == 0:
            await self.close()

    def _adapter(self, door: Door, clock: Clock, *, slot: int) -> StreamingProvider:
        return OpenAICompatible(
            door,
            url=f"{self.running.address}/v1",
            model=self.how.model.name,
            api_key=SecretStr(self.running.key),
            timeout_s=ANSWER_S,
            extra={"id_slot": slot, "cache_prompt": True},
            clock=clock,
        )
