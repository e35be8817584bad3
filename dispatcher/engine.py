"""The embedded engine: runs wait for their turn, run in this process so many at a time, and survive it.

A run is durable before `submit` returns, and what it did is in the journal
before anybody is told. A run that waits for a person or a time leaves memory.
Draining stops without ending: the next worker goes on from the journal.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from typing import Final

from contracts.agent import Registry
from contracts.clock import Clock, unix_ms
from contracts.engine import Hears, Observer, Place
from contracts.errors import CallsheetError, Conflict, Fenced, NotFound, Unavailable
from contracts.journal import Done, Entry, IdempotencyKey, Journal, Receipt, Signal, Unfinished, Value
from contracts.run import Run
from dispatcher.active import ActiveRuns, draining
from dispatcher.beginning import first_events, started
from dispatcher.ids import Ids
from dispatcher.limits import Limits
from dispatcher.planning import MakePlan
from dispatcher.replanning import MakeReplan, nobody_replans
from dispatcher.telling import Audience
from dispatcher.watch import Watch

__all__ = ["LocalEngine", "MakePlan"]

SETTLE_S: Final = 1.0
"""Beyond the grace an attempt has to stop."""


class LocalEngine:
    """Runs objectives in this process; everything here runs on its loop.

    Args:
        registry: Where agents come from.
        journal: Keeps everything.
        clock: Time.
        ids: Names for traces.
        rng: For the jitter of retries.
        plan: Makes the plan of a run that brings none.
        replan: Makes the plan of a run that goes on after a failure.
        observer: Told of every event of every run once it is durable.
        hears: Whether the observer wants to be told of a run; None for every run.
        limits: How much at once.
    """

    def __init__(
        self,
        *,
        registry: Registry,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        rng: random.Random,
        plan: MakePlan,
        replan: MakeReplan = nobody_replans,
        observer: Observer | None,
        hears: Hears | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.clock = clock
        self._limits = limits or Limits()
        self._journal = journal
        self._audience = Audience(observer, hears)
        self._watch = Watch(journal, clock, wake=self._wake_due)
        self._runs = ActiveRuns(
            registry=registry,
            journal=journal,
            clock=clock,
            ids=ids,
            rng=rng,
            make_plan=plan,
            replan=replan,
            audience=self._audience,
            limits=self._limits,
            ended=self._tell_waiters,
            parked=self._look_again,
        )
        self._accepting: dict[str, asyncio.Future[None]] = {}
        self._signalling: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._waiters: dict[str, list[asyncio.Future[None]]] = {}
        self._drained = asyncio.Event()

    async def submit(
        self,
        run: Run,
        *,
        key: IdempotencyKey | None = None,
        kept: Sequence[tuple[Receipt, Value | None]] = (),
    ) -> None:
        """Accept a run (durable on return) and queue it.

        Raises:
            Unavailable: `engine.full`, `engine.draining`, `storage.*`.
            Conflict: `request.key_used`, `run.exists`.
        """
        if self._runs.is_draining:
            raise draining()
        waiting = self._runs.count + len(self._accepting)
        if waiting >= self._limits.max_runs:
            raise Unavailable(
                "engine.full", f"{waiting} runs are under way or waiting", hint="Try again in a few seconds."
            )
        fresh = run
        if (
            not kept
            and run.plan is not None
            and run.approval != "plan"
            and waiting < self._limits.active_runs
        ):
            # its turn comes at once: accepted and begun are one step to the journal
            fresh = started(run, self._limits, now_ms=unix_ms(self.clock.now()))
        # the place is taken before the wait for durability, so that the bound holds
        accepted = asyncio.get_running_loop().create_future()
        self._accepting[run.run_id] = accepted
        # the run may be kept although whoever asked for it has gone meanwhile
        done = partial(self._accept, fresh, [r for r, _ in kept], accepted)
        with ExitStack() as undo:  # what no journal can hold takes no place
            undo.callback(self._accepting.pop, run.run_id, None)
            self._journal.create(fresh, key=key, kept=kept, done=done)
            undo.pop_all()
        await asyncio.shield(accepted)

    async def cancel(self, run_id: str, reason: str) -> bool:
        """Ask a run to stop (durable on return); False when it had ended or was never here.

        Raises:
            Unavailable: `engine.draining`, `engine.reloading`, `storage.*`.
        """
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if not self._runs.cancel(run_id, reason, _into(kept)):
            return False
        try:
            await asyncio.shield(kept)
        except Fenced as exc:
            if exc.code == "journal.closed":
                return False
            raise Unavailable(
                "engine.reloading",
                f"run {run_id!r} could not be kept and is being read anew",
                hint="Ask again in a second.",
            ) from exc
        return True

    async def signal(self, signal: Signal) -> None:
        """Tell a run something (durable on return) and wake it; told twice, it hears it once.

        Raises:
            NotFound: `run.unknown`.
            Conflict: `run.ended`, `signal.too_many`.
            Unavailable: `storage.*`.
        """
        name = (signal.run_id, signal.signal_id)
        if name in self._signalling:
            await asyncio.shield(self._signalling[name])
            return
        state = self._journal.state(signal.run_id)
        if state is None:
            raise NotFound("run.unknown", f"no run is called {signal.run_id[:80]!r}")
        if self._journal.knows_signal(*name):
            return
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._signalling[name] = kept
        kept.add_done_callback(lambda done: self._hand_over(signal, done))
        self._journal.signal(signal, _into(kept))
        try:
            await asyncio.shield(kept)
        except Fenced as exc:
            raise Conflict("run.ended", f"run {signal.run_id!r} has already ended") from exc

    async def wake(self, run_id: str) -> None:
        """Look at a run's journal again."""
        self._wake(run_id)

    def status(self, run_id: str) -> Place:
        """Return where this engine holds a run."""
        if run_id in self._runs.active:
            return "active"
        if run_id in self._runs.queue or run_id in self._accepting:
            return "queued"
        state = self._journal.state(run_id)
        return "absent" if state is None or state.is_final else "parked"

    @property
    def load(self) -> tuple[int, int]:
        """How many runs are in memory, and how many wait for a place there."""
        return len(self._runs.active), len(self._runs.queue) + len(self._accepting)

    async def wait(self, run_id: str, timeout_s: float | None = None) -> bool:
        """Return True once the run has ended (durably), False after `timeout_s` seconds or once drained."""
        if run_id not in self._runs.active and run_id not in self._runs.queue:
            state = self._journal.state(run_id)
            if state is None or state.is_final:
                return True
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.setdefault(run_id, []).append(ended)
        try:
            await asyncio.wait({ended}, timeout=timeout_s)
        finally:  # whoever waits may go away
            if not ended.done() and (waiters := self._waiters.get(run_id)) is not None:
                waiters.remove(ended)
                if not waiters:
                    del self._waiters[run_id]
        return ended.done() and not ended.cancelled()

    async def run_worker(self) -> None:
        """Take up what the journal left unfinished, wake what parks, until drained."""
        self._runs.take_up_unfinished()
        self._watch.start()
        await self._drained.wait()

    async def drain(self, timeout_s: float) -> None:
        """Start nothing more, give attempts under way `timeout_s`, stop them, and keep what they did."""
        runs, loop = self._runs, asyncio.get_running_loop()
        runs.is_draining = runs.slots.is_closed = True
        self._watch.stop()
        runs.stop_reloading()
        await runs.slots.settled(timeout_s)
        for active in list(runs.active.values()):
            active.suspend()
        await runs.slots.settled(self._limits.stop_grace_s + SETTLE_S)
        kept: asyncio.Future[None] = loop.create_future()
        self._journal.flush(_into(kept))
        await asyncio.wait({kept}, timeout=SETTLE_S)
        for waiters in self._waiters.values():
            for waiter in waiters:
                waiter.cancel()
        self._waiters.clear()
        self._drained.set()

    def _accept(
        self,
        run: Run,
        kept: Sequence[Receipt],
        accepted: asyncio.Future[None],
        error: CallsheetError | None,
    ) -> None:
        self._accepting.pop(run.run_id, None)
        _into(accepted)(error)
        if error is not None:
            return
        self._audience.tell(Entry(run.run_id, 1, events=first_events(run)), run)
        self._audience.tell(Entry(run.run_id, 1, receipts=list(kept)), run)
        # Whoever read the journal since it was kept has taken it up already, and may not meet it twice.
        if run.run_id not in self._runs.active:
            fresh = None if kept else run
            self._runs.queue.push(run.run_id, created_ms=run.created_ms, priority=run.priority, run=fresh)
            self._runs.take_turns()

    def _hand_over(self, signal: Signal, kept: asyncio.Future[None]) -> None:
        self._signalling.pop((signal.run_id, signal.signal_id), None)
        if kept.cancelled() or kept.exception() is not None:
            return
        active = self._runs.active.get(signal.run_id)
        if active is not None:
            active.tell(signal)
        else:
            self._runs.queue.reread(signal.run_id)
            self._wake(signal.run_id)

    def _wake(self, run_id: str) -> None:
        runs = self._runs
        if run_id not in runs.active and run_id not in runs.queue and not runs.is_draining:
            runs.queue.push(run_id, created_ms=0, priority=0)
            runs.take_turns()

    def _wake_due(self, due: Sequence[Unfinished]) -> None:
        self._runs.enqueue(due)
        self._runs.take_turns()

    def _look_again(self, until_ms: int | None) -> None:
        if until_ms is not None:
            self._watch.look_at(until_ms)

    def _tell_waiters(self, run_id: str) -> None:
        for waiter in self._waiters.pop(run_id, ()):
            if not waiter.done():
                waiter.set_result(None)


def _into(future: asyncio.Future[None]) -> Done:
    """Return what tells a future."""

    def done(error: CallsheetError | None) -> None:
        if future.done():
            return
        if error is None:
            future.set_result(None)
        else:
            future.set_exception(error)

    return done
