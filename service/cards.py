"""The catalogue: every agent's card, read from static files; no agent is imported for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from contracts.card import AgentCard, read_card
from contracts.errors import InvalidInput, NotFound
from contracts.jsonvalue import parse_json
from planner.catalogue import near_names
from wasm_agents.catalogue import guest_cards

NATIVE: Final = Path(__file__).parents[1] / "agents"
MAX_CARD_BYTES: Final = 1024 * 1024


def load_cards(folder: Path | None = None, *, guests: Path | None = None) -> tuple[AgentCard, ...]:
    """Return the cards of native agents and guests, by name.

    Args:
        folder: Holds one folder for each native agent; the project's own when None.
        guests: Holds one folder for each guest; the project's own when None.

    Raises:
        InvalidInput: `agent.bad_card`, naming the file.
    """
    paths = sorted((folder or NATIVE).glob("*/card.json"))
    cards = [*(read_card_file(path) for path in paths), *guest_cards(guests)]
    by_name: dict[str, AgentCard] = {}
    for card in cards:
        if card.name in by_name:
            raise InvalidInput("agent.bad_card", f"two agents are called {card.name!r}", where=card.name)
        by_name[card.name] = card
    return tuple(by_name[name] for name in sorted(by_name))


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
