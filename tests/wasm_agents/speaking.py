"""Guests that ask their host in any way, spelt by the parts that matter to a test."""

from __future__ import annotations

from wasmtime import wat2wasm

CALL = '(import "agent" "call" (func $call (param i32 i32 i32 i32) (result i64)))'
LOG = '(import "agent" "log" (func $log (param i32 i32)))'
OP_AT, SCRATCH, HEAP, PAGES = 16, 64, 0x4000, 4
ASK = f"(call $call (i32.const {OP_AT}) (i32.const 2) (local.get 0) (local.get 1))"
"""Asks for `op` with the guest's own input, and gives what it was told."""
BUMP = (
    "(global.get $next) (global.set $next (i32.add (global.get $next) (i32.add (local.get 0) (i32.const 1))))"
)
"""Room for every caller, one after another."""
GROWING = (
    "(drop (memory.grow (i32.add (i32.shr_u (local.get 0) (i32.const 16)) (i32.const 1))))"
    " (i32.sub (i32.sub (i32.shl (memory.size) (i32.const 16)) (local.get 0)) (i32.const 1))"
)
"""Room at the end of a memory that grows by as much."""
FOR_EVER = "(loop (br 0)) (unreachable)"


def spoken(
    execute: str = ASK,
    *,
    alloc: str = BUMP,
    dealloc: str = "",
    imports: str = CALL,
    more: str = "",
    pages: int = PAGES,
) -> bytes:
    """Return a module; `execute` may use the local `$i` and the globals `$next` and `$n`."""
    text = f"""(module {imports}
      (memory (export "memory") {pages})
      (global $next (mut i32) (i32.const {HEAP}))
      (global $n (mut i32) (i32.const 0))
      (data (i32.const {OP_AT}) "op")
      {more}
      (func $alloc (export "alloc") (param i32) (result i32) {alloc})
      (func $dealloc (export "dealloc") (param i32 i32) {dealloc})
      (func $execute (export "execute") (param i32 i32) (result i64) (local $i i32) {execute}))"""
    return bytes(wat2wasm(text))


def times(count: int, body: str) -> str:
    """Return instructions that do `body` as often; it must leave nothing behind."""
    return f"""(loop $again {body}
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const {count}))))"""


def nth(of: int, body: str, otherwise: str = "") -> str:
    """Return instructions that count in `$n`, do `body` the `of`-th time, and `otherwise` before."""
    return f"""(global.set $n (i32.add (global.get $n) (i32.const 1)))
      (if (i32.eq (global.get $n) (i32.const {of})) (then {body}) (else {otherwise}))"""
