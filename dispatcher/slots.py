"""Whose turn it is: so many attempts at once over all runs, so many by one agent, the first in rank first."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from heapq import heappop, heappush

from contracts.agent import Agent
from dispatcher.limits import Limits
from dispatcher.work import Rank, Work


class Slots:
    """Hands out places to attempts.

    Args:
        limits: How many.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._ready: list[tuple[Rank, Work]] = []
        self._blocked: defaultdict[str, list[tuple[Rank, Work]]] = defaultdict(list)
        self._by_agent: Counter[str] = Counter()
        self._is_pumping = False
        self.taken = 0
        self._waiter: asyncio.Future[None] | None = None
        self.is_closed = False
        """Closed when the engine drains: nothing more starts."""

    def offer(self, work: Work) -> None:
        """Queue a call; it starts in some later `pump`."""
        heappush(self._ready, (work.rank(), work))

    def release(self, work: Work, agent: Agent | None = None) -> None:
        """Give a place back; `agent` had it where the work has been handed to another since."""
        self.taken -= 1
        if self._waiter is not None and not self.taken and not self._waiter.done():
            self._waiter.set_result(None)
        name = (agent or work.agent).card.name
        if name in self._limits.per_agent:
            self._by_agent[name] -= 1
            self._unblock(name)

    async def settled(self, timeout_s: float) -> None:
        """Return when no place is taken, at the latest after `timeout_s` seconds."""
        if self.taken:
            self._waiter = asyncio.get_running_loop().create_future()
            await asyncio.wait({self._waiter}, timeout=timeout_s)
            self._waiter = None

    def pump(self) -> None:
        """Start what has its turn, as long as there are places."""
        if self._is_pumping or self.is_closed:
            return
        self._is_pumping = True
        try:
            while self._ready and self.taken < self._limits.slots and not self.is_closed:
                rank, work = heappop(self._ready)
                if work.course.is_dead or not work.course.calls.wants(work):
                    self._unblock(work.agent.card.name)
                elif not self._is_blocked(rank, work):
                    self._take(work)
                    if not work.course.calls.launch(work):
                        self.release(work)
        finally:
            self._is_pumping = False

    def _unblock(self, name: str) -> None:
        """Let the next that its agent's limit holds back try again."""
        if self._blocked.get(name):
            heappush(self._ready, heappop(self._blocked[name]))

    def _is_blocked(self, rank: Rank, work: Work) -> bool:
        name = work.agent.card.name
        most = self._limits.per_agent.get(name)
        if most is None or self._by_agent[name] < most:
            return False
        heappush(self._blocked[name], (rank, work))
        return True

    def _take(self, work: Work) -> None:
        self.taken += 1
        name = work.agent.card.name
        if name in self._limits.per_agent:
            self._by_agent[name] += 1
