"""An agent's own cases, `tests.json`: what it is sent, and the value or the refusal that must come of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import JsonValue

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json
from contracts.schemas import Checker

CASES: Final = "tests.json"
MAX_BYTES: Final = 4 * 1024 * 1024
MAX_CASES: Final = 1000

_CASE: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "input"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 200},
        "input": {"type": "object"},
        "ok": True,
        "error": {"type": "string", "minLength": 1, "maxLength": 200},
    },
    "oneOf": [{"required": ["ok"]}, {"required": ["error"]}],
}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["cases"],
    "properties": {"cases": {"type": "array", "maxItems": MAX_CASES, "items": _CASE}},
}


@dataclass(frozen=True, slots=True)
class Case:
    """One input, and what must come of it."""

    name: str
    given: dict[str, JsonValue]
    ok: JsonValue
    error: str
    """The agent's own code, or the host's; empty when `ok` is wanted."""


def read_cases(folder: Path) -> tuple[Case, ...]:
    """Return the cases in a folder; none when there is no such file.

    Raises:
        InvalidInput: `kit.bad_cases`.
    """
    path = folder / CASES
    try:
        with path.open("rb") as file:
            document = parse_json(file.read(MAX_BYTES + 1), max_bytes=MAX_BYTES)
    except FileNotFoundError:
        return ()
    except OSError as exc:
        raise _bad(path, f"cannot be read: {exc.strerror}") from exc
    except InvalidInput as exc:
        raise _bad(path, exc.message) from exc
    if problem := Checker(SCHEMA).first(document):
        raise _bad(path, f"{problem[0] or '/'}: {problem[1]}", problem[0])
    entries: Any = document
    return tuple(Case(e["name"], e["input"], e.get("ok"), e.get("error", "")) for e in entries["cases"])


def _bad(path: Path, message: str, pointer: str = "") -> InvalidInput:
    return InvalidInput(
        "kit.bad_cases",
        f"{path.parent.name}/{path.name}: {message}",
        where=f"{path}#{pointer}",
        hint='A case is {"name": "…", "input": {…}, "ok": value} or, for a refusal, "error": "code".',
    )
