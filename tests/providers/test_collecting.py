"""A stream put together, and what is judged of the whole in one place for every endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from contracts.clock import SystemClock
from contracts.errors import AttemptFailed
from providers.chat import Completion, Piece, Timings, ToolCall, Usage
from providers.collecting import MAX_CALLS, MAX_TEXT, Collector, collected
from providers.pacing import paced


class Ticks(SystemClock):
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = 100.0

    @override
    def monotonic(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Ticks:
    return Ticks()


@pytest.fixture
def found(clock: Ticks) -> Collector:
    return Collector(clock, model="asked", form="grammar")


def ended(found: Collector) -> Completion:
    end = found.end().end
    assert end is not None
    return end


def test_times_are_counted_from_the_asking_to_the_first_and_the_last_piece(
    clock: Ticks, found: Collector
) -> None:
    clock.at += 2
    found.text("a")
    clock.at += 4
    found.text("b")
    clock.at += 1
    found.finished("stop")
    found.usage = Usage(10, 8)
    timings = ended(found).timings
    assert (timings.ttft_ms, timings.eval_duration_ms, timings.total_ms) == (2000, 4000, 7000)
    assert (timings.prompt_eval_duration_ms, timings.throughput_tok_s) == (2000, 2.0)


def test_the_endpoints_own_times_go_before_ours(clock: Ticks, found: Collector) -> None:
    clock.at += 2
    found.text("a")
    found.finished("stop")
    found.timings = Timings(
        prompt_eval_duration_ms=5, eval_duration_ms=10, load_duration_ms=1, tokens_generated=3
    )
    timings = ended(found).timings
    assert (timings.prompt_eval_duration_ms, timings.eval_duration_ms, timings.load_duration_ms) == (5, 10, 1)
    assert (timings.ttft_ms, timings.throughput_tok_s) == (2000, 300)


def test_a_thought_is_no_text_but_the_first_sign_of_life(clock: Ticks, found: Collector) -> None:
    clock.at += 1
    found.thought("hm")
    clock.at += 1
    found.text("yes")
    found.finished("end_turn")
    whole = ended(found)
    assert (whole.text, whole.finish_reason, whole.timings.ttft_ms) == ("yes", "stop", 1000)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        ("STOP", "stop"),
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("x" * 99, "unknown"),
        ("sk-key-1", "unknown"),
    ],
)
def test_every_endpoints_word_for_an_end_is_read(found: Collector, word: str, reason: str) -> None:
    found.finished(word)
    assert ended(found).finish_reason == reason


@pytest.mark.parametrize("word", [None, "", "  "])
def test_without_a_word_for_its_end_a_reply_is_cut_off(found: Collector, word: str | None) -> None:
    found.text("abc")
    if word is not None:
        found.finished(word)
    with pytest.raises(AttemptFailed) as caught:
        found.end()
    assert (caught.value.code, caught.value.data, caught.value.retryable) == (
        "provider.cut_off",
        {"chars": 3},
        True,
    )


def test_a_call_without_id_or_arguments_gets_what_a_caller_needs(found: Collector) -> None:
    found.call(0, name="now")
    found.finished("stop")
    assert ended(found).tool_calls == (ToolCall("call_0", "now", "{}"),)


def test_a_reply_has_a_size_and_so_have_its_calls(found: Collector) -> None:
    found.text("x" * MAX_TEXT)
    with pytest.raises(AttemptFailed, match="characters"):
        found.thought("x")
    other = Collector(SystemClock(), model="m", form="prompt")
    for index in range(MAX_CALLS):
        other.call(index, id=str(index))
    with pytest.raises(AttemptFailed, match="tool calls"):
        other.call(MAX_CALLS)


class Stream:
    """Yields pieces and says whether it was closed."""

    def __init__(self, *pieces: Piece) -> None:
        self._pieces = pieces
        self.is_closed = False

    async def read(self) -> AsyncIterator[Piece]:
        try:
            for piece in self._pieces:
                yield piece
        finally:
            self.is_closed = True


@pytest.mark.parametrize(
    ("whole", "code"),
    [
        (Completion("half", "length"), "provider.truncated"),
        (Completion("", "content_filter"), "provider.refused"),
        (Completion("", "stop"), "provider.bad_reply"),
        (None, "provider.cut_off"),
    ],
)
async def test_a_whole_that_cannot_be_used_is_an_error_and_its_stream_is_closed(
    whole: Completion | None, code: str
) -> None:
    stream = Stream(Piece("a"), Piece(end=whole))
    with pytest.raises(AttemptFailed) as caught:
        await collected(stream.read())
    assert caught.value.code == code
    assert stream.is_closed


async def test_a_call_without_text_is_a_whole() -> None:
    whole = Completion("", "tool_calls", tool_calls=(ToolCall("1", "f", "{}"),))
    assert await collected(Stream(Piece(end=whole)).read()) is whole


async def test_more_chunks_than_a_reply_has_are_too_many(found: Collector) -> None:
    stream = Stream(*[Piece("a")] * 11)
    with pytest.raises(AttemptFailed) as caught:
        [p async for p in paced(stream.read(), found, at_most=10)]
    assert caught.value.code == "provider.too_large"
    assert stream.is_closed


def test_a_character_that_comes_in_two_halves_is_one_again(found: Collector) -> None:
    said = [found.text(piece).text for piece in ("a\ud83d", "\ude00b", "\ude00", "\ud83d", "c", "\ud83d")]
    found.call(0, id="1", name="say", arguments='{"a": "\ud83d')
    found.call(0, arguments='\ude00"}')
    found.finished("stop")
    end = ended(found)
    assert said == ["a", "\U0001f600b", "\ufffd", "", "\ufffdc", ""]
    assert end.text == "".join(said)
    assert end.tool_calls[0].arguments == '{"a": "\U0001f600"}'
