"""What a template or a schema in hand says it wants, and where the steps so far have it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any, Final

from planner.chaining.call import Call
from planner.chaining.feeding import EACH
from planner.chaining.outputs import Output
from planner.chaining.schemas import flows, parts_of, properties_of, types_of
from planner.chaining.template_places import places_of
from planner.rules.draft import Bind, key
from planner.rules.guest_names import SCHEMA_CHECK, TABLE, TEMPLATE, WORDING
from planner.rules.text import Text

Wanted = tuple[dict[str, Bind], Bind | None]
"""Parameter -> source, and the list to go over, if there is one."""
_LISTS: Final = ("rows", "listings", "items", "records", "lines", "events", "values")
MAKERS: Final = frozenset({TABLE, TEMPLATE})
"""Guests whose result may be a text."""
_BACK: Final = re.compile(
    r"\b(?:its?|that|this|the (?:csv|text|result|output|letter|message)|davon|dessen|darin|das ergebnis|der text"
    r"|sus?|eso|el (?:texto|resultado|csv)|son|sa|ses|cela|le (?:texte|resultat|csv))\b"
)
_ROWS_KNOWN: Final = frozenset({"data", TABLE})


def wanted_of(call: Call, text: Text, outputs: Sequence[Output]) -> Wanted:
    """Return what a template's values or a checked value are taken from; nothing where the call has them or none is."""
    if not outputs or call.card.name not in {TEMPLATE, SCHEMA_CHECK, WORDING}:
        return {}, None
    if call.card.name == WORDING:
        return ({}, None) if "text" in call.presets else (_made_text(call, text, outputs[-1]), None)
    if call.card.name == SCHEMA_CHECK:
        schema = call.presets.get("schema")
        return ({}, None) if "value" in call.presets else _checked(schema, text, outputs[-1])
    template = call.presets.get("template")
    if "values" in call.presets or not isinstance(template, str):
        return {}, None
    given = {name.partition(".")[2] for name in call.presets if name.startswith("values.")}
    return _values(template, given, outputs, is_each=EACH.search(text.folded) is not None)


def _made_text(call: Call, text: Text, output: Output) -> dict[str, Bind]:
    """Return the text that the step before made, when the call's own words speak of it: "and count its words"."""
    if output.agent not in MAKERS or output.is_list or not _BACK.search(text.folded[slice(*call.stretch)]):
        return {}
    made = next((n for n in ("text", "csv") if n in properties_of(output.gives)), None)
    return {"text": key(output.key, f"/{made}")} if made else {}


def _values(template: str, given: Collection[str], outputs: Sequence[Output], *, is_each: bool) -> Wanted:
    places = places_of(template)
    names = [n for n in places.names if n not in given]
    if not places.lists:
        return _single(names, outputs, is_partial=bool(given), is_each=is_each)
    found: dict[str, Bind] = {}
    for name in places.lists:
        output = next((o for o in reversed(outputs) if list_in(o, name) is not None), None)
        if output is None:
            continue
        pointer = list_in(output, name) or ""
        if len(places.lists) == 1 and not given and pointer == f"/{name}":
            return {"values": key(output.key)}, None
        found[f"values.{name}"] = key(output.key, pointer)
    for name in names:
        whole = next((o for o in reversed(outputs) if not o.is_list and name in properties_of(o.gives)), None)
        if whole is not None:
            found[f"values.{name}"] = key(whole.key, f"/{name}")
    return found, None


def _single(names: list[str], outputs: Sequence[Output], *, is_partial: bool, is_each: bool) -> Wanted:
    """Return where a template without lists is filled from: one object, or each row of a list."""
    if not names:
        return {}, None
    fitting = (o for o in reversed(outputs) if _known(names, o) or _known_of_rows(names, o))
    best = next(fitting, outputs[-1])
    pointer = list_in(best)
    of_rows = _known_of_rows(names, best)
    whole = _known(names, best)
    may_be = _has_rows(best) or (is_each and of_rows > 0)
    is_rowed = pointer is not None and (of_rows > whole or (may_be and of_rows >= whole))
    if is_rowed and best.is_one_row:
        return _bound(names, best.key, f"{pointer}/0", is_partial=is_partial), None
    each = key(best.key, pointer or "") if is_rowed else None
    return _bound(names, best.key, "", is_partial=is_partial), each


def _bound(names: list[str], source: str, pointer: str, *, is_partial: bool) -> dict[str, Bind]:
    if not is_partial:
        return {"values": key(source, pointer)}
    return {f"values.{name}": key(source, f"{pointer}/{name}") for name in names}


def _known(names: list[str], output: Output) -> float:
    """Return how many of the names an output has itself, of 1."""
    has = set() if output.is_list else properties_of(output.gives).keys()
    return sum(n in has for n in names) / len(names)


def _known_of_rows(names: list[str], output: Output) -> float:
    """Return how many of the names the rows of an output have, of 1; rows of columns unknown have them all."""
    pointer = list_in(output)
    if pointer is None:
        return 0.0
    has = set(output.columns) if output.agent == "data" else _fields(output, pointer)
    return sum(n in has for n in names) / len(names) if has else 1.0 if output.agent in _ROWS_KNOWN else 0.0


def _fields(output: Output, pointer: str) -> set[str]:
    if output.is_list:
        return set(properties_of(output.gives))
    listed = next((p.schema for p in parts_of(output.gives) if p.each is None and p.pointer == pointer), {})
    return set(properties_of(listed.get("items", {})))


def list_in(output: Output, name: str = "") -> str | None:
    """Return the pointer of an output's list that is called so, else of its rows; None where it has none."""
    if output.is_list:
        return ""
    listed = {n for n, s in properties_of(output.gives).items() if types_of(s) == {"array"}}
    found = next((n for n in (name, *_LISTS) if n in listed), None)
    return None if found is None else f"/{found}"


def _has_rows(output: Output) -> bool:
    """Say whether an output is rows before anything else, rather than a page that lists some too."""
    return output.is_list or output.agent in _ROWS_KNOWN


def _checked(schema: Any, text: Text, output: Output) -> Wanted:
    """Return what of a step's result is checked: all of it, its rows, each row, or one value, as the schema says."""
    types = _types(schema)
    pointer = list_in(output)
    if types == {"array"} and pointer is not None:
        return {"value": key(output.key, pointer)}, None
    if types == {"object"} and _has_rows(output):
        asked = {*schema.get("required", ()), *properties_of(schema)}
        if output.is_list or not asked or not asked <= properties_of(output.gives).keys():
            return {"value": key(output.key)}, key(output.key, pointer or "")
    if types and not types & {"array", "object"}:
        return {"value": _one_value(types, text, output)}, None
    return {"value": key(output.key)}, None


def _types(schema: Any) -> frozenset[str]:
    if not isinstance(schema, dict):
        return frozenset()
    if "type" not in schema and ("required" in schema or "properties" in schema):
        return frozenset({"object"})
    return types_of(schema) if "type" in schema else frozenset()


def _one_value(types: frozenset[str], text: Text, output: Output) -> Bind:
    """Return the part of an output that has the type: one the text names, else the first."""
    if output.agent == "data" and output.columns and types & {"number", "integer"}:
        return key(output.key, f"/rows/0/{output.columns[0]}")
    fitting = [
        p.pointer
        for p in parts_of(output.gives)
        if p.each is None and p.pointer and flows(p.schema, {"type": [*types]})
    ]
    said = next((p for p in fitting if p.rpartition("/")[2] in text.folded), next(iter(fitting), ""))
    return key(output.key, said)
