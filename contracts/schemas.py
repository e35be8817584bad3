"""JSON Schema, checked safely: never fetches a reference, never backtracks in a pattern.

Schemas come from plans and manifests, so they are as hostile as any input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from contracts.errors import InvalidInput
from contracts.jsonvalue import join_pointer
from contracts.schema_cost import is_costly

if TYPE_CHECKING:  # pydantic takes longer to import than a plan takes to make
    from pydantic import JsonValue

MAX_MESSAGE: Final = 300


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
        for error in self._validator.iter_errors(value):
            yield join_pointer(*error.instance_path), _short(str(error.message))

    def first(self, value: JsonValue) -> tuple[str, str] | None:
        """Return the first (pointer, message) that is wrong, or None.

        It looks no further: `problems` finds all before it gives one, in seconds where a list has many.
        """
        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return join_pointer(*error.instance_path), _short(str(error.message))
        return None


def _short(text: str) -> str:
    half = MAX_MESSAGE // 2
    return text if len(text) <= MAX_MESSAGE else f"{text[:half]} … {text[-half:]}"
