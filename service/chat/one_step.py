"""One agent called from a conversation: a plan of one step, run like any other, so it leaves the same receipts.

Who wrote the arguments is a model, so they grant nothing: hosts are reached
only where a person's words name them, or the operator does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.errors import CallsheetError, InvalidInput
from contracts.jsonvalue import MAX_BYTES, parse_json
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord
from egress.policy_for import hosts_in
from service.chat.ending import Begun, wait_for
from service.desk_protocol import Desk

OUTPUT: Final = "output"


@dataclass(frozen=True, slots=True)
class Called:
    """What became of one call of an agent."""

    run_id: str
    """Empty: no run was made."""
    state: str
    output: JsonValue = None
    error: ErrorRecord | None = None
    is_final: bool = True
    """Whether it is over; else it goes on, or waits for a person."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and by whose leave."""

    by: str
    """The model that wrote the arguments; empty: nobody knows."""
    said: tuple[str, ...] = ()
    """What a person said: URLs in it name the hosts that may be reached."""
    wait_s: float = 300.0


def arguments_of(text: str | Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Return a tool call's arguments.

    Raises:
        InvalidInput: `tool.bad_arguments`.
    """
    try:
        found = parse_json(text, max_bytes=MAX_BYTES) if isinstance(text, str) else dict(text)
    except InvalidInput as exc:
        raise _bad(f"the arguments are no JSON: {exc.message}") from exc
    if not isinstance(found, dict):
        raise _bad("the arguments are no JSON object")
    dotted = next((name for name in found if "." in name), None)
    if dotted is not None:
        raise _bad(f"no parameter can be called {dotted[:80]!r}")
    return found


async def call_agent(
    begun: Begun, card: AgentCard, *, arguments: Mapping[str, JsonValue], caller: Caller
) -> Called:
    """Run an agent as a plan of one step, and return what became of it.

    Args:
        begun: Where the run is begun.
        card: The agent's.
        arguments: For its parameters.
        caller: Who calls.

    Raises:
        InvalidPlan: The arguments do not fit.
        Unavailable: `engine.full`, `engine.draining`, `storage.*`.
    """
    words = f"Call {card.name}" + (f" for the model {caller.by[:80]!r}" if caller.by else "")
    desk = begun.desk
    known = await desk.known.read(_document(card, arguments, words=words, model=caller.by))
    order = desk.order(words, inputs=_urls(caller.said), plan=known)
    run_id = await begun.take(_submitted(desk, desk.run_of(order)))
    found = (await wait_for(desk, run_id, seconds=caller.wait_s)).run
    return Called(run_id, found.state.value, found.result, found.error, found.state.is_final)


def refused(error: CallsheetError) -> Called:
    """Return a call that was refused before there was a run."""
    return Called(
        "", "refused", error=ErrorRecord(code=error.code, message=error.message[:2000], hint=error.hint)
    )


def as_answer(called: Called) -> dict[str, Any]:
    """Return a call as JSON."""
    error = called.error.model_dump(mode="json", exclude_none=True) if called.error is not None else None
    found: dict[str, Any] = {"run_id": called.run_id or None, "state": called.state}
    return found | ({"error": error} if error else {"output": called.output})


def is_done(called: Called) -> bool:
    """Say whether a call gave what was wanted."""
    return called.state == RunState.SUCCEEDED.value


async def _submitted(desk: Desk, run: Run) -> str:
    await desk.engine.submit(run)
    return run.run_id


def _document(
    card: AgentCard, arguments: Mapping[str, JsonValue], *, words: str, model: str
) -> dict[str, JsonValue]:
    bind: dict[str, JsonValue] = {name: {"literal": value} for name, value in arguments.items()}
    step: dict[str, JsonValue] = {
        "id": "call",
        "objective": words,
        "required_agent": card.name,
        "dependencies": [],
        "input_keys": [],
        "bind": bind,
        "output_key": OUTPUT,
        "on_failure": "fail",
    }
    origin: dict[str, JsonValue] = {"planner": "llm"}
    if model:
        origin["model"] = model[:200]
    return {"objective": words, "origin": origin, "subtasks": [step], "result_key": OUTPUT}


def _urls(said: tuple[str, ...]) -> dict[str, JsonValue]:
    hosts = dict.fromkeys(host for text in said for host in hosts_in(text))
    urls: list[JsonValue] = [f"https://[{h}]/" if ":" in h else f"https://{h}/" for h in hosts]
    return {"urls": urls} if urls else {}


def _bad(message: str) -> InvalidInput:
    return InvalidInput(
        "tool.bad_arguments", message, where="/arguments", hint="GET /v1/tools says what each takes."
    )
