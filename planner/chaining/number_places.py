"""A template for what was converted: '{{km}} km' is printed with the number, once for every one of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from planner.chaining.call import Call
from planner.chaining.outputs import Output
from planner.chaining.schemas import properties_of
from planner.chaining.template_places import places_of
from planner.rules.draft import Draft
from planner.rules.guest_names import CONVERT
from planner.rules.lexicon import Words
from planner.rules.measures import symbols_of
from planner.rules.spelling import fold

_PLACE: Final = re.compile(r"\{\{\s*(\w{1,60})\s*\}\}")
_VALUE: Final = Words(
    "value values amount result converted wert betrag ergebnis valor importe resultado valeur resultat"
)
_COUNTER: Final = Words("number n no nr i index num nummer numero position rang")


def over_numbers(draft: Draft, call: Call, outputs: Sequence[Output]) -> Call:
    """Return a call of the template agent whose template names the number converted before it, or goes over several.

    A place called like their unit, or "value", is the number, "number" its place in the list; a template with
    any other place, or with lists of its own, stays as it is.
    """
    template = call.presets.get("template")
    if not (outputs and isinstance(template, str)) or any(n.startswith("values") for n in call.presets):
        return call
    last = outputs[-1]
    if last.agent != CONVERT or last.is_list:
        return call
    stage = next(s for s in draft.subtasks if s["output_key"] == last.key)
    unit = stage["bind"].get("to", {}).get("literal")
    places = places_of(template)
    gives = properties_of(last.gives)
    one = {name: name for name in places.names if name in gives} if "value" in gives else {}
    found = {name: one.get(name) or _place(name, str(unit), is_one="value" in gives) for name in places.names}
    if places.lists or not found or not all(found.values()) or found == one:
        return call
    named = _PLACE.sub(lambda m: f"{{{{ {found.get(m[1], m[1])} }}}}", template)
    each = named if "value" in gives else f"{{{{#each values}}}}\n{named}\n{{{{/each}}}}\n"
    return replace(call, presets={**call.presets, "template": each})


def _place(name: str, unit: str, *, is_one: bool) -> str:
    word = fold(name)
    if word in _VALUE or name == unit or unit in symbols_of(word).values():
        return "value" if is_one else "this"
    return "@number" if word in _COUNTER and not is_one else ""
