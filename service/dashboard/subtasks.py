"""What a run's subtasks came to, from its plan and its traces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from contracts.journal import Wait
from contracts.plan import Plan
from contracts.run import Run, RunState
from contracts.trace import TraceStatus
from service.dashboard.dag import NODE_HEIGHT, NODE_WIDTH, Box, Drawing, draw
from service.dashboard.present import duration
from traces.summary import TraceSummary

MAX_LINKS = 12
"""Traces linked from one subtask's row."""


@dataclass(frozen=True, slots=True)
class SubtaskView:
    """One subtask, as a row and as a node."""

    id: str
    objective: str
    agent: str
    state: str
    """A trace status, `running`, `waiting`, `awaiting_approval`, `parked` or `not_started`."""
    dependencies: tuple[str, ...]
    items: str
    """`3 of 4 items` for a foreach subtask, else empty."""
    attempts: int
    took: str
    traces: tuple[TraceSummary, ...]
    more: int
    """Traces that are not linked."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, well or not."""
        return self.state in set(TraceStatus)

    @property
    def link(self) -> str:
        """Where its node leads: its only trace, or its row."""
        return f"/ui/traces/{self.traces[0].trace_id}" if len(self.traces) == 1 else f"#subtask-{self.id}"


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of the drawing."""

    box: Box
    subtask: SubtaskView


@dataclass(frozen=True, slots=True)
class GraphView:
    """A drawing with what its nodes stand for."""

    drawing: Drawing
    nodes: tuple[NodeView, ...]
    node_width: int = NODE_WIDTH
    node_height: int = NODE_HEIGHT


def subtasks_of(
    run: Run, traces: Iterable[TraceSummary], waits: Iterable[Wait] = ()
) -> tuple[SubtaskView, ...]:
    """Return a run's subtasks in the plan's order; none while it has no plan."""
    if run.plan is None:
        return ()
    by_subtask: dict[str, list[TraceSummary]] = {}
    for trace in traces:
        by_subtask.setdefault(trace.subtask_id, []).append(trace)
    states = _states(run, run.plan, by_subtask) | _waiting(run, waits)
    return tuple(
        _view(s.id, run.plan, i, states[s.id], by_subtask.get(s.id, ()))
        for i, s in enumerate(run.plan.subtasks)
    )


def imagined(plan: Plan) -> Run:
    """Return a run of a plan of which nothing has begun."""
    return Run(run_id="preview", objective=plan.objective, state=RunState.QUEUED, plan=plan)


def graph_of(subtasks: Sequence[SubtaskView]) -> GraphView | None:
    """Return the drawing of a run's plan, or None when there is nothing to draw or too much."""
    drawing = draw({s.id: s.dependencies for s in subtasks}) if subtasks else None
    if drawing is None:
        return None
    by_id = {s.id: s for s in subtasks}
    return GraphView(drawing, tuple(NodeView(box, by_id[box.name]) for box in drawing.boxes))


def _states(run: Run, plan: Plan, traces: Mapping[str, Sequence[TraceSummary]]) -> dict[str, str]:
    found: dict[str, str] = {sid: status.value for sid, status in run.subtasks.items()}
    for subtask in plan.subtasks:
        if subtask.id in found:
            continue
        mine = traces.get(subtask.id, ())
        if mine and (run.state.is_final or subtask.foreach is None) and not _may_retry(run, mine[-1]):
            found[subtask.id] = str(mine[-1].status)
    done = {sid for sid, state in found.items() if TraceStatus(state).has_output}
    for subtask in plan.subtasks:
        is_ready = done.issuperset(subtask.dependencies)
        is_on = run.state is RunState.RUNNING and (is_ready or subtask.id in traces)
        otherwise = "not_started" if run.state.is_final else "waiting"
        found.setdefault(subtask.id, "running" if is_on else otherwise)
    return found


def _waiting(run: Run, waits: Iterable[Wait]) -> dict[str, str]:
    states = {"approval": RunState.AWAITING_APPROVAL.value, "signal": "parked", "timer": "parked"}
    return {w.subtask_id: states[w.kind] for w in waits if w.subtask_id and w.subtask_id not in run.subtasks}


def _may_retry(run: Run, last: TraceSummary) -> bool:
    ended_badly = last.status in {TraceStatus.FAILURE, TraceStatus.TIMEOUT}
    return ended_badly and not run.state.is_final


def _view(sid: str, plan: Plan, index: int, state: str, traces: Sequence[TraceSummary]) -> SubtaskView:
    subtask = plan.subtasks[index]
    elements = {t.item_index for t in traces if t.item_index is not None}
    good = {t.item_index for t in traces if t.item_index is not None and TraceStatus(t.status).has_output}
    began = min((t.started_ms for t in traces), default=0)
    ended = max((t.started_ms + t.duration_ms for t in traces), default=0)
    return SubtaskView(
        id=sid,
        objective=subtask.objective,
        agent=subtask.required_agent,
        state=state,
        dependencies=tuple(subtask.dependencies),
        items=f"{len(good)} of {len(elements)} items"
        if elements
        else "for each item"
        if subtask.foreach
        else "",
        attempts=max((t.attempt for t in traces), default=0),
        took=duration(ended - began) if any(t.attempt for t in traces) else "",
        traces=tuple(traces[:MAX_LINKS]),
        more=max(0, len(traces) - MAX_LINKS),
    )
