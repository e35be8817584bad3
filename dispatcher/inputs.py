"""What one attempt is given: a plain mapping, resolved from the context.

`bind` names each parameter's source; a name with dots (`tables.lots`) fills a
nested object. An input key that no bind reads arrives under its own name,
unless it is there for the subtask's condition alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from contracts.errors import AttemptFailed, InvalidInput
from contracts.jsonvalue import resolve_pointer
from contracts.plan import Bind, Foreach, Subtask


@dataclass(frozen=True, slots=True)
class Element:
    """One call to make: its inputs, and its place in the list of a foreach subtask."""

    inputs: dict[str, JsonValue]
    index: int | None = None


def only_tested(subtask: Subtask) -> str:
    """Return the key that only a subtask's condition reads, or nothing."""
    read = {b.key for b in subtask.bind.values()} | ({subtask.foreach.key} if subtask.foreach else set())
    return subtask.when.key if subtask.when is not None and subtask.when.key not in read else ""


def elements_of(subtask: Subtask, values: Mapping[str, JsonValue], *, but: str = "") -> list[Element]:
    """Return the calls a subtask makes: one, or one for each element of its foreach.

    Args:
        subtask: Of a checked plan.
        values: The run's context.
        but: An input key that is not given to the agent.

    Raises:
        AttemptFailed: `dispatch.missing_key`, `dispatch.bad_pointer`, `dispatch.not_a_list`,
            `dispatch.too_many_items`, `dispatch.bind_conflict`.
    """
    given = {key: _value(values, key) for key in subtask.input_keys if key != but}
    if subtask.foreach is None:
        return [Element(_bound(subtask, given))]
    items = _items(subtask.foreach, given)
    key = subtask.foreach.key
    return [Element(_bound(subtask, {**given, key: item}), i) for i, item in enumerate(items)]


def _value(values: Mapping[str, JsonValue], key: str) -> JsonValue:
    if key not in values:
        raise AttemptFailed("dispatch.missing_key", f"nothing wrote {key!r}")
    return values[key]


def _items(foreach: Foreach, given: Mapping[str, JsonValue]) -> list[JsonValue]:
    items = _at(given, foreach.key, foreach.pointer)
    if not isinstance(items, list):
        where = f"{foreach.key}{foreach.pointer}"
        raise AttemptFailed("dispatch.not_a_list", f"foreach runs over a list; {where} is {_kind(items)}")
    if len(items) > foreach.max_items:
        raise AttemptFailed(
            "dispatch.too_many_items",
            f"{len(items)} elements at {foreach.key}{foreach.pointer}, at most {foreach.max_items} are run",
            hint="Filter or limit the list in a data subtask, or raise max_items.",
        )
    return items


def _bound(subtask: Subtask, given: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    read = {b.key for b in subtask.bind.values() if b.key is not None}
    inputs: dict[str, JsonValue] = {k: v for k, v in given.items() if k not in read}
    for name, source in subtask.bind.items():
        _place(inputs, name, _source(source, given))
    return inputs


def _source(source: Bind, given: Mapping[str, JsonValue]) -> JsonValue:
    if source.key is None:
        return source.literal
    return _at(given, source.key, source.pointer)


def _at(given: Mapping[str, JsonValue], key: str, pointer: str) -> JsonValue:
    try:
        return resolve_pointer(_value(given, key), pointer)
    except InvalidInput as exc:
        raise AttemptFailed("dispatch.bad_pointer", f"{key!r}: {exc.message}", where=pointer) from exc


def _place(inputs: dict[str, JsonValue], name: str, value: JsonValue) -> None:
    *path, last = name.split(".")
    here = inputs
    for step in path:
        inner = here.setdefault(step, {})
        if not isinstance(inner, dict):
            raise AttemptFailed(
                "dispatch.bind_conflict", f"{name!r} is bound inside {step!r}, which has a value"
            )
        here = inner
    here[last] = value


def _kind(value: JsonValue) -> str:
    names = {dict: "an object", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
