"""Answers that are no envelope, no JSON, no UTF-8, or more than they look."""

from __future__ import annotations

import json
from typing import Final

from benchmarks.attack.attack import OK, Attack, guest
from benchmarks.attack.spell import OK_ANSWER, answering

_DEEP: Final = 100_000
_MANY_PAGES: Final = '(memory (export "memory") 8)'
_ENVELOPE: Final = json.dumps({"ok": 1})

_ENDS: Final[dict[str, tuple[str, bytes]]] = {
    "of a stray byte": ("output.utf8", b'{"ok":"\xff"}'),
    "of an overlong slash": ("output.utf8", b'{"ok":"\xc0\xaf"}'),
    "of a surrogate in UTF-8": ("output.utf8", b'{"ok":"\xed\xa0\x80"}'),
    "of a sequence cut off": ("output.utf8", b'{"ok":"\xe2\x82'),
    "of a code point past the last": ("output.utf8", b'{"ok":"\xf4\x90\x80\x80"}'),
    "in UTF-16 with a mark": ("output.utf8", _ENVELOPE.encode("utf-16")),
    "in UTF-32 with a mark": ("output.utf8", _ENVELOPE.encode("utf-32")),
    "in UTF-16 without a mark": ("output.json", _ENVELOPE.encode("utf-16-le")),
    "in UTF-32 without a mark": ("output.json", _ENVELOPE.encode("utf-32-be")),
    "in UTF-8 with a mark": ("output.json", _ENVELOPE.encode("utf-8-sig")),
    "of a lone surrogate, escaped": ("output.utf8", b'{"ok":"\\ud800"}'),
    "of a surrogate as a key": ("output.utf8", b'{"ok":{"\\udfff":1}}'),
    "of NaN": ("output.json", b'{"ok":NaN}'),
    "of Infinity": ("output.json", b'{"ok":Infinity}'),
    "of -Infinity": ("output.json", b'{"ok":[-Infinity]}'),
    "of 1e999": ("output.json", b'{"ok":1e999}'),
    "of -1e999": ("output.json", b'{"ok":-1e999}'),
    "of 5,000 digits": ("output.json", b'{"ok":' + b"9" * 5_000 + b"}"),
    "of duplicate keys": ("output.json", b'{"ok":1,"ok":2}'),
    "of duplicate keys within": ("output.json", b'{"ok":{"a":1,"\\u0061":2}}'),
    "of a leading zero": ("output.json", b'{"ok":01}'),
    "of hexadecimal": ("output.json", b'{"ok":0x10}'),
    "of single quotes": ("output.json", b"{'ok':1}"),
    "of a comma too many": ("output.json", b'{"ok":[1,]}'),
    "of a comment": ("output.json", b'{"ok":1}/* */'),
    "of a control character": ("output.json", b'{"ok":"\x01"}'),
    "of a NUL": ("output.json", b'{"ok":"a\0b"}'),
    "of a NUL behind it": ("output.json", b'{"ok":1}\0'),
    "of two values": ("output.json", b'{"ok":1}{"ok":2}'),
    "of garbage behind": ("output.json", b'{"ok":1} x'),
    "of a value cut off": ("output.json", b'{"ok":[1,2'),
    "of a string cut off": ("output.json", b'{"ok":"\\'),
    "of white space": ("output.json", b" \n\t "),
    "of another white space": ("output.json", b'\x0b{"ok":1}'),
    "of a Python literal": ("output.json", b'{"ok":True}'),
    "of an empty envelope": ("output.envelope", b"{}"),
    "of a list": ("output.envelope", b'[{"ok":1}]'),
    "of a bare number": ("output.envelope", b"1"),
    "of null": ("output.envelope", b"null"),
    "of both": ("output.envelope", b'{"ok":1,"error":{"code":"a","message":"b"}}'),
    "of more": ("output.envelope", b'{"ok":1,"more":2}'),
    "of another case": ("output.envelope", b'{"OK":1}'),
    "of a prototype": ("output.envelope", b'{"__proto__":{"ok":1}}'),
    "of an error in words": ("output.envelope", b'{"error":"no"}'),
    "of an error without a message": ("output.envelope", b'{"error":{"code":"a"}}'),
    "of an error whose code is a number": ("output.envelope", b'{"error":{"code":1,"message":"b"}}'),
    "of an error with more": ("output.envelope", b'{"error":{"code":"a","message":"b","status":"success"}}'),
    "of null as an error": ("output.envelope", b'{"error":null}'),
    "of an error named as the host's": ("guest.error", b'{"error":{"code":"limit.time","message":"b"}}'),
    "of an error with escapes": ("guest.error", b'{"error":{"code":"\\u001b[2J","message":"\\u0000\\u001b[31m"}}'),
    "of an empty error": ("guest.error", b'{"error":{"code":"","message":""}}'),
    "of a NUL, escaped": (OK, b'{"ok":"a\\u0000b"}'),
    "of a key that is empty": (OK, b'{"ok":{"":""}}'),
    "of a prototype within": (OK, b'{"ok":{"__proto__":1,"constructor":2}}'),
    "of -0": (OK, b'{"ok":-0.0}'),
    "of the least float": (OK, b'{"ok":5e-324}'),
}  # fmt: skip

_LARGE: Final[dict[str, tuple[str, bytes]]] = {
    "of 100,000 digits": ("output.json", b'{"ok":' + b"9" * 100_000 + b"}"),
    "100,000 lists deep": ("output.json", b'{"ok":' + b"[" * _DEEP + b"]" * _DEEP + b"}"),
    "60,000 objects deep": ("output.json", b'{"ok":' + b'{"a":' * 60_000 + b"1" + b"}" * 60_000 + b"}"),
    "100,000 brackets opened": ("output.json", b"[" * _DEEP),
    "of a message of 400 KB": ("guest.error", b'{"error":{"code":"a","message":"' + b"m" * 400_000 + b'"}}'),
    "of a code of 400 KB": ("guest.error", b'{"error":{"code":"' + b"c" * 400_000 + b'","message":"m"}}'),
    "of 400 KB of backslashes": (OK, b'{"ok":"' + b"\\" * 400_000 + b'"}'),
    "of 60,000 equal keys": ("output.json", b'{"ok":{' + b",".join([b'"a":1'] * 60_000) + b"}}"),
    "of 100,000 numbers": (OK, b'{"ok":[' + b",".join([b"1"] * 100_000) + b"]}"),
    "of white space round it": (OK, b" " * 200_000 + OK_ANSWER + b"\n" * 200_000),
}

ATTACKS: Final[tuple[Attack, ...]] = (
    *(guest(f"answer/{name}", code, parts=answering(octets)) for name, (code, octets) in _ENDS.items()),
    *(
        guest(f"answer/{name}", code, memory=_MANY_PAGES, deadline_s=1, parts=answering(octets))
        for name, (code, octets) in _LARGE.items()
    ),
)
