"""What an objective that converts units or currencies says of the arguments."""

from __future__ import annotations

from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

from planner.rules.conditions import plain
from planner.rules.draft import Draft
from planner.rules.rates import Rate
from planner.rules.text import Text
from planner.rules.units import Conversion

if TYPE_CHECKING:
    from pydantic import JsonValue


def measures(conversion: Conversion, text: Text) -> dict[str, JsonValue]:
    """Return what a conversion gives the agent: units, an amount or a list of them, rates."""
    found: dict[str, Any] = {"to": conversion.target, "from": conversion.source or _guessed(conversion)}
    if conversion.value is not None:
        found["value"] = plain(conversion.value)
    elif conversion.is_list:
        found["values"] = [plain(v) for v in conversion.values] or numbers_in(text)
    if conversion.kind == "currency":
        rates = _rates(text)
        if rates is not None:
            found |= {"rates": rates} | _base_of(rates, found["from"], found["to"])
        elif conversion.rate is not None:
            found |= _named_rate(conversion.rate, found["from"], found["to"])
    return found


def numbers_in(text: Text) -> JsonValue:
    """Return the first list of a text that is of numbers alone: the very one; [] where none is."""
    lists = (v for v in text.values if isinstance(v, list) and v)
    return next((v for v in lists if all(type(n) in {int, float, NoneType} for n in v)), [])


def _base_of(rates: Mapping[str, JsonValue], source: str, target: str) -> dict[str, JsonValue]:
    """Return the currency that rates are of, where they name only the other one."""
    unnamed = [name for name in (source, target) if name not in rates]
    return {"base": unnamed[0]} if len(unnamed) == 1 else {}


def _named_rate(rate: Rate, source: str, target: str) -> dict[str, Any]:
    """Return a rate as the agent takes it; one that names no currencies is what one of the source's buys."""
    if {rate.base, rate.gets} == {source, target}:
        return {"base": rate.base, "rates": {rate.gets: rate.value}}
    return {"base": source, "rates": {target: rate.value}}


def _guessed(conversion: Conversion) -> str:
    """Return the unit that a page states most often of a kind, where nobody named it."""
    other = {
        "length": ("mi", "km") if conversion.target in {"mi", "km"} else ("ft", "m"),
        "mass": ("lb", "kg"),
        "power": ("hp", "kW"),
        "temperature": ("F", "C"),
        "volume": ("gal_us", "l"),
        "area": ("ft2", "m2"),
        "speed": ("mph", "km/h"),
        "fuel": ("mpg_us", "l/100km"),
        "energy": ("kcal", "kJ"),
        "pressure": ("psi", "bar"),
        "data": ("GiB", "GB"),
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


def _rates(text: Text) -> dict[str, JsonValue] | None:
    for value in text.values:
        inner = value.get("rates", value) if isinstance(value, dict) else None
        if (
            isinstance(inner, dict)
            and inner
            and all(len(k) == 3 and isinstance(v, (int, float)) for k, v in inner.items())
        ):
            return inner
    return None
