"""The guests' cards, from their manifests; reads no module and imports neither engine nor pydantic.

The project's own guests lie in `guests/NAME/agent.toml`, each beside its
module. Added ones lie on a shelf (`wasm_agents.shelf`). A field nobody knows is
an error, and `wasm_agents.manifest` refuses what is refused here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from contracts.card import AgentCard, read_card
from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, parse_json
from contracts.schemas import Checker
from wasm_agents.manifest_checks import Problem, effect_of, problems_across

GUESTS: Final = Path(__file__).parent / "guests"
MANIFEST: Final = "agent.toml"
SCHEMA: Final = Path(__file__).parent / "agent-manifest.schema.json"
MAX_MANIFEST_BYTES: Final = 256 * 1024

CARD_FIELDS: Final = (
    *("version", "description", "takes", "gives", "words", "examples", "timeout_s", "retries"),
    *("module", "sha256"),
)
"""Fields that a card takes from a manifest as they stand."""


def guest_cards(folder: Path | None = None) -> tuple[AgentCard, ...]:
    """Return every guest's card, by name.

    Args:
        folder: Holds one folder for each guest; the project's own guests when None.

    Raises:
        InvalidInput: `load.manifest`; the file and the field.
    """
    cards = {}
    for path in sorted((folder or GUESTS).glob(f"*/{MANIFEST}")):
        card = read_manifest(path)
        if card.name in cards:
            raise _bad_manifest(path, f"a second guest is called {card.name!r}", "/name")
        cards[card.name] = card
    return tuple(cards[name] for name in sorted(cards))


def read_manifest(path: Path, *, module: Path | None = None) -> AgentCard:
    """Return the card of one manifest.

    Its `extra` holds what the host needs: `abi`, `limits`, `capabilities`, `instance`, and where the module lies.

    Args:
        path: The manifest.
        module: The module's file, where it does not lie beside the manifest under the name it says.

    Raises:
        InvalidInput: `load.manifest`; the file and the field.
    """
    document = read_document(path)
    for pointer, message in problems_of(document):
        raise _bad_manifest(path, message, pointer)
    lies = path.parent.resolve() / document["module"] if module is None else module.resolve()
    return card_of(document, where=str(path), module=lies)


def card_of(document: Mapping[str, Any], *, where: str, module: Path) -> AgentCard:
    """Return the card of a manifest that has no problem.

    Args:
        document: The manifest.
        where: The file it came from, for errors.
        module: The module's file.
    """
    capabilities = document.get("capabilities", {})
    extra = {
        "abi": document["abi"],
        "limits": document.get("limits", {}),
        "capabilities": capabilities,
        "instance": document.get("instance", "fresh"),
        "folder": str(module.parent),
        "file": module.name,
        "manifest": where,
    }
    network = ["requests", "bytes"] if capabilities.get("http") else []
    models = ["tokens", "usd"] if capabilities.get("llm") else []
    uses = list(dict.fromkeys([*document.get("uses", ()), *network, *models]))
    card = {name: document[name] for name in CARD_FIELDS if name in document}
    card |= {"name": f"wasm:{document['name']}", "effect": effect_of(document).value, "uses": uses}
    return read_card(card, where=where, extra=extra)


def problems_of(document: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with a manifest: what its schema says, and else how its fields disagree."""
    misfits = list(_checker().problems(dict(document)))
    yield from misfits or problems_across(document)


def module_path(card: AgentCard) -> Path:
    """Return where a guest's module lies."""
    folder: str = card.extra["folder"]
    file: str = card.extra.get("file", card.module)
    return Path(folder) / file


def read_document(path: Path) -> dict[str, Any]:
    """Return what a manifest file says, as JSON has it; nothing of it is checked.

    Raises:
        InvalidInput: `load.manifest`, it cannot be read, or is no TOML.
    """
    try:
        if path.exists() and not path.is_file():
            raise _bad_manifest(path, "is no file")
        with path.open("rb") as file:
            return parse_document(file.read(MAX_MANIFEST_BYTES + 1), path)
    except OSError as exc:
        raise _bad_manifest(path, f"cannot be read: {exc.strerror}") from exc


def parse_document(raw: bytes, path: Path) -> dict[str, Any]:
    """Return what a manifest's bytes say.

    Args:
        raw: TOML.
        path: Where they came from, for the error.

    Raises:
        InvalidInput: `load.manifest`.
    """
    if len(raw) > MAX_MANIFEST_BYTES:
        raise _bad_manifest(path, f"more than {MAX_MANIFEST_BYTES} bytes")
    try:
        # TOML also has dates, NaN, infinities and any depth; a card has none of them
        found: Any = parse_json(canonical_json(tomllib.loads(raw.decode("utf-8"))))
    except (ValueError, TypeError, RecursionError, InvalidInput) as exc:
        raise _bad_manifest(path, f"cannot be used: {str(exc)[:300]}") from exc
    return dict(found)


@cache
def _checker() -> Checker:
    schema: Any = parse_json(SCHEMA.read_bytes())
    return Checker(schema)


def _bad_manifest(path: Path, message: str, pointer: str = "") -> InvalidInput:
    at = f"{pointer}: " if pointer else ""
    return InvalidInput(
        "load.manifest",
        f"{path.parent.name}/{path.name}: {at}{message}",
        where=f"{path}#{pointer}",
        hint="docs/reference/agents.md lists the fields.",
    )
