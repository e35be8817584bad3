"""The outlook as a value: of each step and of the whole, ready to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal

from contracts.taint import Use

RiskKind = Literal["effect", "capability", "taint", "novelty"]
Level = Literal["low", "medium", "high"]
MEDIUM: Final = 20
HIGH: Final = 50
MAX_TAINTED: Final = 20
"""Uses that are told of one step; a thousand steps may each read a hundred keys."""


def level_of(risk: int) -> Level:
    """Return the word for a risk from 0 to 100."""
    return "high" if risk >= HIGH else "medium" if risk >= MEDIUM else "low"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that makes a step risky."""

    kind: RiskKind
    about: str
    """Which reason of its kind it is: `effectful`, `network`, `never_ran`."""
    agent: str
    text: str
    """In plain words."""
    points: int
    """What it alone would come to, from 0 to 100."""


@dataclass(frozen=True, slots=True)
class WholeReason(Reason):
    """One thing that makes a plan risky, and the steps it is said of."""

    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Span:
    """How long something takes, in seconds."""

    p50: float
    """Half of the time it takes no longer."""
    p95: float
    most: float
    """Its timeouts let it take no longer, waiting for its turn or for a person apart."""


@dataclass(frozen=True, slots=True)
class Elements:
    """How many elements a step that runs for each of a list will have."""

    expected: int
    most: int
    source: Literal["inputs", "past", "guess"]
    """Counted in the caller's inputs; as often before; or nobody knows."""


@dataclass(frozen=True, slots=True)
class Basis:
    """Whose past an estimate of time rests on: the very step's, its agent's, or nobody's."""

    kind: Literal["step", "agent", "default"]
    attempts: int = 0
    """How many were looked at."""
    failures: float = 0.0
    """The share of them that failed."""


@dataclass(frozen=True, slots=True)
class Approval:
    """Something that waits for a person, and why."""

    step: str
    when: Literal["always", "effects"]
    """On any terms, or only where the run's terms ask before effects."""
    text: str


@dataclass(frozen=True, slots=True)
class StepOutlook:
    """What is expected of one subtask."""

    id: str
    agent: str
    version: str
    """Empty where no such agent is at hand."""
    effect: str
    """The strongest of the plan's, its agent's and its stand-in's."""
    risk: int
    level: Level
    reasons: tuple[Reason, ...]
    """The weightiest first."""
    seconds: Span
    basis: Basis
    elements: Elements | None = None
    attempts_most: int = 1
    """Of one element, or of the step."""
    tokens: int | None = None
    usd: float | None = None
    tainted: tuple[Use, ...] = ()
    """What it is given that an untrusted source had a hand in."""
    hosts: tuple[str, ...] = ()
    """Those it may reach as far as its plan and its card say."""
    is_critical: bool = False
    starts_s: float = 0.0
    """After the start of the run, if everything takes its p50."""


@dataclass(frozen=True, slots=True)
class HostOutlook:
    """A host that the plan may reach."""

    host: str
    is_known: bool
    """Whether a run that succeeded was asked to reach it before."""
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AgentOutlook:
    """An agent that the plan calls."""

    name: str
    version: str
    effect: str
    attempts: int
    """How many of its attempts were looked at."""
    failures: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of a whole plan."""

    plan_id: str
    risk: int
    level: Level
    reasons: tuple[WholeReason, ...]
    """The weightiest first."""
    seconds: Span
    """From the start to the end of the run, with so many attempts at once."""
    sequential_s: float
    """One attempt after the other."""
    critical_path: tuple[str, ...]
    critical_path_s: float
    """However many attempts at once."""
    width: int
    """Attempts at once."""
    tokens: int | None
    usd: float | None
    approvals: tuple[Approval, ...]
    hosts: tuple[HostOutlook, ...]
    agents: tuple[AgentOutlook, ...]
    unknown: tuple[str, ...]
    """What cannot be known before it runs, in words."""
    runs: int
    """How often this very plan ran before."""
    steps: tuple[StepOutlook, ...]

    def as_json(self) -> dict[str, Any]:
        """Return every field, every time; seconds to three places that mean something."""
        steps = tuple(replace(step, tainted=step.tainted[:MAX_TAINTED]) for step in self.steps)
        found: dict[str, Any] = _plain(replace(self, steps=steps))
        return found


def rounded(number: float) -> float:
    """Return a number to three places that mean something: 12.3456 is 12.3, 0.0123456 is 0.0123."""
    return float(f"{number:.3g}") if abs(number) < 1000 else float(round(number))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float):
        return rounded(value)
    if hasattr(value, "__dataclass_fields__"):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
