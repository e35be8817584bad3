"""A model that runs on this machine, as every other provider is asked.

Its server is started by the first call, and again by the call after one in
which it died. Calls that say what they have in common with others
(`Options.prefix_messages`) go to a slot of their own, which keeps it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from typing_extensions import override

from contracts.clock import Clock
from contracts.errors import CallsheetError, Unavailable
from providers.chat import PLAIN, Message, Options, Piece
from providers.embedded.held import Door, Held
from providers.embedded.marks import without_marks
from providers.embedded.prefix import How
from providers.embedded.server import HowToRun, memory_bytes
from providers.embedded.states import SlotStates
from providers.pieces import closing
from providers.streamed import Streamed

DEATHS: Final = 3
"""Within `WINDOW_S`, after which it is not started again until the first of them is longer ago."""
WINDOW_S: Final = 300.0
DYING_S: Final = 0.5
"""For a process whose connection broke to be seen to have ended."""


class EmbeddedModel(Streamed):
    """One model and its server.

    Args:
        how: The model, and how it is run.
        door: The way to its server.
        clock: For durations.
        states: The folder for what slots have read.
        idle_s: Without a call, after which the server ends; None: never.
        again: Says how it is run before each start: its file may be another one by then. None: as ever.
    """

    def __init__(
        self,
        how: HowToRun,
        *,
        door: Door,
        clock: Clock,
        states: Path,
        idle_s: float | None = None,
        again: Callable[[], HowToRun] | None = None,
    ) -> None:
        self._how = how
        self._again = again
        self._door = door
        self._clock = clock
        self._folder = states
        self._idle_s = idle_s
        self._turn = asyncio.Lock()  # guards _held while a server starts, is changed or ends
        self._swapping = asyncio.Lock()  # one change at a time; calls go on meanwhile
        self._held: Held | None = None
        self._rested: Held | None = None
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._resting: asyncio.Task[None] | None = None
        self._prefix: tuple[Message, ...] = ()

    @property
    def model(self) -> str:
        """Return the model's name."""
        return self._how.model.name

    @property
    def pid(self) -> int | None:
        """Return the process that holds the model; None while none does."""
        return self._held.running.pid if self._held is not None else None

    @property
    def memory_bytes(self) -> int | None:
        """Return what its process holds in memory; None while it does not run."""
        return memory_bytes(self._held.running) if self._held is not None else None

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `StreamingProvider`.

        Raises:
            Unavailable: `provider.extra_missing`, `model.cannot_start`, `model.died`.
            NotFound: `model.not_pulled`, its file is gone.
            Damaged: `model.digest_mismatch`, its file is another one.
        """
        options, messages = _by_grammar(options), without_marks(messages)
        async with self._using() as (held, load_ms):
            prefix = messages[: options.prefix_messages]
            try:
                if prefix:
                    self._prefix = prefix
                    await held.kept.restore(prefix)
                adapter = held.planner if prefix else held.others
                async with closing(
                    adapter.stream(messages, max_tokens=max_tokens, options=options)
                ) as pieces:
                    async for piece in pieces:
                        yield _with_load(piece, load_ms)
            except CallsheetError as exc:
                raise await self._judged(held, exc) from exc
            if prefix:
                held.keep_later(prefix)

    async def warm(self, prefix: Sequence[Message]) -> How:
        """Start the server, and have it hold what calls begin with: `restored` from the disk, or `read`."""
        async with self._using() as (held, _):
            self._prefix = without_marks(prefix)
            return await held.kept.warm(self._prefix)

    async def start(self) -> float:
        """Start the server, if it does not run; return what loading took, in milliseconds."""
        async with self._using() as (_, load_ms):
            return load_ms

    async def swap(self, how: HowToRun) -> None:
        """Run another model instead: the new server is up before the old one goes, and calls under way end on theirs.

        Raises:
            Unavailable: `model.cannot_start`; the old one goes on.
        """
        async with self._swapping:
            fresh = await self._started(how) if self._held is not None else None
            try:
                async with self._turn:
                    old, self._held, self._how = self._held, fresh, how
                    self._deaths.clear()
            except asyncio.CancelledError:  # nobody would end it
                if fresh is not None:
                    await fresh.close()
                raise
            if fresh is not None and self._prefix:
                fresh.keep_later(self._prefix)
            if old is not None:
                await old.retire()

    async def settled(self) -> None:
        """Return when what was being kept in the background is kept."""
        if self._held is not None:
            await self._held.settled()

    async def aclose(self) -> None:
        """End the server, calls under way with it."""
        if self._resting is not None:
            self._resting.cancel()
        async with self._turn:
            held, self._held = self._held, None
        for each in (held, self._rested):
            if each is not None:
                await each.close()

    @asynccontextmanager
    async def _using(self) -> AsyncIterator[tuple[Held, float]]:
        if self._resting is not None:
            self._resting.cancel()
        held, load_ms = await self._running()
        held.users += 1
        try:
            yield held, load_ms
        finally:
            await held.left()
            if held is self._held and held.users == 0 and self._idle_s is not None:
                self._resting = asyncio.create_task(self._rest(held, self._idle_s))

    async def _running(self) -> tuple[Held, float]:
        async with self._turn:
            if self._held is not None and self._held.running.is_alive():
                return self._held, 0.0
            if self._held is not None:
                dead, self._held = self._held, None
                self._deaths.append(self._clock.monotonic())
                await dead.close()
            if len(self._deaths) == DEATHS and self._clock.monotonic() - self._deaths[0] < WINDOW_S:
                raise _dies(self.model)
            if self._again is not None:
                self._how = await asyncio.to_thread(self._again)
            self._held = await self._started(self._how)
            return self._held, self._held.running.load_ms

    async def _started(self, how: HowToRun) -> Held:
        states = SlotStates(self._folder)
        return await Held.start(how, door=self._door, clock=self._clock, states=states)

    async def _judged(self, held: Held, exc: CallsheetError) -> CallsheetError:
        """Return what went wrong: a broken connection may be the end of its server."""
        if exc.code == "provider.http_status" or not await held.running.has_died(within_s=DYING_S):
            return exc
        return Unavailable(
            "model.died",
            f"the process of the model {held.how.model.name!r} ended during a call",
            hint="The next call starts it anew; it may have been short of memory.",
            data={"cause": exc.code},
        )

    async def _rest(self, held: Held, idle_s: float) -> None:
        await self._clock.sleep(idle_s)
        async with self._turn:
            if held is not self._held or held.users:
                return
            self._held, self._rested = None, held
        await held.close()


def _by_grammar(options: Options) -> Options:
    """Return the options with the strictest form the runtime knows: a grammar says more than a schema can."""
    if options.shape is None or options.shape.grammar is None or options.form is not None:
        return options
    return replace(options, form="grammar")


def _with_load(piece: Piece, load_ms: float) -> Piece:
    if piece.end is None:
        return piece
    return replace(
        piece, end=replace(piece.end, timings=replace(piece.end.timings, load_duration_ms=load_ms))
    )


def _dies(name: str) -> Unavailable:
    error = Unavailable(
        "model.cannot_start",
        f"the process of the model {name!r} ended {DEATHS} times within {WINDOW_S:g} s",
        hint="It may need more memory than is free: a smaller model or a smaller `model.num_ctx` needs less.",
    )
    error.retryable = False
    return error
