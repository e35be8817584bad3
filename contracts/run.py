"""A run: one objective on its way, its states, what it reports while it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from contracts.plan import Plan
from contracts.policy import Policy
from contracts.trace import ErrorRecord, TraceStatus

Approval = Literal["auto", "effects", "plan"]
"""What waits for a person: subtasks whose `approval` is `always`; also effectful ones; also the whole plan."""


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    PLANNING = "planning"
    AWAITING_APPROVAL = "awaiting_approval"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen."""
        return self in _FINAL


# a tuple: hashing a member is slow
_FINAL: Final = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.REJECTED)


class Run(BaseModel):
    """One objective from acceptance to its end, as stored and shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    objective: str
    state: RunState
    inputs: dict[str, JsonValue] = {}
    """Context keys the caller gave, for the planner."""
    plan: Plan | None = None
    policy: Policy = Policy()
    now: datetime | None = None
    """The run's clock where the operator set one; else its start."""
    home_zone: str = "UTC"
    created_ms: int = 0
    """Unix milliseconds, as are the others."""
    started_ms: int | None = None
    ended_ms: int | None = None
    result: JsonValue = None
    error: ErrorRecord | None = None
    subtasks: dict[str, TraceStatus] = {}
    """How each subtask ended."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Each point is worth a minute of waiting."""
    approval: Approval = "auto"
    parent_id: str | None = None
    """The run this one tries again."""
    root_id: str | None = None
    """The first of those runs: keys of effects are made from it, so that they stay the same."""
    deadline_ms: int | None = None
    """Absolute; set when it starts, the same after a restart."""
    left_ms: int | None = None
    """What is left of the operator's time while the run is parked: then it stands still, and has no deadline."""
    is_redacted: bool = False
    """A secret was taken out of its inputs or plan when it was kept, so that nobody can go on with it."""
    cancel_reason: str | None = None
    """Somebody asked it to stop."""


EventKind = Literal[
    "planned", "subtask_started", "attempt_ended", "subtask_ended", "replanned", "state", "run_ended"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEvent:
    """Something that happened in a run, for those who watch."""

    kind: EventKind
    run_id: str
    at_ms: int
    """Unix milliseconds."""
    subtask_id: str = ""
    agent_type: str = ""
    attempt: int = 0
    item_index: int | None = None
    status: TraceStatus | None = None
    duration_ms: float = 0
    error: ErrorRecord | None = None
    warnings: tuple[str, ...] = ()
    run: Run | None = None
    """The run as it stands, with `planned`, `replanned`, `state` and `run_ended`."""
    event_id: int = 0
    """Its number in the journal; 0 for `subtask_started`, and for `subtask_ended` after an attempt, which has one."""
    trace_id: str = ""
