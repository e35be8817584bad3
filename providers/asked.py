"""What every adapter makes of what it is asked."""

from __future__ import annotations

from typing import Any

from contracts.errors import AttemptFailed, InvalidInput
from contracts.jsonvalue import parse_json
from providers.chat import Form, Options, ToolCall


def asked_form(options: Options) -> Form:
    """Return how a reply is held to its shape, where the caller leaves that open."""
    if options.shape is None:
        return "prompt"
    return options.form or "json_schema"


def parsed_arguments(call: ToolCall) -> dict[str, Any]:
    """Return a tool call's arguments as the object they are; none for what a model wrote that is no object."""
    try:
        found = parse_json(call.arguments)
    except InvalidInput:
        return {}
    return found if isinstance(found, dict) else {}


def unsupported(what: str, *, form: Form | None = None) -> AttemptFailed:
    """Return the error for what an endpoint cannot do."""
    return AttemptFailed(
        "provider.unsupported",
        what,
        hint="Ask without it, or name a model of another endpoint.",
        data={} if form is None else {"form": form},
    )
