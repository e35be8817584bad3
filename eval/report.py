"""How often, how well, how fast: attempts summed up by agent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict

from contracts.trace import ExecutionTrace, TraceStatus
from eval.latency import quantile


class Attempt(NamedTuple):
    """What a report needs of a trace."""

    agent: str
    status: TraceStatus
    duration_ms: float


class AgentReport(BaseModel):
    """One agent's attempts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    agent: str
    count: int
    """Attempts that ran to an end of their own: neither skipped nor cancelled."""
    failures: int
    """Of these, how many failed or timed out."""
    skipped: int
    cancelled: int
    p50_ms: float | None
    """Of the counted attempts' durations; None when there are none."""
    p95_ms: float | None
    p99_ms: float | None


@dataclass(slots=True)
class _Sums:
    durations: list[float] = field(default_factory=list)
    failures: int = 0
    skipped: int = 0
    cancelled: int = 0

    def add(self, attempt: Attempt) -> None:
        match attempt.status:
            case TraceStatus.SKIPPED:
                self.skipped += 1
            case TraceStatus.CANCELLED:
                self.cancelled += 1
            case status:
                self.durations.append(float(attempt.duration_ms))
                self.failures += not status.has_output


def attempt_of(trace: ExecutionTrace) -> Attempt:
    """Return what a report needs of a trace."""
    return Attempt(trace.agent_type, trace.status, trace.metadata.duration_ms)


def report_by_agent(attempts: Iterable[Attempt]) -> tuple[AgentReport, ...]:
    """Return one report for each agent met, by name."""
    sums: dict[str, _Sums] = {}
    for attempt in attempts:
        sums.setdefault(attempt.agent, _Sums()).add(attempt)
    return tuple(_report(agent, sums[agent]) for agent in sorted(sums))


def _report(agent: str, sums: _Sums) -> AgentReport:
    def at(q: float) -> float | None:
        return round(quantile(sums.durations, q), 3) if sums.durations else None

    return AgentReport(
        agent=agent,
        count=len(sums.durations),
        failures=sums.failures,
        skipped=sums.skipped,
        cancelled=sums.cancelled,
        p50_ms=at(0.50),
        p95_ms=at(0.95),
        p99_ms=at(0.99),
    )
