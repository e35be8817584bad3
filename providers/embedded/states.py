"""What a slot has read, kept on disk between runs: each file by what it was read with, and checked before it is believed.

The runtime reads such a file in native code, so nothing reaches it that is not
ours alone and whole to the byte. What is not is as if it were not there.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from contracts.jsonvalue import canonical_json
from providers.chat import Message
from providers.embedded.folder import digest_of
from providers.embedded.owned import own_folder
from providers.embedded.server import HowToRun, runtime_version
from storage.owned import is_ours, read_record, write_record

MOST: Final = 8
"""Files kept; each is some tens of megabytes."""
_SUFFIX: Final = ".state"
_MARK: Final = re.compile(r"new-[0-9a-f]{16}")


def key_of(how: HowToRun, prefix: Sequence[Message]) -> str:
    """Return the name of what is read of a prefix: by the model's digest, the context, the runtime and the text."""
    said: list[JsonValue] = [how.model.sha256, str(how.ctx), str(how.slots), runtime_version()]
    said += [part for message in prefix for part in (message.role, message.content)]
    return hashlib.sha256(canonical_json(said).encode()).hexdigest()


class SlotStates:
    """A folder of them; several processes may use it at once.

    Args:
        folder: Made with mode 700 when it is not there.

    Raises:
        Unavailable: `model.folder`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = own_folder(folder)

    def found(self, key: str) -> str | None:
        """Return the file's name for a key; None when there is none to believe. What is damaged is removed."""
        path = self._path(key)
        record = read_record(path.with_suffix(".json"))
        if not record and not path.exists():
            return None
        with suppress(OSError):
            if (
                is_ours(path)
                and path.stat().st_size == record.get("bytes")
                and digest_of(path) == record.get("sha256")
            ):
                path.touch()
                return path.name
        self.forget(key)
        return None

    def mark(self) -> str:
        """Return a name for a file that is being written."""
        return f"new-{secrets.token_hex(8)}"

    def keep(self, key: str, mark: str) -> None:
        """Put what was written under a mark in its place, and let the ones go that were not used for longest."""
        fresh, path = self.folder / mark, self._path(key)
        try:
            fresh.chmod(0o600)
            record = {"sha256": digest_of(fresh), "bytes": fresh.stat().st_size}
            self.forget(key)
            fresh.replace(path)
            write_record(path.with_suffix(".json"), record)
            self._prune()
        except OSError:  # without room it is read again next time
            with suppress(OSError):
                fresh.unlink()

    def forget(self, key: str) -> None:
        """Remove a file."""
        for path in (self._path(key), self._path(key).with_suffix(".json")):
            with suppress(OSError):
                path.unlink()

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _prune(self) -> None:
        kept = [(p.stat().st_mtime, p) for p in self.folder.glob(f"*{_SUFFIX}")]
        for _, path in sorted(kept, reverse=True)[MOST:]:
            self.forget(path.stem)
        newest = max((when for when, _ in kept), default=0.0)
        for path in self.folder.iterdir():  # what a killed process left half written
            with suppress(OSError):
                if _MARK.fullmatch(path.name) and path.stat().st_mtime < newest - 600:
                    path.unlink()
