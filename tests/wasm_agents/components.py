"""Components spelled as text, compiled here, and called: `answer_of(spell(answer=b"1"))`."""

import ctypes
import tempfile
import time
from ctypes import byref, c_char_p, c_size_t, c_void_p
from functools import cache
from pathlib import Path
from typing import Any

from wasmtime import wat2wasm

from wasm_agents.capi import library as c
from wasm_agents.component.answer import Answer
from wasm_agents.component.binding import component_delete
from wasm_agents.component.call import call
from wasm_agents.component.code import ComponentCode
from wasm_agents.component.instance import ComponentInstance
from wasm_agents.component.outer import around
from wasm_agents.engines import engine_of
from wasm_agents.limits import GuestLimits
from wasm_agents.watch import Watch

LIMITS = {"wall_ms": 2_000, "fuel": 10_000_000, "memory_bytes": 2**20, "table_elements": 100}
RESULT = "(result (result string (error string)))"
WORLD = f'(param "input" string) {RESULT}'
GIVES = "(i32.const 16)"
ECHO = f"(i32.store (i32.const 20) (local.get 0)) (i32.store (i32.const 24) (local.get 1)) {GIVES}"

_new = c.symbol("wasmtime_component_new", c_void_p, c_void_p, c_char_p, c_size_t, c_void_p)
_serialize = c.symbol("wasmtime_component_serialize", c_void_p, c_void_p, c_void_p)


def spell(
    *,
    execute: str = GIVES,
    answer: bytes = b"1",
    is_error: int = 0,
    lie: tuple[int, int] | None = None,
    realloc: str = "(i32.const 1024)",
    memory: str = '(memory (export "memory") 1)',
    more: str = "",
    encoding: str = "utf8",
    before: str = "",
    after: str = "",
    export: str | None = None,
) -> str:
    """Return a component's text by what differs from one that keeps to the ABI; `lie` is its answer's place."""
    words = (is_error, 4096, len(answer)) if lie is None else (is_error, *lie)
    place = _spelled(b"".join((word & 0xFFFF_FFFF).to_bytes(4, "little") for word in words))
    lift = f"""(canon lift (core func $i "execute") (memory (core memory $i "memory"))
      (realloc (core func $i "realloc")) string-encoding={encoding})"""
    exported = f'(func (export "execute") {WORLD} {lift})' if export is None else export
    return f"""(component {before}
      (core module $m {memory} {more}
        (data (i32.const 16) "{place}") (data (i32.const 4096) "{_spelled(answer)}")
        (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc})
        (func $execute (export "execute") (param i32 i32) (result i32) {execute}))
      (core instance $i (instantiate $m)) {exported} {after})"""


def _spelled(octets: bytes) -> str:
    return "".join(f"\\{octet:02x}" for octet in octets)


@cache
def code_of(text: str, *, by_itself: bool = False) -> ComponentCode:
    """Return a component's code; compiled once, within the outer component where it fits."""
    engine = engine_of("component").handle
    guest, made, vec = bytes(wat2wasm(text)), c_void_p(), c.Bytes()
    wasm = guest.join(around(len(guest)))
    error = _new(engine, wasm, len(wasm), byref(made))
    if error or by_itself:  # as the compiler does: by itself it says why it does not fit
        if error:
            c.take_error(error)
        error = _new(engine, guest, len(guest), byref(made))
    assert not error, c.take_error(error)
    assert not _serialize(made, byref(vec))
    component_delete(made)
    with tempfile.NamedTemporaryFile() as file:
        file.write(ctypes.string_at(vec.at, vec.size))
        file.flush()
        c.byte_vec_delete(byref(vec))
        return ComponentCode(str(Path(file.name)).encode(), engine)


def instance_of(text: str, *, deadline_s: float = 2.0, **limits: int) -> ComponentInstance:
    """Return an instance that is not made yet; to be closed."""
    return ComponentInstance(
        code_of(text), GuestLimits(**LIMITS | limits), Watch(time.monotonic() + deadline_s)
    )


def answer_of(text: str, content: bytes = b"{}", **limits: Any) -> Answer:
    """Call a component once, in an instance of its own."""
    instance = instance_of(text, **limits)
    instance.watch.enter()
    try:
        return call(instance, content)
    finally:
        instance.watch.leave()
        instance.watch.end()
        instance.close()
