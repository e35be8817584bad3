"""What is kept can be read again, as it was written; and what was changed behind its back is never passed for good."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from contracts.errors import CallsheetError
from dispatcher.kept import Kept
from simulation.connection import SimConnection
from simulation.database import SimReader
from simulation.history import History
from storage.journal_rows import read_key
from storage.queries import key_by_name
from traces.events import EventStore
from traces.runs_store import RunStore
from traces.store import TraceStore

TARGETS: Final = {
    "run": ("run_id", ("objective", "state", "subtasks", "result", "priority", "error")),
    "trace": ("trace_id", ("status", "body", "attempt", "preview", "started_ms", "subtask_id")),
    "value": ("run_id", ("value", "written_by")),
    "event": ("run_id", ("data", "kind", "at_ms")),
    "plan": ("plan_id", ("body",)),
    "blob": ("sha256", ("body",)),
    "intent": ("run_id", ("key", "at_ms")),
    "wait": ("run_id", ("name", "until_ms", "since_ms")),
    "signal": ("run_id", ("name", "payload", "at_ms")),
    "request_key": ("key", ("fingerprint", "run_id", "at_ms")),
}
"""Table -> what names a row, and columns to spoil."""
NAMED_BY: Final = {
    "value": ("run_id", "key"),
    "event": ("run_id", "event_id"),
    "intent": ("run_id", "subtask_id", "item_index", "attempt"),
    "wait": ("run_id", "subtask_id", "item_index", "kind"),
    "signal": ("run_id", "signal_id"),
}
"""Where it takes more than one column."""


def read_all(connection: SimConnection) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield everything the stores can tell, each by its name."""
    reader = SimReader(connection)
    runs, traces, events, kept = RunStore(reader), TraceStore(reader), EventStore(reader), Kept(reader)
    for (run_id,) in connection.execute("SELECT run_id FROM run ORDER BY seq").fetchall():
        yield f"run {run_id}", partial(_dumped, runs, run_id)
        yield f"values of {run_id}", partial(runs.values, run_id)
        yield f"events of {run_id}", partial(events.of_run, run_id)
        yield f"journal of {run_id}", partial(kept.open, run_id)
    for (key,) in connection.execute("SELECT key FROM request_key ORDER BY key").fetchall():
        yield f"request {key}", partial(_keyed, reader, key)
    for (trace_id,) in connection.execute("SELECT trace_id FROM trace ORDER BY seq").fetchall():
        yield f"trace {trace_id}", partial(_printed, traces, trace_id)


def _dumped(runs: RunStore, run_id: str) -> object:
    return runs.get(run_id).model_dump(mode="json")


def _keyed(reader: SimReader, key: str) -> object:
    return [read_key(row) for row in reader.query(*key_by_name(key))]


def _printed(traces: TraceStore, trace_id: str) -> object:
    return traces.get(trace_id).as_json()


def what_is_kept_can_be_read(connection: SimConnection, history: History) -> None:
    """Read everything through the stores."""
    for name, read in read_all(connection):
        try:
            json.dumps(read(), default=str)
        except CallsheetError as exc:
            history.violate("what is kept can be read", f"{name}: {exc.code} {exc.message}")
    found = connection.execute("PRAGMA integrity_check").fetchall()
    if found[0][0] != "ok":
        history.violate("the file is sound", str(found[:3]))


def nothing_spoilt_is_served(
    connection: SimConnection, history: History, rng: random.Random, flips: int
) -> None:
    """Spoil some columns, one at a time, and see that each is noticed by whoever reads it."""
    good = {name: json.dumps(read(), default=str, sort_keys=True) for name, read in read_all(connection)}
    for _ in range(flips):
        table = rng.choice(list(TARGETS))
        key, columns = TARGETS[table]
        rows = connection.execute(f"SELECT {', '.join(NAMED_BY.get(table, (key,)))} FROM {table}").fetchall()
        if rows:
            _spoil(connection, history, rng, (table, rng.choice(columns), rng.choice(rows)), good)


def _spoil(
    connection: SimConnection,
    history: History,
    rng: random.Random,
    target: tuple[str, str, Any],
    good: dict[str, str],
) -> None:
    table, column, row = target
    where = " AND ".join(f"{column} IS ?" for column in NAMED_BY.get(table, (TARGETS[table][0],)))
    which = tuple(row)
    value = connection.execute(f"SELECT {column} FROM {table} WHERE {where}", which).fetchone()[0]
    spoilt = _changed(value, rng)
    if value is None or spoilt == value:
        return
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (spoilt, *which)).fetchall()
    for name, read in read_all(connection):
        try:
            served = json.dumps(read(), default=str, sort_keys=True)
        except CallsheetError:
            continue
        if served != good.get(name):
            history.violate(
                "nothing spoilt is served", f"{table}.{column} {which}: {name} was served changed"
            )
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (value, *which)).fetchall()


def _changed(value: Any, rng: random.Random) -> Any:
    if isinstance(value, int):
        return value ^ (1 << rng.randint(0, 3))
    if isinstance(value, bytes):
        at = rng.randrange(len(value)) if value else 0
        return value[:at] + bytes([value[at] ^ 1]) + value[at + 1 :] if value else value
    if isinstance(value, str) and value:
        digits = [i for i, c in enumerate(value) if c.isdigit()]
        at = rng.choice(digits) if digits else rng.randrange(len(value))
        return value[:at] + ("7" if value[at] != "7" else "3") + value[at + 1 :]
    return value
