"""Trace files, written behind the database by one thread: the loop never waits for a folder."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

import structlog

from contracts.errors import CallsheetError
from contracts.journal import Done
from storage.blobs import Blob
from storage.rows import TraceRow
from traces.files import TraceFiles
from traces.receipts import KeptReceipt
from traces.rows import trace_of

_log = structlog.get_logger(__name__)


class Mirror:
    """Writes a file for each trace it is given, in order.

    Args:
        files: Where they go.
    """

    def __init__(self, files: TraceFiles) -> None:
        self._files = files
        self._waiting: deque[KeptReceipt | Done] = deque()
        self._turn = threading.Condition()  # guards _waiting and _closed; never held while writing
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="trace-files", daemon=True)
        self._thread.start()
        self.lost = 0

    def write(self, copies: Sequence[KeptReceipt]) -> None:
        """Have files written soon."""
        with self._turn:
            self._waiting.extend(copies)
            self._turn.notify()

    def flushed(self, done: Done) -> None:
        """Tell `done`, in this thread or the mirror's, when everything handed over before is written."""
        with self._turn:
            if not self._closed:
                self._waiting.append(done)
                self._turn.notify()
                return
        done(None)

    def close(self) -> None:
        """Write what waits, then end the thread."""
        with self._turn:
            self._closed = True
            self._turn.notify()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                batch, self._waiting = self._waiting, deque()
            for item in batch:
                if isinstance(item, tuple):
                    self._write(item.row, item.blobs)
                else:
                    item(None)

    def _write(self, row: TraceRow, blobs: Sequence[Blob]) -> None:
        texts = {blob.sha256: blob.raw.decode() for blob in blobs}
        names = {"input": row.input_blob, "output": row.output_blob}
        try:
            self._files.write(
                trace_of(row.body, long={field: texts[name] for field, name in names.items() if name})
            )
        except (CallsheetError, OSError) as exc:
            # the trace itself is in the database; only its copy is missing
            self.lost += 1
            _log.error("trace_file_lost", trace_id=row.trace_id, error=str(exc))
