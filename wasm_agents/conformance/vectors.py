"""What is asked of the conformance guest, and what must come of it, whatever language it is written in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import JsonValue

from contracts.jsonvalue import MAX_DEPTH
from wasm_agents.kits.languages import LANGUAGES, LanguageName

CORE: Final[tuple[LanguageName, ...]] = ("c", "zig")
COMPONENT: Final[tuple[LanguageName, ...]] = ("js", "python")
KIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Vector:
    """One question; the answer is a value, or a refusal whose code is one of `codes`."""

    name: str
    given: bytes
    ok: JsonValue = None
    codes: tuple[str, ...] = ()
    guest_code: str = ""
    """What a `guest.error` must carry, when one is wanted."""
    message: str = ""
    retryable: bool = False
    limits: Mapping[str, int] = field(default_factory=dict)
    """Where they differ from the kit's."""
    languages: tuple[LanguageName, ...] = LANGUAGES
    is_repeatable: bool = True
    """Whether the same call must give the same bytes for the same fuel."""


def vectors() -> tuple[Vector, ...]:
    """Return every vector; each name is there once."""
    return (*_echoes(), *_spellings(), *_readings(), *_refusals(), *_endings())


def _ask(op: str, **arguments: Any) -> bytes:
    return json.dumps({"op": op, **arguments}, ensure_ascii=False, separators=(",", ":")).encode()


def _nested(depth: int, opening: str, closing: str) -> JsonValue:
    value: JsonValue = json.loads(opening * depth + closing * depth)
    return value


_VALUES: Final[dict[str, JsonValue]] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "minus one": -1,
    "the largest integer a double counts to": 2**53 - 1,
    "the smallest integer a double counts to": 1 - 2**53,
    "two to the 53rd": 2**53,
    "minus two to the 53rd": -(2**53),
    "an integer between two doubles": 2**53 + 1,
    "a fraction": 0.1,
    "a large float": 1e21,
    "a small float": 1e-7,
    "the largest float": 1.7976931348623157e308,
    "the smallest float": 5e-324,
    "a whole float": 1.0,
    "negative zero": -0.0,
    "an empty string": "",
    "one letter": "a",
    "quotes and backslashes": '"\\"/\\\\',
    "every control character": "".join(map(chr, range(32))),
    "delete and the C1 controls": "".join(map(chr, range(127, 160))),
    "a composed and a combining accent": "\u00e9 e\u0301",
    "line and paragraph separators": "\u2028\u2029",
    "right to left": "\u05e9\u05dc\u05d5\u05dd \u202eabc\u202c",
    "East Asian text": "\u65e5\u672c\u8a9e\u3001\ud55c\uad6d\uc5b4",
    "a character beyond the basic plane": "\U0001f69a",
    "a family of joined characters": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "the last code point": "\U0010ffff",
    "noncharacters and a byte order mark": "\ufeff\ufffe\uffff\ufffd",
    "what looks like an escape": "\\u0041 \\n",
    "a string of 100 KB": "0123456789" * (10 * KIB),
    "a string of 1 MB": "x" * (1024 * KIB),
    "100 KB beyond the basic plane": "\U0001f69a" * (25 * KIB),
    "an empty list": [],
    "an empty object": {},
    "a list of every type": [None, True, 1, 1.5, "s", [], {}],
    "a list of 10,000 numbers": list(range(10_000)),
    "lists in lists": _nested(MAX_DEPTH, "[", "]"),
    "an object of 1,000 members": {f"key {i}": i for i in range(1000)},
    "members in no order": {"b": 1, "a": 2, "\u00e4": 3, "B": 4},
    "an empty name": {"": {"": 0}},
    "names that need escapes": {'"': 1, "\\": 2, "\n": 3, "\u2028": 4, "\U0001f69a": 5},
    "names that languages keep for themselves": {
        "__proto__": 1,
        "constructor": 2,
        "__class__": 3,
        "length": 4,
    },
    "null in an object": {"a": None, "b": [None]},
    "a small document": {
        "title": "Box truck",
        "bids": [{"by": "x", "usd": 10550}],
        "ends": None,
        "open": True,
    },
}


def _echoes() -> Iterator[Vector]:
    for name, value in _VALUES.items():
        yield Vector(f"echo: {name}", _ask("echo", value=value), ok=value)


def _spellings() -> Iterator[Vector]:
    """Yield one request, spelled in the ways JSON has."""
    plain: JsonValue = {"a": [1, "\u00e9"]}
    spelled = {
        "spaces everywhere": b' \t\r\n{ "op" : "echo" , "value" : { "a" : [ 1 , "\xc3\xa9" ] } } \n',
        "the operation last": b'{"value":{"a":[1,"\xc3\xa9"]},"op":"echo"}',
        "escapes in names and words": b'{"\\u006fp":"\\u0065cho","value":{"\\u0061":[1,"\\u00e9"]}}',
        "members nobody asked for": b'{"x":{"op":"fail"},"op":"echo","y":["op"],"value":{"a":[1,"\xc3\xa9"]}}',
    }
    for name, given in spelled.items():
        yield Vector(f"spelling: {name}", given, ok=plain)
    pair = b'{"op":"echo","value":"\\ud83d\\ude9a"}'
    yield Vector("spelling: a pair of surrogate escapes", pair, ok="\U0001f69a")
    short = b'{"op":"echo","value":"\\"\\\\\\/\\b\\f\\n\\r\\t"}'
    yield Vector("spelling: every short escape", short, ok='"\\/\b\f\n\r\t')
    yield Vector("spelling: an exponent", b'{"op":"echo","value":[1E2,1e+2,100.0]}', ok=[100, 100, 100])


def _readings() -> Iterator[Vector]:
    """Yield what must be understood, not only passed on."""
    accents = 'e\u0301\u00e9"\\\n\U0001f69a'
    yield Vector("length: counts code points", _ask("length", text=accents), ok=7)
    yield Vector("length: an empty text", _ask("length", text=""), ok=0)
    yield Vector("length: 1 MB", _ask("length", text="\u00e9" * (512 * KIB)), ok=512 * KIB)
    yield Vector("codes: of each width", _ask("codes", text=accents), ok=[ord(c) for c in accents])
    every = [0, 9, 10, 31, 34, 92, 127, 233, 0x20AC, 0xFFFF, 0x1F69A, 0x10FFFF]
    yield Vector("chars: of each width", _ask("chars", codes=every), ok="".join(map(chr, every)))
    for name, kind in _KINDS.items():
        yield Vector(f"kind: {name}", _ask("kind", value=_VALUES[name]), ok=kind)
    names: dict[str, JsonValue] = {"z": 1, "a": [{"no": 1}], "\u00e9": {"nor": 2}, "m": None}
    yield Vector("keys: in their order", _ask("keys", value=names), ok=list(names))
    yield Vector("keys: of an empty object", _ask("keys", value={}), ok=[])
    yield Vector("count: members", _ask("count", value=names), ok=4)
    yield Vector("count: items", _ask("count", value=[[1, 2], "a,b", {"c": [3]}]), ok=3)
    yield Vector("sum: whole numbers", _ask("sum", numbers=[2**52, -1, 2**51]), ok=2**52 + 2**51 - 1)
    yield Vector("sum: of nothing", _ask("sum", numbers=[]), ok=0)


_KINDS: Final = {
    "null": "null",
    "true": "boolean",
    "zero": "number",
    "a fraction": "number",
    "one letter": "string",
    "an empty list": "array",
    "an empty object": "object",
}


def _refusals() -> Iterator[Vector]:
    for name, code, message in (
        ("a code and a message", "sold_out", "nothing is left"),
        ("characters of each width", "sold_out", 'caf\u00e9 "\U0001f69a" \\ \n'),
        ("an empty message", "sold_out", " "),
    ):
        given = _ask("fail", code=code, message=message)
        yield Vector(f"refuses: {name}", given, codes=("guest.error",), guest_code=code, message=message)
    yield Vector(
        "refuses: what may be tried again",
        _ask("fail", code="busy", message="later", retryable=True),
        codes=("guest.error",), guest_code="busy", retryable=True,
    )  # fmt: skip
    for name, given in {
        "an unknown operation": _ask("nothing"),
        "no operation": b"{}",
        "an operation that is no text": b'{"op":["echo"]}',
    }.items():
        yield Vector(f"refuses: {name}", given, codes=("guest.error",), guest_code="unknown_op")
    for name, given in {"a list": b"[]", "null": b"null", "a text": b'"echo"'}.items():
        yield Vector(f"refuses: {name}", given, codes=("guest.error",))
    for name, given in {
        "half a document": b'{"op":"echo","value":',
        "nothing": b"",
        "words": b"echo",
    }.items():
        yield Vector(f"refuses: {name}", given, codes=("guest.error",))


def _endings() -> Iterator[Vector]:
    """Yield the calls that do not end well, and those that are the last that do."""
    yield Vector("crash: is a trap", _ask("crash"), codes=("guest.trap",))
    yield Vector("recursion: ends", _ask("recurse"), codes=("guest.trap", "limit.stack", "guest.error"))
    yield Vector("fuel: runs out", _ask("spin"), codes=("limit.fuel",), limits={"fuel": 50_000_000})
    yield Vector(
        "time: runs out", _ask("spin"), codes=("limit.time",), limits={"wall_ms": 200}, is_repeatable=False
    )
    yield Vector("memory: runs out", _ask("eat"), codes=("limit.memory",))
    yield Vector("output: one byte too much", _ask("flood", bytes=KIB), codes=("limit.output",), limits=_OUT)
    yield Vector(
        "output: the most there may be", _ask("flood", bytes=KIB - 9), ok="x" * (KIB - 9), limits=_OUT
    )
    yield Vector("input: one byte too much", _ask("echo", value=1) + b" ", codes=("limit.input",), limits=_IN)
    yield Vector("input: the most there may be", _ask("echo", value=1), ok=1, limits=_IN)
    deeper = _ask("echo", value=_nested(MAX_DEPTH + 1, "[", "]"))
    yield Vector("output: nested deeper than is read", deeper, codes=("output.json",))
    yield Vector("output: is no JSON", _ask("not_json"), codes=("output.json",), languages=CORE)
    yield Vector("output: is not UTF-8", _ask("not_utf8"), codes=("output.utf8",), languages=CORE)
    yield Vector(
        "output: what JSON cannot say", _ask("not_json"),
        codes=("guest.error",), guest_code="not_json", languages=COMPONENT,
    )  # fmt: skip
    yield Vector("state: none outlives a call", _ask("bump"), ok=1)


_OUT: Final = {"output_bytes": KIB}
"""`{"ok":"` and `"}` are nine of them."""
_IN: Final = {"input_bytes": len(_ask("echo", value=1))}
