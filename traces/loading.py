"""Read a trace file, ours or of the older form, whatever may lie there."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from contracts.errors import InvalidInput, NotFound
from contracts.jsonvalue import parse_json
from contracts.trace import ExecutionTrace
from traces.rows import malformed

MAX_FILE_BYTES: Final = 64 * 1024 * 1024
MAX_DEPTH: Final = 128
"""Of a file; an agent's output may use 100 of it."""
MAX_DIGITS: Final = 4300
"""Of a number: as many as Python writes, so that every trace that was kept can be read again."""


def load_trace(path: Path) -> ExecutionTrace:
    """Read one trace file.

    Raises:
        NotFound: `trace.no_file`.
        InvalidInput: `trace.malformed`, naming the file and the field; `trace.too_large`.
    """
    return parse_trace(read_trace_file(path), path)


def parse_trace(text: bytes, path: Path) -> ExecutionTrace:
    """Return the trace a file's text spells.

    Args:
        text: Of the file.
        path: Where it lay, for the error.

    Raises:
        InvalidInput: `trace.malformed`, naming the file and the field; `trace.too_large`.
    """
    try:
        document = parse_json(text, max_bytes=MAX_FILE_BYTES, max_depth=MAX_DEPTH, max_digits=MAX_DIGITS)
    except InvalidInput as exc:
        raise InvalidInput(
            "trace.malformed", f"{str(path)!r}: {exc.message[:300]}", where=f"{path}#{exc.where}"
        ) from exc
    try:
        return ExecutionTrace.model_validate(document)
    except ValidationError as exc:
        raise malformed(exc, str(path)) from exc


def read_trace_file(path: Path) -> bytes:
    """Return what stands in a file, at most `MAX_FILE_BYTES`.

    Raises:
        NotFound: `trace.no_file`.
        InvalidInput: `trace.malformed`, `trace.too_large`.
    """
    try:
        # A pipe or a device under that name must not hold us up.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError as exc:
        raise NotFound("trace.no_file", f"no file lies at {str(path)[:300]!r}", where=str(path)) from exc
    except (OSError, ValueError) as exc:
        raise InvalidInput("trace.malformed", f"{str(path)[:300]!r} cannot be read: {exc}") from exc
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidInput("trace.malformed", f"{str(path)!r} is no plain file", where=str(path))
    with os.fdopen(descriptor, "rb") as file:
        found = file.read(MAX_FILE_BYTES + 1)
    if len(found) > MAX_FILE_BYTES:
        raise InvalidInput(
            "trace.too_large",
            f"{str(path)!r} has more than {MAX_FILE_BYTES} bytes, at most that many are read",
            where=str(path),
        )
    return found
