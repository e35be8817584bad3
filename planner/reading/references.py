"""Whether a text is a reference to another step's result, in the ways models write one.

A plan binds results by key and never replaces text. So `$1` in a literal is a
mistake, where it means a step; `$100` is a price.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Final

_TAGGED: Final = re.compile(r"<node-\d{1,3}>|<GENERATED>-\d{1,3}|<resource-\d{1,3}>|#E\d{1,2}\b")
_SPOKEN: Final = re.compile(
    r"\b(?:output|result)s?[ _](?:of|from)[ _](?:the[ _])?(?:step|task|subtask|node)[ _-]?\d{1,3}\b"
    r"|[\[{<](?:step|task|subtask|node)[ _-]?\d{1,3}[ _.]?(?:output|result)s?[\]}>]",
    re.IGNORECASE,
)
_BRACED: Final = re.compile(
    r"[$%#]?\{\{?\s{0,3}(?P<name>[A-Za-z_][\w.\[\]/-]{0,80})\s{0,3}%?\}\}?|<<(?P<angled>\w{1,63})>>"
)
_DOLLAR: Final = re.compile(r"\$(?P<name>[a-z]\w{0,62})(?P<more>[.\[]\w[\w.\[\]]{0,80})?")
_NUMBERED: Final = re.compile(r"\s*\$\{?(?P<number>\d{1,3})\}?\s*")
_DOTTED: Final = re.compile(
    r"\s*@?(?P<name>[a-z][a-z0-9_]{0,62})[.](?:output|result|response|value|outputs|results)s?(?:[.\[].{0,80})?\s*"
)
_WHOLE: Final = re.compile(r"\s*[@#](?P<name>[a-z][a-z0-9_]{0,62})\s*")
_STEP: Final = re.compile(r"\s*(?P<name>s\d{1,3})\s*")


def reference_in(text: str, *, ids: Collection[str], keys: Collection[str], count: int) -> str | None:
    """Return the part of a literal that means another step's result; None for a text that only is one.

    Args:
        text: At most some thousand characters.
        ids: Of the plan's subtasks.
        keys: Their output keys.
        count: How many there are; `$n` with a greater n is money.
    """
    for found in (*_TAGGED.finditer(text), *_SPOKEN.finditer(text)):
        return found[0]
    whole = _NUMBERED.fullmatch(text)
    if whole is not None and 1 <= int(whole["number"]) <= count:
        return text.strip()
    known = {*ids, *keys}
    return next((said for said, name in _named(text) if _head(name) in known), None) or _step(text, ids)


def _named(text: str) -> Iterator[tuple[str, str]]:
    for found in _BRACED.finditer(text):
        yield found[0], found["name"] or found["angled"]
    for found in _DOLLAR.finditer(text):
        yield found[0], found["name"]
    for pattern in (_DOTTED, _WHOLE):
        whole = pattern.fullmatch(text)
        if whole is not None:
            yield whole[0].strip(), whole["name"]


def _head(name: str) -> str:
    for lead in ("outputs.", "steps.", "results.", "context.", "inputs."):
        name = name.removeprefix(lead)
    return re.split(r"[.\[/]", name, maxsplit=1)[0]


def _step(text: str, ids: Collection[str]) -> str | None:
    whole = _STEP.fullmatch(text)
    return whole["name"] if whole is not None and whole["name"] in ids else None
