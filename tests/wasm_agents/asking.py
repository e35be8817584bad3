"""Guests that ask their host: each operation in turn, the last answer given back as their own."""

from __future__ import annotations

from collections.abc import Sequence

from wasmtime import wat2wasm

HEAP = 0x4000


def asking(*asks: tuple[str, str | None], more: str = "") -> bytes:
    """Return a module that asks for each operation with its input and answers with the last envelope.

    Args:
        asks: Operations with their JSON; None stands for the input the guest was given.
        more: Instructions before all else.
    """
    parts, calls, at = [], [], 16
    for op, given in asks:
        op_at, at = at, at + len(op.encode())
        parts.append(_bytes_at(op_at, op))
        pointer, length = "(local.get 0)", "(local.get 1)"
        if given is not None:
            pointer, length = f"(i32.const {at})", f"(i32.const {len(given.encode())})"
            parts.append(_bytes_at(at, given))
            at += len(given.encode())
        calls.append(
            f"(local.set $last (call $call (i32.const {op_at}) (i32.const {len(op.encode())}) {pointer} {length}))"
        )
    assert at < HEAP
    return _module(parts, calls, more)


def _module(parts: Sequence[str], calls: Sequence[str], more: str) -> bytes:
    text = f"""(module
      (import "agent" "call" (func $call (param i32 i32 i32 i32) (result i64)))
      (memory (export "memory") 4)
      (global $next (mut i32) (i32.const {HEAP}))
      {" ".join(parts)}
      (func $alloc (export "alloc") (param i32) (result i32)
        (global.get $next)
        (global.set $next (i32.add (global.get $next) (i32.add (local.get 0) (i32.const 1)))))
      (func (export "dealloc") (param i32 i32))
      (func (export "execute") (param i32 i32) (result i64)
        (local $last i64)
        {more} {" ".join(calls)}
        (local.get $last)))"""
    return bytes(wat2wasm(text))


def _bytes_at(at: int, text: str) -> str:
    spelt = "".join(f"\\{byte:02x}" for byte in text.encode())
    return f'(data (i32.const {at}) "{spelt}")'
