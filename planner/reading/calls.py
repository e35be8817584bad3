"""Tool calls whose parameters stand in tags, one by one: spelled as the JSON object they amount to.

Some models write `<parameter=subtasks>[...]</parameter>`, others
`<arg_key>subtasks</arg_key><arg_value>[...]</arg_value>`. Without this the list
would be read and the other parameters lost. Nothing is closed: a call that
ends too early is truncated, and a value that does stays so when it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from contracts.errors import InvalidInput
from planner.reading.tokens import truncated

_OPENS: Final = re.compile(
    r"<parameter(?:=|\s{1,3}name=)[\"']?(?P<name>\w{1,60})[\"']?\s{0,3}>"
    r"|<arg_key>\s{0,9}(?P<key>\w{1,60})\s{0,9}</arg_key>\s{0,9}<arg_value>"
)
_CALL_ENDS: Final = re.compile(r"</(?:function|invoke|tool_call)>")
_FIRST: Final = re.compile(r"[{\[]")
MAX_PARAMETERS: Final = 20


def call_spelled(text: str) -> str | None:
    """Return a reply with its call spelled as a JSON object; None where no plan stands in tags.

    Raises:
        InvalidInput: `plan.reply_truncated`, the call never ends; `plan.reply_ambiguous`, it has a parameter twice.
    """
    opener, first = _OPENS.search(text), _FIRST.search(text)
    if opener is None or (first is not None and first.start() < opener.start()):
        return None
    values: dict[str, str] = {}
    end = opener.start()
    for name, value, end in _parameters(text, opener):  # noqa: B007  # where the last one ended
        if name in values:
            raise InvalidInput("plan.reply_ambiguous", f"the parameter {name!r} stands twice in one call")
        values[name] = value
    if _CALL_ENDS.match(text, _behind_space(text, end)) is None:
        raise truncated()
    if "subtasks" not in values:
        return None
    spelled = ", ".join(f"{json.dumps(name)}: {_spelled(value)}" for name, value in values.items())
    return f"{text[: opener.start()]}{{{spelled}}}{text[end:]}"


def _parameters(text: str, opener: re.Match[str]) -> Iterator[tuple[str, str, int]]:
    """Yield name, text and end of each parameter of one call."""
    found: re.Match[str] | None = opener
    for _ in range(MAX_PARAMETERS):
        if found is None:
            return
        closer = "</parameter>" if found["name"] else "</arg_value>"
        end = text.find(closer, found.end())
        if end < 0:
            raise truncated()
        yield found["name"] or found["key"], text[found.end() : end].strip(), end + len(closer)
        found = _OPENS.match(text, _behind_space(text, end + len(closer)))


def _behind_space(text: str, at: int) -> int:
    while at < len(text) and text[at].isspace():
        at += 1
    return at


def _spelled(value: str) -> str:
    return value if value[:1] in {"{", "["} else json.dumps(value)
