"""Added agents: a folder of manifests, and one of modules named by their digest.

    .callsheet/agents/NAME.toml
    .callsheet/agents/modules/SHA256.wasm

An agent is added, replaced or removed by one rename or unlink of its manifest,
so a reader sees it whole, as it was or as it is. Each such change moves the
folder's time, which is all that has to be looked at to see whether something
changed. The module that a manifest has just let go of stays until the next
change: somebody may have read the old manifest a moment ago.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

from contracts.card import AgentCard
from contracts.errors import CallsheetError, Conflict, InvalidInput, NotFound, Unavailable
from contracts.schemas import Checker
from wasm_agents.catalogue import card_of, problems_of, read_document

MODULES: Final = "modules"
LOCK: Final = ".lock"
Stamp = tuple[int, int] | None


class Broken(NamedTuple):
    """An added agent that is left out."""

    name: str
    error: CallsheetError


class Shelved(NamedTuple):
    """What lies on a shelf."""

    cards: tuple[AgentCard, ...]
    """By name."""
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True)
class Shelf:
    """One folder of added agents; it need not exist."""

    folder: Path

    def stamp(self) -> Stamp:
        """Return what differs after every change; None where there is no folder."""
        try:
            found = os.stat(self.folder)  # noqa: PTH116  # asked once an attempt; a Path's own way takes longer
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns

    def names(self) -> tuple[str, ...]:
        """Return what is here, by file name alone, broken ones too."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.toml")))

    def read(self) -> Shelved:
        """Return every agent here; one that cannot be used is left out and named."""
        cards, broken = [], []
        for path in sorted(self.folder.glob("*.toml")):
            try:
                cards.append(self._card(path))
            except CallsheetError as exc:
                broken.append(Broken(path.stem[:80], exc))
        return Shelved(tuple(cards), tuple(broken))

    def add(self, manifest: bytes, wasm: bytes, *, name: str, replace: bool = False) -> AgentCard:
        """Put an agent here; whoever asks sees it at once.

        Args:
            manifest: The text of one that has no problem.
            wasm: Its module, which hashes to what the manifest says.
            name: The manifest's.
            replace: Whether it may take the place of one of its name.

        Raises:
            Conflict: `agent.exists`.
            Unavailable: `agent.unwritable`.
        """
        with self._changing():
            if not replace and self._manifest(name).exists():
                raise Conflict(
                    "agent.exists",
                    f"an agent called {name!r} was added before",
                    hint="Say --replace to put this one in its place, or choose another name.",
                )
            self._sweep()
            _write(self._module(hashlib.sha256(wasm).hexdigest()), wasm)
            _write(self._manifest(name), manifest)
        return self._card(self._manifest(name))

    def remove(self, name: str) -> None:
        """Take an agent away; calls under way end as they would have.

        Args:
            name: Without `wasm:`.

        Raises:
            NotFound: `agent.unknown`.
            Unavailable: `agent.unwritable`.
        """
        with self._changing():
            if name not in self.names():
                raise NotFound(
                    "agent.unknown", f"no agent called {name[:80]!r} was added", hint="agents list"
                )
            self._sweep()
            self._manifest(name).unlink()

    def _card(self, path: Path) -> AgentCard:
        if path.is_symlink():
            raise InvalidInput("load.manifest", f"{path.name}: is a link", where=str(path))
        document = read_document(path)
        for pointer, message in problems_of(document):
            raise InvalidInput(
                "load.manifest", f"{path.name}: {pointer}: {message}", where=f"{path}#{pointer}"
            )
        if document["name"] != path.stem:
            raise InvalidInput(
                "load.manifest", f"{path.name}: it is called {document['name']!r}", where=str(path)
            )
        for field in ("takes", "gives"):
            Checker(document[field])  # one that is no schema would fail every plan, not only its own
        return card_of(document, where=str(path), module=self._module(document["sha256"]).resolve())

    def _manifest(self, name: str) -> Path:
        return self.folder / f"{name}.toml"

    def _module(self, sha256: str) -> Path:
        return self.folder / MODULES / f"{sha256}.wasm"

    def _sweep(self) -> None:
        """Delete modules that no manifest names; the one that is about to be let go of is still named."""
        shelved = self.read()
        if shelved.broken:
            return  # what a broken manifest names is not known
        used = {card.extra["file"] for card in shelved.cards}
        for path in (self.folder / MODULES).glob("*.wasm"):
            if path.name not in used:
                path.unlink(missing_ok=True)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """Let one process at a time change the shelf, and have every change move the folder's time."""
        try:
            (self.folder / MODULES).mkdir(mode=0o700, parents=True, exist_ok=True)
            with (self.folder / LOCK).open("ab") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                before = self.folder.stat().st_mtime_ns
                yield
                after = self.folder.stat()
                # The file system's clock ticks in milliseconds: without this, whoever looked a moment ago
                # might see the same time after the change.
                os.utime(self.folder, ns=(after.st_atime_ns, max(before, after.st_mtime_ns) + 1))
        except OSError as exc:
            raise Unavailable(
                "agent.unwritable",
                f"{str(self.folder)!r} cannot be written: {exc.strerror}",
                where=str(self.folder),
                hint="Name another folder: guests.folder.",
            ) from exc


def _write(path: Path, content: bytes) -> None:
    """Put a file in place whole, or not at all."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
