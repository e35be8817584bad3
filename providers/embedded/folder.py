"""The models that lie on this machine, each believed only with the digest it was pulled by.

A file's digest is taken when it is pulled. Later its size, time and number on
the disk say whether it is still that file; when one differs, the digest is
taken again, and a file that has another one is never used.
"""

from __future__ import annotations

import fcntl
import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.errors import Damaged, InvalidInput, NotFound
from providers.embedded.owned import own_folder
from providers.embedded.shelf import known_models, unknown
from storage.owned import read_record, write_record

NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,79}")
SHA256: Final = re.compile(r"[0-9a-f]{64}")
DEFAULT_CTX: Final = 4096
CHUNK: Final = 1024 * 1024
PART_DIGITS: Final = 16
"""Of the digest, in the name of a file that is being pulled."""


@dataclass(frozen=True, slots=True)
class PulledModel:
    """A model that can be run."""

    name: str
    path: Path
    sha256: str
    bytes: int
    ctx: int
    origin: str


def checked_name(name: str) -> str:
    """Return the name, if it can be a model's.

    Raises:
        InvalidInput: `model.bad_name`.
    """
    if not NAME.fullmatch(name):
        raise InvalidInput(
            "model.bad_name",
            f"{name[:80]!r} cannot be a model's name",
            hint="Use a-z, 0-9, dot, dash and underscore.",
        )
    return name


class ModelFolder:
    """The folder of models; several processes may use it at once.

    Args:
        path: Made with mode 700 when something is first put there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def opened(self) -> Path:
        """Return the folder, made if need be.

        Raises:
            Unavailable: `model.folder`.
        """
        return own_folder(self.path)

    def file_of(self, name: str) -> Path:
        """Return where a model's file lies, or would."""
        return self.path / f"{checked_name(name)}.gguf"

    def names(self) -> tuple[str, ...]:
        """Return the names of what was pulled, sorted."""
        with suppress(OSError):
            found = (p.name.removesuffix(".gguf") for p in self.path.iterdir() if p.name.endswith(".gguf"))
            return tuple(sorted(name for name in found if NAME.fullmatch(name)))
        return ()

    def get(self, name: str) -> PulledModel:
        """Return a pulled model, its file looked at as far as its record goes.

        Raises:
            InvalidInput: `model.bad_name`.
            NotFound: `model.not_pulled`, `model.unknown`.
            Damaged: `model.digest_mismatch`.
            Unavailable: `model.folder`.
        """
        path = self.file_of(name)
        if not path.is_file():
            raise self._absent(name)
        self.opened()
        record = read_record(path.with_suffix(".json"))
        if not SHA256.fullmatch(str(record.get("sha256"))):
            raise _mismatch(name, "it has no record of its digest")
        if record.get("file") != _identity(path):
            record = self._looked_at_again(name, path, record)
        ctx = record.get("ctx")
        return PulledModel(
            name,
            path,
            record["sha256"],
            path.stat().st_size,
            ctx if type(ctx) is int and ctx > 0 else DEFAULT_CTX,
            str(record.get("origin", ""))[:200],
        )

    def check(self, name: str) -> PulledModel:
        """Return a pulled model, its whole file held against its digest; raises as `get`."""
        found = self.get(name)
        self._looked_at_again(name, found.path, read_record(found.path.with_suffix(".json")))
        return found

    def keep(self, part: Path, *, name: str, sha256: str, ctx: int, origin: str) -> PulledModel:
        """Put a file with its right digest in a model's place; the file of that name before is let go."""
        path = self.file_of(name)
        part.chmod(0o600)
        path.with_suffix(".json").unlink(missing_ok=True)
        part.replace(path)
        record = {"sha256": sha256, "ctx": ctx, "origin": origin, "file": _identity(path)}
        write_record(path.with_suffix(".json"), record)
        return self.get(name)

    def remove(self, name: str) -> int:
        """Take a model away, and what a pull of it left; return the bytes. Whoever runs it goes on.

        Raises:
            NotFound: `model.not_pulled`.
        """
        path = self.file_of(name)
        found = [each for each in (path, *self._left(name)) if each.is_file()]
        if not found:
            raise self._absent(name)
        size = sum(each.stat().st_size for each in found)
        for each in (*found, path.with_suffix(".json")):
            each.unlink(missing_ok=True)
        return size

    def _left(self, name: str) -> Iterator[Path]:
        """Yield what pulls left that were cut off; not what one under way is writing."""
        for part in self.path.glob(f".{name}-{'?' * PART_DIGITS}.part"):
            with part.open("rb") as file, suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                yield part

    def _absent(self, name: str) -> NotFound:
        if name not in known_models():
            return unknown(name)
        return NotFound(
            "model.not_pulled",
            f"the model {name!r} is not on this machine",
            hint=f"callsheet models pull {name}",
        )

    def _looked_at_again(self, name: str, path: Path, record: dict[str, Any]) -> dict[str, Any]:
        before = _identity(path)
        if digest_of(path) != record["sha256"]:
            raise _mismatch(name, "its file has another digest than when it was pulled")
        found = {**record, "file": before}
        if found != record:
            write_record(path.with_suffix(".json"), found)
        return found


def digest_of(path: Path) -> str:
    """Return a file's SHA-256, in hex."""
    found = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            found.update(part)
    return found.hexdigest()


def _identity(path: Path) -> list[int]:
    """Return what changes when a file does: its size, its time, its number."""
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _mismatch(name: str, reason: str) -> Damaged:
    return Damaged(
        "model.digest_mismatch",
        f"the model {name!r} is not used: {reason}",
        hint=f"callsheet models pull {name}",
    )
