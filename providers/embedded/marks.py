"""Text that is spelled like a mark of a model's own template: who says what, where a turn ends.

The runtime makes one text of all messages and reads marks wherever they stand.
So a mark in what somebody wrote is broken up, and stays the words it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from providers.chat import Message

_MARK: Final = re.compile(
    r"([<\[])(?=[|\uff5c][^\s<>]{1,60}[|\uff5c]>|/?s>|(?:start|end)_of_turn>|/?(?:INST|SYSTEM_PROMPT|TOOL_CALLS)\])"
)


def without_marks(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Return messages in whose words nothing is a mark."""
    return tuple(
        message
        if _MARK.search(message.content) is None
        else replace(message, content=_plain(message.content))
        for message in messages
    )


def _plain(text: str) -> str:
    return _MARK.sub(r"\1 ", text)
