"""Agents no recipe knows (guests, a user's own): called by name or by their card's words, fed what they take."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.errors import InvalidInput
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.request import Request
from planner.rules.text import QUOTE_MARK

if TYPE_CHECKING:
    from pydantic import JsonValue

NATIVE: Final = frozenset({"scrape", "vision", "time", "data"})
_NOUN_BEFORE: Final = frozenset({"the", "a", "of", "back", "on", "with", "to", "string", "for", "in", "echo"})


def guests_named(request: Request, draft: Draft) -> list[AgentCard]:
    """Return the agents the objective names, in the order it names them.

    Raises:
        InvalidInput: `plan.unsupported_objective`, it names a guest that is not there.
    """
    folded = request.text.folded
    for said in re.findall(r"\bwasm:([a-z][a-z0-9_]{0,62})", folded):
        if f"wasm:{said}" not in draft:
            known = ", ".join(n for n in draft.cards if n.startswith("wasm:")) or "none"
            raise InvalidInput(
                "plan.unsupported_objective",
                f"there is no agent 'wasm:{said}'",
                hint=f"Guests at hand: {known}.",
            )
    places: dict[int, AgentCard] = {}
    # "this table" and "convert 5 pm" are said of any table and time; only the full name means the guest.
    everyday = {w for card in draft.cards.values() if card.name in NATIVE for w in card.words}
    for card in _foreign(draft):
        is_everyday = card.name.removeprefix("wasm:") in everyday and "guest" not in request.wants
        match = re.search(rf"\b{card.name}\b" if is_everyday else _spelled(card.name), folded)
        if match and ("guest" in request.wants or not request.text.urls):
            places[match.start()] = card
    return [places[at] for at in sorted(places)]


def guests_called_for(request: Request, draft: Draft) -> list[AgentCard]:
    """Return the agent whose card's words the objective has most of, if any."""
    said = {w.text for w in request.text.words}

    def score(card: AgentCard) -> int:
        return sum(w in said if " " not in w else w in request.text.folded for w in card.words)

    best = max(_foreign(draft), key=score, default=None)
    return [best] if best is not None and score(best) else []


def call_guest(draft: Draft, request: Request, card: AgentCard, upstream: str | None) -> str:
    """Add a call of the agent, fed with what comes before it or what the objective gives.

    Raises:
        InvalidInput: `plan.unsupported_objective`, something it must have is nowhere.
    """
    bind = _bound(draft, request, card, upstream)
    missing = [name for name in card.takes.get("required", ()) if name not in bind]
    if missing or (not bind and _properties(card)):
        wanted = missing or list(_properties(card))
        raise InvalidInput(
            "plan.unsupported_objective",
            f"{card.name} takes {wanted[0]!r}, which the objective does not give",
            hint=f"Put it in quotes, or give it with --input {wanted[0]}=….",
        )
    said = card.description.strip().partition("\n")[0]
    return draft.add(card.name, said, bind, gives=card.name.removeprefix("wasm:")[:50])


def _bound(draft: Draft, request: Request, card: AgentCard, upstream: str | None) -> dict[str, Bind]:
    properties = _properties(card)
    given: dict[str, Bind] = {n: key(n) for n in draft.inputs if n in properties}
    for value in request.text.values:
        if isinstance(value, dict) and (_is_open(card) or value.keys() <= properties.keys()):
            return {name: literal(v) for name, v in value.items()} | given
    if not properties:
        return given | _open_bound(draft, request, upstream)
    required = set(card.takes.get("required", properties))
    offers = list(_offers(request, upstream))
    for name, schema in properties.items():
        if name in given or name not in required:
            continue
        for offer in offers:
            if "key" in offer or _fits(schema, offer["literal"]):
                given[name] = offer
                offers.remove(offer)
                break
    return given


def _open_bound(draft: Draft, request: Request, upstream: str | None) -> dict[str, Bind]:
    if upstream is not None:
        return {"result": key(upstream)}
    found: dict[str, Bind] = {}
    quotes = iter(request.text.quotes)
    for i, word in enumerate(request.text.words):
        if word.text == QUOTE_MARK:
            noun = request.text.before(i)
            name = (
                noun if re.fullmatch(r"[a-z][a-z0-9_]{0,40}", noun) and noun not in _NOUN_BEFORE else "text"
            )
            found.setdefault(name, literal(next(quotes, "")))
    for value in request.text.values:
        found.setdefault("value", literal(value))
    return (
        found
        or {name: key(name) for name in draft.inputs}
        or {"text": literal(request.text.plain.strip()[:1000])}
    )


def _offers(request: Request, upstream: str | None) -> Iterator[Bind]:
    if upstream is not None:
        yield key(upstream)
    yield from (literal(quote) for quote in request.text.quotes)
    yield from (literal(value) for value in request.text.values)
    for digits in re.findall(r"(?<![\w.,])-?\d{1,15}(?:\.\d{1,6})?(?![\w.,]\w)", request.text.plain):
        yield literal(float(digits) if "." in digits else int(digits))


def _fits(schema: Any, value: JsonValue) -> bool:
    types = schema.get("type") if isinstance(schema, Mapping) else None
    spelled = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
    mine = spelled.get(type(value), "null")
    wanted = types if isinstance(types, list) else [types]
    return types is None or mine in wanted or (mine == "integer" and "number" in wanted)


def _foreign(draft: Draft) -> Iterator[AgentCard]:
    return (card for name, card in draft.cards.items() if name not in NATIVE)


def _spelled(name: str) -> str:
    base = re.escape(name.removeprefix("wasm:")).replace("_", "[ _-]")
    return rf"(?<![\w:])(?:wasm:)?{base}(?:es|ed|ing|s)?\b"


def _properties(card: AgentCard) -> Mapping[str, Any]:
    found = card.takes.get("properties", {})
    return found if isinstance(found, Mapping) else {}


def _is_open(card: AgentCard) -> bool:
    return card.takes.get("additionalProperties", True) is not False
