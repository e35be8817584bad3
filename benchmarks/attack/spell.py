"""Spell guests in WebAssembly text: for `agent/1`, as a component, and for Extism.

One attack is told once, by what differs from an honest guest; the same parts
make the module that another host's ABI asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ANSWER_AT: Final = 4096
OK_ANSWER: Final = b'{"ok":1}'
CALL: Final = '(import "agent" "call" (func $call (param i32 i32 i32 i32) (result i64)))'
LOG: Final = '(import "agent" "log" (func $log (param i32 i32)))'


def packed(pointer: int, length: int) -> str:
    """Return the constant that `execute` answers with: pointer and length in one number."""
    return f"(i64.const {pointer << 32 | length})"


DONE: Final = packed(ANSWER_AT, len(OK_ANSWER))
"""Answers `{"ok":1}`, which stands in every guest's memory."""


def text_of(octets: bytes) -> str:
    """Return bytes as they stand in a text's string."""
    return "".join(f"\\{octet:02x}" for octet in octets)


def data_at(place: int, octets: bytes) -> str:
    """Return the segment that puts these bytes at a place."""
    return f'(data (i32.const {place}) "{text_of(octets)}")'


def answering(octets: bytes) -> dict[str, str]:
    """Return the parts of a guest that gives these bytes."""
    return {"execute": packed(ANSWER_AT, len(octets)), "data": data_at(ANSWER_AT, octets)}


def spell_core(parts: Mapping[str, str]) -> str:
    """Return the text of an `agent/1` guest.

    Args:
        parts: `imports`, `memory`, `data`, `more`; the bodies of `alloc`, `dealloc`, `execute`, `initialize`;
            `exports` stands for all four functions at once.
    """
    bodies = f"""
      (func $alloc (export "alloc") (param i32) (result i32) {parts.get("alloc", "(i32.const 1024)")})
      (func $dealloc (export "dealloc") (param i32 i32) {parts.get("dealloc", "")})
      (func $execute (export "execute") (param i32 i32) (result i64) {parts.get("execute", DONE)})"""
    if "initialize" in parts:
        bodies += f'(func (export "_initialize") {parts["initialize"]})'
    return f"(module {_front(parts)} {parts.get('more', '')} {parts.get('exports', bodies)})"


def _front(parts: Mapping[str, str]) -> str:
    memory = parts.get("memory", '(memory (export "memory") 1)')
    data = parts.get("data", data_at(ANSWER_AT, OK_ANSWER))
    return f"{parts.get('imports', '')} {memory} {data}"


_EXTISM: Final = """
  (import "extism:host/env" "input_length" (func $in_len (result i64)))
  (import "extism:host/env" "alloc" (func $x_alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u8" (func $x_store (param i64 i32)))
  (import "extism:host/env" "output_set" (func $x_out (param i64 i64)))"""

# What the host does for agent/1, done in the guest: ask for room, run, copy the answer out.
_SHIM: Final = """
  (func (export "execute_x") (result i32) (local $at i64) (local $p i32) (local $n i32) (local $i i32) (local $v i64)
    {initialize}
    (local.set $v (call $execute (call $alloc (i32.wrap_i64 (call $in_len))) (i32.wrap_i64 (call $in_len))))
    (local.set $p (i32.wrap_i64 (i64.shr_u (local.get $v) (i64.const 32))))
    (local.set $n (i32.wrap_i64 (local.get $v)))
    (local.set $at (call $x_alloc (i64.extend_i32_u (local.get $n))))
    (block (loop
      (br_if 1 (i32.ge_u (local.get $i) (local.get $n)))
      (call $x_store (i64.add (local.get $at) (i64.extend_i32_u (local.get $i)))
        (i32.load8_u (i32.add (local.get $p) (local.get $i))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br 0)))
    (call $dealloc (local.get $p) (local.get $n))
    (call $x_out (local.get $at) (i64.extend_i32_u (local.get $n)))
    (i32.const 0))"""


def spell_extism(parts: Mapping[str, str]) -> str:
    """Return the text of an Extism plug-in that does what the `agent/1` guest of these parts does."""
    shim = _SHIM.replace("{initialize}", "(call $init)" if "initialize" in parts else "")
    more = parts.get("more", "")
    if "initialize" in parts:
        more += f"(func $init {parts['initialize']})"
    moved = {key: value for key, value in parts.items() if key != "initialize"}
    imports = parts.get("imports", "") + _EXTISM
    return spell_core({**moved, "imports": imports, "more": more + shim})


RESULT_AT: Final = 16


def result_of(octets: bytes, *, discriminant: int = 0) -> str:
    """Return the segments of a component's `result<string, string>` that holds these bytes."""
    area = discriminant.to_bytes(4, "little") + ANSWER_AT.to_bytes(4, "little")
    return data_at(RESULT_AT, area + len(octets).to_bytes(4, "little")) + data_at(ANSWER_AT, octets)


def spell_component(parts: Mapping[str, str]) -> str:
    """Return the text of a component that exports `execute`.

    Args:
        parts: Of its core module: `memory`, `data`, `more`, the bodies of `realloc` and `execute`; of
            itself: `before`, `after`, and `export`, which stands for the exported function.
    """
    execute = parts.get("execute", f"(i32.const {RESULT_AT})")
    core = f"""(core module $m
      {parts.get("memory", '(memory (export "memory") 1)')} {parts.get("data", result_of(b"1"))}
      {parts.get("more", "")}
      (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
        {parts.get("realloc", "(i32.const 1024)")})
      (func $execute (export "execute") (param i32 i32) (result i32) {execute})
      (func (export "post") (param i32) {parts.get("post", "")}))"""
    lift = f"""(canon lift (core func $i "execute") (memory (core memory $i "memory"))
      (realloc (core func $i "realloc")) (post-return (core func $i "post"))
      string-encoding={parts.get("encoding", "utf8")})"""
    export = parts.get(
        "export",
        f'(func (export "execute") (param "input" string) (result (result string (error string))) {lift})',
    )
    instance = "(core instance $i (instantiate $m))"
    return f"(component {parts.get('before', '')} {core} {instance} {export} {parts.get('after', '')})"
