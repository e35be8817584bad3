"""One call's way through the forms, from the strictest to the words of the prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from contracts.errors import CallsheetError, InvalidInput
from contracts.jsonvalue import parse_json
from providers.chat import Form, Message, Shape
from providers.faults import AnsweredStatus
from providers.form_memory import Known

_ABOUT_FORM: Final = re.compile(r"response_format|json|schema|grammar|\bformat\b|tool_choice|forced")
_ABOUT_SIZE: Final = re.compile(r"context|too long|too many tokens|maximum length|n_ctx|credit|quota")
_FENCE: Final = re.compile(r"```[a-z]{0,20}\s*(.*?)```", re.DOTALL)
_COMPLAINTS: Final = frozenset({400, 422, 501})
"""Statuses that say that the request cannot be read, whatever they say of why."""
_MAYBE: Final = frozenset({404, 405, 415, 500})
"""Statuses that may be about the form, when they say so."""


@dataclass(slots=True)
class Search:
    """Which form is asked for now, and which were given up."""

    shape: Shape
    left: list[Form]
    """The first is asked for now."""
    known: Known
    grammar_first: bool | None
    given_up: frozenset[Form] = field(default_factory=frozenset)
    """In this call."""
    refused: frozenset[Form] = field(default_factory=frozenset)
    """... because the endpoint complained."""
    first_error: CallsheetError | None = None

    @property
    def form(self) -> Form:
        """Return the form that is asked for now."""
        return self.left[0]

    def told(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Return the messages, with the shape in words where the form says nothing of it."""
        if self.shape.described or self.form not in {"json_object", "prompt"}:
            return messages
        return with_shape(messages, self.shape)

    def go_on_after(self, error: CallsheetError) -> None:
        """Turn to the next form; raise when the error is about something else, or nothing is left."""
        if not is_about_form(error):
            raise error
        self.first_error = self.first_error or error
        refused = self.form
        if not self.give_up_form():
            raise self.first_error
        self.refused |= {refused}

    def give_up_form(self) -> bool:
        """Turn to the next form; False when this is the last."""
        if len(self.left) == 1:
            return False
        self.given_up |= {self.left.pop(0)}
        return True


def forms_for(shape: Shape, *, grammar_first: bool) -> list[Form]:
    """Return the forms a shape can be asked for in, the strictest first."""
    strict: list[Form] = ["json_schema"]
    if shape.grammar is not None:
        strict.insert(0 if grammar_first else 1, "grammar")
    return [*strict, "json_object", "prompt"]


def is_about_form(error: CallsheetError) -> bool:
    """Say whether an endpoint's error may be a complaint about the form of the reply that was asked for."""
    if error.code == "provider.unsupported":
        return "form" in error.data
    if not isinstance(error, AnsweredStatus):
        return False
    if error.status in _COMPLAINTS:
        return not _ABOUT_SIZE.search(error.complaint) or "schema" in error.complaint
    return error.status in _MAYBE and _ABOUT_FORM.search(error.complaint) is not None


def is_json(text: str) -> bool:
    """Say whether a reply is JSON, in a fence of Markdown or not."""
    bare = text.strip()
    if (fenced := _FENCE.search(bare)) is not None:
        bare = fenced[1]
    try:
        parse_json(bare)
    except InvalidInput:
        return False
    return True


def with_shape(messages: Sequence[Message], shape: Shape) -> tuple[Message, ...]:
    """Return messages whose last system message also says what shape the reply must have."""
    schema = json.dumps(dict(shape.schema), ensure_ascii=False, separators=(",", ":"))
    words = f"Reply with one JSON value and nothing else. It must fit this JSON Schema:\n{schema}"
    places = [i for i, m in enumerate(messages) if m.role == "system"]
    if not places:
        return (Message("system", words), *messages)
    last = places[-1]
    said = replace(messages[last], content=f"{messages[last].content}\n\n{words}")
    return (*messages[:last], said, *messages[last + 1 :])
