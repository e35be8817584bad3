"""What the file really holds, read row by row through storage's own readers, and held against the model."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any, Final

from contracts.errors import CallsheetError, Damaged
from simulation.alone.model import FINAL, KEYS, Model, key_of
from simulation.alone.rows import READS
from simulation.connection import Row, SimConnection
from simulation.database import SimReader
from storage import queries
from storage.blobs import blob_text, read_blob
from storage.rows import read_line, read_trace_head

PAGE: Final = 2


def differences(connection: SimConnection, model: Model) -> Iterator[str]:
    """Yield what the file holds and the model does not, and the other way round."""
    reader = SimReader(connection)
    for table in KEYS:
        found = dict(_rows(connection, table))
        for key in sorted(found.keys() | model.rows[table].keys(), key=repr):
            if found.get(key) != model.rows[table].get(key):
                yield f"{table} {key}: {found.get(key)} for {model.rows[table].get(key)}"
    names = {row[0] for row in connection.execute("SELECT sha256 FROM blob").fetchall()}
    if names != model.blobs.keys():
        yield f"blobs {sorted(names ^ model.blobs.keys())}"
    for name in sorted(names & model.blobs.keys()):
        try:
            is_good = read_blob(reader, name).encode() == model.blobs[name] and name not in model.damaged
        except Damaged:
            is_good = name in model.damaged
        if not is_good:
            yield f"blob {name}"


def wrong_answers(connection: SimConnection, model: Model) -> Iterator[str]:
    """Yield questions of the engine that are not answered from what is kept."""
    reader = SimReader(connection)
    runs, wakes = model.rows["run"], model.rows["wake"]
    going = ("queued", "planning", "running")
    unfinished = [k for (k,), r in runs.items() if r.state in going and (k,) not in wakes]
    found, after = [], 0
    while rows := reader.query(*queries.unfinished_runs(after=after, limit=PAGE)):
        found += [read_line(row).run_id for row in rows]
        after = rows[-1]["seq"]
    if sorted(found) != sorted(unfinished):
        yield f"unfinished: {found}, not {unfinished}"
    moments = sorted({row.at_ms for row in wakes.values()})
    for moment in {0, *moments[:2], *moments[-1:]}:
        due = [row["run_id"] for row in reader.query(*queries.due_runs(before_ms=moment, limit=100))]
        expected = [k for (k,), row in wakes.items() if row.at_ms <= moment and (k,) in runs]
        if sorted(due) != sorted(expected):
            yield f"due by {moment}: {due}, not {expected}"
        later = [row["at_ms"] for row in reader.query(*queries.next_wake(after_ms=moment))]
        if later != [m for m in moments if m > moment][:1]:
            yield f"due after {moment}: {later}"
    for (run_id,) in runs:
        yield from _of_run(reader, run_id, model)


def _of_run(reader: SimReader, run_id: str, model: Model) -> Iterator[str]:
    def own(table: str) -> list[Any]:
        return [row for row in model.rows[table].values() if row.run_id == run_id]

    signals = [row["signal_id"] for row in reader.query(*queries.signals_of_run(run_id))]
    if sorted(signals) != sorted(s.signal_id for s in own("signal") if not s.taken):
        yield f"signals of {run_id}: {signals}"
    for table, query in (("wait", queries.waits_of_run(run_id)), ("intent", queries.intents_of_run(run_id))):
        if len(reader.query(*query)) != len(own(table)):
            yield f"{table} of {run_id}"
    numbers = [row.event_id for table in ("event", "trace") for row in own(table)]
    (last,) = reader.query(*queries.last_event(run_id))
    if last["event_id"] != max(numbers, default=0):
        yield f"last event of {run_id}: {last['event_id']}"
    for table, ask in (("event", queries.events_of_run), ("trace", queries.traces_of_run)):
        paged: list[int] = []
        while rows := reader.query(*ask(run_id, after=max(paged, default=0), limit=PAGE)):
            paged += [row["event_id"] for row in rows]
        if paged != sorted(row.event_id for row in own(table)):
            yield f"{table}s of {run_id}: {paged}"


def unnoticed(connection: SimConnection, rng: random.Random) -> Iterator[str]:
    """Spoil every column of one row of each table, one at a time; yield what is read as if nothing were."""
    for table in KEYS:
        rows = connection.execute(f"SELECT * FROM {table}").fetchall()
        if not rows:
            continue
        row = rng.choice(rows)
        for column in [c for c in row.keys() if c != "seq"]:  # noqa: SIM118  # a row is no mapping
            spoilt = _spoilt(row, column)
            if spoilt is not None and _passes(table, column, spoilt):
                yield f"{table}.{column} {row[column]!r} read as {spoilt[column]!r}"
    for row in connection.execute("SELECT * FROM blob ORDER BY sha256 LIMIT 1").fetchall():
        for column in ("sha256", "length", "body", "sum"):
            spoilt = _spoilt(row, column)
            if spoilt is not None and _is_read(blob_text, spoilt):
                yield f"blob.{column} of {row['sha256']}"


def _passes(table: str, column: str, row: Row) -> bool:
    readers = [READS[table]]
    if table == "run" and column in ("state", "epoch", "objective", "created_ms", "line_sum", "priority"):
        readers.append(read_line)
    if table == "trace" and column != "body":
        readers.append(read_trace_head)
    return any(_is_read(read, row) for read in readers)


def _is_read(read: Callable[[Any], Any], row: Row) -> bool:
    try:
        read(row)
    except CallsheetError:
        return False
    return True


def _spoilt(row: Row, column: str) -> Row | None:
    value = row[column]
    if isinstance(value, int):
        changed: Any = value ^ 1
    elif isinstance(value, float):
        changed = value + 1.0
    elif isinstance(value, bytes):
        changed = value[:-1] + bytes([value[-1] ^ 1])
    elif isinstance(value, str):
        changed = value[:-1] + ("x" if value[-1:] != "x" else "y")
    else:
        changed = "null" if value is None else None
    return type(row)(changed if name == column else old for name, old in zip(row.names, row, strict=True))


def _rows(connection: SimConnection, table: str) -> Iterator[tuple[tuple[Any, ...], Any]]:
    for row in connection.execute(f"SELECT * FROM {table}").fetchall():
        found = READS[table](row)
        yield key_of(table, found), found


def told_of(model: Model) -> str:
    """Return a line about a model, for the history."""
    over = sum(run.state in FINAL for run in model.rows["run"].values())
    return json.dumps(
        {table: len(rows) for table, rows in model.rows.items()} | {"over": over, "blobs": len(model.blobs)}
    )
