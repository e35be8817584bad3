"""The guests' cards, from `guests/*/agent.toml`; reads no module and imports no engine.

A manifest holds a card's fields (`name` without `wasm:`), the `abi` it speaks,
its `module` and that file's `sha256`, and may hold `[limits]`. A field nobody
knows is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jsonschema_rs

from contracts.card import AgentCard, read_card
from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, join_pointer
from wasm_agents.limits import LIMITS_SCHEMA

ABI: Final = "agent/1"
GUESTS: Final = Path(__file__).parent / "guests"
MANIFEST: Final = "agent.toml"
MAX_MANIFEST_BYTES: Final = 256 * 1024

# Only what a card does not say; the card's own schema reads the rest.
MANIFEST_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["name", "abi", "module", "sha256"],
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,62}$"},
        "abi": {"const": ABI},
        "module": {"type": "string", "pattern": r"^[a-z0-9_]{1,63}\.wasm$"},
        "limits": LIMITS_SCHEMA,
        "entry": False,
    },
}


def guest_cards(folder: Path | None = None) -> tuple[AgentCard, ...]:
    """Return every guest's card, by name.

    Args:
        folder: Holds one folder for each guest; the project's own guests when None.

    Raises:
        InvalidInput: `load.manifest`, `agent.bad_card`; the file and the field.
    """
    paths = sorted((folder or GUESTS).glob(f"*/{MANIFEST}"))
    cards = {}
    for path in paths:
        card = read_manifest(path)
        if card.name in cards:
            raise _bad_manifest(path, f"a second guest is called {card.name!r}", "/name")
        cards[card.name] = card
    return tuple(cards[name] for name in sorted(cards))


def read_manifest(path: Path) -> AgentCard:
    """Return the card of one `agent.toml`; its `extra` holds `abi`, `folder` and `limits`.

    Raises:
        InvalidInput: `load.manifest`, `agent.bad_card`.
    """
    document = _read_toml(path)
    for pointer, message in _problems(document):
        raise _bad_manifest(path, message, pointer)
    extra = {
        "abi": document.pop("abi"),
        "limits": document.pop("limits", {}),
        "folder": str(path.parent.resolve()),
    }
    return read_card(document | {"name": f"wasm:{document['name']}"}, where=str(path), extra=extra)


def module_path(card: AgentCard) -> Path:
    """Return where a guest's module lies."""
    return Path(card.extra["folder"]) / card.module


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_MANIFEST_BYTES + 1)
        if len(raw) > MAX_MANIFEST_BYTES:
            raise _bad_manifest(path, f"more than {MAX_MANIFEST_BYTES} bytes")
        document = tomllib.loads(raw.decode("utf-8"))
        canonical_json(document)  # TOML also has dates, NaN and infinities; a card has none
    except OSError as exc:
        raise _bad_manifest(path, f"cannot be read: {exc.strerror}") from exc
    except (ValueError, TypeError, RecursionError) as exc:
        raise _bad_manifest(path, f"cannot be used: {str(exc)[:300]}") from exc
    return document


def _problems(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for error in jsonschema_rs.Draft202012Validator(MANIFEST_SCHEMA).iter_errors(document):
        yield join_pointer(*error.instance_path), str(error.message)[:300]


def _bad_manifest(path: Path, message: str, pointer: str = "") -> InvalidInput:
    return InvalidInput(
        "load.manifest", f"{path.parent.name}/{path.name}: {message}", where=f"{path}#{pointer}"
    )
