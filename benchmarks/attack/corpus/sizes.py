"""Modules that cost the compiler more than they look."""

from __future__ import annotations

from functools import partial
from typing import Final

from benchmarks.attack.attack import OK, Attack, from_wat, guest, module
from benchmarks.attack.octets import honest, leb, section
from benchmarks.attack.spell import DONE, spell_component

_KIB: Final = 1024


def _body(code: bytes, *, local_i32: int = 8) -> bytes:
    return b"\x01" + leb(local_i32) + b"\x7f" + code + b"\x0b"


def _filled(piece: bytes, size: int) -> bytes:
    return piece * (size // len(piece))


_NOP: Final = b"\x01"
_MIX: Final = b"\x20\x00\x20\x01\x6a\x20\x02\x6c\x21\x00\x20\x01\x20\x00\x73\x21\x02"


def _nested(opening: bytes, depth: int) -> bytes:
    return opening * depth + b"\x0b" * depth


def _loops(size: int) -> bytes:
    piece = b"\x03\x40\x20\x00\x20\x01\x6a\x22\x00\x0d\x00\x0b"
    return _filled(piece, size)


def _nested_loops(depth: int, inside: bytes) -> bytes:
    return b"\x03\x40" * depth + inside + b"\x20\x00\x0d\x00\x0b" * depth


def _switch(targets: int) -> bytes:
    return b"\x02\x40\x20\x00\x0e" + leb(targets) + b"\x00" * (targets + 1) + b"\x0b"


def _bumped(count: int) -> bytes:
    """Add one to each of so many locals."""
    return b"".join(b"\x20" + leb(n) + b"\x41\x01\x6a\x21" + leb(n) for n in range(count))


def _live(depth: int, count: int) -> bytes:
    """Return loops in loops that keep so many locals alive through each."""
    code = _nested_loops(depth, _bumped(count))
    return _body(code, local_i32=count)


def _straight(size: int, count: int) -> bytes:
    """Return loops side by side, with so many locals alive past them."""
    return _body(_bumped(count) + _loops(size) + _bumped(count), local_i32=count)


def bomb(body: bytes, times: int) -> bytes:
    """Return a guest with this body so many times; no call ever reaches one."""
    return honest(functions=[3] * times, bodies=[body] * times)


def _of(*codes: bytes) -> bytes:
    return honest(functions=[3] * len(codes), bodies=[_body(code) for code in codes])


def _over(size: int) -> bytes:
    return _of(_filled(_MIX, size))


CUT: Final[tuple[Attack, ...]] = (
    module("size/a body of 400 KB", "load.too_large", lambda: _over(400 * _KIB)),
    module("size/a body of 800 KB of nothing", "load.too_large", lambda: _of(_filled(_NOP, 800 * _KIB))),
    module("size/a br_table of 300,000 targets", "load.too_large", lambda: _of(_switch(300_000))),
    module("size/a br_table of a million targets", "load.too_large", lambda: _of(_switch(1_000_000))),
    module("size/blocks 150,000 deep", "load.too_large", lambda: _of(_nested(b"\x02\x40", 150_000))),
    module("size/a hundred thousand functions", "load.too_large",
           lambda: honest(functions=[3] * 100_000, bodies=[b"\x00\x0b"] * 100_000)),
)  # fmt: skip

HELD: Final[tuple[Attack, ...]] = (
    module("size/9,000 functions of nothing", OK,
           lambda: honest(functions=[3] * 9_000, bodies=[b"\x00\x0b"] * 9_000)),
    guest("size/50,000 types", OK, more="".join(f"(type (func (param {'i32 ' * (n % 7)})))" for n in range(50_000)),
          deadline_s=1),
    guest("size/a function of 1,000 parameters", OK, more=f"(func (param {'i64 ' * 1000}))"),
    guest("size/a function of 1,000 results", OK, more=f"(type (func (result {'i64 ' * 1000})))"),
    guest("size/a type of 1,001 parameters", "load.malformed", more=f"(type (func (param {'i64 ' * 1001})))"),
    guest("size/a type of 1,001 results", "load.malformed", more=f"(type (func (result {'i64 ' * 1001})))"),
    guest("size/50,000 locals", OK, more=f"(func (local {'i64 ' * 50_000}))"),
    module("size/blocks 20,000 deep", OK, lambda: _of(_nested(b"\x02\x40", 20_000))),
    module("size/blocks never closed", "load.malformed", lambda: _of(b"\x02\x40" * 20_000)),
    module("size/60 KB of nothing in a body", OK, lambda: _of(_filled(_NOP, 60 * _KIB))),
    module("size/a br_table of 50,000 targets", OK, lambda: _of(_switch(50_000))),
    guest("size/an answer from 1,000 functions down", OK,
          more="".join(f"(func $f{n} (result i64) {f'(call $f{n - 1})' if n else DONE})" for n in range(1000)),
          execute="(call $f999)"),
)  # fmt: skip

_LOOPS: Final = _body(_nested_loops(4_000, _filled(_MIX, 8 * _KIB)))
NEST: Final = _live(5_000, 300)
"""40 KB for which the compiler takes some twenty seconds."""
_BODIES: Final[dict[str, tuple[bytes, int]]] = {
    "loops 4,000 deep, eight times": (_LOOPS, 8),
    "loops 5,000 deep with 50 live locals": (_live(5_000, 50), 8),
    "loops 5,000 deep with 300 live locals": (NEST, 1),
    "loops 5,000 deep with 300 live locals, eight times": (NEST, 8),
    "loops 3,000 deep with 1,000 live locals": (_live(3_000, 1_000), 4),
    "5,000 loops and 1,000 live locals": (_straight(50 * _KIB, 1_000), 7),
}

BOMBS: Final[tuple[Attack, ...]] = (
    *(
        module(f"size/{name}", "compile.budget", partial(bomb, body, times), needs=("compile_child",))
        for name, (body, times) in _BODIES.items()
    ),
    module("size/the same, in a component", "compile.budget",
           lambda: from_wat(spell_component({})) + section(1, bomb(NEST, 8)),
           adapter="component", needs=("compile_child", "component")),
)  # fmt: skip

ATTACKS: Final[tuple[Attack, ...]] = (*CUT, *HELD, *BOMBS)
