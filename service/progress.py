"""A run as it goes, on stderr: the plan first, then each subtask as it starts and ends."""

from __future__ import annotations

from collections import Counter
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.plan import Plan
from contracts.policy import Grant
from contracts.run import Run, RunEvent
from contracts.trace import TraceStatus
from service.console import counted, printable
from traces.redaction import Redactor

MARKS: Final = {
    TraceStatus.SUCCESS: ("✔", "green"),
    TraceStatus.PARTIAL_SUCCESS: ("◐", "yellow"),
    TraceStatus.FAILURE: ("✘", "red"),
    TraceStatus.TIMEOUT: ("⧖", "red"),
    TraceStatus.SKIPPED: ("»", "dim"),
    TraceStatus.CANCELLED: ("■", "dim"),
}


class Progress:
    """Watches one run.

    Args:
        console: Where to print; stderr's.
        redactor: Takes secrets out of what is printed.
    """

    def __init__(self, console: Console, redactor: Redactor) -> None:
        self._console = console
        self._redactor = redactor
        self._attempts: Counter[str] = Counter()
        self._failures: dict[str, str] = {}
        self._started: dict[str, int] = {}

    def grants(self, grants: tuple[Grant, ...]) -> None:
        """Say what the operator allowed."""
        for grant in grants:
            self.say(f"granted: {grant.kind.replace('_', ' ')} {grant.value} (by {grant.by})", "dim")

    def plan(self, plan: Plan) -> None:
        """Print the plan as a table."""
        origin = plan.origin.planner
        table = Table(
            title=f"Plan {plan.plan_id[:12]} by {origin}: {counted(len(plan.subtasks), 'subtask')}",
            title_justify="left",
        )
        for heading in ("subtask", "agent", "waits for", "does"):
            table.add_column(heading)
        for s in plan.subtasks:
            each = " (each)" if s.foreach else ""
            cells = (s.id, s.required_agent, ", ".join(s.dependencies), s.objective + each)
            table.add_row(*(Text(printable(self._redactor.text(cell))) for cell in cells))
        self._console.print(table)

    def __call__(self, event: RunEvent) -> None:
        """Note one event."""
        if event.kind == "subtask_started":
            self._started[event.subtask_id] = event.at_ms
            self.say(f"▶ {event.subtask_id}  {event.agent_type}", "dim")
        elif event.kind == "attempt_ended":
            self._attempts[event.subtask_id] += 1
            if event.error is not None:
                self._failures[event.subtask_id] = f"{event.error.code}: {event.error.message}"
            elif event.status is TraceStatus.PARTIAL_SUCCESS and event.warnings:
                self._failures.setdefault(event.subtask_id, event.warnings[0])
        elif event.kind == "subtask_ended" and event.status is not None:
            self._ended(event, event.status)

    def ended(self, run: Run, *, traces: int, folder: str, database: str) -> None:
        """Say how the run ended and where its traces lie."""
        style = "green" if run.state.value == "succeeded" else "red"
        self.say(f"run {run.run_id} {run.state.value}", style)
        if run.error is not None:
            self.say(f"  {run.error.code}: {run.error.message}", "red")
        where = f"{folder}/trace_{run.run_id}_*.json and " if folder else ""
        self.say(f"{counted(traces, 'trace')} in {where}{database}")
        self.say(f"look: callsheet traces list --run {run.run_id}", "dim")

    def _ended(self, event: RunEvent, status: TraceStatus) -> None:
        mark, style = MARKS[status]
        attempts = self._attempts[event.subtask_id]
        took = event.at_ms - self._started.get(event.subtask_id, event.at_ms)
        count = f"  {attempts} attempts" if attempts > 1 else ""
        why = f"  {self._failures[event.subtask_id]}" if event.subtask_id in self._failures else ""
        if status is TraceStatus.SKIPPED:
            why = "  skipped: what it waits for produced nothing"
        self.say(f"{mark} {event.subtask_id}  {event.agent_type}  {took} ms{count}{why}", style)

    def say(self, text: str, style: str = "") -> None:
        """Print one line."""
        self._console.print(Text(printable(self._redactor.text(text))[:400], style=style), soft_wrap=True)
