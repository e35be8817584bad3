"""Bytes that are no module, half of one, or more than one."""

from __future__ import annotations

import gzip
from typing import Final

from benchmarks.attack.attack import OK, Attack, module
from benchmarks.attack.octets import COMPONENT, HEADER, honest, leb, name, section, vec

_MIB: Final = 2**20
_ELF: Final = b"\x7fELF\x02\x01\x01" + bytes(57)
_PE: Final = b"MZ\x90\x00" + bytes(60) + b"PE\0\0"
_PYC: Final = b"\xa7\r\r\n" + bytes(12) + b"\xe3" + bytes(60)


def _without_last(count: int) -> bytes:
    return honest()[:-count]


def _with_custom(size: int) -> bytes:
    return honest(after=section(0, name(b"x") + bytes(size)))


def _named(length: int) -> bytes:
    return honest(exports=[name(b"n" * length) + b"\x00\x00"])


_BROKEN: Final[dict[str, bytes]] = {
    "nothing": b"",
    "one byte": b"\0",
    "half a header": b"\0asm",
    "a header of another version": b"\0asm\x02\0\0\0",
    "a header of another layer": b"\0asm\x01\0\x02\0",
    "an ELF file": _ELF,
    "a PE file": _PE,
    "a .pyc file": _PYC,
    "a module's text": b'(module (memory (export "memory") 1))',
    "a shell script": b"#!/bin/sh\necho pwned\n",
    "a module in gzip": gzip.compress(honest(), mtime=0),
    "a module behind a mark": b"\xef\xbb\xbf" + honest(),
    "100 KB of zeros": bytes(100_000),
    "100 KB of ones": b"\xff" * 100_000,
    "a header and zeros": HEADER + bytes(1000),
    "a header and ones": HEADER + b"\xff" * 1000,
    "a module without its last byte": _without_last(1),
    "a module cut in half": honest()[: len(honest()) // 2],
    "a module and garbage behind it": honest() + b"garbage",
    "a module and a byte behind it": honest() + b"\x01",
    "two modules, one behind the other": honest() + honest(),
    "a length of 4 GiB": HEADER + b"\x01\xff\xff\xff\xff\x0f",
    "a length that does not end": HEADER + b"\x01" + b"\x80" * 20,
    "a length of more than 32 bits": HEADER + b"\x01\xff\xff\xff\xff\x7f",
    "a length that is longer than it need be": HEADER + b"\x01\x81\x80\x80\x80\x80\x00\x00",
    "a section of no known kind": honest(after=section(99, b"x")),
    "sections out of order": honest(after=section(1, b"\x00")),
    "the same section twice": honest(before=section(1, b"\x00")),
    "a count of 4 billion types": HEADER + section(1, b"\xff\xff\xff\xff\x0f"),
    "a count of 5,000 bodies and none": HEADER + section(10, leb(5_000)),
    "bodies without functions": HEADER + section(10, vec([b"\x02\x00\x0b"])),
    "functions without bodies": HEADER + section(1, vec([b"\x60\0\0"])) + section(3, b"\x01\x00"),
    "a body that ends past its section": HEADER + section(10, b"\x01\x7f\x00\x0b"),
    "a body of no byte": honest(functions=[3], bodies=[b""]),
    "a body that does not end": honest(functions=[3], bodies=[b"\x00\x01"]),
    "a body of an unknown instruction": honest(functions=[3], bodies=[b"\x00\xff\x0b"]),
    "a body that leaves a value behind": honest(functions=[3], bodies=[b"\x00\x41\x00\x0b"]),
    "a body of 2^32 locals": honest(functions=[3], bodies=[b"\x01\xff\xff\xff\xff\x0f\x7f\x0b"]),
    "a body of 50,001 locals": honest(functions=[3], bodies=[b"\x01" + leb(50_001) + b"\x7f\x0b"]),
    "a body that branches out of it": honest(functions=[3], bodies=[b"\x00\x0c\x05\x0b"]),
    "an export of what is not there": honest(exports=[name(b"x") + b"\x00\x63"]),
    "an export twice": honest(exports=[name(b"execute") + b"\x00\x00"]),
    "an export whose name is no UTF-8": honest(exports=[name(b"\xff\xfe") + b"\x00\x00"]),
    "a function of a type that is not there": honest(functions=[77], bodies=[b"\x00\x0b"]),
    "a custom section without a name": honest(after=section(0, b"")),
    "a custom section whose name ends past it": honest(after=section(0, b"\x7fx")),
    "a memory of 65,537 pages": HEADER + section(5, b"\x01\x00" + leb(65_537)),
    "a memory whose most is less than its least": HEADER + section(5, b"\x01\x01\x02\x01"),
    "a start function with parameters": HEADER
    + section(1, vec([b"\x60\x01\x7f\x00"]))
    + section(3, b"\x01\x00")
    + section(8, b"\x00")
    + section(10, vec([b"\x02\x00\x0b"])),
}

CORE: Final[tuple[Attack, ...]] = (
    *(module(f"bytes/{what}", "load.malformed", octets) for what, octets in _BROKEN.items()),
    module("bytes/64 MB of zeros", "load.malformed", lambda: bytes(64 * _MIB)),
    module("bytes/a count of 4 billion bodies", "load.too_large", HEADER + section(10, b"\xff\xff\xff\x0f")),
    module("bytes/a custom section of 64 MB", "load.too_large", lambda: _with_custom(64 * _MIB)),
    module("bytes/a custom section of 500 KB", OK, lambda: _with_custom(500_000)),
    module("bytes/100,000 custom sections", "load.too_large", lambda: honest(after=section(0, name(b"x")) * 100_000)),
    module("bytes/1,000 custom sections", OK, lambda: honest(after=section(0, name(b"x")) * 1_000)),
    module("bytes/an export's name of 90,000 bytes", OK, lambda: _named(90_000)),
    module("bytes/an export's name of 100,001 bytes", "load.malformed", lambda: _named(100_001)),
    module("bytes/another module than its hash says", "load.digest", honest, sha256="0" * 64),
    module("bytes/a hash that is none", "load.digest", honest, sha256="x"),
)  # fmt: skip

COMPONENTS: Final[tuple[Attack, ...]] = tuple(
    module(f"component bytes/{what}", "load.malformed", octets, adapter="component", needs=("component",))
    for what, octets in {
        "a header alone and garbage": COMPONENT + b"garbage",
        "a header and zeros": COMPONENT + bytes(1000),
        "a header and ones": COMPONENT + b"\xff" * 1000,
        "a core module that ends past it": COMPONENT + b"\x01\xff\xff\xff\xff\x0f\0asm",
        "a core module inside that is none": COMPONENT + section(1, b"\x7fELF"),
        "a length that does not end": COMPONENT + b"\x07" + b"\x80" * 20,
        "a section of no known kind": COMPONENT + section(99, b"x"),
        "a module's sections": COMPONENT + honest()[8:],
    }.items()
)

ATTACKS: Final[tuple[Attack, ...]] = (*CORE, *COMPONENTS)
