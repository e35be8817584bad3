"""The attempts of one run: when each may start, and what follows from how it ended.

A pure step starts at once. An idempotent one starts when everything before it
is durable, so that its key never meets other inputs. Of an effectful one the
intent is durable first; when nobody can say whether its effect happened, it
ends as `effect.unknown` and is never blindly run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from pydantic import JsonValue

from contracts.agent import Agent, AgentCall, AgentReply, NotDone, Reconciling
from contracts.clock import unix_ms
from contracts.effect import Effect
from contracts.errors import AttemptFailed, CallsheetError
from contracts.journal import Done, Entry, Intent, Value
from contracts.plan import Subtask
from dispatcher.attempt import Attempt, Outcome
from dispatcher.calling import call_for, effect_key, metered
from dispatcher.history import Trail
from dispatcher.inputs import Element
from dispatcher.judging import Judge
from dispatcher.limits import RUN_AHEAD_MS
from dispatcher.receipts import LEFT_OPEN, unknown_effect
from dispatcher.work import Work, effect_of

if TYPE_CHECKING:
    from dispatcher.course import Course


class Calls:
    """Makes the attempts of one run.

    Args:
        course: Whose attempts they are.
    """

    def __init__(self, course: Course) -> None:
        self._course = course
        self._office = course.office
        self._loop = asyncio.get_running_loop()
        self._open: dict[Work, None] = {}
        """Queued, held, napping or running; a parked one is not."""
        self._running: dict[Work, Attempt | None] = {}
        """None while the intent is on its way to the disk."""
        self._held: list[Work] = []
        self._short: list[Work] = []
        self._naps: dict[Work, asyncio.Task[None]] = {}
        self._judge = Judge(course, self)
        self.is_suspended = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way or waits for its turn."""
        return not self._open

    def work_for(self, subtask: Subtask, element: Element) -> Work:
        """Return the call of one element.

        Raises:
            CallsheetError: The agent cannot be had.
        """
        agent = self._office.registry.get(subtask.required_agent)
        return Work(self._course, subtask, agent, element, effect_of(subtask, agent))

    def offer(self, work: Work) -> None:
        """Queue a call for its turn."""
        self._open[work] = None
        work.ready_at = self._office.clock.monotonic()
        work.needs_event = self._course.last_event
        self._office.slots.offer(work)

    def wants(self, work: Work) -> bool:
        """Say whether a queued call is still to be made."""
        return self._course.stop is None and self._is_waiting(work)

    def _is_waiting(self, work: Work) -> bool:
        return work in self._open and work not in self._running and not self.is_suspended

    def take_up(self, work: Work, trail: Trail) -> None:
        """Go on with an element where an earlier process left it."""
        if trail.is_fallback:
            self._judge.fall_back(work)
        work.attempt, work.tries = trail.attempt, trail.tries
        if trail.intent is not None:
            self._settle(work, trail.intent)
        elif trail.next_ms and (trail.wait is None or trail.wait.since_ms < trail.next_ms):
            if trail.wait is not None:  # what it waited for came before that, and is given to it again
                self._course.waiting.answer(work, trail.wait)
            self.nap(work, trail.next_ms)
        elif trail.wait is not None:
            self._course.waiting.take_up(work, trail.wait)
        else:
            self.offer(work)

    def launch(self, work: Work) -> bool:
        """Start a call that was given a place; False when it cannot start now."""
        if work.effect is Effect.IDEMPOTENT and self._course.kept_event < work.needs_event:
            self._held.append(work)
            return False
        if not self._reserve(work):
            return False
        self._course.fans[work.subtask.id].running += 1
        self._running[work] = None
        if work.effect is Effect.EFFECTFUL and work.purpose == "run":
            self._intend(work)
        else:
            self._start(work)
        return True

    def kept(self) -> None:
        """Offer again what waited for durability."""
        if self._held:
            held, self._held = self._held, []
            for work in held:
                self._office.slots.offer(work)
            self._office.slots.pump()

    def offer_short(self) -> None:
        """Offer again what waited for budget."""
        short, self._short = self._short, []
        for work in short:
            self._office.slots.offer(work)

    def has_open(self, subtask: Subtask) -> bool:
        """Say whether an element of a subtask is still under way, or its end still to be told."""
        return any(work.subtask is subtask for work in self._open)

    def close(self, work: Work) -> None:
        """Note that a call is not under way any more."""
        self._open.pop(work, None)

    def stop(self) -> None:
        """Forget what has not started; tell what runs to stop."""
        for work in [w for w in self._open if w not in self._running]:
            if work.is_uncertain and not self.is_suspended:
                work.purpose = "run"
                outcome = Outcome(error=unknown_effect("the run was stopped before it was found out"))
                self._loop.call_soon(self._conclude_if_open, work, outcome)
            else:
                del self._open[work]
        self._held.clear()
        self._short.clear()
        self._wake_nobody()
        for attempt in list(self._running.values()):
            if attempt is not None:
                attempt.stop()

    def suspend(self) -> None:
        """Stop everything without an end, for another process to go on with."""
        self.is_suspended = True
        self.stop()

    def abandon(self) -> None:
        """Stop everything; nothing of it counts any more."""
        self._wake_nobody()
        for work, attempt in list(self._running.items()):
            if attempt is not None:
                attempt.stop()
            else:
                del self._running[work]
                self._office.slots.release(work)

    def disband(self) -> None:
        """Let go of who holds on to this; nothing is under way any more."""
        del self._judge

    def write(self, subtask: Subtask, text: str, entry: Entry) -> None:
        """Give the run what a subtask wrote, and the journal with the same entry."""
        self._course.context.set_text(subtask.output_key, text, by=subtask.id)
        entry.values.append(Value(subtask.output_key, text, subtask.id))

    def _reserve(self, work: Work) -> bool:
        purse, budget = self._course.purse, work.subtask.budget
        if work.purpose == "reconcile" or (budget is None and not purse.is_bounded):
            return True  # what became of an effect is found out whatever is left
        card = work.agent.card
        uses = card.uses or (("fuel",) if card.name.startswith("wasm:") else ())
        reserved = purse.reserve(budget, uses)
        if reserved is not None:
            work.reserved = reserved
            return True
        if purse.is_held:
            self._short.append(work)
        else:
            self._loop.call_soon(self._refuse, work)
        return False

    def _refuse(self, work: Work) -> None:
        if self.wants(work) and not self._course.is_dead:
            work.attempt += 1
            work.meter, work.started_ms = None, self._office.now_ms()
            error = AttemptFailed("budget.exhausted", "the run's budget leaves nothing for it to use")
            self._course.guarded(partial(self._judge.conclude, work, Outcome(error=error)))

    def _conclude_if_open(self, work: Work, outcome: Outcome) -> None:
        if self._is_waiting(work) and not self._course.is_dead:
            self._course.guarded(partial(self._judge.conclude, work, outcome))

    def _intend(self, work: Work) -> None:
        work.intent_key = effect_key(self._course, work)
        name, index = work.name
        now = self._office.now_ms()
        about: dict[str, JsonValue] = {"subtask_id": name, "item_index": index, "attempt": work.attempt + 1}
        if work.signals or work.is_due:
            about |= {"signals": dict(work.signals), "is_due": work.is_due}
        entry = self._course.entry(event=self._course.event("intent", about))
        entry.intents.append(Intent(name, index, work.attempt + 1, work.intent_key, now))
        work.consume(entry)
        self._course.put(entry, partial(self._intended, work))

    def _intended(self, work: Work, error: CallsheetError | None) -> None:
        if error is not None or work not in self._running:
            return
        if self._course.stop is None and not self.is_suspended:
            self._start(work)
            return
        work.attempt += 1
        self._over(work, Outcome())

    def _start(self, work: Work) -> None:
        if work.purpose == "run":
            work.attempt += 1
            work.tries += 1
        now = self._office.clock.now()
        work.started_ms = unix_ms(now)
        work.queued_ms = round((self._office.clock.monotonic() - work.ready_at) * 1000, 3)
        call = call_for(self._course, work, now=now)
        work.meter, context = metered(work, self._course.task_context)
        work.running = Attempt(
            _asking(work),
            call,
            output_schema=work.subtask.output_schema,
            grace_s=self._office.limits.stop_grace_s,
            over=partial(self._over, work),
            timeouts=self._office.timeouts,
            context=context,
            clock=self._office.clock,
            beat=self._office.beat,
        )
        self._running[work] = work.running

    def _over(self, work: Work, outcome: Outcome) -> None:
        course = self._course
        del self._running[work]
        work.running = None
        if course.is_dead:
            self._give_place_back(work)
            return
        course.fans[work.subtask.id].running -= 1
        work.holds_place = outcome.has_waited or outcome.duration_ms >= RUN_AHEAD_MS
        if not work.holds_place:
            self._office.slots.release(work)
        course.guarded(partial(self._judge.conclude, work, outcome))

    def kept_of(self, work: Work) -> Done | None:
        """Return who is to be told when the end of an attempt is kept, if its place waits for that."""
        if not work.holds_place:
            return None
        work.holds_place = False
        agent = work.agent
        return lambda _: self._give_place_back(work, agent)

    def _give_place_back(self, work: Work, agent: Agent | None = None) -> None:
        self._office.slots.release(work, agent)
        self._office.slots.pump()

    def _settle(self, work: Work, intent: Intent) -> None:
        work.is_uncertain = True
        work.signals, work.is_due = intent.signals, intent.is_due
        work.attempt, work.intent_key = intent.attempt, intent.key
        work.started_ms = intent.at_ms
        if isinstance(work.agent, Reconciling):
            work.purpose = "reconcile"
            self.offer(work)
            return
        self._open[work] = None
        outcome = Outcome(error=unknown_effect(LEFT_OPEN))
        self._loop.call_soon(self._conclude_if_open, work, outcome)

    def nap(self, work: Work, until_ms: int) -> None:
        """Queue a call at a time, Unix milliseconds."""
        self._open[work] = None
        seconds = max(0.0, (until_ms - self._office.now_ms()) / 1000)
        self._naps[work] = self._loop.create_task(self._sleep(work, seconds))

    async def _sleep(self, work: Work, seconds: float) -> None:
        await self._office.clock.sleep(seconds)
        del self._naps[work]
        self.offer(work)
        self._office.slots.pump()

    def _wake_nobody(self) -> None:
        naps, self._naps = self._naps, {}
        for nap in naps.values():
            nap.cancel()


def _asking(work: Work) -> Callable[[AgentCall], Awaitable[AgentReply | NotDone]]:
    if work.purpose == "reconcile" and isinstance(work.agent, Reconciling):
        return work.agent.reconcile
    return work.agent.run
