"""Guests for recordings: one that asks its host for everything there is, and some that fail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Final

from wasmtime import wat2wasm

from wasm_agents.shelf import Shelf

HEAP: Final = 0x4000
NAMESPACE: Final = "bench"

FAILING: Final[Mapping[str, str]] = {
    "bench_trap": "(unreachable)",
    "bench_spin": "(loop (br 0))",
    "bench_deep": "(drop (call $alloc (i32.const -1))) (memory.fill (i32.const -1) (i32.const 0) (i32.const 9))",
}
"""Agent -> what it does."""


def shelve(shelf: Shelf, url: str) -> tuple[str, ...]:
    """Put the guests on a shelf and return their names.

    Args:
        shelf: Of a folder made for them.
        url: What the asking one requests.
    """
    asks = (
        ("time.now", "{}"),
        ("random.bytes", '{"n":32}'),
        ("kv.put", ""),
        ("http.request", json.dumps({"url": url})),
        ("none.such", "{}"),
        ("kv.get", json.dumps({"namespace": NAMESPACE, "key": "k"})),
    )
    port = int(url.split(":")[2].split("/", maxsplit=1)[0])
    http = f'[[capabilities.http]]\nscheme = "http"\nhost = "127.0.0.1"\nport = {port}\n'
    kv = f'[[capabilities.kv]]\nnamespace = "{NAMESPACE}"\naccess = "rw"\n'
    _add(shelf, "bench_asks", _asking(asks), http + kv)
    for name, does in FAILING.items():
        _add(shelf, name, _asking((("time.now", "{}"),), more=does), "")
    return ("wasm:bench_asks", *(f"wasm:{name}" for name in FAILING))


def _add(shelf: Shelf, name: str, wasm: bytes, capabilities: str) -> None:
    manifest = f"""
name = "{name}"
version = "1.0.0"
abi = "agent/1"
module = "{name}.wasm"
sha256 = "{hashlib.sha256(wasm).hexdigest()}"
description = "For recordings."
[takes]
type = "object"
[gives]
[limits]
fuel = 1000000
{capabilities}"""
    shelf.add(manifest.encode(), wasm, name=name)


def _asking(asks: Sequence[tuple[str, str]], *, more: str = "") -> bytes:
    """Return a module that asks for each operation and answers with the last envelope; '' stands for its own input."""
    parts, calls, at = [], [], 16
    for op, given in asks:
        pointer, length = "(local.get 0)", "(local.get 1)"
        op_at, at = at, at + len(op)
        parts.append(f"(data (i32.const {op_at}) {json.dumps(op)})")
        if given:
            pointer, length = f"(i32.const {at})", f"(i32.const {len(given)})"
            parts.append(f"(data (i32.const {at}) {json.dumps(given)})")
            at += len(given)
        calls.append(
            f"(local.set $last (call $call (i32.const {op_at}) (i32.const {len(op)}) {pointer} {length}))"
        )
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
        {" ".join(calls)} {more}
        (local.get $last)))"""
    return bytes(wat2wasm(text))
