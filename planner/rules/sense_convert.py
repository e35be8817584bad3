"""What an objective that converts units or currencies says of the arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.rules.draft import Draft
from planner.rules.text import Text
from planner.rules.units import Conversion

if TYPE_CHECKING:
    from pydantic import JsonValue


def measures(conversion: Conversion, text: Text) -> dict[str, JsonValue]:
    """Return what a conversion gives the agent: units, an amount or a list of them, rates."""
    found: dict[str, Any] = {"to": conversion.target, "from": conversion.source or _guessed(conversion)}
    if conversion.value is not None:
        found["value"] = (
            int(conversion.value) if conversion.value == int(conversion.value) else conversion.value
        )
    elif conversion.is_list:
        found["values"] = next((v for v in text.values if isinstance(v, list)), [])
    if conversion.kind == "currency":
        rates = _rates(text)
        if rates is not None:
            found["rates"] = rates
        elif conversion.rate is not None:
            found |= {"base": found["from"], "rates": {found["to"]: conversion.rate}}
    return found


def _guessed(conversion: Conversion) -> str:
    """Return the unit that a page states most often of a kind, where nobody named it."""
    other = {
        "length": ("mi", "km"),
        "mass": ("lb", "kg"),
        "power": ("hp", "kW"),
        "temperature": ("F", "C"),
        "volume": ("gal_us", "l"),
    }
    first, second = other.get(conversion.kind, ("USD", "EUR"))
    return second if conversion.target == first else first


def amount_names(conversion: Conversion) -> tuple[str, ...]:
    """Return the parameters a conversion must have: one amount, or a list of them."""
    return ("from", "to", "values" if conversion.is_list else "value")


def has_rates(conversion: Conversion, text: Text, draft: Draft) -> bool:
    """Say whether there are rates for currencies: in the text, among the inputs, or to be had from an agent."""
    if (
        conversion.kind != "currency"
        or conversion.rate is not None
        or _rates(text) is not None
        or "rates" in draft.inputs
    ):
        return True
    # another agent may fetch them; then this one waits for it
    return any("rates" in (card.gives.get("properties") or {}) for card in draft.cards.values())


def _rates(text: Text) -> JsonValue:
    for value in text.values:
        inner = value.get("rates", value) if isinstance(value, dict) else None
        if (
            isinstance(inner, dict)
            and inner
            and all(len(k) == 3 and isinstance(v, (int, float)) for k, v in inner.items())
        ):
            return inner
    return None
