"""What an agent is: a card that says what it takes and gives, and one method.

Native and WASM agents share this protocol. An agent never sees the shared
context: its inputs are resolved for it and its output is stored for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol, runtime_checkable

from pydantic import JsonValue

from contracts.card import AgentCard
from contracts.policy import Policy
from contracts.trace import TraceStatus


@dataclass(frozen=True, slots=True)
class AgentCall:
    """One attempt, as the agent sees it."""

    inputs: Mapping[str, JsonValue]
    objective: str
    """The subtask's."""
    now: datetime
    """The run's clock, aware, UTC; an agent asks no other."""
    timeout_s: float
    policy: Policy = field(default_factory=Policy)
    home_zone: str = "UTC"
    """IANA name for times that name no zone."""
    run_id: str = ""
    subtask_id: str = ""
    attempt: int = 1
    item_index: int | None = None
    idempotency_key: str = ""
    """Constant across attempts of one subtask (and element) on the same inputs, restarts included."""
    signals: Mapping[str, JsonValue] = field(default_factory=dict)
    """What came for it while it was parked: name -> payload."""
    is_due: bool = False
    """Whether the time it was parked until has come."""
    allowance: Mapping[str, float] = field(default_factory=dict)
    """What it may use in this attempt where the plan says so: `fuel`, `requests`, `bytes`, `tokens`, `usd`."""


@dataclass(frozen=True, slots=True)
class AgentReply:
    """What one attempt gave."""

    output: JsonValue
    status: Literal[TraceStatus.SUCCESS, TraceStatus.PARTIAL_SUCCESS] = TraceStatus.SUCCESS
    score: float | None = None
    """In [0, 1], when the agent can judge itself."""
    warnings: Sequence[str] = ()
    usage: Mapping[str, JsonValue] = field(default_factory=dict)
    log: str = ""
    guest: Mapping[str, JsonValue] = field(default_factory=dict)
    """Where a guest made it: what running it again needs."""


class Parked(Exception):
    """Raised by an agent that has to wait for a signal or a time; it is called again then.

    Nothing runs meanwhile: the wait is a row in the journal.

    Args:
        signal: The name to wait for; None waits for the time alone.
        until: When to go on in any case, aware; None waits for the signal alone.
    """

    def __init__(self, *, signal: str | None = None, until: datetime | None = None) -> None:
        if signal is None and until is None:
            raise ValueError("name a signal, a time, or both")
        super().__init__(signal or str(until))
        self.signal = signal
        self.until = until


@dataclass(frozen=True, slots=True)
class NotDone:
    """What `reconcile` answers when the effect never happened: it may be tried again."""


TIMEKEEPER: Final[ContextVar[Callable[[], AbstractContextManager[None]]]] = ContextVar("timekeeper")
"""Set by whoever runs attempts, for each of them."""


def uncounted() -> AbstractContextManager[None]:
    """Return a context whose time is not held against the attempt: for getting an agent ready the first time.

    What is done in it must be bounded by itself; being cancelled, and the run's deadline, end it as ever.
    """
    return TIMEKEEPER.get(nullcontext)()


class Agent(Protocol):
    """Runs one subtask at a time per call; calls may overlap."""

    @property
    def card(self) -> AgentCard:
        """What it takes and gives."""
        ...

    async def run(self, call: AgentCall) -> AgentReply:
        """Do one attempt; being cancelled stops it.

        Raises:
            CallsheetError: The attempt failed; the trace carries the code.
        """
        ...


@runtime_checkable
class Reconciling(Protocol):
    """An effectful agent that can find out whether an earlier attempt took effect."""

    async def reconcile(self, call: AgentCall) -> AgentReply | NotDone:
        """Say what became of the attempt with this call's `idempotency_key`, changing nothing.

        Raises:
            CallsheetError: It cannot be known.
        """
        ...


class Registry(Protocol):
    """The agents at hand, by name."""

    def get(self, name: str) -> Agent:
        """Return the agent, made on first use.

        Raises:
            NotFound: `agent.unknown`, with the known names.
        """
        ...

    def cards(self) -> Sequence[AgentCard]:
        """Return every card, by name."""
        ...
