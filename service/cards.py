"""The catalogue: every agent's card, read from static files; no agent is imported for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from contracts.card import AgentCard, read_card
from contracts.errors import Conflict, InvalidInput, NotFound
from contracts.jsonvalue import parse_json
from planner.catalogue import near_names
from service.added import shelf_at_hand
from wasm_agents.catalogue import guest_cards
from wasm_agents.shelf import Broken, Shelf

NATIVE: Final = Path(__file__).parents[1] / "agents"
MAX_CARD_BYTES: Final = 1024 * 1024


class Catalogue(NamedTuple):
    """Every agent at hand, and those that were added and cannot be used."""

    cards: tuple[AgentCard, ...]
    """By name."""
    broken: tuple[Broken, ...] = ()


def load_cards(folder: Path | None = None, *, guests: Path | None = None) -> tuple[AgentCard, ...]:
    """Return the cards of native agents and of the project's guests, by name.

    Args:
        folder: Holds one folder for each native agent; the project's own when None.
        guests: Holds one folder for each guest; the project's own when None.

    Raises:
        InvalidInput: `agent.bad_card`, `load.manifest`, naming the file.
    """
    paths = sorted((folder or NATIVE).glob("*/card.json"))
    cards = [*(read_card_file(path) for path in paths), *guest_cards(guests)]
    by_name: dict[str, AgentCard] = {}
    for card in cards:
        if card.name in by_name:
            raise InvalidInput("agent.bad_card", f"two agents are called {card.name!r}", where=card.name)
        by_name[card.name] = card
    return tuple(by_name[name] for name in sorted(by_name))


def load_catalogue(shelf: Shelf, own: Sequence[AgentCard] | None = None) -> Catalogue:
    """Return every agent at hand; an added one that cannot be used is named, and spoils no other.

    Args:
        shelf: Of the added agents.
        own: Those that need no adding; the project's when None.

    Raises:
        InvalidInput: `agent.bad_card`, `load.manifest`: one of the project's own is broken.
    """
    by_name = {card.name: card for card in (load_cards() if own is None else own)}
    added, broken = shelf.read()
    for card in added:
        if by_name.setdefault(card.name, card) is not card:
            name = card.name.removeprefix("wasm:")
            broken = (*broken, Broken(name, built_in(card.name, hint=f"callsheet agent remove {name}")))
    return Catalogue(tuple(by_name[name] for name in sorted(by_name)), broken)


def cards_at_hand() -> tuple[AgentCard, ...]:
    """Return the cards of every agent that can be used, added ones too.

    Raises:
        InvalidInput: `settings.invalid`, and one of the project's own is broken.
    """
    return load_catalogue(shelf_at_hand()).cards


def built_in(name: str, *, hint: str) -> Conflict:
    """Return the error of an agent that takes a name of the project's own, or would take it away."""
    return Conflict("agent.builtin", f"{name[:80]!r} comes with callsheet", hint=hint)


def read_card_file(path: Path) -> AgentCard:
    """Return the card in a file.

    Raises:
        InvalidInput: `agent.bad_card`, naming the file.
    """
    where = f"{path.parent.name}/{path.name}"
    try:
        document = parse_json(path.read_bytes(), max_bytes=MAX_CARD_BYTES)
    except (OSError, InvalidInput) as exc:
        raise InvalidInput("agent.bad_card", f"{where}: {exc}", where=where) from exc
    if not isinstance(document, dict):
        raise InvalidInput("agent.bad_card", f"{where}: a card is an object", where=where)
    return read_card(document, where=where)


def find_card(cards: Sequence[AgentCard], name: str) -> AgentCard:
    """Return the card of that name.

    Raises:
        NotFound: `agent.unknown`, with the nearest names.
    """
    for card in cards:
        if card.name == name:
            return card
    near = near_names(name, cards) or [card.name for card in cards]
    raise NotFound("agent.unknown", f"no agent is called {name[:80]!r}", hint=f"Try {', '.join(near[:5])}.")
