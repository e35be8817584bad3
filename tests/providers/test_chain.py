"""The next model answers where one cannot, and what was tried is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from pydantic import JsonValue

from contracts.errors import AttemptFailed, CallsheetError, InvalidInput, NotFound, Unavailable
from providers.chain import Chain, Link, PassedOver
from providers.chat import PLAIN, Completion, Options
from tests.providers.scripted_model import ASK, Act, ScriptedModel, broken_off, garbage, reset, status
from tests.providers.virtual_time import LoopClock, run


class Asked:
    """A chain of scripted models and what came of one call."""

    def __init__(self, *scripts: Sequence[Act], how: str, options: Options = PLAIN) -> None:
        self.models = [ScriptedModel(script, name=f"m{n}") for n, script in enumerate(scripts)]
        self.told: list[PassedOver] = []
        self.end: Completion | None = None
        self.error: CallsheetError | None = None
        self.text = ""
        run(self._call(how, options))

    async def _call(self, how: str, options: Options) -> None:
        links = [Link(f"name{n}", model) for n, model in enumerate(self.models)]
        chain = Chain(lambda: links, clock=LoopClock(), on_passed_over=self.told.append)
        try:
            if how == "complete":
                self.end = await chain.complete(ASK, max_tokens=9, options=options)
                self.text = self.end.text
                return
            async for piece in chain.stream(ASK, max_tokens=9, options=options):
                self.text += piece.text
                self.end = piece.end or self.end
        except CallsheetError as exc:
            self.error = exc

    @property
    def tried(self) -> Sequence[Mapping[str, JsonValue]]:
        return self.end.tried if self.end is not None else ()


BOTH = pytest.mark.parametrize("how", ["complete", "stream"])


@BOTH
@pytest.mark.parametrize(
    "error",
    [
        reset(),
        status(500),
        status(429),
        garbage(),
        broken_off(),
        Unavailable("provider.timeout", "late"),
        Unavailable("provider.breaker_open", "left alone"),
        Unavailable("provider.extra_missing", "not installed"),
        Unavailable("model.died", "killed"),
        AttemptFailed("provider.too_large", "100 MB"),
        AttemptFailed("provider.unsupported", "no tools"),
    ],
)
def test_the_next_model_answers_and_says_whom_it_stands_in_for(how: str, error: CallsheetError) -> None:
    asked = Asked([error], ["hi"], how=how)
    assert (asked.text, asked.end and asked.end.model) == ("hi", "m1")
    assert asked.tried == ({"model": "name0", "code": error.code, "message": error.message},)
    assert [(told.name, told.after) for told in asked.told] == [("name0", "name1")]


@BOTH
@pytest.mark.parametrize("code", [400, 401, 403, 404])
def test_a_callers_own_mistake_falls_to_the_next_and_is_told(how: str, code: int) -> None:
    asked = Asked([status(code)], ["hi"], how=how)
    assert asked.text == "hi"
    assert [told.error.data["status"] for told in asked.told] == [code]


@BOTH
def test_the_last_failure_holds_every_earlier_one(how: str) -> None:
    asked = Asked([status(401)], [reset()], [garbage()], how=how)
    assert asked.error is not None
    assert asked.error.code == "provider.bad_reply"
    assert [(t["model"], t["code"]) for t in asked.error.data["tried"]] == [
        ("name0", "provider.http_status"),
        ("name1", "provider.unreachable"),
    ]


@BOTH
@pytest.mark.parametrize(
    "error",
    [
        AttemptFailed("provider.truncated", "length"),
        AttemptFailed("provider.refused", "no"),
        AttemptFailed("budget.tokens", "spent"),
        InvalidInput("egress.bad_header", "no"),
        NotFound("model.unknown", "no"),
    ],
)
def test_what_another_model_should_not_mend_is_told_at_once(how: str, error: CallsheetError) -> None:
    asked = Asked([error], ["hi"], how=how)
    assert asked.error is error
    assert (asked.models[1].calls, error.data) == ([], {})


def test_no_other_model_goes_on_with_a_reply_that_has_begun() -> None:
    asked = Asked(["a", broken_off()], ["hi"], how="stream")
    assert (asked.text, asked.error and asked.error.code) == ("a", "provider.cut_off")


@BOTH
def test_the_first_choice_alone_is_asked_where_it_answers(how: str) -> None:
    asked = Asked(["hi"], ["no"], how=how)
    assert (asked.text, asked.tried, asked.told, asked.models[1].calls) == ("hi", (), [], [])


@BOTH
def test_a_callers_time_is_shared_among_those_still_to_ask(how: str) -> None:
    asked = Asked([10.0, reset()], [5.0, reset()], ["hi"], how=how, options=Options(timeout_s=90))
    assert [model.calls[0][1].timeout_s for model in asked.models] == [30, 40, 75]


def test_without_a_callers_deadline_each_model_has_its_own() -> None:
    asked = Asked([reset()], ["hi"], how="complete")
    assert [model.calls[0][1] for model in asked.models] == [PLAIN, PLAIN]


def test_links_are_read_anew_for_each_call() -> None:
    async def main() -> list[str]:
        links = [Link("a", ScriptedModel(["a"]))]
        chain = Chain(lambda: links, clock=LoopClock())
        first = await chain.complete(ASK, max_tokens=9)
        links[0] = Link("b", ScriptedModel(["b"]))
        return [first.text, (await chain.complete(ASK, max_tokens=9)).text]

    assert asyncio.run(main()) == ["a", "b"]
