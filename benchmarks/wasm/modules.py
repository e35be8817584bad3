"""The guests that are measured, as WebAssembly text: the same work for every host.

`ECHO` gives back `{"ok":` + input + `}`; `ECHO_EXTISM` does the same by Extism's
ABI, copying in and out eight bytes at a time as its C kit does. `HOST_CALLS`
makes as many host calls as its input has bytes, 16 bytes each, and reads what
comes back. `WAITS` makes one and gives back what it was answered.
"""

from __future__ import annotations

from typing import Final

from wasmtime import wat2wasm

_ALLOC: Final = """
  (memory (export "memory") 2)
  (global $top (mut i32) (i32.const 4096))
  (global $held (mut i32) (i32.const 0))
  (func $alloc (export "alloc") (param $n i32) (result i32) (local $at i32) (local $end i32)
    (local.set $at (global.get $top))
    (local.set $end (i32.and (i32.add (i32.add (local.get $at) (local.get $n)) (i32.const 15)) (i32.const -16)))
    (if (i32.gt_u (local.get $end) (i32.shl (memory.size) (i32.const 16)))
      (then (if (i32.eq (memory.grow
            (i32.shr_u (i32.add (i32.sub (local.get $end) (i32.shl (memory.size) (i32.const 16))) (i32.const 65535))
              (i32.const 16)))
          (i32.const -1)) (then (return (i32.const 0))))))
    (global.set $top (local.get $end))
    (global.set $held (i32.add (global.get $held) (i32.const 1)))
    (local.get $at))
  (func (export "dealloc") (param i32 i32)
    (global.set $held (i32.sub (global.get $held) (i32.const 1)))
    (if (i32.eqz (global.get $held)) (then (global.set $top (i32.const 4096)))))
"""

ECHO: Final = f"""(module {_ALLOC}
  (data (i32.const 64) "{{\\22ok\\22:")
  (func (export "execute") (param $in i32) (param $n i32) (result i64) (local $out i32)
    (local.set $out (call $alloc (i32.add (local.get $n) (i32.const 7))))
    (memory.copy (local.get $out) (i32.const 64) (i32.const 6))
    (memory.copy (i32.add (local.get $out) (i32.const 6)) (local.get $in) (local.get $n))
    (i32.store8 (i32.add (local.get $out) (i32.add (local.get $n) (i32.const 6))) (i32.const 125))
    (i64.or (i64.shl (i64.extend_i32_u (local.get $out)) (i64.const 32))
      (i64.extend_i32_u (i32.add (local.get $n) (i32.const 7))))))"""

HOST_CALLS: Final = f"""(module (import "agent" "call" (func $call (param i32 i32 i32 i32) (result i64))) {_ALLOC}
  (data (i32.const 64) "echo") (data (i32.const 128) "\\220123456789abcd\\22")
  (func (export "execute") (param $in i32) (param $n i32) (result i64) (local $top i32) (local $sum i64)
    (local.set $top (global.get $top))
    (loop $more
      (global.set $top (local.get $top))
      (local.set $sum (i64.add (local.get $sum) (i64.load8_u
        (i32.wrap_i64 (i64.shr_u
          (call $call (i32.const 64) (i32.const 4) (i32.const 128) (i32.const 16)) (i64.const 32))))))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.store (i32.const 256) (local.get $sum))
    (i64.or (i64.shl (i64.const 256) (i64.const 32)) (i64.const 8))))"""

WAITS: Final = f"""(module (import "agent" "call" (func $call (param i32 i32 i32 i32) (result i64))) {_ALLOC}
  (data (i32.const 64) "wait")
  (func (export "execute") (param $in i32) (param $n i32) (result i64)
    (call $call (i32.const 64) (i32.const 4) (local.get $in) (local.get $n))))"""

_EXTISM: Final = """
  (import "extism:host/env" "input_length" (func $length (result i64)))
  (import "extism:host/env" "input_load_u8" (func $in8 (param i64) (result i32)))
  (import "extism:host/env" "input_load_u64" (func $in64 (param i64) (result i64)))
  (import "extism:host/env" "alloc" (func $take (param i64) (result i64)))
  (import "extism:host/env" "free" (func $free (param i64)))
  (import "extism:host/env" "length" (func $length_at (param i64) (result i64)))
  (import "extism:host/env" "load_u8" (func $get8 (param i64) (result i32)))
  (import "extism:host/env" "store_u8" (func $put8 (param i64 i32)))
  (import "extism:host/env" "store_u64" (func $put64 (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
"""

ECHO_EXTISM: Final = f"""(module {_EXTISM} (memory (export "memory") 64)
  (data (i32.const 64) "{{\\22ok\\22:")
  (func (export "execute") (result i32) (local $n i32) (local $i i32) (local $to i64)
    (local.set $n (i32.wrap_i64 (call $length)))
    (block $read (loop $more
      (br_if $read (i32.gt_u (i32.add (local.get $i) (i32.const 8)) (local.get $n)))
      (i64.store (i32.add (local.get $i) (i32.const 4102)) (call $in64 (i64.extend_i32_u (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 8))) (br $more)))
    (block $rest (loop $more
      (br_if $rest (i32.ge_u (local.get $i) (local.get $n)))
      (i32.store8 (i32.add (local.get $i) (i32.const 4102)) (call $in8 (i64.extend_i32_u (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $more)))
    (memory.copy (i32.const 4096) (i32.const 64) (i32.const 6))
    (i32.store8 (i32.add (local.get $n) (i32.const 4102)) (i32.const 125))
    (local.set $n (i32.add (local.get $n) (i32.const 7)))
    (local.set $to (call $take (i64.extend_i32_u (local.get $n))))
    (local.set $i (i32.const 0))
    (block $wrote (loop $more
      (br_if $wrote (i32.gt_u (i32.add (local.get $i) (i32.const 8)) (local.get $n)))
      (call $put64 (i64.add (local.get $to) (i64.extend_i32_u (local.get $i)))
        (i64.load (i32.add (local.get $i) (i32.const 4096))))
      (local.set $i (i32.add (local.get $i) (i32.const 8))) (br $more)))
    (block $rest (loop $more
      (br_if $rest (i32.ge_u (local.get $i) (local.get $n)))
      (call $put8 (i64.add (local.get $to) (i64.extend_i32_u (local.get $i)))
        (i32.load8_u (i32.add (local.get $i) (i32.const 4096))))
      (local.set $i (i32.add (local.get $i) (i32.const 1))) (br $more)))
    (call $output (local.get $to) (i64.extend_i32_u (local.get $n)))
    (i32.const 0)))"""

HOST_CALLS_EXTISM: Final = f"""(module {_EXTISM}
  (import "extism:host/user" "echo" (func $call (param i64) (result i64)))
  (memory (export "memory") 1)
  (func (export "execute") (result i32) (local $n i32) (local $block i64) (local $got i64) (local $sum i64)
    (local.set $n (i32.wrap_i64 (call $length)))
    (local.set $block (call $take (i64.const 16)))
    (loop $more
      (local.set $got (call $call (local.get $block)))
      (local.set $sum (i64.add (local.get $sum) (i64.extend_i32_u (call $get8 (local.get $got)))))
      (call $free (local.get $got))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 0)))"""


def module(text: str) -> bytes:
    """Return a text's binary."""
    return bytes(wat2wasm(text))
