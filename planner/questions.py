"""A question to a model, and the record of it: what came back, how long it took, what was wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, Literal

from contracts.errors import AttemptFailed, CallsheetError, InvalidInput, Problem
from contracts.jsonvalue import canonical_json
from contracts.planning_call import OnPlanningCall, PlanningCall
from providers.chat import PLAIN, ChatProvider, Completion, Message, Options

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_SAID: Final = 500
"""Characters of an error's message that are told."""
READING: Final = {"provider.truncated": "plan.reply_truncated"}
"""What a failure of the endpoint means for the reply."""


class Question:
    """One question to a model, while it is asked and judged.

    Args:
        messages: What it is asked.
        purpose: What for.
        number: 1 for the first time, 2 for the correction.
    """

    def __init__(
        self, messages: Sequence[Message], *, purpose: Literal["plan", "replan"] = "plan", number: int = 1
    ) -> None:
        self._messages = messages
        self._purpose = purpose
        self._number = number
        self._completion: Completion | None = None
        self._error: CallsheetError | None = None
        self.prompt_sha256 = prompt_sha256(messages)
        self.repairs: Sequence[Mapping[str, JsonValue]] = ()
        """Made to read the reply."""
        self.problems: Sequence[Problem] = ()
        """Why the reply cannot be used."""

    @property
    def reply(self) -> str:
        """What the model wrote; nothing before it did."""
        return "" if self._completion is None else self._completion.text

    async def ask(self, provider: ChatProvider, *, max_tokens: int, options: Options = PLAIN) -> Completion:
        """Return what the model answers; raises as `ChatProvider.complete`."""
        return await self.take(provider.complete(self._messages, max_tokens=max_tokens, options=options))

    async def take(self, answer: Awaitable[Completion]) -> Completion:
        """Return an answer, kept for the record."""
        try:
            self._completion = await answer
        except CallsheetError as exc:
            self._error = exc
            raise
        return self._completion

    def record(self, error: BaseException | None = None) -> PlanningCall:
        """Return what is told of it.

        Args:
            error: What ended it, where something did.
        """
        done = self._completion
        told: dict[str, Any] = {
            "purpose": self._purpose,
            "round": self._number,
            "prompt_sha256": self.prompt_sha256,
            "prompt_chars": sum(len(m.content) for m in self._messages),
            "repairs": tuple(self.repairs),
            "problems": tuple(p.as_json() for p in self.problems),
        }
        if done is not None:
            told |= {
                "reply": done.text,
                "model": done.model,
                "finish_reason": done.finish_reason,
                "form": done.form,
                "usage": _usage(done),
                "timings": {k: v for k, v in asdict(done.timings).items() if v is not None},
                "tries": done.tries,
            }
        if isinstance(error, CallsheetError) and done is not None:
            error = None  # it is about the reply, and stands in the problems
        error = error or self._error
        if error is not None:
            told |= _error(error)
        return PlanningCall(**told)


@contextmanager
def told(question: Question, on_call: OnPlanningCall | None) -> Iterator[Question]:
    """Tell of a question when it has ended, however it ends."""
    try:
        yield question
    except BaseException as exc:
        if on_call is not None:
            on_call(question.record(exc))
        raise
    if on_call is not None:
        on_call(question.record())


def as_problem(error: InvalidInput | AttemptFailed) -> Problem:
    """Return what an error in the asking or the reading says of the reply."""
    if isinstance(error, InvalidInput):
        return Problem(error.code, "", error.message, error.hint)
    return Problem(READING.get(error.code, "plan.reply_malformed"), "", error.message)


def prompt_sha256(messages: Sequence[Message]) -> str:
    """Return a fingerprint of what a model is asked, in hex."""
    text = canonical_json([[m.role, m.content] for m in messages])
    return hashlib.sha256(
        text.encode("utf-8", "surrogatepass")
    ).hexdigest()  # a reply may hold a lone surrogate


def _usage(done: Completion) -> dict[str, JsonValue]:
    used: dict[str, JsonValue] = {**asdict(done.usage)}
    used["tokens"] = done.usage.prompt_tokens + done.usage.completion_tokens
    return used if done.usd is None else used | {"usd": done.usd}


def _error(error: BaseException) -> dict[str, str]:
    if isinstance(error, CallsheetError):
        return {"error_code": error.code, "error_message": error.message[:MAX_SAID]}
    return {"error_code": "planner.interrupted", "error_message": type(error).__name__}
