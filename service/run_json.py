"""Runs and traces as JSON: what the API answers and what commands print; imports no framework."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, Final

from pydantic import JsonValue

from contracts.journal import Wait
from contracts.run import Run
from traces.runs_store import RunStore
from traces.store import TraceFilter, TracePage, TraceStore

NEWEST_TRACES: Final = 50


def run_json(run: Run) -> dict[str, Any]:
    """Return a run as JSON, its plan as it was written."""
    whole: dict[str, JsonValue] = run.model_dump(mode="json", exclude={"plan"})
    return whole | {"plan": run.plan.as_json() if run.plan is not None else None}


def run_body(
    runs: RunStore, traces: TraceStore, waits_of: Callable[[str], Sequence[Wait]], run_id: str
) -> dict[str, Any]:
    """Return a run as JSON, with the newest of its traces and what it waits for.

    Raises:
        NotFound: `run.unknown`.
    """
    run = runs.get(run_id)
    page = traces.page(TraceFilter(run_id=run_id), limit=NEWEST_TRACES)
    waits = () if run.state.is_final else waits_of(run_id)
    more = {
        "traces": {"traces": trace_lines(page), "next": page.next},
        "waits": [asdict(wait) for wait in waits],
    }
    return run_json(run) | more


def page_body(runs: RunStore, *, state: str | None, limit: int, after: str | None) -> dict[str, Any]:
    """Return a page of runs as JSON."""
    page = runs.page(state=state, limit=limit, after=after)
    return {"objectives": [asdict(run) for run in page.runs], "next": page.next}


def trace_lines(page: TracePage) -> list[dict[str, Any]]:
    """Return a page's summaries as JSON."""
    return [asdict(trace) for trace in page.traces]
