"""What the agent takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from agents.time.zones import known_zones
from contracts.errors import InvalidInput
from contracts.jsonvalue import join_pointer

MAX_ITEMS = 10_000
MAX_TEXT_CHARS = 8 * 1024 * 1024
MAX_HOURS = 24 * 366 * 100


class TimeInputs(BaseModel):
    """The texts to read a time from, and what to read it against."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    text: Annotated[
        str | None,
        Field(
            max_length=MAX_TEXT_CHARS, description="words, markup or a number that says when something ends"
        ),
    ] = None
    items: Annotated[
        list[JsonValue] | None,
        Field(max_length=MAX_ITEMS, description="several of them, or objects that hold one, instead of text"),
    ] = None
    pointer: Annotated[
        str,
        Field(max_length=1000, description="JSON pointer to the text in each item; empty: the item itself"),
    ] = ""
    zone: Annotated[
        str | None,
        Field(
            max_length=64, description="IANA zone of times that name none; without it, the run's home zone"
        ),
    ] = None
    within_hours: Annotated[
        float | None,
        Field(ge=0, le=MAX_HOURS, description="say of each whether it ends within so many hours of now"),
    ] = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.text is None) == (self.items is None):
            raise ValueError("exactly one of text and items is needed")
        if self.pointer and not self.pointer.startswith("/"):
            raise ValueError("a pointer is empty or begins with '/'")
        if self.zone is not None and self.zone not in known_zones():
            raise ValueError(f"no zone is called {self.zone[:64]!r}; names are like Europe/Paris")
        return self


def read_inputs(inputs: Mapping[str, Any]) -> TimeInputs:
    """Return the inputs, checked; a null counts as absent.

    Raises:
        InvalidInput: `time.bad_input`, with field and reason.
    """
    given = {name: value for name, value in inputs.items() if value is not None}
    try:
        return TimeInputs.model_validate(given)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        where = join_pointer(*first["loc"])
        value = f", not {str(first['input'])[:100]!r}" if first["loc"] and first["type"] != "missing" else ""
        raise InvalidInput(
            "time.bad_input",
            f"{where or 'the inputs'}: {first['msg']}{value}",
            where=where,
            hint="Give text or items (with a pointer); zone is an IANA name, within_hours a number.",
        ) from exc
