"""The database's traces as JSON files, byte for byte those that are written while runs go on.

A file's name is made of its trace, and the suffix, where two would meet, of the
order in which the database took them: the same order in which files are written
beside it. A trace whose file lies there already, byte for byte, is left alone,
so that a second export writes nothing. Nothing is ever written over.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.errors import CallsheetError, Damaged, InvalidInput, NotFound
from storage.findings import Progress, silent
from storage.reader import Reader
from storage.statement import Query
from storage.walks import all_traces, all_traces_of_run, trace_names, trace_names_of_run
from traces.files import TraceFiles, trace_bytes, trace_stem
from traces.folder import END, split_suffix, trace_file_names
from traces.loading import read_trace_file
from traces.store import TraceStore

MAX_NAMED: Final = 100
"""Unreadable traces that are named; all are counted."""

_REMEMBERED: Final = 4096


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did."""

    written: int
    there: int
    """Lay there already, byte for byte."""
    damaged: int
    """Could not be read from the database."""
    named: tuple[str, ...]
    """The first of those, by id."""


def export_traces(
    reader: Reader, folder: Path, *, run_id: str | None = None, progress: Progress = silent
) -> Exported:
    """Write a file for each trace of a database, or of one run.

    Args:
        reader: Of the database.
        folder: Made where it is missing.
        run_id: Whose traces; every run's when absent.
        progress: Told how far it is.

    Raises:
        NotFound: `run.unknown`, no trace is that run's.
        Unavailable: `trace.folder_unwritable`, `trace.write_failed`.
    """
    bounds = reader.query(*(all_traces() if run_id is None else all_traces_of_run(run_id)))[0]
    if run_id is not None and not bounds["count"]:
        raise NotFound("run.unknown", f"no trace is of a run called {run_id[:80]!r}")
    files, store, there = TraceFiles(folder), TraceStore(reader), _Present(folder)
    written = kept = 0
    damaged: list[str] = []
    for trace_id in ids_of(reader, run_id=run_id, upto=bounds["seq"]):
        try:
            trace = store.get(trace_id)
        except (Damaged, InvalidInput):
            damaged.append(trace_id)
            continue
        if there.has(trace_stem(trace), trace_bytes(trace)):
            kept += 1
        else:
            files.write(trace)
            written += 1
        progress("traces", written + kept + len(damaged), bounds["count"])
    return Exported(written, kept, len(damaged), tuple(damaged[:MAX_NAMED]))


def ids_of(reader: Reader, *, run_id: str | None = None, upto: int) -> Iterator[str]:
    """Yield the ids of traces in the order the database took them, up to a `seq`."""
    after = 0
    while rows := reader.query(*_names(run_id, after, upto)):
        yield from (row["trace_id"] for row in rows)
        after = rows[-1]["place"]


def _names(run_id: str | None, after: int, upto: int) -> Query:
    if run_id is None:
        return trace_names(after=after, upto=upto)
    return trace_names_of_run(run_id, after=after, upto=upto)


class _Present:
    """Knows which texts lay in a folder when it was opened."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, list[str]] = defaultdict(list)
        self._digests: OrderedDict[str, frozenset[bytes]] = OrderedDict()
        for name in trace_file_names(folder):
            self._note(name)

    def has(self, stem: str, text: bytes) -> bool:
        """Say whether a file of that stem holds that text."""
        if stem not in self._names:
            return False
        if stem not in self._digests:
            self._digests[stem] = frozenset(self._read(stem))
            if len(self._digests) > _REMEMBERED:
                self._digests.popitem(last=False)
        return hashlib.sha256(text).digest() in self._digests[stem]

    def _note(self, name: str) -> None:
        prefix, number = split_suffix(name)
        self._names[name.removesuffix(END)].append(name)
        if number:
            self._names[prefix].append(name)

    def _read(self, stem: str) -> Iterator[bytes]:
        for name in self._names[stem]:
            try:
                yield hashlib.sha256(read_trace_file(self._folder / name)).digest()
            except CallsheetError:
                continue
