"""Runs and their events as lines for people; nothing a page or a plan says can drive the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from contracts.journal import Wait
from contracts.run import Run
from contracts.trace import TraceStatus
from service.console import counted, printable
from service.plan_formats import as_table
from service.progress import MARKS, iso, wait_text
from traces.events import EventLine

WIDE: Final = 60
MAX_ROWS: Final = 40


def run_line(run: Mapping[str, Any]) -> str:
    """Return one run of a list."""
    what = _short(run["objective"], WIDE)
    return f"{run['run_id']}  {run['state']:<17}  {iso(run['created_ms'])}  {what}"


def run_lines(run: Run, waits: Sequence[Wait]) -> Iterator[str]:
    """Yield what there is to say of one run, but its result."""
    yield f"{run.run_id}  {run.state.value}"
    yield f"objective: {_short(run.objective, 400)}"
    yield f"created:   {iso(run.created_ms)}{_took(run)}"
    if run.parent_id:
        yield f"retries:   {printable(run.parent_id)}"
    if run.deadline_ms is not None and not run.state.is_final:
        yield f"deadline:  {iso(run.deadline_ms)}"
    if run.cancel_reason:
        yield f"cancelled: {_short(run.cancel_reason, 200)}"
    if run.plan is not None:
        yield ""
        yield from plan_lines(run)
    if run.error is not None:
        yield ""
        yield f"{run.error.code}: {_short(run.error.message, 400)}"
        yield from [f"hint: {_short(run.error.hint, 400)}"] if run.error.hint else []
    yield from (wait_text(wait, run.run_id) for wait in waits)


def plan_lines(run: Run) -> Iterator[str]:
    """Yield a run's plan in short, each subtask with how it ended."""
    if run.plan is None:
        return
    head, *rows = as_table(run.plan.as_json()).splitlines()
    ended = [run.subtasks[s.id].value if s.id in run.subtasks else "-" for s in run.plan.subtasks]
    yield f"plan {run.plan.plan_id[:12]}, {counted(len(run.plan.subtasks), 'subtask')}"
    yield f"{'STATUS':<15}  {head}"
    yield from (f"{status:<15}  {row}" for status, row in zip(ended[:MAX_ROWS], rows, strict=False))
    if len(ended) > MAX_ROWS:
        yield f"… and {len(ended) - MAX_ROWS} more; --json prints all"


def event_text(event: EventLine) -> tuple[str, str]:
    """Return an event as one line, and the style it is shown in."""
    if event.kind == "attempt_ended":
        text, style = _attempt(event.body)
    elif event.kind == "replanned":
        text, style = _replanned(event.body), "yellow"
    else:
        text, style = f"{event.kind.replace('_', ' ')}{_about(event.body)}", STYLES.get(event.kind, "")
    return f"{event.event_id:>5}  {iso(event.at_ms)[11:]}  {text}", style


STYLES: Final = {
    "succeeded": "green", "failed": "red", "rejected": "red", "cancelled": "red", "effect_unknown": "red",
    "awaiting_approval": "yellow", "held": "yellow", "replanning": "yellow", "not_replanned": "red",
    "parked": "dim", "intent": "dim", "queued": "dim",
}  # fmt: skip


def _attempt(body: Mapping[str, Any]) -> tuple[str, str]:
    status = str(body.get("status", ""))
    known = status if status in set(TraceStatus) else TraceStatus.FAILURE
    mark, style = MARKS[TraceStatus(known)]
    index = body.get("item_index")
    where = f"{body.get('subtask_id') or 'the plan'}{'' if index is None else f'[{index}]'}"
    parts = [f"{mark} {where}", str(body.get("agent_type", ""))]
    if body.get("attempt"):
        parts.append(f"attempt {body['attempt']}, {float(body.get('duration_ms') or 0):.0f} ms")
    if body.get("error_code"):
        parts.append(str(body["error_code"]))
    if body.get("next_ms"):
        parts.append(f"again at {iso(int(body['next_ms']))[11:]}")
    return _short("  ".join(parts), 300), style


def _replanned(body: Mapping[str, Any]) -> str:
    changes = body.get("changes")
    told = "; ".join(map(str, changes)) if isinstance(changes, list) else ""
    head = f"replanned  {body.get('subtask_id')} failed with {body.get('code')}"
    return _short(f"{head}: plan {str(body.get('to'))[:12]} takes its place  {told}", 400)


def _about(body: Mapping[str, Any]) -> str:
    parts = [f"{name}={value}" for name, value in body.items() if isinstance(value, (str, int, float))]
    return _short(f"  {'  '.join(parts)}", 300) if parts else ""


def _took(run: Run) -> str:
    if run.started_ms is None or run.ended_ms is None:
        return ""
    return f", took {(run.ended_ms - run.started_ms) / 1000:.1f} s"


def _short(text: str, most: int) -> str:
    shown = printable(text[: most * 2])
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"
