"""Guests that crash, in every way the instruction set has."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import Attack, guest
from benchmarks.attack.spell import DONE

_TABLE: Final = """(type $v (func)) (type $w (func (param i32))) (table $t 2 funcref)
  (elem (i32.const 0) $w) (func $w (param i32))"""

_BODIES: Final = {
    "unreachable": "unreachable",
    "i32 divided by zero": "(drop (i32.div_s (i32.const 1) (i32.const 0)))",
    "i64 divided by zero": "(drop (i64.div_u (i64.const 1) (i64.const 0)))",
    "remainder of zero": "(drop (i64.rem_u (i64.const 1) (i64.const 0)))",
    "i32 overflow": "(drop (i32.div_s (i32.const 0x80000000) (i32.const -1)))",
    "i64 overflow": "(drop (i64.div_s (i64.const 0x8000000000000000) (i64.const -1)))",
    "NaN to integer": "(drop (i32.trunc_f64_s (f64.const nan)))",
    "infinity to integer": "(drop (i64.trunc_f64_u (f64.const inf)))",
    "float too large for integer": "(drop (i32.trunc_f32_u (f32.const 1e30)))",
    "load at the end": "(drop (i32.load8_u (i32.const 65536)))",
    "load over the end": "(drop (i64.load (i32.const 65532)))",
    "load at -1": "(drop (i32.load8_u (i32.const -1)))",
    "load with an offset of 4 GiB": "(drop (i32.load8_u offset=4294967295 (i32.const -1)))",
    "store at the end": "(i32.store8 (i32.const 65536) (i32.const 1))",
    "store with an offset of 2 GiB": "(i64.store offset=2147483648 (i32.const 0) (i64.const 1))",
    "store of a vector over the end": "(v128.store (i32.const 65521) (v128.const i64x2 0 0))",
    "call through null": "(call_indirect (type $v) (i32.const 1))",
    "call of another type": "(call_indirect (type $v) (i32.const 0))",
    "call past the table": "(call_indirect (type $v) (i32.const 2))",
    "call at -1": "(call_indirect (type $v) (i32.const -1))",
    "table.get past its end": "(drop (table.get $t (i32.const 2)))",
    "table.set past its end": "(table.set $t (i32.const 2) (ref.null func))",
    "table.fill past its end": "(table.fill $t (i32.const 1) (ref.null func) (i32.const 2))",
    "table.copy past its end": "(table.copy (i32.const 1) (i32.const 0) (i32.const 2))",
}


def _trap(name: str, body: str) -> Attack:
    more = _TABLE if "call" in body or "table" in body else ""
    return guest(f"trap/{name}", "guest.trap", more=more, execute=f"{body} {DONE}")


ATTACKS: Final[tuple[Attack, ...]] = (
    *(_trap(name, body) for name, body in _BODIES.items()),
    guest("trap/in start", "guest.trap", more="(func $s unreachable) (start $s)"),
    guest("trap/in alloc", "guest.trap", alloc="unreachable"),
    guest("trap/in _initialize", "guest.trap", initialize="unreachable", needs=("initialize",)),
    guest("trap/divides in start", "guest.trap",
          more="(func $s (drop (i32.div_u (i32.const 1) (i32.const 0)))) (start $s)"),
)  # fmt: skip
