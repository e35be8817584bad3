"""How a reply is held to its shape: found out by asking, remembered, never silently."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from contracts.clock import SystemClock
from contracts.errors import AttemptFailed, CallsheetError, Unavailable
from egress.fetch import Egress
from providers.asked import unsupported
from providers.chat import PLAIN, Completion, Form, Message, ModelOffer, Options, Piece, Shape
from providers.faults import AnsweredStatus
from providers.form_memory import DOUBT_S, MAX_ENTRIES, FormMemory
from providers.form_search import is_json
from providers.forms import Forms, Order
from providers.openai_compatible import OpenAICompatible
from providers.patience import Patient, Terms
from providers.streamed import Streamed
from tests.providers.endpoint import delta, head, said, serving, sse

ASK = (Message("system", "Plan."), Message("user", "hello"))
PLAIN_SHAPE = Shape("x", {"type": "object"})
OURS = Shape("ours", {"type": "object"}, described=True, is_ours=True)
WITH_GRAMMAR = Shape("x", {"type": "object"}, grammar='root ::= "{}"')
LLAMACPP = (ModelOffer("m", owned_by="llamacpp"),)


def complains(status: int = 400, of: str = "response_format is not supported") -> AnsweredStatus:
    return AnsweredStatus(status, of)


class Later(SystemClock):
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @override
    def monotonic(self) -> float:
        return super().monotonic() + self.seconds


class Server(Streamed):
    """Takes some forms; answers others with what a test says."""

    def __init__(self, **answers: CallsheetError | str) -> None:
        self._answers = answers
        self.asked: list[Form | None] = []
        self.messages: Sequence[Message] = ()

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        assert max_tokens
        self.asked.append(options.form)
        self.messages = messages
        answer = self._answers.get(options.form or "", "{}")
        if isinstance(answer, CallsheetError):
            raise answer
        yield Piece(answer)
        yield Piece(end=Completion(answer, "stop", form=options.form or "prompt"))


def forms(server: Server, memory: FormMemory | None = None, **more: Any) -> Forms:
    return Forms(server, key="http://m", memory=memory or FormMemory(SystemClock()), **more)


async def ask(model: Forms, shape: Shape | None = PLAIN_SHAPE, **more: Any) -> Completion:
    return await model.complete(ASK, max_tokens=5, options=Options(shape=shape, **more))


async def test_the_strictest_form_that_is_taken_stands_in_the_completion() -> None:
    assert (await ask(forms(Server()))).form == "json_schema"


@pytest.mark.parametrize(
    "complaint",
    [
        complains(),
        complains(422, "unknown field"),
        complains(404, "no endpoints found that support response_format"),
        complains(500, "input should be 'text' or 'json_object'"),
        complains(400, "schema too long for this context"),
        unsupported("no", form="json_schema"),
    ],
)
async def test_a_complaint_about_the_form_leads_to_the_next_and_is_remembered(
    complaint: CallsheetError,
) -> None:
    server = Server(json_schema=complaint)
    model = forms(server)
    assert [(await ask(model)).form for _ in range(2)] == ["json_object", "json_object"]
    assert server.asked == ["json_schema", "json_object", "json_object"]


@pytest.mark.parametrize(
    "error",
    [
        complains(401),
        complains(429),
        complains(500, "internal server error"),
        complains(503),
        complains(400, "the request exceeds the available context size"),
        Unavailable("provider.unreachable", "no"),
        AttemptFailed("provider.truncated", "no"),
        unsupported("tools"),
    ],
)
async def test_any_other_error_is_told_as_it_is(error: CallsheetError) -> None:
    server = Server(json_schema=error)
    with pytest.raises(CallsheetError) as caught:
        await ask(forms(server))
    assert caught.value is error
    assert server.asked == ["json_schema"]


async def test_a_reply_that_is_no_json_ends_a_form_and_the_last_is_taken_as_it_comes() -> None:
    server = Server(json_schema="Sure! Here it is.", json_object="Sure!", prompt="Well...")
    model = forms(server)
    assert [(await ask(model)).text for _ in range(2)] == ["Well...", "Well..."]
    assert server.asked == ["json_schema", "json_object", "prompt", "prompt"]


async def test_when_every_form_is_refused_the_first_complaint_is_told_and_nothing_remembered() -> None:
    first = complains(400, "no such model")
    server = Server(json_schema=first, json_object=complains(), prompt=complains())
    model = forms(server)
    for _ in range(2):
        with pytest.raises(AnsweredStatus) as caught:
            await ask(model)
        assert caught.value is first
    assert server.asked == ["json_schema", "json_object", "prompt"] * 2


@pytest.mark.parametrize(
    ("order", "offers", "first"),
    [
        ("schema_first", LLAMACPP, "json_schema"),
        ("grammar_first", (), "grammar"),
        ("ask", LLAMACPP, "grammar"),
        ("ask", (ModelOffer("m", owned_by="me"),), "json_schema"),
        ("ask", None, "json_schema"),
    ],
)
async def test_the_order_says_which_strict_form_goes_first(
    order: Order, offers: tuple[ModelOffer, ...] | None, first: Form
) -> None:
    asked = 0

    async def offered() -> tuple[ModelOffer, ...]:
        nonlocal asked
        asked += 1
        if offers is None:
            raise Unavailable("provider.unreachable", "no")
        return offers

    model = forms(Server(), order=order, offers=offered)
    found = [(await ask(model, WITH_GRAMMAR)).form for _ in range(2)]
    assert found == [first, first]
    assert asked == {"ask": 2 if offers is None else 1}.get(order, 0)


async def test_a_shape_without_a_grammar_is_never_asked_for_by_one() -> None:
    server = Server(json_schema=complains())
    assert (await ask(forms(server, order="grammar_first"))).form == "json_object"


@pytest.mark.parametrize("described", [True, False])
async def test_the_schema_is_told_in_words_where_no_form_says_it(*, described: bool) -> None:
    server = Server(json_schema=complains(), json_object=complains())
    shape = Shape("x", {"type": "object", "title": "Canary"}, described=described)
    assert (await ask(forms(server), shape)).form == "prompt"
    system, user = server.messages
    assert ("Canary" in system.content) is not described
    assert (system.content.startswith("Plan."), user.content) == (True, "hello")


async def test_a_form_the_caller_chose_and_a_call_without_shape_go_through_untouched() -> None:
    server = Server(json_object="no json")
    model = forms(server)
    assert (await ask(model, form="json_object")).text == "no json"
    assert (await ask(model, None)).form == "prompt"
    assert server.asked == ["json_object", None]


async def test_a_stream_finds_its_form_before_the_first_piece() -> None:
    server = Server(json_schema=complains())
    stream = forms(server).stream(ASK, max_tokens=5, options=Options(shape=PLAIN_SHAPE))
    pieces = [p async for p in stream]
    assert "".join(p.text for p in pieces) == "{}"
    assert pieces[-1].end is not None
    assert pieces[-1].end.form == "json_object"


async def test_a_stream_that_was_no_json_is_remembered_for_the_next_call() -> None:
    model = forms(Server(json_schema="Sure!"))
    stream = model.stream(ASK, max_tokens=5, options=Options(shape=PLAIN_SHAPE))
    assert [p.text async for p in stream] == ["Sure!", ""]
    assert (await ask(model)).form == "json_object"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", True),
        (" [1]\n", True),
        ('```json\n{"a": 1}\n```', True),
        ("Sure: {}", False),
        ("", False),
        ("{", False),
    ],
)
def test_a_reply_is_json_whole_or_in_a_fence(text: str, *, expected: bool) -> None:
    assert is_json(text) is expected


async def test_a_server_that_knows_schemas_beside_json_object_only_is_found_out_over_the_wire() -> None:
    refusal = said({"error": {"message": "Input should be 'text' or 'json_object'"}}, status="500 Error")
    answer = head() + sse(delta("{}"), delta(reason="stop"))
    async with serving(refusal, answer) as endpoint:
        inner = OpenAICompatible(Egress(), url=endpoint.url, model="m")
        model = Forms(inner, key=endpoint.url, memory=FormMemory(SystemClock()), offers=inner.models)
        found = await model.complete(ASK, max_tokens=5, options=Options(shape=PLAIN_SHAPE))
    assert found.form == "json_object"
    assert endpoint.body["response_format"] == {"type": "json_object", "schema": {"type": "object"}}
    assert json.dumps({"type": "object"}, separators=(",", ":")) in endpoint.body["messages"][0]["content"]


async def test_a_complaint_about_a_callers_schema_says_nothing_of_other_shapes() -> None:
    server = Server(json_schema=complains(400, "schema has an unknown type"))
    model = forms(server)
    assert [(await ask(model)).form for _ in range(2)] == ["json_object"] * 2
    await ask(model, Shape("x", {"type": "array"}))
    assert server.asked == ["json_schema", "json_object", "json_object", "json_schema", "json_object"]


async def test_a_complaint_about_a_shape_of_ours_is_about_the_form_whatever_the_shape() -> None:
    server = Server(json_schema=complains())
    memory = FormMemory(SystemClock())
    await ask(forms(server, memory), OURS)
    await ask(forms(server, memory))
    assert server.asked == ["json_schema", "json_object", "json_object"]


@pytest.mark.parametrize("shape", [OURS, PLAIN_SHAPE])
async def test_one_bad_reply_is_doubted_for_minutes_and_never_written_down(
    shape: Shape, tmp_path: Path
) -> None:
    clock = Later()
    memory = FormMemory(clock, tmp_path / "own" / "forms.json")
    model = forms(Server(json_schema="Sure!"), memory)
    assert [(await ask(model, shape)).form for _ in range(2)] == ["json_object"] * 2
    assert not (tmp_path / "own").exists()
    clock.seconds += DOUBT_S + 1
    assert not memory.doubts("http://m", shape)


async def test_the_second_round_behind_patience_asks_in_the_next_form() -> None:
    server = Server(json_schema="Sure!")
    model = Patient(forms(server), Terms(), clock=SystemClock(), rng=random.Random(1))
    replies = [await model.complete(ASK, max_tokens=5, options=Options(shape=OURS)) for _ in range(2)]
    assert [reply.text for reply in replies] == ["Sure!", "{}"]
    assert server.asked == ["json_schema", "json_object"]


async def test_doubts_of_very_many_shapes_take_no_more_room() -> None:
    memory = FormMemory(SystemClock())
    for number in range(MAX_ENTRIES + 1):
        memory.doubt("k", Shape("x", {"title": number}), frozenset({"grammar"}))
    assert not memory.doubts("k", Shape("x", {"title": 0}))
    assert memory.doubts("k", Shape("x", {"title": MAX_ENTRIES}))
