"""The few words of an `agent.toml` a build needs, and the one line it writes; the rest stays as it was typed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contracts.errors import InvalidInput

MANIFEST: Final = "agent.toml"
MAX_BYTES: Final = 256 * 1024
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_MODULE: Final = re.compile(r"[a-z0-9_]{1,63}\.wasm")
_DIGEST_LINE: Final = re.compile(r"""^[ \t]*sha256[ \t]*=[ \t]*(["'])([^"'\n]*)\1""", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Names:
    """What a manifest calls the agent and its module."""

    name: str
    module: str


def read_names(folder: Path) -> Names:
    """Return the names in a folder's manifest.

    Raises:
        InvalidInput: `load.manifest`.
    """
    document = _document(folder, _text(folder))
    name = document.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _bad(folder, f"name is {name!r:.100}; it may be lower case letters, digits and _", "/name")
    module = document.get("module", f"{name}.wasm")
    if not isinstance(module, str) or not _MODULE.fullmatch(module):
        raise _bad(folder, f"module is {module!r:.100}; it may be like {name}.wasm", "/module")
    return Names(name, module)


def write_digest(folder: Path, digest: str) -> None:
    """Write the module's SHA-256 into the manifest; only that line changes.

    Raises:
        InvalidInput: `load.manifest`.
    """
    text = _text(folder)
    for whole in _with_digest(text, digest, is_there="sha256" in _document(folder, text)):
        if _says(whole, digest):
            break
    else:
        raise _bad(folder, 'its sha256 cannot be replaced: write it on one line, sha256 = ""', "/sha256")
    if whole != text:
        beside = folder / f".{MANIFEST}.new"
        beside.write_text(whole, encoding="utf-8", newline="")
        beside.replace(folder / MANIFEST)


def _with_digest(text: str, digest: str, *, is_there: bool) -> Iterator[str]:
    """Yield the text with the digest in each line it may stand in: a line like it may be part of something else."""
    if not is_there:
        yield f'sha256 = "{digest}"\n{text}'
        return
    for line in _DIGEST_LINE.finditer(text):
        yield f"{text[: line.start(2)]}{digest}{text[line.end(2) :]}"


def _says(text: str, digest: str) -> bool:
    try:
        return tomllib.loads(text).get("sha256") == digest
    except ValueError:
        return False


def _text(folder: Path) -> str:
    try:
        with (folder / MANIFEST).open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise _bad(folder, f"more than {MAX_BYTES} bytes")
        return raw.decode("utf-8")
    except OSError as exc:
        raise _bad(folder, f"cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise _bad(folder, "is not UTF-8") from exc


def _document(folder: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as exc:
        raise _bad(folder, f"cannot be used: {str(exc)[:300]}") from exc


def _bad(folder: Path, message: str, pointer: str = "") -> InvalidInput:
    return InvalidInput(
        "load.manifest",
        f"{folder.name}/{MANIFEST}: {message}",
        where=f"{folder / MANIFEST}#{pointer}",
        hint="callsheet agent new NAME --lang python writes one that works.",
    )
