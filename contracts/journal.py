"""What happened, kept: the seam between running and storage.

A run's journal is written in entries: what one entry holds becomes durable
together or not at all. Opening a run raises its epoch; an entry that carries an
older one is refused as `Fenced`, so what a stale holder still writes is lost to
nobody. Events of a run are numbered from 1 without gaps, in the order written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from pydantic import JsonValue

from contracts.errors import CallsheetError
from contracts.run import Run, RunState
from contracts.trace import ErrorRecord, ExecutionTrace, TraceMetadata, TraceStatus

Done = Callable[[CallsheetError | None], None]
"""Told once, on the event loop: nothing when it is durable, else why it is not."""

StateKind = Literal[
    "queued", "planning", "planned", "awaiting_approval", "running", "approved", "signalled", "parked",
    "cancel_requested", "intent", "effect_unknown", "held", "replanning", "replanned", "not_replanned",
    "succeeded", "failed", "cancelled", "rejected",
]  # fmt: skip
"""What an event that is no attempt tells."""


@dataclass(slots=True)
class Receipt:
    """One attempt on its way into the journal; `as_trace` is what is read back."""

    trace_id: str
    subtask_id: str
    """Empty: a question to a model for the run's plan."""
    agent_type: str
    status: TraceStatus
    attempt: int
    """Counts from 1 over the whole life of the subtask (and element), restarts included; 0: never started."""
    item_index: int | None
    started_ms: int
    input: Mapping[str, JsonValue] = field(default_factory=dict)
    output: JsonValue = None
    output_text: str | None = None
    """The output's JSON where it was written already."""
    output_key: str = ""
    queued_ms: float = 0
    duration_ms: float = 0
    agent_version: str = ""
    effect: str = ""
    objective: str = ""
    plan_id: str = ""
    score: float | None = None
    error: ErrorRecord | None = None
    warnings: tuple[str, ...] = ()
    log: str = ""
    usage: Mapping[str, JsonValue] = field(default_factory=dict)
    next_ms: int | None = None
    """When the next attempt is due, Unix milliseconds; None: there is none."""
    ended: TraceStatus | None = None
    """How the subtask ended, where this attempt ended it."""
    event_id: int = 0
    guest: Mapping[str, JsonValue] = field(default_factory=dict)
    usage_text: str = ""
    guest_text: str = ""
    """The JSON of both where it was written already."""
    planning: Mapping[str, JsonValue] = field(default_factory=dict)
    """Of a question to a model for the run's plan; see `contracts.trace.TraceMetadata`."""

    def as_trace(self, run_id: str) -> ExecutionTrace:
        """Return the trace as it is read back."""
        return ExecutionTrace(
            trace_id=self.trace_id,
            task_id=run_id,
            agent_type=self.agent_type,
            input=dict(self.input),
            output=self.output,
            status=self.status,
            timestamp=self.started_ms // 1000,
            metadata=TraceMetadata(
                subtask_id=self.subtask_id,
                attempt=self.attempt,
                item_index=self.item_index,
                started_ms=self.started_ms,
                queued_ms=self.queued_ms,
                duration_ms=self.duration_ms,
                agent_version=self.agent_version,
                effect=self.effect,
                objective=self.objective,
                plan_id=self.plan_id,
                score=self.score,
                error=self.error,
                warnings=self.warnings,
                log=self.log,
                usage=dict(self.usage),
                guest=dict(self.guest),
                planning=dict(self.planning),
            ),
        )


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a run's context."""

    key: str
    text: str
    """JSON."""
    by: str
    is_redacted: bool = False
    """A secret was taken out when it was kept: what was kept is not what was written. Set by the journal."""


@dataclass(frozen=True, slots=True)
class Intent:
    """An effect about to happen; committed before its attempt starts."""

    subtask_id: str
    item_index: int | None
    attempt: int
    key: str
    """The idempotency key."""
    at_ms: int
    signals: Mapping[str, JsonValue] = field(default_factory=dict)
    """What the attempt was given, as the event beside the intent tells: name -> payload."""
    is_due: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """What a subtask waits for without a coroutine."""

    subtask_id: str
    """Empty: the whole plan, for its approval."""
    item_index: int | None
    kind: Literal["approval", "signal", "timer"]
    name: str
    """Of the signal; for an approval the plan_id it is for."""
    until_ms: int | None
    since_ms: int
    why: str = ""
    """Why a person is asked whatever the run's terms say; empty where they do say so. Told by an event beside it."""


@dataclass(frozen=True, slots=True)
class Signal:
    """Something a person or a program tells a run."""

    run_id: str
    signal_id: str
    """Unique in its run: a second one is the same one."""
    name: str
    """`approve` and `reject` are decisions; others wake who waits for them."""
    payload: JsonValue
    at_ms: int


@dataclass(slots=True)
class Event:
    """Something that happened to a run and is no attempt."""

    event_id: int
    """0 until its entry is put."""
    kind: StateKind
    at_ms: int
    data: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(slots=True)
class Entry:
    """What becomes durable together."""

    run_id: str
    epoch: int
    receipts: list[Receipt] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)
    """Begun."""
    ended_waits: list[Wait] = field(default_factory=list)
    taken: list[Signal] = field(default_factory=list)
    """Signals that were used up."""
    events: list[Event] = field(default_factory=list)
    run: Run | None = None
    """The run's new state, where it changed; a final one closes the journal."""
    wake_ms: int | None = None
    """Look at the parked run again then."""
    is_awake: bool = False
    """It was looked at: whatever marked it as due is gone."""
    is_awaited: bool = False
    """An attempt's place is not given to another before it is durable."""

    @property
    def is_attempt(self) -> bool:
        """Whether it holds nothing but receipts and values, as most do."""
        rarer = self.events or self.intents or self.waits or self.ended_waits or self.taken
        return not (rarer or self.run is not None or self.is_awake or self.wake_ms is not None)

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        said = self.receipts or self.values or self.intents or self.waits or self.ended_waits
        return not (said or self.taken or self.events or self.run is not None or self.is_awake)


@dataclass(frozen=True, slots=True)
class Past:
    """A kept attempt, as far as going on needs it."""

    trace_id: str
    subtask_id: str
    """Empty: a question to a model for the run's plan; it counts for what it used, and for nothing else."""
    item_index: int | None
    attempt: int
    agent_type: str
    status: TraceStatus
    next_ms: int | None
    ended: TraceStatus | None
    usage: Mapping[str, JsonValue]
    """What it used of the run's budgets; empty where the run has none."""
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class Opened:
    """A run as its journal tells it, and the epoch to go on with."""

    run: Run
    epoch: int
    last_event: int
    past: Sequence[Past] = ()
    """In the order written."""
    values: Mapping[str, Value] = field(default_factory=dict)
    intents: Sequence[Intent] = ()
    waits: Sequence[Wait] = ()
    signals: Sequence[Signal] = ()
    """Not used up, oldest first."""
    approved: frozenset[str] = frozenset()
    """Subtasks somebody approved; the empty name is the plan in force."""
    redacted: frozenset[str] = frozenset()
    """Context keys whose kept value lacks a secret it had."""
    heard: frozenset[str] = frozenset()
    """Ids of those signals among `signals` of which an event tells already."""
    replanned: Sequence[str] = ()
    """The signature of what had failed, for each time the run was given a new plan."""
    given_up: frozenset[str] = frozenset()
    """Failed subtasks in whose place no new plan came."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A run that is not over, as far as queueing needs it."""

    seq: int
    run_id: str
    state: RunState
    priority: int
    created_ms: int


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A caller's name for one request."""

    key: str
    fingerprint: str
    """SHA-256 of what was asked."""
    at_ms: int


class Journal(Protocol):
    """Keeps runs. Calls never block on the disk; what they promise is told to `done`."""

    def create(
        self,
        run: Run,
        *,
        key: IdempotencyKey | None = None,
        kept: Sequence[tuple[Receipt, Value | None]] = (),
        done: Done,
    ) -> None:
        """Keep a new run with epoch 1, its event 1 (`queued`), and what it takes over from its parent.

        `done` hears `Conflict` (`run.exists`, `request.key_used`) or `Unavailable`.
        """
        ...

    def open(self, run_id: str, *, done: Done) -> Opened:
        """Return what is done and raise the epoch; entries may follow at once, `done` hears when it is durable.

        A run that was parked counts as running from here on.

        Raises:
            NotFound: `run.unknown`.
            Damaged: `storage.damaged`.
        """
        ...

    def put(self, entry: Entry, done: Done) -> None:
        """Keep an entry; entries become durable in the order given. `done` hears `Fenced` or `Unavailable`."""
        ...

    def signal(self, signal: Signal, done: Done) -> None:
        """Keep a signal for a run that is not over and mark the run as due; a known id changes nothing.

        `done` hears `Fenced` (`journal.closed`) when the run is over, and
        `Conflict` (`signal.too_many`) when it holds too many that nobody has asked for.
        """
        ...

    def knows_signal(self, run_id: str, signal_id: str) -> bool:
        """Say whether a run was told this signal before."""
        ...

    def output(self, trace_id: str) -> JsonValue:
        """Return what a kept attempt gave.

        Raises:
            NotFound: `trace.unknown`.
            Damaged: `storage.damaged`.
        """
        ...

    def unfinished(self, *, after: int = 0, limit: int = 1000) -> Sequence[Unfinished]:
        """Return runs in state queued, planning or running that are not parked, by `seq`."""
        ...

    def due(self, *, before_ms: int, limit: int = 1000) -> Sequence[Unfinished]:
        """Return parked runs whose time to be looked at has come, earliest first."""
        ...

    def next_due_ms(self, *, after_ms: int) -> int | None:
        """Return when the next parked run is due that is not due yet, Unix milliseconds."""
        ...

    def state(self, run_id: str) -> RunState | None:
        """Return a run's kept state; None where there is no such run."""
        ...

    def flush(self, done: Done) -> None:
        """Tell `done` when everything given so far is durable or has failed."""
        ...
