"""A run as it goes, on stderr: the plan first, then each subtask as it starts and ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from contracts.journal import Wait
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
_Name = tuple[str, str]
MAX_WAITS: Final = 20
MANY: Final = 1_001
"""Unfinished runs are not counted further than this."""


def wait_text(wait: Wait, run_id: str) -> str:
    """Return what is waited for, with the command that ends the wait where one does."""
    item = "" if wait.item_index is None else f"[{wait.item_index}]"
    who = f"subtask {wait.subtask_id}{item}" if wait.subtask_id else "the plan"
    if wait.kind == "approval":
        one = f" --subtask {wait.subtask_id}" if wait.subtask_id else ""
        why = f", because {wait.why}" if wait.why else ""
        return f"{who} waits for approval{why}: callsheet objectives approve {run_id}{one}"
    until = "" if wait.until_ms is None else f" until {iso(wait.until_ms)}"
    if wait.kind == "timer":
        return f"{who} waits{until}"
    return f"{who} waits{until} for signal {wait.name}: callsheet objectives signal {run_id} {wait.name}"


def iso(ms: int) -> str:
    """Return Unix milliseconds in ISO 8601, UTC, to the second."""
    bounded = min(max(ms, 0), 253_402_300_799_000)  # the last second datetime can spell
    return datetime.fromtimestamp(bounded // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Progress:
    """Watches one run.

    Args:
        console: Where to print; stderr's.
        redactor: Takes secrets out of what is printed.
    """

    def __init__(self, console: Console, redactor: Redactor) -> None:
        self._console = console
        self._redactor = redactor
        self._attempts: Counter[_Name] = Counter()
        self._failures: dict[_Name, str] = {}
        self._started: dict[_Name, int] = {}
        self.names_runs = False
        """Whether lines name their run: set where several go on at once."""

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
        name = (event.run_id, event.subtask_id)
        if event.kind == "subtask_started":
            self._started[name] = event.at_ms
            self.say(f"{self._of(event)}▶ {event.subtask_id}  {event.agent_type}", "dim")
        elif event.kind == "attempt_ended":
            self._attempts[name] += 1
            if event.error is not None:
                self._failures[name] = f"{event.error.code}: {event.error.message}"
            elif event.status is TraceStatus.PARTIAL_SUCCESS and event.warnings:
                self._failures.setdefault(name, event.warnings[0])
        elif event.kind == "replanned" and event.run is not None and event.run.plan is not None:
            self.say(f"{self._of(event)}a step failed; the run goes on by a new plan", "yellow")
            self.plan(event.run.plan)
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

    def left_over(self, count: int) -> None:
        """Say that earlier runs are unfinished, and how to go on with them."""
        if count:
            many = f"{MANY - 1:,} or more runs" if count >= MANY else counted(count, "run")
            verb = "was" if count == 1 else "were"
            self.say(f"{many} {verb} left unfinished; go on: callsheet run --resume all", "yellow")

    def waits(self, run: Run, waits: Sequence[Wait]) -> None:
        """Say what a run waits for, and the command that ends each wait."""
        self.say(f"run {run.run_id} is kept, and waits:", "yellow")
        for wait in waits[:MAX_WAITS]:
            self.say(f"  {wait_text(wait, run.run_id)}")
        if len(waits) > MAX_WAITS:
            self.say(f"  … and {len(waits) - MAX_WAITS} more: callsheet objectives show {run.run_id}")
        self.say(f"then go on with it: callsheet run --resume {run.run_id}", "dim")

    def _ended(self, event: RunEvent, status: TraceStatus) -> None:
        mark, style = MARKS[status]
        name = (event.run_id, event.subtask_id)
        attempts = self._attempts.pop(name, 0)
        took = event.at_ms - self._started.pop(name, event.at_ms)
        count = f"  {attempts} attempts" if attempts > 1 else ""
        failure = self._failures.pop(name, "")
        why = f"  {failure}" if failure else ""
        if status is TraceStatus.SKIPPED:
            why = "  skipped: what it waits for produced nothing"
        what = f"{mark} {event.subtask_id}  {event.agent_type}"
        self.say(f"{self._of(event)}{what}  {took} ms{count}{why}", style)

    def _of(self, event: RunEvent) -> str:
        return f"{event.run_id}  " if self.names_runs else ""

    def say(self, text: str, style: str = "") -> None:
        """Print one line."""
        self._console.print(Text(printable(self._redactor.text(text))[:400], style=style), soft_wrap=True)
