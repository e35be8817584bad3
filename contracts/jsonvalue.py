"""JSON as it crosses a door: strict to read, canonical to hash.

Everything that arrives as text (a plan, a model's reply, a guest's answer, a
request body) is read here, so one place bounds size and depth and refuses what
JSON forbids: NaN, duplicate keys, lone surrogates, other encodings than UTF-8.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from math import isinf
from typing import TYPE_CHECKING, Any, Final, Never

from contracts.errors import InvalidInput

if TYPE_CHECKING:  # pydantic takes longer to import than a plan takes to make
    from pydantic import JsonValue

MAX_BYTES: Final = 16 * 1024 * 1024
MAX_DEPTH: Final = 64
MAX_DIGITS: Final = 400

_CANONICAL: Final = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, check_circular=False
)
"""Made once: making one takes as long as writing a small value."""
_STRINGS: Final = re.compile(r'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_BRACKETS: Final = re.compile(r"[\[\]{}]")


def parse_json(
    text: bytes | str,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_digits: int = MAX_DIGITS,
) -> JsonValue:
    """Read one JSON value, strictly.

    Args:
        text: UTF-8.
        max_bytes: Of the text.
        max_depth: Of lists and objects in each other.
        max_digits: Of one number, at most the 4,300 that Python reads.

    Raises:
        InvalidInput: `json.too_large`, `json.encoding`, `json.too_deep`, `json.malformed`.
    """
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(raw) > max_bytes:
        raise InvalidInput("json.too_large", f"JSON of {len(raw)} bytes, at most {max_bytes} are read")
    try:
        decoded = raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise InvalidInput("json.encoding", f"not UTF-8 at byte {exc.start}") from exc
    if _depth(decoded, max_depth) > max_depth:
        raise InvalidInput("json.too_deep", f"JSON nested deeper than {max_depth} levels")
    try:
        value: JsonValue = _decoder(max_digits).decode(decoded)
    except json.JSONDecodeError as exc:
        where = f"line {exc.lineno} column {exc.colno}"
        raise InvalidInput("json.malformed", f"not JSON at {where}: {exc.msg}", where=where) from exc
    if "\\u" in decoded:
        _refuse_surrogates(value)
    return value


def canonical_json(value: JsonValue) -> str:
    """Return the one text that equal values share: sorted keys, no spaces, UTF-8 characters as they are."""
    return _CANONICAL.encode(value)


def sha256_of(value: JsonValue) -> str:
    """Return the lowercase hex SHA-256 of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


def resolve_pointer(value: JsonValue, pointer: str) -> JsonValue:
    """Return what the RFC 6901 `pointer` names in `value`; the empty pointer names all of it.

    Raises:
        InvalidInput: `json.pointer`, the pointer is malformed or names nothing.
    """
    if pointer == "":
        return value
    if not pointer.startswith("/"):
        raise InvalidInput("json.pointer", f"a pointer begins with '/': {pointer!r}", where=pointer)
    here = value
    for token in pointer[1:].split("/"):
        here = _step(here, token.replace("~1", "/").replace("~0", "~"), pointer)
    return here


def join_pointer(*tokens: str | int) -> str:
    """Return the RFC 6901 pointer that walks `tokens` from the root."""
    return "".join("/" + str(t).replace("~", "~0").replace("/", "~1") for t in tokens)


def _step(here: JsonValue, token: str, pointer: str) -> JsonValue:
    if isinstance(here, dict) and token in here:
        return here[token]
    if isinstance(here, list) and token.isascii() and token.isdigit() and (token == "0" or token[0] != "0"):  # noqa: S105  # an index, no secret
        index = int(token) if len(token) < 10 else len(here)
        if index < len(here):
            return here[index]
    raise InvalidInput("json.pointer", f"{pointer!r} names nothing: no {token!r} there", where=pointer)


@lru_cache(maxsize=16)
def _decoder(max_digits: int) -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_constant=_refuse_constant,
        object_pairs_hook=_unique_keys,
        parse_int=partial(_bounded_int, limit=max_digits),
        parse_float=_finite_float,
    )


def _depth(text: str, limit: int) -> int:
    if text.count("[") + text.count("{") <= limit:
        return 0
    depth = deepest = 0
    for char in _BRACKETS.findall(_STRINGS.sub("", text)):
        depth += 1 if char in "[{" else -1
        deepest = max(deepest, depth)
        if deepest > limit:
            break
    return deepest


def _refuse_constant(name: str) -> Never:
    raise InvalidInput("json.malformed", f"{name} is not JSON")


def _bounded_int(digits: str, limit: int) -> int:
    count = len(digits) - digits.startswith("-")
    if count > limit:
        raise InvalidInput("json.too_large", f"a number of {count} digits, at most {limit} are read")
    return int(digits)


def _finite_float(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise InvalidInput("json.too_large", f"a number no float holds: {text[:40]}")
    return value


def _unique_keys(pairs: Sequence[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]  # add() is the point
        raise InvalidInput("json.malformed", f"the key {twice!r} stands twice in one object")
    return found


def _refuse_surrogates(value: JsonValue) -> None:
    try:
        canonical_json(value).encode("utf-8")
    except UnicodeEncodeError as exc:
        raise InvalidInput("json.encoding", "a lone surrogate stands in a string") from exc


def texts_within(value: Any) -> Iterator[str]:
    """Yield every text in a JSON value, names of fields too, without JSON's escapes."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield name
            yield from texts_within(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_within(inner)
