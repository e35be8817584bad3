"""The service itself, talked to: the last thing a person says is an objective; it is planned, run, and answered.

What it takes in is a run like any other, with the same rules: one that waits
for a person is answered with that. No language model is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from pydantic import JsonValue

from contracts.errors import AttemptFailed, InvalidInput
from contracts.run import Run, RunState
from providers.chat import Completion, Message, Options, Piece
from service.chat.ending import Begun, Halt, wait_for
from service.desk_protocol import Desk

NAME: Final = "callsheet"
MAX_CHARS: Final = 400_000
"""Of an answer; the whole result stands in the run."""
_FENCES: Final = re.compile(r"`{3,}")


class ObjectiveTalk:
    """Answers a conversation by running its last message as an objective.

    Args:
        desk: Where objectives are taken in.
        wait_s: How long the end is waited for; the run goes on after that.
        name: The request's `Idempotency-Key`: with one the run stays though nobody waits for it.
        fingerprint: SHA-256 of what was asked.
    """

    def __init__(self, desk: Desk, *, wait_s: float, name: str | None = None, fingerprint: str = "") -> None:
        self._desk = desk
        self._wait_s = wait_s
        self._name = name
        self._fingerprint = fingerprint
        self._begun = Begun(desk)
        self._state = RunState.QUEUED

    @property
    def facts(self) -> dict[str, Any]:
        """The run, and its state when it was answered."""
        runs = self._begun.run_ids
        return {"runs": runs, "state": self._state.value} if runs else {}

    async def abandon(self) -> None:
        """Cancel the run, unless its caller can come back for it."""
        if self._name is None:
            await self._begun.stop()

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options
    ) -> AsyncIterator[Piece]:
        """Yield the result in one piece.

        Args:
            messages: The last one of a person is the objective.
            max_tokens: Not heeded: an answer is as long as its result.
            options: A shape asks for the result as plain JSON; nothing else is heeded.

        Raises:
            InvalidInput: The objective cannot be used, or no plan was found for it.
            AttemptFailed: The run failed, by its error's code.
            Unavailable: `engine.full`, `engine.draining`, `storage.*`.
        """
        del max_tokens  # an answer is as long as its result
        order = self._desk.order(last_said(messages), inputs={})
        run_id = await self._begun.take(self._taken(self._desk.run_of(order)))
        halt = await wait_for(self._desk, run_id, seconds=self._wait_s)
        self._state = halt.run.state
        text = text_of(halt, is_json=options.shape is not None)
        yield Piece(text, Completion(text, "stop", model=NAME))

    async def _taken(self, run: Run) -> str:
        return (await self._desk.take(run, name=self._name, fingerprint=self._fingerprint)).run_id


def last_said(messages: Sequence[Message]) -> str:
    """Return the last message of a person.

    Raises:
        InvalidInput: `talk.nothing_asked`.
    """
    found = next((m.content for m in reversed(messages) if m.role == "user"), None)
    if found is None:
        raise InvalidInput(
            "talk.nothing_asked",
            "no message is a user's",
            where="/messages",
            hint="Say what is wanted in a message with the role user.",
        )
    return found


def text_of(halt: Halt, *, is_json: bool = False) -> str:
    """Return a run as an answer.

    Args:
        halt: The run as far as it came.
        is_json: Give a result as plain JSON, not as text or in a fenced block.

    Raises:
        InvalidInput: No plan was found.
        AttemptFailed: It failed, was stopped or was refused.
    """
    run = halt.run
    if run.state.is_final and run.state is not RunState.SUCCEEDED:
        raise _failure(run)
    if run.state is RunState.SUCCEEDED:
        return _object(run.result) if is_json else _result(run)
    if halt.waits or run.state is RunState.AWAITING_APPROVAL:
        text = _waiting(halt)
    else:
        text = (
            f"The run {run.run_id} is not over yet, and goes on: GET /objectives/{run.run_id} tells its end."
        )
    return _object({"run_id": run.run_id, "state": run.state.value, "message": text}) if is_json else text


def _object(value: JsonValue) -> str:
    """Return a value as the JSON object that was asked for."""
    return json.dumps(value if isinstance(value, dict) else {"result": value}, ensure_ascii=False)


def _result(run: Run) -> str:
    if run.result is None:
        return f"Done: the run {run.run_id} succeeded, and has no result of its own."
    if isinstance(run.result, str):
        return _bounded(run.result, run)
    return fenced(run.result, note=lambda text: _bounded(text, run))


def fenced(value: JsonValue, *, note: Any = str) -> str:
    """Return JSON in a fenced block that nothing in it can end."""
    text = note(json.dumps(value, ensure_ascii=False, indent=2))
    longest = max((len(found) for found in _FENCES.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}json\n{text}\n{fence}"


def _bounded(text: str, run: Run) -> str:
    if len(text) <= MAX_CHARS:
        return text
    return f"{text[:MAX_CHARS]}\n… {len(text)} characters; GET /objectives/{run.run_id} has them all"


def _waiting(halt: Halt) -> str:
    run_id = halt.run.run_id
    of = [
        f"- {wait.subtask_id or 'the whole plan'}: {wait.why or wait.kind}"
        if wait.kind == "approval"
        else f"- {wait.subtask_id}: the signal {wait.name!r}"
        for wait in halt.waits[:20]
    ]
    lines = [f"The run {run_id} waits for a person:", *of]
    return "\n".join([*lines, f"Decide with: callsheet objectives approve {run_id} (or reject)."])


def _failure(run: Run) -> InvalidInput | AttemptFailed:
    error = run.error
    more = f"GET /objectives/{run.run_id} has the rest."
    if error is None:
        return AttemptFailed("talk.run_stopped", f"the run was {run.state.value}", hint=more)
    if run.plan is None and error.code.startswith("plan."):
        return InvalidInput(error.code, error.message, hint=error.hint or more)
    return AttemptFailed(error.code, error.message, hint=error.hint or more)
