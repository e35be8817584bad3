"""What guests ask of models is counted, and held to what is left of the run's budgets before a model is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from contracts.errors import AttemptFailed, Unavailable
from egress.meter import Meter, set_meter
from providers.chat import PLAIN, Completion, Message, Options, Usage
from tests.wasm_agents.doorway import Chat, Doorway
from wasm_agents.doors.outside import Outside
from wasm_agents.grants import Granted, LlmRule

LLM = Granted(llm=(LlmRule(("default",), 50),))
HELLO = [{"role": "user", "content": "hello"}]


class Priced(Chat):
    """A model that says what it cost, or fails."""

    def __init__(self, *, fails: BaseException | None = None) -> None:
        super().__init__()
        self.fails = fails

    @override
    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        found = await super().complete(messages, max_tokens=max_tokens, options=options)
        if self.fails is not None:
            raise self.fails
        return Completion(found.text, "stop", Usage(30, 12), "small-1", usd=0.02)


def metered(**allowance: float) -> Meter:
    """Put the test's task under an allowance, as an attempt's is."""
    meter = Meter(allowance)
    set_meter(meter)
    return meter


def opened(chat: Chat) -> Doorway:
    return Doorway(LLM, Outside(chats={"default": chat}.get))


async def test_tokens_and_money_are_told_as_budgets_name_them() -> None:
    door = opened(Priced())
    for _ in range(2):
        await door.ok("llm.chat", messages=HELLO)
    assert door.doors.spent() == {"host_calls": 2, "llm_calls": 2, "tokens": 84, "usd": 0.04}


async def test_a_guest_that_asks_no_model_tells_of_none() -> None:
    door = opened(Priced())
    await door.ok("time.now")
    assert door.doors.spent() == {"host_calls": 1}


async def test_a_model_is_asked_for_no_more_than_is_left() -> None:
    meter, chat = metered(tokens=60), Priced()
    door = opened(chat)
    await door.ok("llm.chat", messages=HELLO)
    await door.ok("llm.chat", messages=HELLO, max_tokens=500)
    assert [tokens for _, tokens in chat.asked] == [50, 18]
    assert await door.refusal("llm.chat", messages=HELLO) == "budget.tokens"
    assert (len(chat.asked), meter.used()) == (2, {"tokens": 84})


async def test_no_model_is_asked_when_the_money_is_spent() -> None:
    metered(usd=0.03)
    chat = Priced()
    door = opened(chat)
    await door.ok("llm.chat", messages=HELLO)
    await door.ok("llm.chat", messages=HELLO)
    assert await door.refusal("llm.chat", messages=HELLO) == "budget.usd"
    assert len(chat.asked) == 2


@pytest.mark.parametrize(
    ("fails", "tokens"),
    [
        (AttemptFailed("provider.truncated", "cut"), 50),
        (AttemptFailed("provider.cut_off", "cut"), 50),
        (AttemptFailed("provider.bad_reply", "odd"), 0),
        (Unavailable("provider.unreachable", "gone"), 0),
        (Unavailable("provider.timeout", "slow", data={"stage": "whole"}), 50),
        (Unavailable("provider.timeout", "mute", data={"stage": "first_piece"}), 0),
    ],
)
async def test_what_a_failed_call_wrote_is_counted_as_what_it_was_allowed(fails: Any, tokens: int) -> None:
    meter, door = metered(tokens=1000), opened(Priced(fails=fails))
    assert await door.refusal("llm.chat", messages=HELLO) == fails.code
    assert meter.used() == {"tokens": tokens}
    assert door.doors.spent()["tokens"] == tokens


async def test_a_call_that_is_given_up_is_counted_as_what_it_was_allowed() -> None:
    meter, door = metered(tokens=1000), opened(Priced(fails=asyncio.CancelledError()))
    with pytest.raises(asyncio.CancelledError):
        await door.ok("llm.chat", messages=HELLO)
    assert meter.used() == {"tokens": 50}
