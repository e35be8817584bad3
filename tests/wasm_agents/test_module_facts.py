"""A module's facts are read from its tables alone, and hostile tables are refused."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wasmtime import wat2wasm

from contracts.errors import InvalidInput
from tests.wasm_agents.offered import ECHO
from wasm_agents.module_facts import facts_of

CORE = bytes(
    wat2wasm("""(module
      (import "agent" "call" (func (param i32 i32 i32 i32) (result i64)))
      (import "env" "table" (table 1 2 funcref))
      (import "env" "global" (global i32))
      (import "env" "memory" (memory 1))
      (func (export "execute") (param i32) nop nop nop nop)
      (func nop)
      (global (export "here") i32 (i32.const 1)))""")
)
COMPONENT = bytes(
    wat2wasm("""(component
      (import "log" (func $log (param "text" string)))
      (import "shape" (type (sub resource)))
      (core module $inner (func (export "f") nop nop))
      (component $nested (core module (func) (func nop nop nop nop nop nop)))
      (core instance $one (instantiate $inner))
      (func $f (canon lift (core func $one "f")))
      (export "execute" (func $f)))""")
)


def test_a_core_modules_tables_are_told_apart() -> None:
    facts = facts_of(CORE)
    assert facts.imports == ["agent.call", "env.table", "env.global", "env.memory"]
    assert facts.exports == [("execute", "function"), ("here", "global")]
    assert (facts.kind, facts.functions, facts.largest_body) == ("core module", 2, 6)
    assert [name for name, _ in facts.sections][:4] == ["type", "import", "function", "global"]


def test_a_components_inner_modules_are_counted_with_it() -> None:
    facts = facts_of(COMPONENT)
    assert (facts.kind, facts.functions, facts.largest_body) == ("component", 3, 8)
    assert facts.imports == ["log", "shape"]
    assert facts.exports == [("execute", "function")]


def test_the_projects_own_guest_imports_nothing() -> None:
    facts = facts_of(ECHO)
    assert (facts.imports, facts.size) == ([], len(ECHO))
    assert [name for name, _ in facts.exports] == ["memory", "alloc", "dealloc", "execute"]


@pytest.mark.parametrize("wasm", [b"", b"\0asm", b"\x7fELF" + b"\0" * 60, b"\0asm\x02\0\0\0", b"PK\x03\x04"])
def test_what_is_no_module_is_refused(wasm: bytes) -> None:
    with pytest.raises(InvalidInput) as refused:
        facts_of(wasm)
    assert refused.value.code == "load.malformed"


@given(st.sampled_from([CORE, COMPONENT, ECHO]), st.integers(0, 2**32), st.integers(1, 8))
def test_mutated_modules_are_read_or_refused_and_nothing_else(wasm: bytes, seed: int, times: int) -> None:
    rng = random.Random(seed)
    changed = bytearray(wasm)
    for _ in range(times):
        changed[rng.randrange(8, len(changed))] = rng.randrange(256)
    try:
        facts = facts_of(bytes(changed[: rng.randrange(8, len(changed) + 1)]))
    except InvalidInput as exc:
        assert exc.code in {"load.malformed", "load.too_large"}  # noqa: PT017  # either way is right
    else:
        assert facts.largest_body <= len(wasm)


def test_a_module_of_a_million_empty_bodies_is_too_large() -> None:
    count = 1_000_001
    bodies = bytes([0x80 | count & 0x7F, 0x80 | count >> 7 & 0x7F, count >> 14]) + b"\0" * count
    size = len(bodies)
    section = bytes([10, 0x80 | size & 0x7F, 0x80 | size >> 7 & 0x7F, size >> 14])
    with pytest.raises(InvalidInput) as refused:
        facts_of(b"\0asm\x01\0\0\0" + section + bodies)
    assert refused.value.code == "load.too_large"


def test_components_nested_without_end_are_refused() -> None:
    inner = b"\0asm\x0d\0\x01\0"
    for _ in range(20):
        size = len(inner)
        length = bytes([size]) if size < 128 else bytes([0x80 | size & 0x7F, size >> 7])
        inner = b"\0asm\x0d\0\x01\0" + b"\x04" + length + inner
    with pytest.raises(InvalidInput):
        facts_of(inner)
