"""How much an engine does at once, and for how long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from dispatcher.retry import Backoff

RUN_AHEAD_MS: Final = 0.5
"""An attempt this long, or one that let others go on meanwhile, keeps its place until its end is durable, so that
a crash costs no more attempts than there are places; what is shorter than a commit need not wait for one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """An engine's bounds."""

    slots: int = 8
    """Attempts at once, over all runs."""
    active_runs: int = 256
    """Runs in memory at once; others wait in the journal."""
    max_runs: int = 1000
    """Runs waiting or in memory; one more is refused. Parked runs do not count."""
    per_agent: Mapping[str, int] = field(default_factory=dict)
    """Agent -> attempts at once."""
    run_timeout_s: float = 3600.0
    """The most one run may take; a plan may ask for less."""
    replan_timeout_s: float = 300.0
    """A planner that has no new plan after this is asked no longer."""
    stop_grace_s: float = 2.0
    """An attempt told to stop that has not after this is left behind."""
    backoff: Backoff = field(default_factory=Backoff)
