"""JSON Schema, checked safely: never fetches a reference, never backtracks in a pattern.

Schemas come from plans and manifests, so they are as hostile as any input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import jsonschema_rs

from contracts.errors import InvalidInput
from contracts.jsonvalue import join_pointer
from contracts.schema_cost import is_costly

if TYPE_CHECKING:  # pydantic takes longer to import than a plan takes to make
    from pydantic import JsonValue

MAX_MESSAGE: Final = 300
MOST_LISTED: Final = 100
"""Of a list or an object with something wrong in it, so many parts are looked at."""
MOST_PARTS: Final = 50_000
"""Of a value in which every fault is told apart."""


class Fault(NamedTuple):
    """One thing that a schema finds wrong."""

    pointer: str
    message: str
    """Bounded in length."""
    keyword: str
    """Of the schema: `required`, `type`."""


class Checker:
    """One compiled schema.

    Raises:
        InvalidInput: `schema.invalid`, it is no JSON Schema, refers outside itself, or to itself without end.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            self._validator = jsonschema_rs.Draft202012Validator(
                dict(schema), offline=True, pattern_options=jsonschema_rs.RegexOptions()
            )
        except ValueError as exc:
            raise InvalidInput("schema.invalid", f"no usable JSON Schema: {_short(str(exc))}") from exc
        if is_costly(schema):
            raise InvalidInput("schema.invalid", "no usable JSON Schema: its references multiply each other")

    def problems(self, value: JsonValue) -> Iterator[tuple[str, str]]:
        """Yield each (pointer, message) that is wrong with `value`, the message bounded in length."""
        return ((fault.pointer, fault.message) for fault in self.faults(value))

    def faults(self, value: JsonValue) -> Iterator[Fault]:
        """Yield each fault of `value`.

        All are found before one is given: of a list with millions of them, in minutes and gigabytes.
        """
        return map(_fault, self._validator.iter_errors(value))

    def first(self, value: JsonValue) -> tuple[str, str] | None:
        """Return the first (pointer, message) that is wrong, or None; it looks no further."""
        found = self.first_fault(value)
        return None if found is None else (found.pointer, found.message)

    def first_fault(self, value: JsonValue) -> Fault | None:
        """Return the first fault of `value`, or None; it looks no further."""
        if self._validator.is_valid(value):
            return None
        # A fault carries what it was found in, several times over: better that of a beginning.
        for part in (beginning(value), value) if _is_long(value) else (value,):
            try:
                self._validator.validate(part)
            except jsonschema_rs.ValidationError as error:
                return _fault(error)
        raise AssertionError("a value that does not fit has a fault")


def beginning(value: Any) -> Any:
    """Return a value with only the beginnings of its long lists and objects."""
    if isinstance(value, dict):
        return {name: beginning(inner) for name, inner in islice(value.items(), MOST_LISTED)}
    if isinstance(value, list):
        return [beginning(inner) for inner in value[:MOST_LISTED]]
    return value


def _is_long(value: Any) -> bool:
    waiting, left = [value], MOST_PARTS
    while waiting and left > 0:
        part = waiting.pop()
        if isinstance(part, dict | list):
            left -= len(part)
            waiting.extend(islice(part.values() if isinstance(part, dict) else part, MOST_PARTS))
    return left <= 0


def _fault(error: jsonschema_rs.ValidationError) -> Fault:
    return Fault(join_pointer(*error.instance_path), _short(str(error.message)), error.kind.name)


def _short(text: str) -> str:
    half = MAX_MESSAGE // 2
    return text if len(text) <= MAX_MESSAGE else f"{text[:half]} … {text[-half:]}"
