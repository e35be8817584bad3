"""The service's own figures, from memory alone: what is under way, what was kept since it began."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from contracts.run import RunState
from dispatcher.engine import LocalEngine
from dispatcher.journal import StorageJournal
from service.events import EventHub
from service.metrics import Figure

Figures = Callable[[], Sequence[Figure]]

_FINAL: Final = [state.value for state in RunState if state.is_final]


def figures_of(engine: LocalEngine, journal: StorageJournal, hub: EventHub) -> Figures:
    """Return what tells how the service stands."""

    def figures() -> Sequence[Figure]:
        active, queued = engine.load
        return (
            Figure(
                "callsheet_runs",
                "Runs under way, and those that wait for their turn.",
                "gauge",
                {"active": active, "queued": queued},
                "place",
            ),
            Figure(
                "callsheet_runs_ended_total",
                "Runs that ended, by their state.",
                "counter",
                {state: journal.runs_ended[state] for state in _FINAL},
                "state",
            ),
            Figure("callsheet_traces_total", "Traces that were kept.", "counter", journal.traces_kept),
            Figure(
                "callsheet_trace_files_lost_total",
                "Trace files that could not be written.",
                "counter",
                journal.files_lost,
            ),
            Figure("callsheet_event_streams", "Streams of events that are open.", "gauge", hub.count),
        )

    return figures
