"""Guests that use up the stack."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import Attack, guest
from benchmarks.attack.spell import DONE

_SELF: Final = "(call $execute (i32.const 0) (i32.const 0))"
_DOWN: Final = "(func $down (call $down))"
_LOCALS: Final = "(func $wide (local {}) (call $wide))"
_MUTUAL: Final = "(func $a (call $b)) (func $b (call $c)) (func $c (call $a))"
_INDIRECT: Final = """(type $v (func)) (table funcref (elem $down))
  (func $down (call_indirect (type $v) (i32.const 0)))"""
_BY_TABLE: Final = """(type $v (func)) (table $t 2 funcref) (elem (i32.const 0) $even $odd)
  (func $even (call_indirect (type $v) (i32.const 1))) (func $odd (call_indirect (type $v) (i32.const 0)))"""


def _many_params(count: int) -> str:
    params = " ".join(["i64"] * count)
    given = " ".join(f"(local.get {n})" for n in range(count))
    return f"(func $down (param {params}) (call $down {given}))"


def _zeros(count: int) -> str:
    return " ".join(["(i64.const 0)"] * count)


ATTACKS: Final[tuple[Attack, ...]] = (
    guest("stack/recursion", "limit.stack", execute=_SELF),
    guest("stack/mutual recursion", "limit.stack", more=_MUTUAL, execute=f"(call $a) {DONE}"),
    guest("stack/by call_indirect", "limit.stack", more=_INDIRECT, execute=f"(call $down) {DONE}"),
    guest("stack/by a table's two", "limit.stack", more=_BY_TABLE, execute=f"(call $even) {DONE}"),
    guest("stack/frames of 10,000 locals", "limit.stack", more=_LOCALS.format("i64 " * 10_000),
          execute=f"(call $wide) {DONE}"),
    guest("stack/frames of 500 parameters", "limit.stack", more=_many_params(500),
          execute=f"(call $down {_zeros(500)}) {DONE}"),
    guest("stack/in start", "limit.stack", more=f"{_DOWN} (start $down)"),
    guest("stack/in alloc", "limit.stack", more=_DOWN, alloc="(call $down) (i32.const 8)"),
    guest("stack/in _initialize", "limit.stack", more=_DOWN, initialize="(call $down)",
          needs=("initialize",)),
    guest("stack/with its own pointer run over", "guest.trap",
          execute="(i64.load (i32.sub (i32.const 0) (i32.const 16)))",
          note="a C guest's stack lies in its memory; below zero is outside it"),
)  # fmt: skip
