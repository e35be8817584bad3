"""One attempt: the agent called under its deadline, the trace of what came of it.

Here a crash becomes a record: whatever an agent raises ends in a trace, never
in the run's loop. An agent that does not stop when it is cancelled is left
behind after a short grace, and the trace says so.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Final

import structlog
from pydantic import JsonValue, TypeAdapter, ValidationError

from contracts.agent import Agent, AgentCall, AgentReply
from contracts.clock import Clock, unix_ms
from contracts.errors import AttemptFailed, AttemptTimedOut, CallsheetError
from contracts.plan import Subtask
from contracts.schemas import Checker
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata, TraceStatus

STOP_GRACE_S: Final = 2.0

_OUTPUT: Final[TypeAdapter[JsonValue]] = TypeAdapter(JsonValue)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that is over: its trace, and the error where it failed."""

    trace: ExecutionTrace
    error: CallsheetError | None = None
    is_cancelled: bool = False


async def make_attempt(
    agent: Agent,
    call: AgentCall,
    subtask: Subtask,
    *,
    clock: Clock,
    trace_id: str,
    queued_ms: float,
    plan_id: str,
) -> Ended:
    """Run one attempt to its end and return its trace; raises nothing but the loop's own shutdown.

    Args:
        agent: From the registry.
        call: What it is given, its timeout included.
        subtask: Whose attempt it is.
        clock: Times the attempt.
        trace_id: Of the trace to write.
        queued_ms: How long it waited for a slot.
        plan_id: Of the plan, for the trace.
    """
    began, mark = clock.now(), clock.monotonic()
    reply, error, is_cancelled = await _outcome(agent, call, subtask)
    status = _status(reply, error, is_cancelled=is_cancelled)
    metadata = TraceMetadata(
        subtask_id=call.subtask_id,
        attempt=call.attempt,
        item_index=call.item_index,
        started_ms=unix_ms(began),
        queued_ms=round(queued_ms, 3),
        duration_ms=round((clock.monotonic() - mark) * 1000, 3),
        agent_version=agent.card.version,
        effect=agent.card.effect.value,
        objective=call.objective,
        plan_id=plan_id,
        score=reply.score if reply else None,
        error=record_of(error) if error else None,
        warnings=tuple(reply.warnings) if reply else (),
        log=reply.log if reply else "",
        usage=dict(reply.usage) if reply else dict(error.data.get("usage", {})) if error else {},
    )
    trace = ExecutionTrace.model_construct(
        trace_id=trace_id,
        task_id=call.run_id,
        agent_type=agent.card.name,
        input=dict(call.inputs),
        output=reply.output if reply else None,
        expected_output=None,
        status=status,
        timestamp=unix_ms(began) // 1000,
        metadata=metadata,
    )
    return Ended(trace, error, is_cancelled)


def record_of(error: CallsheetError) -> ErrorRecord:
    """Return the error as a trace keeps it."""
    data: dict[str, JsonValue] = {k: v for k, v in error.data.items() if k != "usage"}
    try:
        return ErrorRecord(
            code=error.code,
            message=error.message[:2000],
            retryable=error.retryable,
            where=error.where[:500],
            hint=error.hint[:500],
            data=data,
        )
    except ValidationError:
        return ErrorRecord(code=error.code, message=error.message[:2000], retryable=error.retryable)


async def _outcome(
    agent: Agent, call: AgentCall, subtask: Subtask
) -> tuple[AgentReply | None, CallsheetError | None, bool]:
    try:
        reply = _usable(await _within(agent, call))
        if subtask.output_schema is not None:
            await asyncio.to_thread(_check_output, subtask.output_schema, reply)
    except CallsheetError as exc:
        return None, exc, False
    except asyncio.CancelledError:
        return None, None, True
    except Exception as exc:  # noqa: BLE001  # the border: an agent's defect becomes its trace
        _log.error("agent_crashed", agent=agent.card.name, run_id=call.run_id, exc_info=exc)
        return None, AttemptFailed("agent.crashed", f"{type(exc).__name__}: {str(exc)[:500]}"), False
    return reply, None, False


async def _within(agent: Agent, call: AgentCall) -> AgentReply:
    running = asyncio.ensure_future(agent.run(call))
    try:
        done, _ = await asyncio.wait({running}, timeout=call.timeout_s)
    except asyncio.CancelledError:
        await _stop(running, call)
        raise
    if not done:
        stopped = await _stop(running, call)
        left = "" if stopped else "; it did not stop when told to and was left behind"
        raise AttemptTimedOut(
            "attempt.timeout",
            f"no result within {call.timeout_s:g} s{left}",
            retryable=stopped,
            hint="Raise the subtask's timeout_s, or look at what the agent waited for.",
        )
    if running.cancelled():
        raise AttemptFailed("agent.crashed", "the agent cancelled itself")
    return running.result()


async def _stop(running: asyncio.Future[AgentReply], call: AgentCall) -> bool:
    running.cancel()
    done, _ = await asyncio.wait({running}, timeout=STOP_GRACE_S)
    if not done:
        _log.warning("agent_did_not_stop", run_id=call.run_id, subtask_id=call.subtask_id)
    elif not running.cancelled():
        running.exception()  # fetched, so that the loop does not report it as lost
    return bool(done)


def _usable(reply: AgentReply) -> AgentReply:
    """Return the reply if a trace can hold it; agents are code too, and answer what their types forbid."""
    try:
        _OUTPUT.validate_python(reply.output)
        TraceMetadata(
            score=reply.score, warnings=tuple(reply.warnings), usage=dict(reply.usage), log=reply.log
        )
    except (ValidationError, TypeError, ValueError, AttributeError) as exc:
        raise AttemptFailed("agent.bad_reply", f"the agent's reply cannot be kept: {str(exc)[:300]}") from exc
    return reply


def _check_output(schema: dict[str, Any], reply: AgentReply) -> None:
    wrong = Checker(schema).first(reply.output)
    if wrong is not None:
        raise AttemptFailed(
            "output.schema", f"the output does not fit at {wrong[0]!r}: {wrong[1]}", where=wrong[0]
        )


def _status(reply: AgentReply | None, error: CallsheetError | None, *, is_cancelled: bool) -> TraceStatus:
    if is_cancelled:
        return TraceStatus.CANCELLED
    if reply is not None:
        return reply.status
    return TraceStatus.TIMEOUT if isinstance(error, AttemptTimedOut) else TraceStatus.FAILURE
