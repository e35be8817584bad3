"""How a run or a subtask stands, told by a word, a shape and a colour, never by colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from contracts.run import RunState
from contracts.trace import TraceStatus


@dataclass(frozen=True, slots=True)
class Look:
    """One state's word, shape (a symbol of the sprite) and tone (a class of the stylesheet)."""

    word: str
    shape: str
    tone: str


_GOOD, _BAD, _BUSY, _CALM, _WARN = "good", "bad", "busy", "calm", "warn"

LOOKS: Final[dict[str, Look]] = {
    RunState.QUEUED: Look("Queued", "dots", _CALM),
    RunState.PLANNING: Look("Planning", "ring", _BUSY),
    RunState.AWAITING_APPROVAL: Look("Awaiting approval", "pause", _WARN),
    RunState.RUNNING: Look("Running", "ring", _BUSY),
    RunState.SUCCEEDED: Look("Succeeded", "check", _GOOD),
    RunState.FAILED: Look("Failed", "cross", _BAD),
    RunState.CANCELLED: Look("Cancelled", "square", _CALM),
    RunState.REJECTED: Look("Rejected", "cross", _BAD),
    TraceStatus.SUCCESS: Look("Success", "check", _GOOD),
    TraceStatus.PARTIAL_SUCCESS: Look("Partial success", "half", _WARN),
    TraceStatus.FAILURE: Look("Failure", "cross", _BAD),
    TraceStatus.TIMEOUT: Look("Timeout", "clock", _BAD),
    TraceStatus.SKIPPED: Look("Skipped", "dash", _CALM),
    "parked": Look("Parked", "pause", _CALM),
    "waiting": Look("Waiting", "dots", _CALM),
    "not_started": Look("Not started", "dots", _CALM),
}


def look_of(state: str) -> Look:
    """Return how to show a state's value."""
    return LOOKS.get(state, LOOKS["waiting"])
