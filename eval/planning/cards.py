"""Cards as others write them: a list, or an object with `agents`; what a card leaves out gets its plain meaning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from contracts.card import CARD_SCHEMA, AgentCard, read_card
from contracts.errors import InvalidInput
from eval.planning.suite import Case

MAX_CARDS: Final = 10_000
_ALSO: Final[Mapping[str, tuple[str, ...]]] = {
    "takes": ("takes", "input_schema", "inputSchema", "parameters", "input"),
    "gives": ("gives", "output_schema", "outputSchema", "returns", "output"),
    "effect": ("effect", "side_effect"),
}
"""Field -> what others call it."""
_PLAIN: Final[Mapping[str, Any]] = {
    "version": "0.0.0",
    "takes": {"type": "object"},
    "gives": {},
    "effect": "pure",
}


def read_cards(document: object) -> list[AgentCard]:
    """Return the cards a JSON document lists, each name once.

    Raises:
        InvalidInput: `eval.bad_catalogue`, with the pointer.
    """
    listed = document.get("agents", document.get("cards")) if isinstance(document, Mapping) else document
    if not isinstance(listed, list) or not listed or len(listed) > MAX_CARDS:
        raise _bad("", f"not a list of 1 to {MAX_CARDS} cards")
    by_name: dict[str, AgentCard] = {}
    for index, entry in enumerate(listed):
        card = _card(index, entry)
        if card.name in by_name:
            raise _bad(f"/{index}/name", f"two agents are called {card.name!r}")
        by_name[card.name] = card
    return [by_name[name] for name in sorted(by_name)]


def catalogue_for(
    cases: Iterable[Case], given: Sequence[AgentCard], at_hand: Sequence[AgentCard]
) -> list[AgentCard]:
    """Return the given cards, and of those at hand the ones that a suite expects and no given card is called like.

    Args:
        cases: Of the whole suite, so that each of its halves is planned with the same cards.
        given: The catalogue's; of two cards with one name theirs counts.
        at_hand: Where the rest may come from.
    """
    expected = {name for case in cases for name in case.expected}
    by_name = {card.name: card for card in at_hand if card.name in expected}
    by_name |= {card.name: card for card in given}
    return [by_name[name] for name in sorted(by_name)]


def _card(index: int, entry: object) -> AgentCard:
    if not isinstance(entry, Mapping):
        raise _bad(f"/{index}", f"a card is an object, this is {type(entry).__name__}")
    whole = {k: v for k, v in entry.items() if k in CARD_SCHEMA["properties"] and v not in (None, "")}
    for field, names in _ALSO.items():
        given = next((entry[name] for name in names if entry.get(name) is not None), _PLAIN[field])
        whole[field] = given
    whole.setdefault("version", _PLAIN["version"])
    if isinstance(entry.get("examples"), list):
        whole["examples"] = [_example(e) for e in entry["examples"]]
    if "abi" in entry and isinstance(entry.get("name"), str) and ":" not in entry["name"]:
        whole["name"] = f"wasm:{entry['name']}"  # a guest's manifest names itself without its room
    try:
        return read_card(whole, where=str(index))
    except InvalidInput as exc:
        raise _bad(f"/{exc.where.replace('#', '')}", exc.message) from exc


def _example(example: object) -> object:
    if isinstance(example, str):
        return {"objective": example}
    if isinstance(example, Mapping):
        return {k: v for k, v in example.items() if k in ("objective", "inputs")}
    return example


def _bad(pointer: str, why: str) -> InvalidInput:
    return InvalidInput(
        "eval.bad_catalogue",
        f"{pointer or '/'}: {why[:300]}",
        where=pointer,
        hint="callsheet agents list --json prints a catalogue as it should be.",
    )
