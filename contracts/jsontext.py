"""A JSON value as text, quickly: compact, UTF-8, nothing escaped that need not be.

Faster than the standard library's encoder by far for what is small, as most of
what is kept is. The value is JSON already: nothing is checked but the text.
"""

from __future__ import annotations

from pydantic import JsonValue
from pydantic_core import from_json, to_json


def json_text(value: JsonValue) -> str:
    """Return a value's JSON on one line.

    Raises:
        ValueError: A string in it holds a lone surrogate, or something in it is no JSON.
    """
    return to_json(value).decode("utf-8")


def json_value(text: str) -> JsonValue:
    """Return the value of a text that `json_text` or the standard library's encoder wrote.

    Raises:
        ValueError: It is no JSON.
    """
    found: JsonValue = from_json(text, cache_strings="keys")
    return found
