"""A run: one objective on its way, its states, what it reports while it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, JsonValue

from contracts.plan import Plan
from contracts.policy import Policy
from contracts.trace import ErrorRecord, TraceStatus


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
        return self in {RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.REJECTED}


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


EventKind = Literal["planned", "subtask_started", "attempt_ended", "subtask_ended", "run_ended"]


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
    """The run as it stands, with `planned` and `run_ended`."""
