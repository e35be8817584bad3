"""One deadline over all tries, and which failures are worth another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from contracts.errors import AttemptFailed, CallsheetError, Unavailable
from providers.chat import PLAIN, Completion, Options
from providers.patience import Patient, Terms
from tests.providers.scripted_model import (
    ASK,
    FOR_EVER,
    Act,
    ScriptedModel,
    broken_off,
    garbage,
    reset,
    status,
)
from tests.providers.virtual_time import BEGAN, LoopClock, run

TERMS = Terms(timeout_s=30, first_piece_timeout_s=10, retries=2)


@dataclass
class Came:
    """What came of a call, and when."""

    model: ScriptedModel
    text: str = ""
    end: Completion | None = None
    error: CallsheetError | None = None
    after_s: float = 0.0

    @property
    def code(self) -> str:
        return self.error.code if self.error is not None else ""


def ask(
    *scripts: Sequence[Act], how: str = "complete", terms: Terms = TERMS, options: Options = PLAIN
) -> Came:
    async def main() -> Came:
        came = Came(ScriptedModel(*scripts))
        patient = Patient(came.model, terms, clock=LoopClock(), rng=random.Random(7))
        try:
            if how == "complete":
                came.end = await patient.complete(ASK, max_tokens=9, options=options)
                came.text = came.end.text
            else:
                async for piece in patient.stream(ASK, max_tokens=9, options=options):
                    came.text += piece.text
                    came.end = piece.end or came.end
        except CallsheetError as exc:
            came.error = exc
        came.after_s = asyncio.get_running_loop().time()
        return came

    return run(main())


BOTH = pytest.mark.parametrize("how", ["complete", "stream"])


@BOTH
@pytest.mark.parametrize("error", [status(429), status(500), status(503), status(408), reset(), broken_off()])
def test_what_may_pass_is_tried_again_and_the_tries_are_counted(how: str, error: CallsheetError) -> None:
    came = ask([error], [error], ["hi"], how=how)
    assert came.end is not None
    assert (came.text, came.end.tries) == ("hi", 3)


@BOTH
def test_garbage_is_tried_again_once_and_then_told(how: str) -> None:
    assert ask([garbage()], ["hi"], how=how).text == "hi"
    came = ask([garbage()], [garbage()], ["hi"], how=how)
    assert (came.code, len(came.model.calls)) == ("provider.bad_reply", 2)


@BOTH
@pytest.mark.parametrize(
    "error",
    [
        status(400),
        status(401),
        status(404),
        AttemptFailed("provider.refused", "no"),
        AttemptFailed("provider.too_large", "100 MB"),
    ],
)
def test_what_would_come_again_is_told_at_once(how: str, error: CallsheetError) -> None:
    came = ask([error], ["hi"], how=how)
    assert (came.error, len(came.model.calls), came.after_s) == (error, 1, 0.0)


@BOTH
def test_the_last_failure_is_told_with_how_often_it_was_tried(how: str) -> None:
    came = ask([status(500)], how=how)
    assert (came.code, len(came.model.calls)) == ("provider.http_status", 3)
    assert came.error is not None
    assert came.error.data == {"status": 500, "tries": 3}


@BOTH
@pytest.mark.parametrize("script", [[FOR_EVER], ["a", FOR_EVER], ["x", 1.0] * 100])
def test_a_hang_before_or_in_the_stream_and_a_drip_end_at_the_deadline(
    how: str, script: Sequence[Act]
) -> None:
    came = ask(script, how=how)
    assert came.code == "provider.timeout"
    assert came.after_s <= TERMS.timeout_s
    assert came.model.closed == len(came.model.calls)


@BOTH
def test_silence_before_the_first_piece_is_given_up_early_and_tried_again(how: str) -> None:
    came = ask([FOR_EVER], ["hi"], how=how)
    assert came.text == "hi"
    assert 10 <= came.after_s <= 11


@BOTH
def test_a_callers_own_deadline_goes_before_the_settings(how: str) -> None:
    came = ask([FOR_EVER], how=how, options=Options(timeout_s=3))
    assert (came.code, came.after_s, len(came.model.calls)) == ("provider.timeout", 3.0, 1)


def test_no_try_of_a_stream_follows_a_piece_that_was_handed_on() -> None:
    came = ask(["a", broken_off()], ["hi"], how="stream")
    assert (came.text, came.code, len(came.model.calls)) == ("a", "provider.cut_off", 1)


def test_a_whole_completion_is_tried_again_even_after_its_first_pieces() -> None:
    assert ask(["a", broken_off()], ["hi"]).text == "hi"


@BOTH
@pytest.mark.parametrize("said", [{"retry_after": "12"}, {"retry_after_s": 12}])
def test_a_wait_the_endpoint_asks_for_is_waited(how: str, said: dict[str, object]) -> None:
    came = ask([status(429, **said)], ["hi"], how=how)
    assert came.text == "hi"
    assert 12 <= came.after_s <= 13


@BOTH
def test_a_date_to_come_back_at_is_a_wait_too(how: str) -> None:
    later = BEGAN.replace(second=5).strftime("%a, %d %b %Y %H:%M:%S GMT")
    came = ask([status(503, retry_after=later)], ["hi"], how=how)
    assert came.text == "hi"
    assert 5 <= came.after_s <= 6


@BOTH
@pytest.mark.parametrize("code", [429, 503])
def test_a_wait_beyond_the_deadline_is_told_at_once_with_its_length(how: str, code: int) -> None:
    came = ask([status(code, retry_after="3600")], ["hi"], how=how)
    assert (came.code, came.after_s) == ("provider.rate_limited", 0.0)
    assert came.error is not None
    assert came.error.data == {"status": code, "tries": 1, "retry_after_s": 3600}


@BOTH
def test_too_many_requests_without_a_wait_stay_so_after_the_last_try(how: str) -> None:
    came = ask([status(429)], how=how)
    assert (came.code, len(came.model.calls)) == ("provider.rate_limited", 3)
    assert came.error is not None
    assert "retry_after_s" not in came.error.data


def test_waits_between_tries_grow_and_differ() -> None:
    terms = Terms(timeout_s=10_000, retries=10, base_s=1, ceiling_s=64)
    waits = [ask(*[[reset()]] * n, ["hi"], terms=terms).after_s for n in (1, 3, 8)]
    assert 0 < waits[0] <= 1
    assert waits[0] < waits[1] <= 7
    assert waits[1] < waits[2] <= 191


def test_without_retries_garbage_is_told_as_well() -> None:
    came = ask([garbage()], ["hi"], terms=Terms(retries=0))
    assert (came.code, len(came.model.calls)) == ("provider.bad_reply", 1)


def test_a_stream_that_is_left_ends_the_reading_behind_it() -> None:
    async def main() -> int:
        model = ScriptedModel(["a", 1.0, "b", FOR_EVER])
        pieces = Patient(model, TERMS, clock=LoopClock(), rng=random.Random(1)).stream(ASK, max_tokens=9)
        async for _ in pieces:
            break
        await pieces.aclose()  # type: ignore[attr-defined]  # it is a generator
        return model.closed

    assert run(main()) == 1


def test_a_reader_who_is_slow_does_not_make_the_model_late() -> None:
    async def main() -> str:
        model = ScriptedModel(["a", 1.0, "b"])
        text = ""
        patient = Patient(model, TERMS, clock=LoopClock(), rng=random.Random(1))
        async for piece in patient.stream(ASK, max_tokens=9):
            await asyncio.sleep(100)
            text += piece.text
        return text

    assert run(main()) == "ab"


def test_a_model_that_will_not_stop_is_left_behind() -> None:
    async def main() -> tuple[str, float]:
        stubborn = ScriptedModel([1000.0], refusals=3)
        patient = Patient(stubborn, Terms(timeout_s=5, retries=0), clock=LoopClock(), rng=random.Random(1))
        with pytest.raises(Unavailable) as caught:
            await patient.complete(ASK, max_tokens=9)
        return caught.value.code, asyncio.get_running_loop().time()

    code, after_s = run(main())
    assert code == "provider.timeout"
    assert after_s <= 6


def test_a_defect_in_a_model_is_raised_as_what_it_is() -> None:
    patient = Patient(
        ScriptedModel(["x", ZeroDivisionError()]), TERMS, clock=LoopClock(), rng=random.Random(1)
    )
    with pytest.raises(ZeroDivisionError):
        run(patient.complete(ASK, max_tokens=9))


@pytest.mark.parametrize("how", ["complete", "stream"])
def test_what_must_be_imported_first_takes_none_of_the_calls_time(how: str) -> None:
    async def main() -> str:
        model = ScriptedModel([29.0, "hi"])
        patient = Patient(
            model,
            Terms(timeout_s=30, first_piece_timeout_s=30),
            clock=LoopClock(),
            rng=random.Random(7),
            ready=lambda: asyncio.sleep(20),
        )
        if how == "complete":
            return (await patient.complete(ASK, max_tokens=9)).text
        return "".join([piece.text async for piece in patient.stream(ASK, max_tokens=9)])

    assert run(main()) == "hi"
