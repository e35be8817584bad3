"""What every planning prompt begins with, read once: kept in a slot of its own, and on disk for the next start."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, Literal

from pydantic import JsonValue

from contracts.errors import AttemptFailed, CallsheetError
from contracts.jsonvalue import canonical_json
from contracts.policy import FetchLimits
from egress.fetch_door import Fetched, Fetcher
from providers.chat import Message
from providers.embedded.server import HowToRun, Running
from providers.embedded.states import SlotStates, key_of
from providers.endpoint_url import policy_of

SLOT: Final = 0
"""The planner's; all others share the rest."""
READ_S: Final = 600.0
"""For a long prefix on a slow machine."""
SLOT_S: Final = 30.0
_NEXT: Final = Message("user", "-")
"""Stands for what is asked: a prefix ends where somebody speaks."""

How = Literal["held", "restored", "read"]


class KeptPrefix:
    """The planner's slot of one server.

    Args:
        running: The server.
        how: How it was started.
        door: The way to it.
        states: What slots have read, on disk.
    """

    def __init__(self, running: Running, how: HowToRun, door: Fetcher, states: SlotStates) -> None:
        self._running = running
        self._how = how
        self._door = door
        self._states = states
        self._turn = asyncio.Lock()  # guards _held; one at a time restores, reads and saves
        self._held = ""

    async def warm(self, prefix: Sequence[Message]) -> How:
        """Have the slot hold a prefix, from the disk or else by reading it; keep it on disk.

        Raises:
            CallsheetError: The server does not answer.
        """
        found = await self.restore(prefix)
        if found is None or not self.is_kept(prefix):
            await self.keep(prefix)
        return found or "read"

    async def restore(self, prefix: Sequence[Message]) -> How | None:
        """Have the slot hold what was kept of a prefix; None when nothing was, or nothing to believe."""
        key = key_of(self._how, prefix)
        async with self._turn:
            if self._held == key:
                return "held"
            name = await asyncio.to_thread(self._states.found, key)
            if name is None:
                return None
            answer = await self._slot("restore", name)
            if answer.status != 200:
                self._states.forget(key)
                return None
            self._held = key
            return "restored"

    def is_kept(self, prefix: Sequence[Message]) -> bool:
        """Say whether a prefix lies on disk."""
        return (self._states.folder / f"{key_of(self._how, prefix)}.state").exists()

    async def keep(self, prefix: Sequence[Message]) -> None:
        """Read a prefix and nothing else, and save what was read.

        Raises:
            CallsheetError: The server does not answer.
        """
        key = key_of(self._how, prefix)
        async with self._turn:
            await self._read(prefix)
            self._held = key
            mark = self._states.mark()
            saved = await self._slot("save", mark)
            if saved.status == 200:
                await asyncio.to_thread(self._states.keep, key, mark)
            else:
                with suppress(OSError):
                    (self._states.folder / mark).unlink()

    async def _read(self, prefix: Sequence[Message]) -> None:
        asked: JsonValue = {
            "messages": [{"role": m.role, "content": m.content} for m in (*prefix, _NEXT)],
            "max_tokens": 1,
            "temperature": 0,
            "id_slot": SLOT,
            "cache_prompt": True,
        }
        answer = await self._post("/v1/chat/completions", asked, within_s=READ_S)
        if answer.status != 200:
            raise AttemptFailed(
                "provider.http_status", f"the embedded model answered {answer.status} to its prefix"
            )

    async def _slot(self, action: Literal["save", "restore"], name: str) -> Fetched:
        return await self._post(f"/slots/{SLOT}?action={action}", {"filename": name}, within_s=SLOT_S)

    async def _post(self, path: str, asked: JsonValue, *, within_s: float) -> Fetched:
        return await self._door.fetch(
            self._running.address + path,
            policy=policy_of(self._running.address),
            method="POST",
            headers={"content-type": "application/json", "authorization": f"Bearer {self._running.key}"},
            body=canonical_json(asked).encode(),
            limits=FetchLimits(timeout_s=within_s, redirects=0),
        )


async def kept_quietly(kept: KeptPrefix, prefix: Sequence[Message]) -> None:
    """Keep a prefix, if it can be: it only saves time."""
    with suppress(CallsheetError):
        await kept.keep(prefix)
