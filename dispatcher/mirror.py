"""Trace files, written behind the database by one thread: the loop never waits for a folder."""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future

import structlog

from contracts.errors import CallsheetError
from contracts.trace import ExecutionTrace
from traces.files import TraceFiles

_log = structlog.get_logger(__name__)


class Mirror:
    """Writes a file for each trace it is given, in order.

    Args:
        files: Where they go.
    """

    def __init__(self, files: TraceFiles) -> None:
        self._files = files
        self._waiting: deque[ExecutionTrace | Future[None]] = deque()
        self._turn = threading.Condition()  # guards _waiting and _closed; never held while writing
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="trace-files", daemon=True)
        self._thread.start()
        self.lost = 0

    def write(self, traces: list[ExecutionTrace]) -> None:
        """Have files written soon."""
        with self._turn:
            self._waiting.extend(traces)
            self._turn.notify()

    def flushed(self) -> Future[None]:
        """Return a future that is done when everything handed over before is written."""
        mark: Future[None] = Future()
        mark.set_running_or_notify_cancel()
        with self._turn:
            if not self._closed:
                self._waiting.append(mark)
                self._turn.notify()
                return mark
        mark.set_result(None)
        return mark

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
                if isinstance(item, Future):
                    item.set_result(None)
                else:
                    self._write(item)

    def _write(self, trace: ExecutionTrace) -> None:
        try:
            self._files.write(trace)
        except (CallsheetError, OSError) as exc:
            # the trace itself is in the database; only its copy is missing
            self.lost += 1
            _log.error("trace_file_lost", trace_id=trace.trace_id, error=str(exc))
