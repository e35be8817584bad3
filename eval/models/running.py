"""Measure a model under every setting asked for; what was measured when it is stopped is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from itertools import groupby, product

from contracts.clock import Clock
from eval.models.calls import Ask, Call, Setting, measure, question
from providers.chat import StreamingProvider

Opens = Callable[[Setting], AbstractAsyncContextManager[StreamingProvider]]
"""Gives the model of a setting, with its context and threads."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """Every setting to measure, and how often; None: the model's own."""

    models: Sequence[str]
    num_ctx: Sequence[int | None] = (None,)
    threads: Sequence[int | None] = (None,)
    temperature: Sequence[float] = (0.0,)
    agents: Sequence[int] = (1,)
    runs: int = 5
    """Of each agent, under each setting."""
    warmups: int = 1
    """Calls before them, which count for the loading alone."""

    def settings(self) -> Iterator[Setting]:
        """Yield the settings; those that need the model opened anew vary slowest."""
        for model, num_ctx, threads, temperature, agents in product(
            self.models, self.num_ctx, self.threads, self.temperature, self.agents
        ):
            yield Setting(
                model=model, num_ctx=num_ctx, threads=threads, temperature=temperature, agents=agents
            )


@dataclass(slots=True)
class Measured:
    """What has been measured so far."""

    calls: list[Call] = field(default_factory=list)
    wall_s: dict[Setting, float] = field(default_factory=dict)
    """From the first question to the last answer under a setting, warm-ups apart."""


async def run_sweep(
    sweep: Sweep,
    ask: Ask,
    *,
    opens: Opens,
    clock: Clock,
    into: Measured,
    tell: Callable[[Call], None] = lambda _: None,
) -> None:
    """Measure every setting of a sweep.

    Args:
        sweep: What to measure.
        ask: What to ask.
        opens: Gives the models.
        clock: For the time they take.
        into: Where it is gathered, as it comes.
        tell: Told of each call when it has ended.
    """

    def keep(call: Call) -> None:
        into.calls.append(call)
        tell(call)

    numbered = enumerate(sweep.settings(), start=1)
    for _, group in groupby(numbered, key=lambda n: (n[1].model, n[1].num_ctx, n[1].threads)):
        same = list(group)
        async with opens(same[0][1]) as provider:
            for number, setting in same:
                asking = _Asking(provider, ask, number, setting, clock, keep)
                await asking.warm_up(sweep.warmups)
                began = clock.monotonic()
                try:
                    await asking.run(sweep.runs)
                finally:
                    into.wall_s[setting] = clock.monotonic() - began


@dataclass(frozen=True, slots=True)
class _Asking:
    provider: StreamingProvider
    ask: Ask
    number: int
    setting: Setting
    clock: Clock
    keep: Callable[[Call], None]

    async def warm_up(self, calls: int) -> None:
        for run in range(calls):
            await self._one(Call(setting=self.setting, agent=0, run=run, is_warmup=True))

    async def run(self, runs: int) -> None:
        async with asyncio.TaskGroup() as agents:
            for agent in range(1, self.setting.agents + 1):
                agents.create_task(self._agent(agent, runs))

    async def _agent(self, agent: int, runs: int) -> None:
        for run in range(1, runs + 1):
            await self._one(Call(setting=self.setting, agent=agent, run=run))

    async def _one(self, call: Call) -> None:
        messages = question(self.ask, run=call.run, agent=call.agent, setting=self.number)
        self.keep(await measure(self.provider, messages, ask=self.ask, call=call, clock=self.clock))
