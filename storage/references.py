"""What points nowhere, and numbers that are not there: rows held against each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Final

from storage.findings import UNREADABLE, Findings

_OF_RUNS: Final = {
    "trace": "trace_id",
    "value": "run_id || ' ' || key",
    "event": "run_id || ' ' || event_id",
    "intent": "run_id || ' ' || subtask_id",
    "wait": "run_id || ' ' || subtask_id",
    "signal": "run_id || ' ' || signal_id",
    "request_key": "key",
    "wake": "run_id",
}
"""Tables whose rows belong to a run, and what names such a row."""
_OF_BLOBS: Final = (
    ("run", "run_id", "result_blob"),
    ("run", "run_id", "inputs_blob"),
    ("plan", "plan_id", "blob"),
    ("trace", "trace_id", "input_blob"),
    ("trace", "trace_id", "output_blob"),
    ("value", "run_id || ' ' || key", "blob"),
)
_WITHOUT_RUN: Final = (
    "SELECT {key}, run_id FROM {table} WHERE NOT EXISTS (SELECT 1 FROM run WHERE run.run_id = {table}.run_id)"
)
_WITHOUT_BLOB: Final = (
    "SELECT {key}, {column} FROM {table} WHERE {column} IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM blob WHERE blob.sha256 = {table}.{column})"
)
_NUMBERS: Final = "SELECT run_id, event_id FROM {} ORDER BY run_id, event_id"


def find_orphans(connection: sqlite3.Connection, found: Findings) -> None:
    """Note rows of no run, runs without their plan, and rows whose blob is missing."""
    for table, key in _OF_RUNS.items():
        sql = _WITHOUT_RUN.format(table=table, key=key)
        _note(connection, sql, found, (table, "its run {!r} is missing"))
    _note(
        connection,
        "SELECT run_id, plan_id FROM run WHERE plan_id IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM plan WHERE plan.plan_id = run.plan_id)",
        found,
        ("run", "its plan {!r} is missing"),
    )
    for table, key, column in _OF_BLOBS:
        sql = _WITHOUT_BLOB.format(table=table, key=key, column=column)
        _note(connection, sql, found, (table, f"its {column} {{!r}} is missing"))


def find_gaps(connection: sqlite3.Connection, found: Findings) -> None:
    """Note runs whose events are not numbered from 1 on, each number once."""

    def walk() -> None:
        lists = (connection.execute(_NUMBERS.format(table)) for table in ("event", "trace"))
        for run_id, numbers in groupby(merge(*lists), key=itemgetter(0)):
            if fault := _fault(number for _, number in numbers):
                found.add("event", run_id, fault)

    _guarded(walk, found, "event")
    _note(
        connection,
        "SELECT run_id, 1 FROM run WHERE NOT EXISTS (SELECT 1 FROM event WHERE event.run_id = run.run_id)",
        found,
        ("event", "event {} is missing"),
    )


def _fault(numbers: Iterable[int]) -> str:
    for wanted, number in enumerate(numbers, 1):
        if number != wanted:
            return f"event {wanted} is missing" if number > wanted else f"event {number} stands twice"
    return ""


def _note(connection: sqlite3.Connection, sql: str, found: Findings, says: tuple[str, str]) -> None:
    table, message = says

    def walk() -> None:
        for key, what in connection.execute(sql):
            found.add(table, key, message.format(what))

    _guarded(walk, found, table)


def _guarded(walk: Callable[[], None], found: Findings, table: str) -> None:
    try:
        walk()
    except (*UNREADABLE, TypeError) as exc:  # a damaged number is not even of its type
        found.add(table, "", exc)
