"""An agent somebody offers: its manifest and its module, read once, safely, and held against each other."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.card import AgentCard
from contracts.errors import InvalidInput, NotFound
from contracts.schemas import Checker
from wasm_agents.catalogue import MANIFEST, MAX_MANIFEST_BYTES, card_of, parse_document, problems_of
from wasm_agents.limits import MAX_COMPONENT_BYTES, MAX_MODULE_BYTES

MOST_BYTES: Final = {"agent/1": MAX_MODULE_BYTES, "component": MAX_COMPONENT_BYTES}


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was read; the files may change, this does not."""

    path: Path
    """The manifest's."""
    manifest: bytes
    document: dict[str, Any]
    """The manifest, without a problem."""
    wasm: bytes
    card: AgentCard

    @property
    def digest(self) -> str:
        """Return the SHA-256 of the module that was read, hex."""
        return hashlib.sha256(self.wasm).hexdigest()

    def check_digest(self) -> None:
        """Refuse a module that is not the one its manifest names.

        Raises:
            InvalidInput: `load.digest`.
        """
        if self.digest != self.card.sha256:
            raise InvalidInput(
                "load.digest",
                f"the module's SHA-256 is {self.digest[:12]}…, its manifest says {self.card.sha256[:12]!r}…",
                where=str(self.path),
                hint="Build the agent again, or write the new hash into its agent.toml.",
            )


def read_candidate(path: Path, *, module: Path | None = None) -> Candidate:
    """Return the agent whose manifest lies at, or in, `path`.

    Args:
        path: An `agent.toml`, or the folder that holds one.
        module: The module's file, where it does not lie beside the manifest.

    Raises:
        NotFound: `load.missing`.
        InvalidInput: `load.unreadable`, `load.manifest`, `load.too_large`.
    """
    path = path / MANIFEST if path.is_dir() else path
    raw = read_plain(path, most=MAX_MANIFEST_BYTES)
    document = parse_document(raw, path)
    for pointer, message in problems_of(document):
        raise _bad(path, f"{pointer}: {message}", pointer)
    for field in ("takes", "gives"):
        try:
            Checker(document[field])
        except InvalidInput as exc:
            raise _bad(path, f"/{field}: {exc.message}", f"/{field}") from exc
    lies = module or path.parent / document["module"]
    wasm = read_plain(lies, most=MOST_BYTES[document["abi"]])
    return Candidate(path, raw, document, wasm, card_of(document, where=str(path), module=lies.resolve()))


def read_plain(path: Path, *, most: int) -> bytes:
    """Return a file's bytes; no link, device or pipe is read in its place.

    Args:
        path: A file.
        most: Bytes it may have.

    Raises:
        NotFound: `load.missing`.
        InvalidInput: `load.unreadable`, `load.too_large`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise InvalidInput("load.unreadable", f"{path.name!r} is no plain file", where=str(path))
            found = file.read(most + 1)
    except FileNotFoundError as exc:
        raise NotFound("load.missing", f"there is no file {path.name!r}", where=str(path)) from exc
    except (OSError, ValueError) as exc:
        why = "is a link, or cannot be read"
        raise InvalidInput("load.unreadable", f"{path.name!r} {why}: {exc}", where=str(path)) from exc
    if len(found) > most:
        raise InvalidInput("load.too_large", f"{path.name!r} has more than {most} bytes", where=str(path))
    return found


def _bad(path: Path, message: str, pointer: str) -> InvalidInput:
    return InvalidInput(
        "load.manifest",
        f"{path.name}: {message}",
        where=f"{path}#{pointer}",
        hint="docs/reference/agents.md lists the fields.",
    )
