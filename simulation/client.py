"""A client that does not give up: hands runs in again until it knows, answers what waits, changes its mind.

It outlives every crash of the process; what it was never told it does not know.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from contracts.clock import unix_ms
from contracts.journal import IdempotencyKey, Receipt, Value
from contracts.run import Run, RunState
from dispatcher.child import child_of
from service.trying_again import finished_elements, unknown_effects
from simulation.asking import Asking
from simulation.attendant import Attendant
from simulation.history import History, Request
from simulation.looking import load_of
from simulation.wish import Wish

if TYPE_CHECKING:
    from simulation.life import Life


HURRY_S: Final = 20.0
"""After so long in one life whoever asks asks less often."""


class Client:
    """Asks, and writes down what it asked and what it was told.

    Args:
        wishes: What it wants.
        rng: Draws what it does when.
        history: Where it writes.
    """

    def __init__(self, wishes: Sequence[Wish], *, rng: random.Random, history: History) -> None:
        self.wishes = list(wishes)
        self._rng = rng
        self._history = history
        self._asking = Asking(history)
        self._attendant = Attendant(rng=rng, history=history)

    @property
    def is_content(self) -> bool:
        """Whether nothing more is wanted."""
        return all(w.is_over and not self._wants_child(w) for w in self.wishes)

    def begin(self, life: Life) -> None:
        """Go on, in a new life of the process."""
        for wish in self.wishes:
            if not wish.is_over:
                life.spawn(self._pursue(life, wish))
        life.spawn(self._attend(life))

    async def _pursue(self, life: Life, wish: Wish) -> None:
        await asyncio.sleep(max(0.0, wish.at_s - life.world_s))
        while wish.run_id is None and not wish.is_given_up:
            await self._hand_in(life, wish)
            await asyncio.sleep(self._rng.uniform(0.05, 2.0))
        if wish.run_id is None:
            return
        if wish.waits and not wish.state:
            life.spawn(self._wait(life, wish))
        if wish.early_signal:
            await self._attendant.signal(life, wish, "go")
        if wish.cancels_after_s is not None and not wish.was_cancelled and not wish.state:
            await asyncio.sleep(wish.cancels_after_s)
            await self._cancel(life, wish)

    async def _hand_in(self, life: Life, wish: Wish) -> None:
        is_new = wish.run is None or (wish.key is not None and self._rng.random() < 0.5)
        if is_new and wish.parent_id is not None:
            wish.run, wish.kept = self._child(life, wish.parent_id)
        elif is_new:
            wish.run = self._run_for(life, wish)
        run, kept = wish.run, wish.kept
        assert run is not None
        if self._rng.random() < 0.05 and wish.key is not None:
            life.spawn(self._send(life, wish, run, kept, body="other"))
        answer = await self._send(life, wish, run, kept)
        if answer.is_acknowledged:
            wish.run_id = answer.fields["made"]
        elif answer.answer == "request.key_mismatch":
            # The other body came first: then that is what it wanted; or it is still on its way.
            made = life.query("SELECT run_id FROM request_key WHERE key = ?", (wish.key,))
            wish.run_id = made[0][0] if made else None
        if wish.key is not None and self._rng.random() < 0.2:
            life.spawn(self._send(life, wish, run, kept, body="other" if self._rng.random() < 0.5 else ""))

    def _child(self, life: Life, parent_id: str) -> tuple[Run, Sequence[tuple[Receipt, Value | None]]]:
        """Return another try of a run; what became of unknown effects is looked up outside."""
        parent, unknown = life.runs.get(parent_id), unknown_effects(life.traces, parent_id)
        settled = {sid: life.world.settlement(parent_id, sid) for sid in unknown}
        not_done = [sid for sid in unknown if settled[sid]["outcome"] == "not_done"]
        return child_of(
            parent, life.runs.values(parent_id), ids=life.ids, now_ms=unix_ms(life.clock.now()),
            elements=finished_elements(life.traces, parent, not_done=not_done), unknown=unknown, settled=settled,
        )  # fmt: skip

    def _run_for(self, life: Life, wish: Wish) -> Run:
        now_ms = unix_ms(life.clock.now())
        return Run(
            run_id=life.ids.new(),
            objective=wish.plan.objective,
            state=RunState.QUEUED,
            plan=wish.plan if wish.brings_plan else None,
            created_ms=now_ms,
            priority=wish.priority,
            approval=wish.approval,
            deadline_ms=now_ms + wish.wall_ms if wish.wall_ms is not None else None,
        )

    async def _send(
        self, life: Life, wish: Wish, run: Run, kept: Sequence[tuple[Receipt, Value | None]], body: str = ""
    ) -> Request:
        fingerprint = sha256(f"{wish.number}{body}".encode()).hexdigest()
        asked = self._asking.ask(
            life, "submit", run.run_id, wish=wish.number, key=wish.key, body=body, priority=run.priority
        )
        asked.fields |= {"deadline_ms": run.deadline_ms, "run": run}
        asked.fields["before"] = load_of(life.query)

        async def submit(key: IdempotencyKey | None) -> str:
            await life.engine.submit(run, key=key, kept=kept)
            return run.run_id

        async def send() -> None:
            taken = await life.once.submit(wish.key, fingerprint, submit)
            asked.fields |= {"made": taken.run_id, "is_replay": taken.is_replay}

        await self._asking.tell(life, asked, send)
        if asked.answer == "run.exists":
            asked.answer, asked.fields["made"], asked.fields["is_replay"] = "ok", run.run_id, True
        return asked

    async def _wait(self, life: Life, wish: Wish) -> None:
        if wish.run_id is None:
            return
        asked = self._asking.ask(life, "wait", wish.run_id, timeout_s=self._rng.choice((None, 3.0)))
        is_over = await life.engine.wait(wish.run_id, asked.fields["timeout_s"])
        asked.fields["state"] = life.runs.get(wish.run_id).state.value
        self._asking.answered(life, asked, "ok" if is_over else "not yet")

    async def _cancel(self, life: Life, wish: Wish) -> None:
        if wish.run_id is None:
            return
        run_id = wish.run_id
        asked = self._asking.ask(life, "cancel", run_id)

        async def cancel() -> None:
            asked.fields["found"] = await life.engine.cancel(run_id, "changed my mind")

        await self._asking.tell(life, asked, cancel)
        wish.was_cancelled = wish.was_cancelled or asked.is_acknowledged

    def meddle(self, life: Life) -> None:
        """Ask something of a process that stops."""
        for wish in self.wishes:
            if wish.run_id is not None and not wish.state and self._rng.random() < 0.2:
                life.spawn(self._cancel(life, wish))

    async def _attend(self, life: Life) -> None:
        while not self.is_content:
            await asyncio.sleep(self._rng.uniform(0.1, 3.0) * max(1.0, life.age_s / HURRY_S))
            for wish in list(self.wishes):
                if wish.run_id is not None and not wish.state:
                    await self._attendant.look_after(life, wish, wish.run_id)
                if self._wants_child(wish):
                    self._want_child(life, wish)

    def _wants_child(self, wish: Wish) -> bool:
        return wish.retries and not wish.had_child and wish.has_failed

    def _want_child(self, life: Life, wish: Wish) -> None:
        wish.had_child = True
        child = Wish(
            number=len(self.wishes), plan=wish.plan, brings_plan=True, at_s=life.world_s,
            key=f"retry-{wish.number}" if self._rng.random() < 0.5 else None, priority=0, approval="auto",
            wall_ms=None, cancels_after_s=None, retries=wish.parent_id is None and self._rng.random() < 0.4,
            waits=False, early_signal=False, parent_id=wish.run_id,
        )  # fmt: skip
        run_id = wish.run_id or ""
        asked = "SELECT subtask_id, item_index FROM trace WHERE run_id = ? AND error_code = 'effect.unknown'"
        unknown = {(run_id, sid, index) for sid, index in life.query(asked, (run_id,)) if index is not None}
        if life.runs.get(run_id).plan is None or not life.world.can_settle(unknown):
            return
        self.wishes.append(child)
        life.spawn(self._pursue(life, child))
