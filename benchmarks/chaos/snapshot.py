"""Everything a database serves, by name: each answer as text, or the code of the error that came instead."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

from contracts.clock import SystemClock
from contracts.errors import CallsheetError
from contracts.jsonvalue import canonical_json
from dispatcher.kept import Kept
from storage.check import check, look_over
from storage.database import Reader
from storage.findings import Report
from storage.restore import restore
from traces.events import EventStore
from traces.runs_store import RunStore
from traces.store import TraceFilter, TraceStore

ERROR: Final = "error:"
PATIENCE_S: Final = 30.0
PAGE: Final = 200

Snapshot = dict[str, str]


class Findings(NamedTuple):
    """What became of one damaged file."""

    served: Snapshot
    named: tuple[str, ...]
    """What `db check` found; empty for a clean file."""
    seen: tuple[str, ...]
    """What `doctor` finds, which looks only so long."""
    mended: Snapshot
    """Served once a backup was put in its place; empty where that failed."""


def look_into(path: Path, backup: Path) -> Findings:
    """Read all there is, check the file, put a backup in its place, read again; a hang kills this process."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE_S)
    served = snapshot(path)
    named, seen = _named(check, path), _named(look_over, path)
    try:
        restore(backup, path, now=SystemClock().now())
        mended = snapshot(path)
    except CallsheetError as exc:
        mended = {"restore": f"{ERROR}{exc.code}"}
    signal.setitimer(signal.ITIMER_REAL, 0)
    return Findings(served, named, seen, mended)


def _named(look: Callable[[Path], Report], path: Path) -> tuple[str, ...]:
    try:
        return tuple(f"{f.table} {f.key}: {f.message}" for f in look(path).findings)
    except CallsheetError as exc:
        return (f"{exc.code}: {exc.message}",)


def snapshot(path: Path) -> Snapshot:
    """Return what every list and every look-up gives."""
    found: Snapshot = {}
    try:
        reader = Reader.open(path)
    except CallsheetError as exc:
        return {"open": f"{ERROR}{exc.code}"}
    try:
        runs, traces, events = RunStore(reader), TraceStore(reader), EventStore(reader)
        kept = Kept(reader)
        run_ids = _list(found, "runs", partial(_runs, runs))
        trace_ids = _list(found, "traces", partial(_traces, traces))
        for run_id in run_ids:
            _serve(found, f"run {run_id}", partial(_run, runs, run_id))
            _serve(found, f"events {run_id}", partial(_events, events, run_id))
            _serve(found, f"journal {run_id}", partial(_opened, kept, run_id))
        for trace_id in trace_ids:
            _serve(found, f"trace {trace_id}", partial(_trace, traces, trace_id))
    finally:
        reader.close()
    return found


def _serve(found: Snapshot, name: str, read: Callable[[], str]) -> None:
    try:
        found[name] = read()
    except CallsheetError as exc:
        found[name] = f"{ERROR}{exc.code}"


def _list(
    found: Snapshot, name: str, page: Callable[[str | None], tuple[dict[str, str], str | None]]
) -> list[str]:
    ids: list[str] = []
    after: str | None = None
    try:
        while True:
            lines, after = page(after)
            found.update({f"line {each}": text for each, text in lines.items()})
            ids += lines
            if after is None:
                return ids
    except CallsheetError as exc:
        found[f"{name} after {len(ids)}"] = f"{ERROR}{exc.code}"
        return ids


def _runs(store: RunStore, after: str | None) -> tuple[dict[str, str], str | None]:
    page = store.page(limit=PAGE, after=after)
    return {run.run_id: repr(run) for run in page.runs}, page.next


def _traces(store: TraceStore, after: str | None) -> tuple[dict[str, str], str | None]:
    page = store.page(TraceFilter(), limit=PAGE, after=after)
    return {trace.trace_id: repr(trace) for trace in page.traces}, page.next


def _run(store: RunStore, run_id: str) -> str:
    return store.get(run_id).model_dump_json()


def _opened(kept: Kept, run_id: str) -> str:
    return repr(kept.open(run_id))


def _trace(store: TraceStore, trace_id: str) -> str:
    return canonical_json(store.get(trace_id).as_json())


def _events(store: EventStore, run_id: str) -> str:
    return repr(list(_all_events(store, run_id)))


def _all_events(store: EventStore, run_id: str) -> Iterator[Any]:
    after = 0
    while lines := store.of_run(run_id, after=after):
        yield from lines
        after = lines[-1].event_id
