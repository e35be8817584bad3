"""Receipts of the questions to a model for a run's plan: traces of the run that name no subtask.

The prompt is not kept, only its hash and length: it holds the objective and
the caller's inputs, and whoever has those can make it again. The reply is
kept as the model wrote it, cleaned as every output is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from pydantic import JsonValue

from contracts.clock import Clock, unix_ms
from contracts.errors import CallsheetError
from contracts.journal import Past, Receipt
from contracts.planning_call import PLANNER, PlanningCall
from contracts.trace import ErrorRecord, TraceStatus
from dispatcher.ids import Ids
from memory.encoding import encode

MAX_REPLY: Final = 256 * 1024
"""Characters of a reply that are kept; a longer one is told by its hash: cut, it could end inside a secret."""
MAX_NOTES: Final = 50
"""Repairs, and problems, of one call that are kept."""
MAX_TEXT: Final = 2000
MOST_MS: Final = 1e12
TIMED_OUT: Final = frozenset({"provider.timeout"})


class PlanningCalls:
    """Turns what a planner tells into receipts.

    Args:
        ids: Names for traces.
        clock: What a call took is measured by it where the call does not say.
        plan_id: Of the plan in force; empty before there is one.
    """

    def __init__(self, ids: Ids, clock: Clock, *, plan_id: str = "") -> None:
        self._ids = ids
        self._clock = clock
        self._plan_id = plan_id
        self._mark = clock.monotonic()

    def receipt(self, call: PlanningCall) -> Receipt:
        """Return the receipt of a call that has just ended."""
        began, self._mark = self._mark, self._clock.monotonic()
        took = _number(call.timings.get("total_ms"))
        took = (self._mark - began) * 1000 if took is None else took
        output, warnings = _kept(call.reply)
        return Receipt(
            self._ids.new(),
            "",
            PLANNER,
            _status(call),
            max(1, call.round),
            None,
            unix_ms(self._clock.now()) - round(took),
            {
                "purpose": call.purpose,
                "prompt_sha256": call.prompt_sha256,
                "prompt_chars": call.prompt_chars,
            },
            output,
            duration_ms=round(took, 3),
            plan_id=self._plan_id,
            error=_error(call),
            warnings=warnings,
            usage=_json(call.usage, "usage"),
            planning=_about(call),
        )


def past_of(receipt: Receipt) -> Past:
    """Return a receipt of a call as the journal would tell it."""
    return Past(
        receipt.trace_id, receipt.subtask_id, None, receipt.attempt, receipt.agent_type, receipt.status,
        None, None, receipt.usage,
    )  # fmt: skip


def _status(call: PlanningCall) -> TraceStatus:
    if call.error_code in TIMED_OUT:
        return TraceStatus.TIMEOUT
    return TraceStatus.FAILURE if call.error_code or call.problems else TraceStatus.SUCCESS


def _error(call: PlanningCall) -> ErrorRecord | None:
    if call.error_code:
        return ErrorRecord(code=_text(call.error_code, 100), message=_text(call.error_message))
    if not call.problems:
        return None
    first = call.problems[0]
    more = f" (and {len(call.problems) - 1} more)" if len(call.problems) > 1 else ""
    message = f"{_text(str(first.get('message', '')))}{more}"
    return ErrorRecord(code=_text(str(first.get("code") or "plan.reply_malformed"), 100), message=message)


def _about(call: PlanningCall) -> dict[str, JsonValue]:
    told: dict[str, JsonValue] = {
        "model": _text(call.model, 200),
        "form": call.form,
        "finish_reason": _text(call.finish_reason, 100),
        "tries": call.tries,
        "repairs": [_json(repair, "repairs") for repair in call.repairs[:MAX_NOTES]],
        "problems": [_json(problem, "problems") for problem in call.problems[:MAX_NOTES]],
        "timings": _json(call.timings, "timings"),
    }
    return {name: value for name, value in told.items() if value not in ("", [], {})}


def _kept(reply: str) -> tuple[JsonValue, tuple[str, ...]]:
    """Return what is kept of a reply, and what is to be said of that."""
    if not reply:
        return None, ()
    raw = reply.encode("utf-8", "replace")
    if len(reply) <= MAX_REPLY:
        return raw.decode(), ()
    told: JsonValue = {"sha256": hashlib.sha256(raw).hexdigest(), "chars": len(reply)}
    return told, (f"a reply of over {MAX_REPLY} characters is not kept, only its hash",)


def _json(part: Mapping[str, JsonValue], name: str) -> dict[str, JsonValue]:
    """Return a part of a call that a trace can hold; nothing where it cannot."""
    try:
        encode(dict(part), name)
    except CallsheetError:
        return {}
    return dict(part)


def _number(value: JsonValue) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < MOST_MS:
        return None
    return float(value)


def _text(text: str, longest: int = MAX_TEXT) -> str:
    """Return a text cut, and without lone surrogates."""
    return text[:longest].encode("utf-8", "replace").decode("utf-8")
