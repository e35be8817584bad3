"""An engine that runs nothing: what runs are told is kept, for whoever runs them next.

For commands that say something to a run while no process runs any. Only a
cancelled run is taken up, to end it as the engine ends runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from contracts.clock import Clock, unix_ms
from contracts.engine import Engine, Place
from contracts.errors import CallsheetError, Conflict, Fenced, NotFound
from contracts.journal import Done, Entry, Event, IdempotencyKey, Journal, Receipt, Signal, Value
from contracts.run import Run

END_S: Final = 30.0
"""How long the end of a cancelled run is waited for."""


class RestingEngine:
    """Keeps what it is told.

    Args:
        engine: Ends runs; its worker is not started.
        journal: Keeps; nobody else writes it.
        clock: For events.
    """

    def __init__(self, engine: Engine, journal: Journal, clock: Clock) -> None:
        self._engine = engine
        self._journal = journal
        self._clock = clock

    async def submit(
        self,
        run: Run,
        *,
        key: IdempotencyKey | None = None,
        kept: Sequence[tuple[Receipt, Value | None]] = (),
    ) -> None:
        """Keep a run (durable on return).

        Raises:
            Unavailable: `storage.*`.
        """
        await _kept(lambda done: self._journal.create(run, key=key, kept=kept, done=done))

    async def cancel(self, run_id: str, reason: str) -> bool:
        """End a run of which nothing starts any more; False when it had already ended.

        Raises:
            Unavailable: `storage.*`.
        """
        state = self._journal.state(run_id)
        if state is None or state.is_final:
            return False
        # kept first: an engine that takes up a run which is to stop starts nothing of it
        opened = self._journal.open(run_id, done=_ignore)
        asked = Event(
            opened.last_event + 1, "cancel_requested", unix_ms(self._clock.now()), {"reason": reason}
        )
        run = opened.run.model_copy(update={"cancel_reason": reason})
        entry = Entry(run_id, opened.epoch, events=[asked], run=run)
        await _kept(lambda done: self._journal.put(entry, done))
        await self._engine.wake(run_id)
        await self._engine.wait(run_id, END_S)
        return True

    async def signal(self, signal: Signal) -> None:
        """Keep a signal (durable on return).

        Raises:
            NotFound: `run.unknown`.
            Conflict: `run.ended`.
            Unavailable: `storage.*`.
        """
        if self._journal.state(signal.run_id) is None:
            raise NotFound("run.unknown", f"no run is called {signal.run_id[:80]!r}")
        try:
            await _kept(lambda done: self._journal.signal(signal, done))
        except Fenced as exc:
            raise Conflict("run.ended", f"run {signal.run_id[:80]!r} has already ended") from exc

    async def wake(self, run_id: str) -> None:
        """Look at nothing."""

    def status(self, run_id: str) -> Place:
        """Return where the run is: in the journal, at most."""
        return self._engine.status(run_id)

    async def wait(self, run_id: str, timeout_s: float | None = None) -> bool:
        """Return True once the run has ended; only a cancelled one does."""
        return await self._engine.wait(run_id, timeout_s)

    async def run_worker(self) -> None:
        """Run nothing."""

    async def drain(self, timeout_s: float) -> None:
        """Let go of what ends."""
        await self._engine.drain(timeout_s)


def _ignore(_error: CallsheetError | None) -> None:
    """What becomes of the next entry says it all."""


async def _kept(keep: Callable[[Done], None]) -> None:
    heard: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def done(error: CallsheetError | None) -> None:
        if heard.done():
            return
        if error is None:
            heard.set_result(None)
        else:
            heard.set_exception(error)

    keep(done)
    await heard
