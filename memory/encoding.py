"""Turn a value into the JSON text it is kept as, or say where it is no JSON.

What an agent hands over is looked at whole before it is written down: JSON's
own types, names that are strings, finite numbers, text that is Unicode. Depth
and the count of values are bounded, so a list that holds itself ends here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, Final

from contracts.errors import InvalidInput
from contracts.jsontext import json_text
from contracts.jsonvalue import join_pointer

MAX_DEPTH: Final = 100
MAX_VALUES: Final = 2_000_000
"""Numbers, strings, lists, objects and names, all counted."""
MAX_CHARS: Final = 64 * 1024 * 1024
"""Of JSON text."""

_SMALL: Final = 10_000
_FEW: Final = 30
_FLAT: Final = 3
_HUGE: Final = 2**63
_PLAIN: Final = frozenset({type(None), bool, int, str})


def encode(value: Any, key: str) -> str:
    """Return the JSON text of a value.

    Args:
        value: What should be JSON.
        key: Where it goes, for the error.

    Raises:
        InvalidInput: `context.not_json` with a pointer, `context.too_large`.
    """
    try:
        if _is_small(value, 0):
            return json_text(value)
        _check(value, key)
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        text.encode("utf-8")
    except (ValueError, TypeError, RuntimeError) as exc:  # the last: changed by another thread meanwhile
        raise _not_json(key, (), f"it cannot be written: {str(exc)[:200]}") from exc
    if len(text) > MAX_CHARS:
        raise _too_large(key, f"JSON of {len(text)} characters, at most {MAX_CHARS} are kept")
    return text


def _is_small(value: Any, depth: int) -> bool:
    """Say whether a value is surely JSON and small; False only means that it must be looked at."""
    kind = type(value)
    if kind in _PLAIN:
        if kind is int:
            return bool(-_HUGE < value < _HUGE)
        return kind is not str or len(value) <= _SMALL
    if kind is float:
        return math.isfinite(value)
    if depth == _FLAT or (kind is not list and kind is not dict) or len(value) > _FEW:
        return False
    if kind is dict:
        return all(type(k) is str and _is_small(v, depth + 1) for k, v in value.items())
    return all(_is_small(v, depth + 1) for v in value)


def _check(value: Any, key: str) -> None:
    stack: list[Iterator[tuple[str | int, Any]]] = [iter([("", value)])]
    path: list[str | int] = []
    seen = chars = 0
    while stack:
        for name, here in stack[-1]:
            seen += 1
            chars += len(here) if isinstance(here, str) else 0
            if seen > MAX_VALUES or chars > MAX_CHARS:
                raise _too_large(key, f"more than {MAX_VALUES} values or {MAX_CHARS} characters")
            if type(here) in _PLAIN:
                continue
            if reason := _reason_against(here, len(stack)):
                raise _not_json(key, (*path, name)[1:], reason)
            if isinstance(here, list | dict):
                path.append(name)
                stack.append(iter(enumerate(here)) if isinstance(here, list) else iter(here.items()))
                break
        else:
            stack.pop()
            del path[-1:]


def _reason_against(value: Any, depth: int) -> str:
    match value:
        case None | bool() | int() | str():
            return ""
        case float():
            return "" if math.isfinite(value) else f"{value!r} is no JSON number"
        case list() | dict() if depth > MAX_DEPTH:
            return f"nested deeper than {MAX_DEPTH} levels"
        case list():
            return ""
        case dict():
            odd = [name for name in value if not isinstance(name, str)][:1]
            return f"a name in it is {type(odd[0]).__name__}, not a string" if odd else ""
        case _:
            return f"{type(value).__name__} is no JSON type"


def _not_json(key: str, trail: tuple[str | int, ...], reason: str) -> InvalidInput:
    at = join_pointer(*trail)[:200]
    return InvalidInput(
        "context.not_json", f"the value for {key!r} is no JSON{at and f' at {at}'}: {reason}", where=at
    )


def _too_large(key: str, reason: str) -> InvalidInput:
    return InvalidInput("context.too_large", f"the value for {key!r} is too large: {reason}", where=key)
