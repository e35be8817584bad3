"""Whether an agent takes what a subtask gives it: names, literals, and what they are together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from contracts.errors import InvalidInput, Problem
from contracts.jsonvalue import join_pointer
from contracts.schemas import Checker
from planner.checks.fits import described
from planner.checks.known import KnownCard, keep
from planner.checks.look import Look, arguments_of
from planner.checks.schema_walk import Place, listed, named, says_null

if TYPE_CHECKING:
    from pydantic import JsonValue

CODE: Final = "plan.bad_arguments"
MOST_NAMED: Final = 12
_CARD: Final = "urn:callsheet:card"
_PART: Final = "the part that is asked about"


def argument_problems(look: Look, index: int, subtask: Mapping[str, Any], card: KnownCard) -> list[Problem]:
    """Return what is wrong with what a subtask gives an agent."""
    given = _parameters(look.arguments(subtask)) | _given_nulls(subtask, card)
    found = [*_name_problems(index, subtask, card, given), *_literal_problems(look, index, subtask, card)]
    if not found and not card.is_simple:
        found += _whole_problems(look, index, subtask, card, given)
    return found


def parameters_of(subtask: Mapping[str, Any]) -> set[str]:
    """Return the names of the parameters a subtask's agent is given; of `tables.site`, `tables`."""
    return _parameters(arguments_of(subtask))


def _parameters(arguments: Iterator[tuple[str, Mapping[str, Any], tuple[str | int, ...]]]) -> set[str]:
    return {
        name.partition(".")[0] if place[0] == "bind" else name
        for name, source, place in arguments
        if "key" in source or source["literal"] is not None
    }


def _given_nulls(subtask: Mapping[str, Any], card: KnownCard) -> set[str]:
    """Return the required parameters that are given as `null` to an agent that says it takes that."""
    return {
        name
        for name in card.required
        if subtask.get("bind", {}).get(name, {}).get("literal", 0) is None
        and says_null(Place(card.properties.get(name), card.takes))
    }


def _name_problems(
    index: int, subtask: Mapping[str, Any], card: KnownCard, given: set[str]
) -> Iterator[Problem]:
    at, bind = f"/subtasks/{index}/bind", subtask.get("bind", {})
    if card.is_closed and not given <= card.properties.keys():
        for name in sorted(given.difference(card.properties)):
            said = f"{subtask['id']!r} gives {card.card.name} {name[:80]!r}, which it does not take"
            yield Problem(CODE, at, said, _takes(card))
    for name in card.required:
        if name not in given:
            said = f"{subtask['id']!r} does not give {card.card.name} its {name!r}"
            yield Problem(CODE, at, said, f"It takes {_described(card, name)}: bind it.")
    for name in bind:
        if "." in name and name.partition(".")[0] in bind:
            said = f"{subtask['id']!r} gives a parameter both whole and in parts"
            yield Problem(CODE, at, said, f"Keep {name.partition('.')[0][:60]!r} or its parts.")
            break


def _literal_problems(
    look: Look, index: int, subtask: Mapping[str, Any], card: KnownCard
) -> Iterator[Problem]:
    for name, source in subtask.get("bind", {}).items():
        is_part = "." in name
        if not is_part and (
            source.get("literal") is None or name not in card.properties or name in card.is_plain
        ):
            continue
        wanted = card.wanted(name, look.fits.steps)
        if wanted is None and name.partition(".")[0] in card.properties:
            said = f"{subtask['id']!r} gives {card.card.name} {name[:80]!r}, a part of what has none"
            yield Problem(CODE, join_pointer("subtasks", index, "bind", name), said, _takes(card))
        elif source.get("literal") is not None and wanted is not None and isinstance(wanted.part, Mapping):
            key = (card.card.name, "/".join(card.usual(name.split("."))) if is_part else name)
            wrong = _misfit(look, key, wanted, source["literal"])
            if wrong is not None:
                at = join_pointer("subtasks", index, "bind", name, "literal")
                said = f"{subtask['id']!r}: {card.card.name} cannot take this {name[:80]}: {wrong[1]}"
                yield Problem(CODE, at + wrong[0], said, f"{card.card.name} takes {_described(card, name)}.")


def _misfit(look: Look, key: tuple[str, str], wanted: Place, value: JsonValue) -> tuple[str, str] | None:
    checker = look.checkers.get(key)
    if checker is None:
        try:
            checker = Checker(_standing(wanted))
        except InvalidInput:
            checker = Checker({})  # a schema that cannot be used says nothing
        keep(look.checkers, key, checker)
    return checker.first(value)


def _standing(wanted: Place) -> dict[str, Any]:
    """Return a part of a schema as a schema of its own: what it refers to stays where it was."""
    root = {word: part for word, part in wanted.root.items() if word != "$schema"}
    if wanted.part is wanted.root:
        return root
    name = root["$id"] if isinstance(root.get("$id"), str) else _CARD
    at = next((n for n, part in named(root.get("properties")).items() if part is wanted.part), None)
    place = f"/properties/{quote(join_pointer(at)[1:])}" if at is not None else f"/$defs/{quote(_PART)}"
    if at is None:
        root["$defs"] = {**named(root.get("$defs")), _PART: wanted.part}
    return {"$defs": {"card": {**root, "$id": name}}, "$ref": f"{name}#{place}"}


def _whole_problems(
    look: Look, index: int, subtask: Mapping[str, Any], card: KnownCard, given: set[str]
) -> Iterator[Problem]:
    """Yield what is wrong with all arguments together, as far as they are known."""
    sources = {name: source for name, source, _ in look.arguments(subtask)}
    at = f"/subtasks/{index}/bind"
    twice = _both_of_one(card.takes, given)
    why: str | None = None
    if twice:
        why = f"{twice[0]!r} and {twice[1]!r} exclude each other"
    elif card.is_by_names:
        why = _why_not_named(look, card, frozenset(given))
    elif all("literal" in source for source in sources.values()):
        wrong = _misfit(look, (card.card.name, ""), Place(card.takes, card.takes), _value(sources, given))
        why = wrong[1] if wrong is not None else None
    else:
        why = _why_not_of(look, card, {name: _said_of(name, sources) for name in given})
    if why is not None:
        said = f"{subtask['id']!r}: {card.card.name} cannot take these together: {why}"
        yield Problem(CODE, at, said, _ways(card.takes) or _takes(card))


def _why_not_named(look: Look, card: KnownCard, given: frozenset[str]) -> str | None:
    key = (card.card.name, given)
    kept = look.known.fits
    if key not in kept:
        why = _why_not_of(look, card, dict.fromkeys(given, True))
        if look.fits.steps.left <= 0:
            return why
        keep(kept, key, why)
    return kept[key]


def _why_not_of(look: Look, card: KnownCard, said: Mapping[str, Any]) -> str | None:
    shape = {
        "type": "object",
        "properties": said,
        "required": sorted(said),
        "additionalProperties": False,
    }
    return look.fits.why_not(Place(shape, shape), Place(card.takes, card.takes))


def _value(sources: Mapping[str, Mapping[str, Any]], given: set[str]) -> dict[str, JsonValue]:
    """Return the arguments as an attempt would be given them; any other `null` stands for nothing given."""
    found: dict[str, Any] = {}
    for name, source in sources.items():
        if source["literal"] is None and name not in given:
            continue
        *path, last = name.split(".")
        here = found
        for token in path:
            inner = here.setdefault(token, {})
            if not isinstance(inner, dict):
                break  # a part of a literal: told apart
            here = inner
        else:
            here[last] = source["literal"]
    return found


def _said_of(name: str, sources: Mapping[str, Mapping[str, Any]]) -> Any:
    source = sources.get(name)
    if source is None:
        return {"type": "object"}  # given in parts
    return {"const": source["literal"]} if "literal" in source else True


def _both_of_one(takes: Mapping[str, Any], given: set[str]) -> tuple[str, str] | None:
    """Return the first parameters of two branches of a `oneOf`, each of which is satisfied by its names alone."""
    branches = listed(takes.get("oneOf"))
    if not branches or not all(isinstance(b, Mapping) and b.keys() == {"required"} for b in branches):
        return None
    full = [names for b in branches if (names := _names(b)) and given.issuperset(names)]
    return (full[0][0], full[1][0]) if len(full) > 1 else None


def _ways(takes: Mapping[str, Any]) -> str:
    """Return `Give one of: value; values.` where the schema says so by the names it requires."""
    for word in ("oneOf", "anyOf"):
        ways = [
            " with ".join(names[:5])
            for b in listed(takes.get(word))[:MOST_NAMED]
            if isinstance(b, Mapping) and (names := _names(b))
        ]
        if ways:
            return f"Give {'exactly ' if word == 'oneOf' else ''}one of: {'; '.join(ways)}."
    return ""


def _takes(card: KnownCard) -> str:
    names = list(card.properties)
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{card.card.name} takes {', '.join(names[:MOST_NAMED]) or 'nothing'}{more}."


def _described(card: KnownCard, name: str) -> str:
    part = card.properties.get(name.partition(".")[0])
    return f"{described(part)} as its {name.partition('.')[0][:60]}"


def _names(branch: Mapping[str, Any]) -> list[str]:
    """Return the parameters a branch requires, as far as they are names."""
    return [name for name in listed(branch.get("required")) if isinstance(name, str)]
