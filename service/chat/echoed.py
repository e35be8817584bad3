"""A model's own calls, as it is told of them again.

Strict endpoints refuse a whole conversation for a call whose id another one
has, whose name could be no tool's, or whose arguments are no JSON object, and
lax ones let models write such calls.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from contracts.errors import InvalidInput
from providers.chat import Message, ToolCall
from service.chat.one_step import arguments_of

_STRANGE: Final = re.compile(r"[^a-zA-Z0-9_-]")


def echoed(calls: Sequence[ToolCall], said: Sequence[Message]) -> tuple[ToolCall, ...]:
    """Return calls that any endpoint takes, in their order.

    Args:
        calls: As the model wrote them.
        said: The conversation before them.
    """
    ids = {call.id for message in said for call in message.tool_calls}
    found = []
    for call in calls:
        name = _STRANGE.sub("_", call.name)[:64] or "unnamed"
        found.append(ToolCall(_own_id(call.id, ids), name, call.arguments if _is_object(call) else "{}"))
        ids.add(found[-1].id)
    return tuple(found)


def _own_id(wanted: str, taken: set[str]) -> str:
    if wanted and wanted not in taken:
        return wanted
    return next(name for n in range(len(taken) + 1) if (name := f"call_{n + 1}") not in taken)


def _is_object(call: ToolCall) -> bool:
    try:
        arguments_of(call.arguments)
    except InvalidInput:
        return False
    return True
