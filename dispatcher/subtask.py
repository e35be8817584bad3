"""One subtask to its end: its attempts, its elements, its result made durable.

Every attempt's trace is durable before the next attempt starts; the last trace
and the value the subtask writes share a transaction. Cancelling the awaiting
task stops attempts under way, and what they wrote stays written.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from pydantic import JsonValue

from contracts.agent import Agent, AgentCall, Registry
from contracts.clock import Clock, unix_ms
from contracts.engine import Journal, Observer
from contracts.plan import Plan, Subtask
from contracts.run import Run, RunEvent
from contracts.trace import TraceStatus
from dispatcher.attempt import Ended, make_attempt
from dispatcher.ids import Ids
from dispatcher.inputs import Element
from dispatcher.retry import Backoff, attempts_allowed, may_retry


@dataclass(frozen=True, slots=True)
class Result:
    """How a subtask ended, durable."""

    status: TraceStatus
    output: JsonValue = None
    is_traced: bool = True
    """False when it was cancelled before any attempt began."""


@dataclass(frozen=True, slots=True)
class Slots:
    """What runs share: how many attempts may run at once, and where time and chance come from."""

    limit: asyncio.Semaphore
    clock: Clock
    ids: Ids
    rng: random.Random
    backoff: Backoff = field(default_factory=Backoff)
    run_timeout_s: float = 3600.0
    """The most one run may take; a plan may ask for less."""


@dataclass(slots=True)
class _Fan:
    """The elements of one subtask while they run."""

    count: int
    ended: list[Ended | None] = field(init=False)
    kept: set[int] = field(default_factory=set)
    """Places whose trace is journaled already."""
    left: int = field(init=False)
    has_begun: bool = False

    def __post_init__(self) -> None:
        self.ended = [None] * self.count
        self.left = self.count

    def status(self) -> TraceStatus:
        """Return the subtask's status: partial success when some elements have no output and some have."""
        found = {e.trace.status if e else TraceStatus.CANCELLED for e in self.ended}
        if len(found) == 1:
            return next(iter(found))
        if TraceStatus.CANCELLED in found:
            return TraceStatus.CANCELLED
        return TraceStatus.PARTIAL_SUCCESS if any(s.has_output for s in found) else TraceStatus.FAILURE


@dataclass(frozen=True, slots=True)
class _Work:
    run: Run
    plan: Plan
    subtask: Subtask
    agent: Agent

    def call(self, element: Element, attempt: int, now: datetime) -> AgentCall:
        limits = [self.subtask.timeout_s or self.agent.card.timeout_s]
        if self.subtask.budget is not None and self.subtask.budget.wall_s is not None:
            limits.append(self.subtask.budget.wall_s)
        place = "" if element.index is None else f"/{element.index}"
        return AgentCall(
            inputs=element.inputs,
            objective=self.subtask.objective,
            now=self.run.now or now,
            timeout_s=float(min(limits)),
            policy=self.run.policy,
            home_zone=self.run.home_zone,
            run_id=self.run.run_id,
            subtask_id=self.subtask.id,
            attempt=attempt,
            item_index=element.index,
            idempotency_key=f"{self.run.run_id}/{self.subtask.id}{place}",
        )


class SubtaskRunner:
    """Makes attempts, journals them, tells who watches.

    Args:
        registry: Where agents come from.
        journal: Keeps traces and values.
        slots: Shared with other runs.
        observer: Told of every attempt that ended.
    """

    def __init__(self, registry: Registry, journal: Journal, slots: Slots, observer: Observer) -> None:
        self._registry = registry
        self._journal = journal
        self._slots = slots
        self._observer = observer

    async def run(self, run: Run, plan: Plan, subtask: Subtask, elements: Sequence[Element]) -> Result:
        """Run a subtask's elements (at least one) and return how it ended.

        Raises:
            CallsheetError: The agent cannot be had; nothing was traced.
        """
        work = _Work(run, plan, subtask, self._registry.get(subtask.required_agent))
        fan = _Fan(len(elements))
        if subtask.foreach is None:
            fan.ended[0] = await self._attempts(work, elements[0], fan)
        else:
            await _all(
                [asyncio.ensure_future(self._element(work, e, i, fan)) for i, e in enumerate(elements)]
            )
        return await self._keep(work, fan)

    async def _element(self, work: _Work, element: Element, place: int, fan: _Fan) -> None:
        ended = fan.ended[place] = await self._attempts(work, element, fan)
        fan.left -= 1
        if fan.left > 0 and ended is not None:  # the last one's trace shares a transaction with the value
            fan.kept.add(place)
            await self._put(work, [ended], {})

    async def _keep(self, work: _Work, fan: _Fan) -> Result:
        status = fan.status()
        output: JsonValue = None
        if status.has_output:
            outputs: list[JsonValue] = [e.trace.output if e else None for e in fan.ended]
            output = outputs if work.subtask.foreach is not None else outputs[0]
        rest = [e for i, e in enumerate(fan.ended) if e is not None and i not in fan.kept]
        values = {work.subtask.output_key: output} if status.has_output else {}
        if rest or values:
            # cancelled or not, it is durable when this is over, so the subtask ended as it ended
            with suppress(asyncio.CancelledError):
                await self._put(work, rest, values)
        return Result(status, output, is_traced=fan.has_begun)

    async def _attempts(self, work: _Work, element: Element, fan: _Fan) -> Ended | None:
        """Return the last attempt, not yet journaled; None when none is left to journal."""
        allowed = attempts_allowed(work.subtask, work.agent.card)
        ended: Ended | None = None
        try:
            for attempt in range(1, allowed + 1):
                ended = await self._attempt(work, element, attempt, fan)
                if ended.error is None or not may_retry(ended.error, attempt, allowed):
                    return ended
                failed, ended = ended, None
                await self._put(work, [failed], {})
                await self._slots.clock.sleep(self._slots.backoff.wait_s(attempt, self._slots.rng))
        except asyncio.CancelledError:
            return ended
        return ended

    async def _attempt(self, work: _Work, element: Element, attempt: int, fan: _Fan) -> Ended:
        clock = self._slots.clock
        ready = clock.monotonic()
        async with self._slots.limit:
            fan.has_begun = True
            ended = await make_attempt(
                work.agent,
                work.call(element, attempt, clock.now()),
                work.subtask,
                clock=clock,
                trace_id=self._slots.ids.new(),
                plan_id=work.plan.plan_id,
                queued_ms=(clock.monotonic() - ready) * 1000,
            )
        self._tell(work, ended)
        return ended

    async def _put(self, work: _Work, ended: Sequence[Ended], values: Mapping[str, JsonValue]) -> None:
        traces = [e.trace for e in ended]
        writing = asyncio.ensure_future(self._journal.put(traces, values=values, written_by=work.subtask.id))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait({writing})
            writing.result()
            raise

    def _tell(self, work: _Work, ended: Ended) -> None:
        trace = ended.trace
        self._observer(
            RunEvent(
                kind="attempt_ended",
                run_id=work.run.run_id,
                at_ms=unix_ms(self._slots.clock.now()),
                subtask_id=work.subtask.id,
                agent_type=trace.agent_type,
                attempt=trace.metadata.attempt,
                item_index=trace.metadata.item_index,
                status=trace.status,
                duration_ms=float(trace.metadata.duration_ms),
                error=trace.metadata.error,
                warnings=trace.metadata.warnings,
            )
        )


async def _all(children: Sequence[asyncio.Future[None]]) -> None:
    """Wait for every child; being cancelled cancels them and waits on. The first crash is raised."""
    try:
        await asyncio.wait(children)
    except asyncio.CancelledError:
        for child in children:
            child.cancel()
        await asyncio.wait(children)
    for child in children:
        if not child.cancelled():
            child.result()
