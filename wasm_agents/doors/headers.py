"""Which headers a guest may send: those that say what it wants, none that say who asks or how the message is read.

A header that a server may take for another method, another path or another
caller would walk around what was granted; so only these are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from contracts.errors import InvalidInput
from wasm_agents.doors.asked import BAD

ALLOWED: Final = frozenset(
    {"accept", "accept-language", "cache-control", "content-language", "content-type", "idempotency-key"}
    | {"if-match", "if-modified-since", "if-none-match", "if-unmodified-since", "prefer", "range"}
    | {"user-agent", "x-request-id", "x-requested-with"}
)
VERSION: Final = "-version"
"""Ends the names of headers that choose a version of an API."""
MAX_HEADERS: Final = 32
MAX_VALUE_CHARS: Final = 4096

_FRAMING: Final = frozenset(
    {
        "content-length",
        "content-encoding",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "trailer",
        "upgrade",
    }
)
"""Of an answer: the guest gets the body whole and decoded."""


def request_headers(given: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a guest's request, by lower-case name.

    Raises:
        InvalidInput: `capability.bad_input`.
    """
    if len(given) > MAX_HEADERS:
        raise _bad(f"{len(given)} headers, at most {MAX_HEADERS} are sent")
    found: dict[str, str] = {}
    for name, value in given.items():
        lower = name.lower()
        if lower not in ALLOWED and not _chooses_version(lower):
            raise _bad(f"the header {name[:80]!r} is none that a guest may send")
        if lower in found:
            raise _bad(f"the header {lower!r} stands twice")
        if not is_header_value(value):
            raise _bad(f"the header {lower!r} holds what no header can")
        found[lower] = value
    return found


def answer_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer as a guest gets them."""
    return {name: value for name, value in headers.items() if name not in _FRAMING}


def is_header_value(value: str) -> bool:
    """Say whether a header can hold the text: ASCII on one line, of a length servers take."""
    return (
        len(value) <= MAX_VALUE_CHARS and value.isascii() and value.isprintable() and value == value.strip()
    )


def _chooses_version(name: str) -> bool:
    stem = name.removesuffix(VERSION)
    return stem != name and len(name) <= 64 and stem.replace("-", "").isalnum() and stem.isascii()


def _bad(why: str) -> InvalidInput:
    return InvalidInput(BAD, f"http.request: {why}", hint="docs/guest-calls.md lists the headers.")
