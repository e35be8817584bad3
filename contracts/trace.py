"""The receipt of one attempt: nine fields at its top, everything else under `metadata`.

One trace is written per attempt, one with attempt 0 for a subtask that never
started, and one for each question to a model for the run's plan. Older files,
whose status is `"Success"`, `{"PartialSuccess": 0.5}` or `{"Failure": "message"}`, are read too.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator


class TraceStatus(StrEnum):
    """How an attempt ended."""

    SUCCESS = "success"
    PARTIAL_SUCCESS = "partial_success"
    FAILURE = "failure"
    TIMEOUT = "timeout"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"

    @property
    def has_output(self) -> bool:
        """Whether what depends on it may go on."""
        return self in _WITH_OUTPUT


_WITH_OUTPUT: Final = (TraceStatus.SUCCESS, TraceStatus.PARTIAL_SUCCESS)  # a tuple: hashing a member is slow


class ErrorRecord(BaseModel):
    """Why an attempt did not succeed, as it stands in the trace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    message: str
    retryable: bool = False
    where: str = ""
    hint: str = ""
    data: dict[str, JsonValue] = {}


class TraceMetadata(BaseModel):
    """Everything about an attempt that is neither what went in nor what came out."""

    model_config = ConfigDict(frozen=True, extra="allow")

    subtask_id: str = ""
    attempt: Annotated[int, Field(ge=0)] = 1
    """Counts from 1; 0 for a subtask that never started."""
    item_index: int | None = None
    """The element's place, in a foreach subtask."""
    started_ms: int = 0
    """Unix milliseconds."""
    queued_ms: int | float = 0
    """From ready to started, milliseconds."""
    duration_ms: int | float = 0
    agent_version: str = ""
    effect: str = ""
    objective: str = ""
    """The subtask's."""
    plan_id: str = ""
    score: float | None = None
    error: ErrorRecord | None = None
    warnings: tuple[str, ...] = ()
    log: str = ""
    usage: dict[str, JsonValue] = {}
    """What was used: bytes, requests, fuel, pages, refused hosts."""
    guest: dict[str, JsonValue] = {}
    """Of a guest's attempt: what was granted, and what running it again needs."""
    planning: dict[str, JsonValue] = {}
    """Of a question to a model for the run's plan: the model, how its reply was read and repaired, its timings."""


class ExecutionTrace(BaseModel):
    """One attempt: who ran, on what, with what result."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trace_id: Annotated[str, Field(min_length=1, max_length=64)]
    task_id: Annotated[str, Field(min_length=1, max_length=128)]
    """The run's id."""
    agent_type: str
    input: JsonValue = None
    output: JsonValue = None
    expected_output: JsonValue = None
    status: TraceStatus
    timestamp: int
    """The start, Unix seconds."""
    metadata: TraceMetadata = TraceMetadata()

    @model_validator(mode="before")
    @classmethod
    def _read_older_status(cls, document: Any) -> Any:
        if not isinstance(document, dict):
            return document
        status, metadata = document.get("status"), document.get("metadata") or {}
        if not isinstance(metadata, dict):
            return document
        match status:
            case "Success":
                return document | {"status": "success"}
            case {"PartialSuccess": int() | float() as score}:
                return document | {"status": "partial_success", "metadata": metadata | {"score": score}}
            case {"Failure": str() as message}:
                error = {"code": "legacy.failure", "message": message}
                return document | {"status": "failure", "metadata": metadata | {"error": error}}
            case _:
                return document

    @model_validator(mode="after")
    def _failure_says_why(self) -> Self:
        if self.status in {TraceStatus.FAILURE, TraceStatus.TIMEOUT} and self.metadata.error is None:
            raise ValueError(f"a trace with status {self.status.value} carries metadata.error")
        return self

    def as_json(self) -> dict[str, JsonValue]:
        """Return the nine fields; metadata that nobody set stays out."""
        whole = self.model_dump(mode="json", exclude={"metadata"})
        return whole | {"metadata": self.metadata.model_dump(mode="json", exclude_defaults=True)}
