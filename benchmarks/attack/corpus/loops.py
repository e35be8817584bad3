"""Guests that do not end, wherever the host runs them."""

from __future__ import annotations

from typing import Final

from benchmarks.attack.attack import OK, Attack, guest
from benchmarks.attack.spell import DONE

FOR_EVER: Final = "(loop (br 0))"
_SELF_TABLE: Final = "(type $v (func)) (table funcref (elem $again)) (func $again)"
_FIB: Final = """(func $fib (param i32) (result i32)
  (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                   (call $fib (i32.sub (local.get 0) (i32.const 2)))))))"""
_WIDE: Final = '(memory (export "memory") 1024)'
_WIDE_LIMIT: Final = {"memory_bytes": 64 * 2**20}


def _spin(body: str) -> str:
    return f"(loop {body} (br 0)) {DONE}"


_BODIES: Final = {
    "plain": "",
    "in nested blocks": "(block (block (loop (br_if 0 (i32.const 1)))))",
    "by br_table": "(block (loop (br_table 0 0 0 (i32.const 1))))",
    "of memory.fill": "(memory.fill (i32.const 0) (i32.const 1) (i32.const 65536))",
    "of memory.copy": "(memory.copy (i32.const 1) (i32.const 0) (i32.const 65535))",
    "of memory.grow by nothing": "(drop (memory.grow (i32.const 0)))",
    "of memory.grow refused": "(drop (memory.grow (i32.const 65535)))",
    "of memory.size": "(drop (memory.size))",
    "of calls": "(call $dealloc (i32.const 0) (i32.const 0))",
    "of divisions": "(drop (i64.div_u (i64.const -1) (i64.const 3)))",
    "of square roots": "(drop (f64.sqrt (f64.const 2)))",
    "of stores": "(i64.store (i32.const 64) (i64.add (i64.load (i32.const 64)) (i64.const 1)))",
    "of 128-bit vectors": "(drop (i64x2.mul (v128.const i64x2 1 2) (v128.const i64x2 3 4)))",
}

_INDIRECT: Final = _spin("(call_indirect (type $v) (i32.const 0))")
_TABLES: Final = _spin("(drop (table.grow $t (ref.null func) (i32.const 1)))")
_FILLS: Final = _spin("(table.fill $t (i32.const 0) (ref.null func) (i32.const 1000))")
_COUNTS: Final = (
    "(local $i i64) (loop (local.set $i (i64.add (local.get $i) (i64.const 1)))"
    f" (br_if 0 (i64.ne (local.get $i) (i64.const 0)))) {DONE}"
)

ATTACKS: Final[tuple[Attack, ...]] = (
    *(guest(f"loop/{name}", "limit.time", execute=_spin(body)) for name, body in _BODIES.items()),
    *(
        guest(f"loop/fuel {name}", "limit.fuel", execute=_spin(body), limits={"fuel": 1_000_000}, deadline_s=3)
        for name, body in _BODIES.items()
        if name in {"plain", "of calls", "of memory.fill", "by br_table"}
    ),
    guest("loop/counts to 2^64", "limit.time", execute=_COUNTS),
    guest("loop/of call_indirect", "limit.time", more=_SELF_TABLE, execute=_INDIRECT),
    guest("loop/of table.grow", "limit.time", more="(table $t 1 funcref)", execute=_TABLES),
    guest("loop/of table.fill", "limit.time", more="(table $t 1000 funcref)", execute=_FILLS),
    guest("loop/fibonacci of 60", "limit.time", more=_FIB,
          execute=f"(drop (call $fib (i32.const 60))) {DONE}"),
    guest("loop/of fills of 64 MB", "limit.time", memory=_WIDE, limits=_WIDE_LIMIT,
          execute=_spin("(memory.fill (i32.const 0) (i32.const 1) (i32.const 0x4000000))")),
    guest("loop/of copies of 32 MB", "limit.time", memory=_WIDE, limits=_WIDE_LIMIT,
          execute=_spin("(memory.copy (i32.const 0x2000000) (i32.const 0) (i32.const 0x2000000))")),
    guest("loop/in alloc", "limit.time", alloc=f"{FOR_EVER} (i32.const 8)"),
    guest("loop/in start", "limit.time", more=f"(func $s {FOR_EVER}) (start $s)"),
    guest("loop/in _initialize", "limit.time", initialize=FOR_EVER, needs=("initialize",)),
    guest("loop/in dealloc", OK, dealloc=FOR_EVER, note="a fresh instance is dropped, not tidied"),
    guest("loop/fuel in start", "limit.fuel", more=f"(func $s {FOR_EVER}) (start $s)",
          limits={"fuel": 100_000}, deadline_s=3),
    guest("loop/fuel in alloc", "limit.fuel", alloc=f"{FOR_EVER} (i32.const 8)",
          limits={"fuel": 100_000}, deadline_s=3),
    guest("loop/a deadline of 1 ms", "limit.time", execute=_spin(""), deadline_s=0.001),
    guest("loop/wall_ms before a later deadline", "limit.time", execute=_spin(""), limits={"wall_ms": 50},
          deadline_s=30),
    guest("loop/one unit of fuel", "limit.fuel", execute=_spin(""), limits={"fuel": 1}),
)  # fmt: skip
