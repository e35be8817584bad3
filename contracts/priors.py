"""What earlier attempts tell of the next one: plain numbers, counted where traces are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Prior:
    """Earlier attempts of one agent, or of one step of a plan; durations in milliseconds."""

    attempts: int
    """How many were looked at; those that never started or were cancelled are none."""
    p50_ms: float
    p95_ms: float
    mean_ms: float
    failures: float = 0.0
    """The share of them that failed or ran out of time."""
    elements: int | None = None
    """The mean number of elements, where it ran once for each of a list; None where it never did."""
    tokens: float | None = None
    """The mean of an attempt; None where no attempt says."""
    usd: float | None = None
    last_ms: int = 0
    """When the newest of them started, Unix milliseconds."""
    versions: Mapping[str, int] = field(default_factory=dict)
    """Version -> how many of the newest few attempts it made."""


@dataclass(frozen=True, slots=True)
class Past:
    """Everything that is known from before of the agents of one plan."""

    agents: Mapping[str, Prior] = field(default_factory=dict)
    """Agent -> its attempts."""
    steps: Mapping[str, Prior] = field(default_factory=dict)
    """Subtask -> its own attempts, where this very plan has run."""
    hosts: frozenset[str] = frozenset()
    """Those that runs which succeeded had been asked to reach, lower case."""
    runs: int = 0
    """How often this very plan ran to its end."""
    is_known: bool = True
    """Whether anything could be looked up at all."""


NOTHING_KNOWN: Final = Past(is_known=False)
