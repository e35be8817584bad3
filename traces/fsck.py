"""Trace files held against the database: which are missing, which it knows nothing of, which differ.

The database holds what counts; a file is a copy of it. A file is known by the
trace in it, not by its name, for after a crash names may have moved up by one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from contracts.errors import CallsheetError, Damaged, NotFound
from contracts.trace import ExecutionTrace
from storage.findings import Progress, silent
from storage.reader import Reader
from storage.walks import all_traces
from traces.export import ids_of
from traces.files import trace_bytes
from traces.folder import END, Filed, trace_file_names
from traces.loading import parse_trace, read_trace_file
from traces.store import TraceStore

Kind = Literal["missing", "extra", "differs", "twice", "misnamed", "unreadable", "damaged"]
"""`damaged` is the database's row; the other ones are the file."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where folder and database disagree."""

    kind: Kind
    file: str
    """Its name in the folder; empty where there is none."""
    trace_id: str
    message: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a comparison found."""

    files: int
    traces: int
    counts: dict[str, int]
    """How many of each kind."""
    differences: tuple[Difference, ...]
    """The first of them."""

    @property
    def is_clean(self) -> bool:
        """Whether each trace has its file and each file its trace."""
        return not self.counts


def compare_files(
    reader: Reader, folder: Path, *, limit: int = 100, progress: Progress = silent
) -> Comparison:
    """Hold the trace files of a folder against a database; both are only read.

    A file that a server writes meanwhile is no difference.

    Raises:
        NotFound: `trace.no_folder`.
    """
    bounds = reader.query(*all_traces())[0]
    found = _Comparing(reader, folder, limit)
    names = trace_file_names(folder)
    for done, name in enumerate(names, 1):
        found.look_at(name)
        progress("files", done, len(names))
    missing = [trace_id for trace_id in ids_of(reader, upto=bounds["seq"]) if trace_id not in found.seen]
    if missing:
        for name in sorted(set(trace_file_names(folder)) - set(names)):
            found.look_at(name)  # written since
    found.miss(trace_id for trace_id in missing if trace_id not in found.seen)
    return Comparison(len(names), bounds["count"], dict(found.counts), tuple(found.kept))


@dataclass(slots=True)
class _Comparing:
    reader: Reader
    folder: Path
    limit: int
    kept: list[Difference] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)

    def look_at(self, name: str) -> None:
        path = self.folder / name
        try:
            text = read_trace_file(path)
            trace = parse_trace(text, path)
        except NotFound:
            return  # removed meanwhile
        except CallsheetError as exc:
            self._add("unreadable", name, "", exc.message)
            return
        for kind, message in self._faults(name, text, trace):
            self._add(kind, name, trace.trace_id, message)
        self.seen.add(trace.trace_id)

    def miss(self, trace_ids: Iterable[str]) -> None:
        for trace_id in trace_ids:
            self._add("missing", "", trace_id, "no file holds this trace")

    def _faults(self, name: str, text: bytes, trace: ExecutionTrace) -> Iterator[tuple[Kind, str]]:
        if trace.trace_id in self.seen:
            yield "twice", "another file holds this trace too"
        try:
            kept = TraceStore(self.reader).get(trace.trace_id)
        except NotFound:
            yield "extra", "the database has no such trace"
            return
        except Damaged as exc:
            yield "damaged", exc.message
            return
        if text != trace_bytes(kept):
            yield "differs", "the file is not what the database holds"
        elif not (filed := Filed.of(name, trace)).number:
            yield "misnamed", f"its trace calls for {filed.stem}{END}"

    def _add(self, kind: Kind, file: str, trace_id: str, message: str) -> None:
        self.counts[kind] += 1
        if len(self.kept) < self.limit:
            self.kept.append(Difference(kind, file, trace_id, message[:300]))
