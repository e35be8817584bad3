"""Tool calls that a model writes as text, because its server does not know its way of writing them.

Small models answer an offer of tools with `{"name": …, "arguments": {…}}`, bare,
in a fence or between `<tool_call>` marks, and many servers hand that on as
text. It is read as a call only where it is all the reply and names a tool that
was offered; anything else stays text.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pydantic import JsonValue

from contracts.errors import InvalidInput
from contracts.jsonvalue import canonical_json, parse_json
from providers.chat import Completion, Options, Piece, Tool, ToolCall

MAX_WRITTEN: Final = 64 * 1024
_OPENINGS: Final = ("{", "[", "```", "<tool_call>")
_MARKED: Final = re.compile(r"<tool_call>\s*(.*?)\s*</tool_call>", re.DOTALL)
_FENCED: Final = re.compile(r"```[a-z_]{0,20}\s*(.*?)\s*```", re.DOTALL)


async def with_written_calls(pieces: AsyncIterator[Piece], options: Options) -> AsyncGenerator[Piece]:
    """Yield the pieces of a turn; text that may turn out to be a call is held back until that is known."""
    held: list[str] = []
    size, begun = 0, ""
    is_open = bool(options.tools) and options.tool_choice != "none"
    try:
        async for piece in pieces:
            if piece.end is not None:
                whole = read_calls(piece.end, options.tools) if held else piece.end
                if held and whole is piece.end:
                    yield Piece("".join(held))
                yield replace(piece, end=whole)
                return
            if not is_open:
                yield piece
                continue
            held.append(piece.text)
            size, begun = size + len(piece.text), (begun + piece.text).lstrip()[:16]
            is_open = size <= MAX_WRITTEN and may_be_call(begun)
            if not is_open:
                yield Piece("".join(held))
                held.clear()
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()


def may_be_call(begun: str) -> bool:
    """Say whether a reply that begins so may be a tool call."""
    return any(begun.startswith(o) or o.startswith(begun) for o in _OPENINGS)


def read_calls(end: Completion, tools: Sequence[Tool]) -> Completion:
    """Return a completion whose text is nothing but calls of these tools with them as calls; any other as it is."""
    if end.tool_calls or end.finish_reason != "stop" or len(end.text) > MAX_WRITTEN:
        return end
    text = end.text.strip()
    if fenced := _FENCED.fullmatch(text):
        text = fenced[1]
    written = _MARKED.findall(text)
    if written and _MARKED.sub("", text).strip():
        return end
    names = {tool.name for tool in tools}
    calls = [call for part in written or [text] for call in _calls(part, names)]
    if not calls or None in calls:
        return end
    found = tuple(ToolCall(f"call_{i}", call[0], call[1]) for i, call in enumerate(calls) if call is not None)
    return replace(end, text="", tool_calls=found, finish_reason="tool_calls")


def _calls(text: str, names: set[str]) -> list[tuple[str, str] | None]:
    try:
        found = parse_json(text)
    except InvalidInput:
        return [None]
    return [_call(one, names) for one in (found if isinstance(found, list) else [found])]


def _call(found: JsonValue, names: set[str]) -> tuple[str, str] | None:
    if not isinstance(found, Mapping) or not set(found) <= {"name", "arguments", "parameters", "type", "id"}:
        return None
    name, arguments = found.get("name"), found.get("arguments", found.get("parameters", {}))
    if not isinstance(name, str) or name not in names or not isinstance(arguments, dict):
        return None
    return name, canonical_json(arguments)
