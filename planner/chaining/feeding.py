"""Arguments for an agent known by its card: what the objective spells out, the caller gives, or other agents give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from contracts.errors import InvalidInput
from planner.catalogue_terms import stem
from planner.chaining.call import Call
from planner.chaining.found import STRONG
from planner.chaining.literals import literal_for
from planner.chaining.outputs import TABULAR, TEXTUAL, Output, named_source, source_for
from planner.chaining.schemas import ANY, fits, properties_of, types_of
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.guest_names import SENSED
from planner.rules.text import Text

if TYPE_CHECKING:
    from pydantic import JsonValue

EACH: Final = re.compile(r"\b(?:each|every|per|for all|jede[nrsm]?|pro|je|cada|chaque)\b")
_EMPTY: Final[dict[str, Any]] = {
    "string": "",
    "array": [],
    "object": {},
    "number": 0,
    "integer": 0,
    "boolean": False,
}


@dataclass
class Fed:
    """What an agent is given."""

    bind: dict[str, Bind] = field(default_factory=dict)
    foreach: Bind | None = None


@dataclass(frozen=True)
class _Material:
    text: Text
    outputs: Sequence[Output]
    taken: set[int]
    """Literals of the text that a parameter has."""
    never_said: tuple[str, ...]


def feed(
    draft: Draft,
    call: Call,
    text: Text,
    outputs: Sequence[Output],
    *,
    is_given: bool,
    wanted: tuple[Mapping[str, Bind], Bind | None] = ({}, None),
) -> Fed:
    """Return what a call is given.

    Args:
        draft: Holds the caller's inputs; what is spoken of and not there becomes one more.
        call: The agent, and what is known of its arguments.
        text: What asks for it.
        outputs: What comes before it.
        is_given: Whether the text speaks of material that the caller gives beside it.
        wanted: Where it is known already: parameter, or a part of one, -> source, and the list to go over.

    Raises:
        InvalidInput: `plan.unsupported_objective`, something it must have is nowhere.
    """
    fed = Fed({name: literal(value) for name, value in call.presets.items()} | {**wanted[0]}, wanted[1])
    properties = properties_of(call.card.takes)
    others = _others(call)
    fed.bind |= {n: key(n) for n in draft.inputs if n in properties and n not in {*fed.bind, *others}}
    _whole_object(fed, call, text, properties)
    taken = preset_literals(call, text)
    material = _Material(text, outputs, taken, call.never_said)
    bound = {name.partition(".")[0] for name in fed.bind}
    open_ones = [n for n in dict.fromkeys((*needed(call), *call.must)) if n not in bound]
    missing = [n for n in open_ones if not _one(fed, n, properties.get(n, {}), material)]
    for name in missing:
        if _from_inputs(fed, draft, name, properties.get(name, {})):
            continue
        if not is_given:
            raise _lacking(call, name)
        fed.bind[name] = key(_asked_for(draft, call, name, properties.get(name, {})))
    for name, schema in properties.items():
        if name not in fed.bind and name not in {*others, *bound} and _is_spoken_of(call, name, schema, text):
            _extra(fed, name, schema, _own(call, text), outputs)
    return fed


def _own(call: Call, text: Text) -> Text:
    """Return what says how a call is meant: for the house's own guests their stretch of the text, for others all."""
    return text.parts([call.stretch]) if call.card.name in SENSED and any(call.stretch) else text


def preset_literals(call: Call, text: Text) -> set[int]:
    """Return which literals of the text a call has already."""
    mine = [v for v in call.presets.values() if isinstance(v, (str, list, dict))]
    return {n for n, piece in enumerate(text.literals) if any(piece.value is value for value in mine)}


def needed(call: Call) -> list[str]:
    """Return the parameters a call must have: those required, or, of alternatives, the first that is met."""
    takes = call.card.takes
    found = [str(n) for n in takes.get("required", ())]
    choices = [
        c
        for word in ("oneOf", "anyOf")
        for c in takes.get(word, ())
        if isinstance(c, Mapping) and c.get("required")
    ]
    if choices and not call.must:
        met = next((c for c in choices if set(c["required"]) <= {*call.presets, *found}), choices[0])
        found += [str(n) for n in met["required"]]
    if not found and not call.must and takes.get("additionalProperties", True) is False:
        found = [str(n) for n in list(properties_of(takes))[:1]]
    return found


def _others(call: Call) -> set[str]:
    """Return the parameters that stand in the way of what a call must have: each is one of several ways to call."""
    if not call.must:
        return set()
    choices = [c for c in call.card.takes.get("oneOf", ()) if isinstance(c, Mapping)]
    listed = {str(n) for c in choices for n in c.get("required", ())}
    return listed - {*call.must}


def _whole_object(fed: Fed, call: Call, text: Text, properties: Mapping[str, Any]) -> None:
    """Take a JSON object of the text for the arguments as a whole, when its names are the parameters'."""
    for value in text.values:
        if (
            isinstance(value, dict)
            and value
            and properties
            and value.keys() <= properties.keys()
            and not call.presets
        ):
            fed.bind = {name: literal(v) for name, v in value.items()} | fed.bind
            return


def _one(fed: Fed, name: str, schema: Any, material: _Material) -> bool:
    taken = material.taken
    said = name not in material.never_said
    found = literal_for(name, schema, material.text, taken=taken, used=_used(fed)) if said else None
    named = named_source(name, schema, material.outputs)
    each = EACH.search(material.text.folded) is not None
    source = source_for(name, schema, material.outputs, may_fan=fed.foreach is None, each=each)
    if named is not None and (found is None or found.strength < STRONG):
        fed.bind[name] = named
        return True
    if found is not None and (source is None or found.strength >= max(source.score, 1.3)):
        fed.bind[name] = literal(found.value)
        if found.literal is not None:
            taken.add(found.literal)
        return True
    if source is not None:
        fed.bind[name] = source.bind
        fed.foreach = source.foreach or fed.foreach
        return True
    return False


def _is_spoken_of(call: Call, name: str, schema: Any, text: Text) -> bool:
    """Say whether a choice may be meant: of the house's own guests only by its name, not by "add them up" alone."""
    is_choice = call.card.name in SENSED and isinstance(schema, Mapping) and "enum" in schema
    return not is_choice or stem(name) in text.folded


def _used(fed: Fed) -> list[Any]:
    return [
        source["literal"]
        for source in fed.bind.values()
        if isinstance(source.get("literal"), (str, int, float))
    ]


def _extra(fed: Fed, name: str, schema: Any, text: Text, outputs: Sequence[Output]) -> None:
    """Give a parameter nobody must give, where the text names it, or an agent before gives it by that name.

    What was worked on since may have changed it: the columns of a table, say.
    """
    worked = max((at for at, output in enumerate(outputs) if output.agent == "data"), default=-1)
    named = named_source(name, schema, outputs[worked + 1 :] if name == "columns" else outputs)
    if named is not None and name not in {"value", "text", "kind", "count"}:
        fed.bind[name] = named
        return
    found = literal_for(name, schema, text, taken=set())
    if found is not None and found.literal is None and found.strength >= 2.1:
        fed.bind[name] = literal(found.value)


def _from_inputs(fed: Fed, draft: Draft, name: str, schema: Any) -> bool:
    """Take the one input of the caller's that has the parameter's type and nothing else reads."""
    read = {b.get("key") for b in fed.bind.values()}
    fitting = [n for n, v in draft.inputs.items() if n not in read and _may_be(schema, v)]
    if len(fitting) != 1:
        return False
    fed.bind[name] = key(fitting[0])
    return True


def _may_be(schema: Any, value: JsonValue) -> bool:
    names = {str: "string", int: "integer", float: "number", list: "array", dict: "object", bool: "boolean"}
    mine = names.get(type(value), "null")
    return mine in types_of(schema) or (mine == "integer" and "number" in types_of(schema))


def _asked_for(draft: Draft, call: Call, name: str, schema: Any) -> str:
    types = types_of(schema)
    first = (
        "object"
        if types == ANY
        else next((t for t in ("string", "array", "object", "number") if t in types), "string")
    )
    empty = _EMPTY[first] if fits(schema, _EMPTY[first]) else "?" * int(schema.get("minLength", 1))
    said = draft.give(name if re.fullmatch(r"[a-z][a-z0-9_]{0,50}", name) else "given", empty)
    draft.warn(
        f"the objective speaks of {call.card.name}'s {name!r} without giving it: give it with --input {said}=…"
    )
    return said


def _lacking(call: Call, name: str) -> InvalidInput:
    return InvalidInput(
        "plan.unsupported_objective",
        f"{call.card.name} takes {name!r}, which the objective does not give",
        hint=f"Put it in quotes, or give it with --input {name}=….",
    )


def takes_rows(call: Call) -> bool:
    """Say whether what the agent must have is a list of rows."""
    properties = properties_of(call.card.takes)
    return any(
        set(n.split("_")) & TABULAR and types_of(properties.get(n, {})) == {"array"} for n in needed(call)
    )


def takes_text(call: Call) -> bool:
    """Say whether what the agent must have is a text."""
    return any(set(n.split("_")) & TEXTUAL for n in needed(call))
