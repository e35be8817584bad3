"""Write the folder of a new agent: a source that works, its manifest, its cases, a page to read."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from string import Template
from typing import Final

from contracts.errors import Conflict, InvalidInput
from wasm_agents.kits.languages import BY_NAME, Language, LanguageName

TEMPLATES: Final = Path(__file__).parent / "templates"
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")

_CORE: Final = {"fuel": "100_000_000", "memory_bytes": "33_554_432"}
_COMPONENT: Final = {"fuel": "10_000_000_000", "memory_bytes": "134_217_728"}
_HOW: Final[dict[LanguageName, str]] = {
    "c": "`agent.h` speaks to the host, `json.h` reads JSON. There is no C library: no malloc, no printf.",
    "zig": "`agent.zig` speaks to the host and reads and writes JSON; allocate from `agent.gpa`.",
    "js": (
        "`execute` takes and gives what JSON can say. A thrown error is the answer "
        '`{"code", "message"}`: its `code`, else its `name`.\nThere is no clock, console or network; '
        "`Math.random` gives the same numbers in every call."
    ),
    "python": (
        "`execute` takes and gives what JSON can say. A raised exception is the answer "
        '`{"code", "message"}`: its `code`, else its class.\nWhat is imported at the top is loaded while '
        "building, so a call starts at once.\nThere is no clock, file or network; `print` goes nowhere, "
        "and `random` gives the same numbers in every call."
    ),
}


def new_agent(name: str, language: LanguageName, *, into: Path) -> Path:
    """Write the folder of an agent and return it.

    Args:
        name: Lower-case letters, digits and _; the folder's name too.
        language: Of its source.
        into: An existing folder.

    Raises:
        InvalidInput: `kit.bad_name`.
        Conflict: `kit.exists`.
    """
    if not NAME.fullmatch(name):
        raise InvalidInput(
            "kit.bad_name",
            f"{name!r:.100} names no agent: it may be a lower-case letter, then letters, digits and _",
            hint="callsheet agent new word_lengths --lang python",
        )
    folder = into / name
    try:
        folder.mkdir()
    except FileExistsError as exc:
        raise Conflict("kit.exists", f"{str(folder)!r:.300} is there already", hint="Name another.") from exc
    kind = BY_NAME[language]
    for path, text in _files(name, kind).items():
        (folder / path).write_text(text, encoding="utf-8")
    for path, source in kind.support.items():
        if path.endswith(kind.suffixes) and not kind.is_component:
            shutil.copyfile(source, folder / path)
    return folder


def _files(name: str, kind: Language) -> dict[str, str]:
    words = {
        "name": name,
        "source": kind.source,
        "abi": "component" if kind.is_component else "agent/1",
        "no_digest": "0" * 64,
        "how": _HOW[kind.name],
        **(_COMPONENT if kind.is_component else _CORE),
    }
    found = {
        path: Template(_template(path)).substitute(words)
        for path in ("agent.toml", "tests.json", "README.md")
    }
    return found | {kind.source: _template(f"{kind.name}/{kind.source}")}


def _template(path: str) -> str:
    return (TEMPLATES / f"{path}.tmpl").read_text(encoding="utf-8")
