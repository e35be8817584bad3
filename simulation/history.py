"""Everything that happened in one simulated world, as those outside the engine saw it, in order."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from pydantic import JsonValue

MOST_VIOLATIONS: Final = 50
"""Of one world; more say no more."""

Name = tuple[str, str, int | None]
"""A run, a subtask of it, and the element where it is a foreach."""

CallEnd = Literal["lost", "reply", "bad", "failed", "crashed", "parked", "cancelled", "not_done"]


@dataclass(slots=True)
class Known:
    """What the file held for a call when it began."""

    state: str = ""
    """Of the run."""
    is_cancelled: bool = False
    """Somebody had asked the run to stop."""
    deadline_ms: int | None = None
    attempts: tuple[tuple[int, str, int | None, str], ...] = ()
    """Number, status, when the next is due, agent: of each kept attempt at this element."""
    intents: tuple[tuple[int, str], ...] = ()
    """Attempt and key."""
    done: frozenset[str] = frozenset()
    """Subtasks of the run that had ended with an output."""
    ended: frozenset[str] = frozenset()
    """Subtasks of the run that had ended in any way."""


@dataclass(slots=True)
class Call:
    """One call of an agent."""

    number: int
    life: int
    at_s: float
    run_id: str
    subtask_id: str
    item_index: int | None
    attempt: int
    agent: str
    purpose: Literal["run", "reconcile"]
    key: str
    inputs: Mapping[str, JsonValue]
    signals: Mapping[str, JsonValue]
    is_due: bool
    allowance: Mapping[str, float]
    timeout_s: float
    knows: Known = field(default_factory=Known)
    """What was committed when it began."""
    end: CallEnd = "lost"
    ended_s: float = 0.0
    ended_number: int = 0
    output: JsonValue = None
    status: str = "success"
    """Of its reply."""
    usage: Mapping[str, float] = field(default_factory=dict)
    error_code: str = ""
    is_retryable: bool = False
    waits_for: str = ""
    """The signal, where it parked for one."""
    waits_until_s: float | None = None
    did_effect: bool = False

    @property
    def name(self) -> Name:
        """Return what was called for."""
        return self.run_id, self.subtask_id, self.item_index

    @property
    def was_in_time(self) -> bool:
        """Whether it ended before its time was over."""
        return self.ended_s - self.at_s < self.timeout_s - 0.001


@dataclass(slots=True)
class Effect:
    """One thing done to the world outside."""

    number: int
    life: int
    at_s: float
    run_id: str
    subtask_id: str
    item_index: int | None
    attempt: int
    key: str
    kind: Literal["idempotent", "effectful"]
    had_intent: bool
    """A committed row said beforehand that it would happen."""
    is_repeat: bool = False
    """The outside knew the key already and did nothing."""

    @property
    def name(self) -> Name:
        """Return whose effect it was."""
        return self.run_id, self.subtask_id, self.item_index


@dataclass(slots=True)
class Request:
    """Something a client asked, and what it was told."""

    number: int
    life: int
    at_s: float
    verb: str
    run_id: str
    fields: dict[str, Any]
    answered_s: float | None = None
    answered_number: int = 0
    answer: Any = None
    """None while there is none."""

    @property
    def is_acknowledged(self) -> bool:
        """Whether it was told yes."""
        return bool(self.answer == "ok")


@dataclass(slots=True)
class Seen:
    """An event a watcher saw."""

    number: int
    life: int
    at_s: float
    run_id: str
    event_id: int
    kind: str
    text: str
    """All of it."""
    by: str


class History:
    """Collects; `digest` names the whole of it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.calls: list[Call] = []
        self.effects: list[Effect] = []
        self.requests: list[Request] = []
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        self._number = 0

    def next_number(self) -> int:
        """Return the place of what happens now among all that happens."""
        self._number += 1
        return self._number

    def note(self, life: int, at_s: float, *what: object) -> None:
        """Write a line."""
        self.lines.append(f"{life} {at_s:11.4f} " + " ".join(str(w) for w in what))

    def violate(self, law: str, what: str) -> None:
        """Write down that a promise was broken."""
        line = f"{law}: {what}"
        if line not in self.violations and len(self.violations) < MOST_VIOLATIONS:
            self.violations.append(line)
            self.lines.append(f"VIOLATION {line}")

    def digest(self) -> str:
        """Return the SHA-256 of every line."""
        return hashlib.sha256("\n".join(self.lines).encode()).hexdigest()
