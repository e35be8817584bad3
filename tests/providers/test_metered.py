"""Each call of a model is told once, when it has ended, however it did; and nothing anybody wrote is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any, Final

import pytest

from contracts.errors import AttemptFailed, Unavailable
from providers.chat import PLAIN, Completion, Message, Options, Piece, Timings, Usage
from providers.metered import Metered, ModelCall
from tests.dispatcher.acting import FakeClock

WHOLE: Final = Completion(
    "a canary",
    "stop",
    Usage(30, 12, 8),
    "canary",
    timings=Timings(total_ms=800, ttft_ms=90),
    usd=0.5,
    tries=2,
)
ASK: Final = [Message("user", "a canary")]


class Scripted:
    """A model that gives pieces, and fails or hangs where it is told to."""

    def __init__(self, *pieces: Piece, fails: BaseException | None = None) -> None:
        self.pieces = pieces
        self.fails = fails
        self.clock = FakeClock()
        self.is_closed = False

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        async for piece in self.stream(messages, max_tokens=max_tokens, options=options):
            if piece.end is not None:
                return piece.end
        raise AssertionError

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        try:
            for piece in self.pieces:
                self.clock.advance(1)
                yield piece
            if self.fails is not None:
                raise self.fails
        finally:
            self.is_closed = True


def metered(inner: Scripted) -> tuple[Metered, list[ModelCall]]:
    told: list[ModelCall] = []
    return Metered(inner, name="small", observe=told.append, clock=inner.clock), told


async def read(model: Metered, most: int = 9) -> list[Piece]:
    found: list[Piece] = []
    async with aclosing(model.stream(ASK, max_tokens=9)) as pieces:  # type: ignore[type-var]  # it is a generator
        async for piece in pieces:
            found.append(piece)
            if len(found) == most:
                break
    return found


async def ask(model: Metered, how: str) -> Any:
    return await (model.complete(ASK, max_tokens=9) if how == "whole" else read(model))


@pytest.mark.parametrize("how", ["whole", "in pieces"])
async def test_what_a_call_took_is_told_under_the_settings_name(how: str) -> None:
    model, told = metered(Scripted(Piece("a "), Piece("canary", WHOLE)))
    assert await ask(model, how)
    assert told == [ModelCall("small", "ok", WHOLE.usage, WHOLE.timings, usd=0.5, tries=2)]
    assert "canary" not in repr(told)


@pytest.mark.parametrize("how", ["whole", "in pieces"])
@pytest.mark.parametrize(
    ("fails", "outcome"),
    [
        (Unavailable("provider.timeout", "canary"), "provider.timeout"),
        (AttemptFailed("provider.cut_off", "canary", data={"said": "canary"}), "provider.cut_off"),
        (asyncio.CancelledError(), "left"),
        (ZeroDivisionError("canary"), "internal.error"),
    ],
)
async def test_a_call_that_failed_is_told_by_its_code_and_its_time(
    how: str, fails: BaseException, outcome: str
) -> None:
    model, told = metered(Scripted(Piece("a"), fails=fails))
    with pytest.raises(type(fails)):
        await ask(model, how)
    assert told == [ModelCall("small", outcome, timings=Timings(total_ms=1000))]


async def test_a_reader_who_goes_away_is_told_of_once_and_the_model_is_let_go() -> None:
    inner = Scripted(Piece("a"), Piece("b"), Piece("", WHOLE))
    model, told = metered(inner)
    assert [piece.text for piece in await read(model, most=1)] == ["a"]
    assert ([call.outcome for call in told], inner.is_closed) == (["left"], True)


async def test_a_reader_who_goes_away_after_the_end_has_had_it_all() -> None:
    model, told = metered(Scripted(Piece("a"), Piece("", WHOLE)))
    await read(model, most=2)
    assert [(call.outcome, call.usage) for call in told] == [("ok", WHOLE.usage)]


async def test_a_stream_that_ran_into_its_limit_is_told_as_such() -> None:
    model, told = metered(Scripted(Piece("", Completion("a", "length", Usage(1, 9)))))
    await read(model)
    assert [(call.outcome, call.usage.completion_tokens) for call in told] == [("provider.truncated", 9)]
