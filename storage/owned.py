"""Small files that are their owner's alone: put in place whole, and not believed when others could have written them."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

MAX_RECORD: Final = 64 * 1024
_OTHERS: Final = 0o077


def is_ours(path: Path) -> bool:
    """Say whether a path is a plain file that nobody else may write, or read."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & _OTHERS


def read_record(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file of ours; an empty one when there is none to believe."""
    if not is_ours(path):
        return {}
    try:
        with path.open("rb") as file:
            found = json.loads(file.read(MAX_RECORD))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def write_record(path: Path, record: Mapping[str, Any]) -> None:
    """Put a JSON object in a file's place, whole or not at all."""
    write_owned(path, json.dumps(record, indent=1).encode() + b"\n")


def write_owned(path: Path, content: bytes) -> None:
    """Put a file of mode 600 in its place, whole or not at all."""
    mark = path.with_name(f".{os.urandom(8).hex()}.tmp")
    number = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        mark.replace(path)
    except BaseException:
        with suppress(OSError):
            mark.unlink()
        raise
