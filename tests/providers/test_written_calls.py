"""Tool calls that come as text: read where they are all the reply, left as text where they are not."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from egress.fetch import Egress
from providers.chat import Completion, Message, Options, Piece, Tool, ToolCall
from providers.openai_compatible import OpenAICompatible
from providers.written_calls import MAX_WRITTEN, read_calls, with_written_calls
from tests.providers.endpoint import delta, head, serving, sse

ADD = Tool("add", "Add.", {"type": "object"})
NOW = Tool("now", "Say the time.", {"type": "object"})
OFFERED = Options(tools=(ADD, NOW))
CALL = '{"name": "add", "arguments": {"a": 2}}'


async def turn(*texts: str, options: Options = OFFERED, end: Completion | None = None) -> list[Piece]:
    async def pieces() -> AsyncIterator[Piece]:
        for text in texts:
            yield Piece(text)
        yield Piece(end=end or Completion("".join(texts), "stop"))

    return [piece async for piece in with_written_calls(pieces(), options)]


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        (CALL, [("add", '{"a":2}')]),
        (f"\n ```json\n{CALL}\n```", [("add", '{"a":2}')]),
        (f"<tool_call>\n{CALL}\n</tool_call>", [("add", '{"a":2}')]),
        (
            f'<tool_call>{CALL}</tool_call>\n<tool_call>{{"name": "now"}}</tool_call>',
            [("add", '{"a":2}'), ("now", "{}")],
        ),
        ('[{"name": "now", "parameters": {}}]', [("now", "{}")]),
        ('{"type": "function", "name": "now", "arguments": {}}', [("now", "{}")]),
    ],
)
async def test_a_reply_that_is_nothing_but_calls_is_read_as_calls(
    text: str, calls: list[tuple[str, str]]
) -> None:
    *before, last = await turn(*text)
    assert before == []
    assert last.end is not None
    assert [(c.name, c.arguments) for c in last.end.tool_calls] == calls
    assert (last.end.text, last.end.finish_reason) == ("", "tool_calls")


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "rm", "arguments": {}}',
        '{"name": "add", "arguments": "2"}',
        '{"name": "add", "arguments": {}, "why": "because"}',
        f"<tool_call>{CALL}</tool_call> and more",
        f"<tool_call>{CALL}",
        f'[{CALL}, {{"name": "rm"}}]',
        "[]",
        "{}",
        "{",
        "7",
        "",
        f"I would call {CALL}",
    ],
)
async def test_anything_else_stays_the_text_it_is(text: str) -> None:
    pieces = await turn(*text)
    assert "".join(p.text for p in pieces) == text
    assert pieces[-1].end == Completion(text, "stop")


@pytest.mark.parametrize("options", [Options(), Options(tools=(ADD,), tool_choice="none")])
async def test_where_no_tool_may_be_called_nothing_is_held_back(options: Options) -> None:
    pieces = await turn(*CALL, options=options)
    assert [p.text for p in pieces[:-1]] == list(CALL)


async def test_plain_text_is_handed_on_as_soon_as_it_is_known_to_be() -> None:
    assert [p.text for p in await turn("\n", "He", "llo")] == ["\nHe", "llo", ""]


async def test_text_beside_a_real_call_is_kept() -> None:
    real = Completion("{", "tool_calls", tool_calls=(ToolCall("1", "add", "{}"),))
    pieces = await turn("{", end=real)
    assert (pieces[0].text, pieces[-1].end) == ("{", real)


@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_what_was_cut_off_is_no_call(reason: str) -> None:
    whole = Completion(CALL, reason)
    assert read_calls(whole, (ADD,)) is whole


async def test_no_more_is_held_back_than_a_call_may_have() -> None:
    texts: Sequence[str] = ["{", "x" * MAX_WRITTEN, "y"]
    assert [len(p.text) for p in await turn(*texts)] == [MAX_WRITTEN + 1, 1, 0]


async def test_an_endpoints_written_call_is_a_call_to_whoever_asked() -> None:
    answer = head() + sse(*map(delta, CALL), delta(reason="stop"))
    async with serving(answer) as endpoint:
        model = OpenAICompatible(Egress(), url=endpoint.url, model="m")
        found = await model.complete((Message("user", "2?"),), max_tokens=9, options=OFFERED)
    assert found.tool_calls == (ToolCall("call_0", "add", '{"a":2}'),)
