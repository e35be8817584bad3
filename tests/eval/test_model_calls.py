"""Calls to models as they are measured: who asks when, what is asked, what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from typing_extensions import override

from contracts.clock import SystemClock
from contracts.errors import Unavailable
from eval.models.calls import Ask, Call, Setting, question
from eval.models.running import Measured, Sweep, run_sweep
from providers.chat import (
    PLAIN,
    Completion,
    Message,
    Options,
    Piece,
    StreamingProvider,
    Timings,
    Usage,
)
from providers.streamed import Streamed

ASK = Ask(prompt="How many?", max_tokens=7)


class Answering(Streamed):
    """Answers at once; notes what was asked, and how many asked at the same time."""

    def __init__(self, *, fails_on: Sequence[int] = (), waits_on: int | None = None) -> None:
        self.asked: list[tuple[str, int, Options]] = []
        self.at_once = self.most_at_once = 0
        self.waiting = asyncio.Event()
        self._fails_on, self._waits_on = fails_on, waits_on

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        self.asked.append((messages[0].content, max_tokens, options))
        number = len(self.asked)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            await asyncio.sleep(0)
            if number in self._fails_on:
                raise Unavailable("provider.rate_limited", "not now")
            if number == self._waits_on:
                self.waiting.set()
                await asyncio.Event().wait()
            yield Piece("four")
            times = Timings(ttft_ms=3.0, throughput_tok_s=50.0, eval_duration_ms=20.0, load_duration_ms=9.0)
            yield Piece(end=Completion("four", "length", Usage(5, 1), "m", timings=times))
        finally:
            self.at_once -= 1


class Opened:
    """Opens the same model for every setting, and notes for which."""

    def __init__(self, provider: StreamingProvider) -> None:
        self.settings: list[Setting] = []
        self._provider = provider

    @asynccontextmanager
    async def __call__(self, setting: Setting) -> AsyncIterator[StreamingProvider]:
        self.settings.append(setting)
        yield self._provider


async def measured(sweep: Sweep, provider: Answering, *, ask: Ask = ASK) -> tuple[Measured, Opened]:
    into, opened = Measured(), Opened(provider)
    await run_sweep(sweep, ask, opens=opened, clock=SystemClock(), into=into)
    return into, opened


async def test_every_agent_asks_as_often_as_said_and_warm_ups_are_marked() -> None:
    model = Answering()
    found, _ = await measured(Sweep(models=("m",), agents=(3,), runs=4, warmups=2), model)
    assert [c.is_warmup for c in found.calls].count(True) == 2
    assert {(c.agent, c.run) for c in found.calls if not c.is_warmup} == {
        (agent, run) for agent in (1, 2, 3) for run in (1, 2, 3, 4)
    }
    assert model.most_at_once == 3


async def test_what_a_call_took_is_kept_with_how_it_ended() -> None:
    found, _ = await measured(Sweep(models=("m",), runs=1, warmups=0), Answering())
    (call,) = found.calls
    assert (call.finish_reason, call.answered_by, call.error_code) == ("length", "m", "")
    assert (call.ttft_ms, call.throughput_tok_s, call.load_duration_ms) == (3.0, 50.0, 9.0)
    assert (call.tokens_generated, call.prompt_tokens) == (1, 5)
    assert call.total_ms is not None
    assert found.wall_s.keys() == {call.setting}


async def test_a_failed_call_is_kept_by_its_code_and_the_rest_goes_on() -> None:
    found, _ = await measured(Sweep(models=("m",), runs=3, warmups=0), Answering(fails_on=(2,)))
    assert [c.error_code for c in found.calls] == ["", "provider.rate_limited", ""]
    assert found.calls[1].ttft_ms is None


async def test_a_model_is_opened_anew_only_for_its_context_and_threads() -> None:
    sweep = Sweep(models=("m",), threads=(1, 2), temperature=(0.0, 0.7), agents=(1, 2), runs=1, warmups=0)
    model = Answering()
    found, opened = await measured(sweep, model)
    assert [setting.threads for setting in opened.settings] == [1, 2]
    assert len(dict.fromkeys(call.setting for call in found.calls)) == 8
    assert {options.temperature for _, _, options in model.asked} == {0.0, 0.7}


async def test_questions_begin_differently_unless_they_are_to_begin_alike() -> None:
    alike = Ask(prompt="How many?", max_tokens=7, begins_alike=True)
    for ask, begin_alike in ((ASK, 0), (alike, 8)):
        model = Answering()
        await measured(Sweep(models=("m",), agents=(2,), runs=4, warmups=0), model, ask=ask)
        texts = [text for text, _, _ in model.asked]
        assert len(set(texts)) == 8
        assert sum(text.startswith("How many?") for text in texts) == begin_alike


async def test_what_was_measured_before_a_stop_is_kept_with_its_time() -> None:
    model, into = Answering(waits_on=3), Measured()
    sweep = Sweep(models=("m",), runs=9, warmups=0)
    running = asyncio.create_task(run_sweep(sweep, ASK, opens=Opened(model), clock=SystemClock(), into=into))
    await model.waiting.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [call.run for call in into.calls] == [1, 2]
    assert into.wall_s[into.calls[0].setting] > 0


def test_a_setting_says_only_what_differs_from_the_model_as_it_is() -> None:
    assert Setting(model="m").options == ""
    said = Setting(model="m", num_ctx=4096, threads=2, temperature=0.7, agents=4).options
    assert said == "context 4096, threads 2, temperature 0.7, agents 4"


def test_no_two_questions_of_a_sweep_are_the_same() -> None:
    asked = {
        question(ASK, run=run, agent=agent, setting=setting)[0].content
        for run in range(3)
        for agent in range(3)
        for setting in range(3)
    }
    assert len(asked) == 27


def test_a_call_is_read_back_from_the_line_it_was_kept_as() -> None:
    call = Call(setting=Setting(model="m"), agent=1, run=2, ttft_ms=3.5)
    assert Call.model_validate_json(call.model_dump_json(exclude_none=True)) == call
