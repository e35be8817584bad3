"""Each trace as a JSON file: `trace_<task>_<timestamp>.json`, with a suffix where two would meet.

A file appears whole or not at all, and none is ever written over: it is
written under another name and then linked. Nothing is synced: the database
holds the durable copy. A file is its owner's alone to read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import threading
from collections import OrderedDict
from itertools import count
from pathlib import Path
from typing import Final

from pydantic_core import PydanticSerializationError, to_json

from contracts.errors import Unavailable
from contracts.trace import ExecutionTrace
from traces.loading import MAX_FILE_BYTES, load_trace
from traces.rows import trace_text

__all__ = ["TraceFiles", "load_trace", "trace_bytes", "trace_stem"]

_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]")
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES})
_REMEMBERED: Final = 4096


class TraceFiles:
    """Writes trace files into one folder, from any thread, beside any other process.

    Args:
        folder: Made where it is missing.

    Raises:
        Unavailable: `trace.folder_unwritable`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._names = count()
        self._mark = f".{os.getpid()}-{secrets.token_hex(4)}"
        self._next: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()  # guards _next
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            Path(self._draft(b"")).unlink()
        except (OSError, ValueError) as exc:
            raise Unavailable(
                "trace.folder_unwritable",
                f"no trace can be written into {str(folder)[:300]!r}: {str(exc)[:300]}",
                where=str(folder),
                hint="Name another folder for the traces, or make this one writable.",
            ) from exc

    def write(self, trace: ExecutionTrace) -> Path:
        """Write one trace and return where it lies.

        Raises:
            InvalidInput: `trace.not_json`, `trace.too_large`.
            Unavailable: `trace.write_failed`.
        """
        text = trace_bytes(trace)
        try:
            return self._place(self._draft(text), trace_stem(trace))
        except OSError as exc:
            raise Unavailable(
                "trace.write_failed",
                f"trace {trace.trace_id!r} was not written as a file: {exc.strerror}",
                where=str(self.folder),
            ) from exc

    def _draft(self, text: bytes) -> str:
        path = f"{self.folder}/{self._mark}-{next(self._names)}"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            left = memoryview(text)
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError:
            Path(path).unlink()
            raise
        finally:
            os.close(descriptor)
        return path

    def _place(self, draft: str, stem: str) -> Path:
        placed = False
        try:
            while True:
                path = f"{self.folder}/{self._name(stem)}"
                with contextlib.suppress(FileExistsError):
                    placed = _publish(draft, path)
                    return Path(path)
        finally:
            if not placed:
                with contextlib.suppress(OSError):
                    Path(draft).unlink()

    def _name(self, stem: str) -> str:
        with self._lock:
            number = self._next.pop(stem, 1)
            self._next[stem] = number + 1
            if len(self._next) > _REMEMBERED:
                self._next.popitem(last=False)
        return f"{stem}.json" if number == 1 else f"{stem}_{number}.json"


def _publish(draft: str, path: str) -> bool:
    try:
        os.link(draft, path)
    except OSError as exc:
        if exc.errno not in _NO_LINKS:
            raise
        # A file system without hard links: take the name first, then move the text under it.
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        Path(draft).replace(path)
        return True
    Path(draft).unlink()
    return True


def trace_stem(trace: ExecutionTrace) -> str:
    """Return a trace file's name without suffix and `.json`; traces of one second may share it."""
    return f"trace_{_UNSAFE.sub('_', trace.task_id)[:100]}_{trace.timestamp}"


def trace_bytes(trace: ExecutionTrace) -> bytes:
    """Return what stands in a trace's file, the same for equal traces.

    Raises:
        InvalidInput: `trace.not_json`, `trace.too_large`.
    """
    try:
        text = to_json(trace.as_json(), indent=2)
    except (PydanticSerializationError, ValueError):
        text = b""
    if not text or b"NaN" in text or b"Infinity" in text or len(text) > MAX_FILE_BYTES:
        text = trace_text(trace).encode("utf-8")  # says what is wrong, where something is
    return text + b"\n"
