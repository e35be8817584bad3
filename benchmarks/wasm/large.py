"""A core module of a wanted size: thousands of functions, one of them `execute`, which gives back its input."""

from __future__ import annotations

import random
from typing import Final

FUNCTION_BYTES: Final = 600
_I32, _I64 = b"\x7f", b"\x7e"
_TYPES: Final = (
    b"\x60\x01" + _I32 + b"\x01" + _I32,
    b"\x60\x02" + _I32 + _I32 + b"\x00",
    b"\x60\x02" + _I32 + _I32 + b"\x01" + _I64,
)
_ALLOC: Final = b"\x00\x41\x80\x20\x0b"
_DEALLOC: Final = b"\x00\x0b"
_EXECUTE: Final = b"\x00\x20\x00\xad\x42\x20\x86\x20\x01\xad\x84\x0b"
_OPERATIONS: Final = b"\x6a\x6c\x71\x72\x73"  # add, mul, and, or, xor


def large_module(size: int) -> bytes:
    """Return a module of about `size` bytes, the same each time."""
    rng = random.Random(1)
    bodies = [_ALLOC, _DEALLOC, _EXECUTE]
    bodies += [_body(rng) for _ in range(max(1, size // FUNCTION_BYTES))]
    kinds = bytes([0, 1, 2]) + bytes(len(bodies) - 3)
    exports = [b"\x06memory\x02\x00", b"\x05alloc\x00\x00", b"\x07dealloc\x00\x01", b"\x07execute\x00\x02"]
    return b"\x00asm\x01\x00\x00\x00" + b"".join([
        _section(1, _vector(_TYPES)),
        _section(3, _leb(len(kinds)) + kinds),
        _section(5, b"\x01\x00\x02"),
        _section(7, _vector(exports)),
        _section(10, _vector([_leb(len(body)) + body for body in bodies])),
    ])  # fmt: skip


def _body(rng: random.Random) -> bytes:
    body = bytearray(b"\x00\x20\x00")
    while len(body) < FUNCTION_BYTES - 10:
        body += b"\x41" + _signed(rng.getrandbits(30)) + bytes([rng.choice(_OPERATIONS)])
    return bytes(body + b"\x0b")


def _section(number: int, content: bytes) -> bytes:
    return bytes([number]) + _leb(len(content)) + content


def _vector(parts: tuple[bytes, ...] | list[bytes]) -> bytes:
    return _leb(len(parts)) + b"".join(parts)


def _leb(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def _signed(number: int) -> bytes:
    # One more bit than the number has, so that the last byte's sign is plus.
    found = bytearray()
    while number > 0x3F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])
