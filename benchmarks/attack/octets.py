"""Write modules byte by byte, where no text says what is meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from benchmarks.attack.spell import ANSWER_AT, OK_ANSWER

HEADER: Final = b"\0asm\x01\0\0\0"
COMPONENT: Final = b"\0asm\x0d\0\x01\0"


def leb(value: int) -> bytes:
    """Return an unsigned number in LEB128."""
    out = bytearray()
    while True:
        octet, value = value & 0x7F, value >> 7
        out.append(octet | 0x80 if value else octet)
        if not value:
            return bytes(out)


def vec(items: Iterable[bytes]) -> bytes:
    """Return a vector: how many, then each."""
    listed = list(items)
    return leb(len(listed)) + b"".join(listed)


def name(text: bytes) -> bytes:
    """Return a name: its length, then its bytes."""
    return leb(len(text)) + text


def section(number: int, content: bytes) -> bytes:
    """Return one section."""
    return bytes([number]) + leb(len(content)) + content


TYPES: Final = b"\x60\x01\x7f\x01\x7f", b"\x60\x02\x7f\x7f\x00", b"\x60\x02\x7f\x7f\x01\x7e", b"\x60\x00\x00"
"""Of `alloc`, `dealloc`, `execute`, and `() -> ()`."""

_EXPORTS: Final = (
    name(b"memory") + b"\x02\x00",
    name(b"alloc") + b"\x00\x00",
    name(b"dealloc") + b"\x00\x01",
    name(b"execute") + b"\x00\x02",
)
_BODIES: Final = (
    b"\x00\x41\x80\x08\x0b",
    b"\x00\x0b",
    b"\x00\x42" + leb(ANSWER_AT << 32 | len(OK_ANSWER)) + b"\x0b",  # its sign bit happens to be clear
)
_DATA: Final = b"\x00\x41" + leb(ANSWER_AT) + b"\x0b" + name(OK_ANSWER)


def honest(
    *,
    types: Iterable[bytes] = (),
    functions: Iterable[int] = (),
    exports: Iterable[bytes] = (),
    bodies: Iterable[bytes] = (),
    before: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """Return a guest that keeps to `agent/1` and answers `{"ok":1}`, with more of this and that.

    Args:
        types: After the four of `TYPES`.
        functions: The type of each further function.
        exports: After the four that the ABI asks for.
        bodies: One for each of `functions`, without their lengths.
        before: Whole sections, before the first.
        after: Whole sections, after the last.
    """
    indices = [leb(number) for number in (0, 1, 2, *functions)]
    code = [leb(len(body)) + body for body in (*_BODIES, *bodies)]
    return b"".join(
        [
            HEADER,
            before,
            section(1, vec([*TYPES, *types])),
            section(3, vec(indices)),
            section(5, b"\x01\x00\x01"),
            section(7, vec([*_EXPORTS, *exports])),
            section(10, vec(code)),
            section(11, vec([_DATA])),
            after,
        ]
    )
