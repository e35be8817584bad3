"""What is refused before a process apart is asked, and what is asked of it then."""

import hashlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import wat2wasm

from contracts.errors import CallsheetError, InvalidInput
from tests.wasm_agents.offered import ECHO
from wasm_agents.binary import HEADER, look_at
from wasm_agents.capi.config import Profile
from wasm_agents.compiling import early
from wasm_agents.compiling.compiler import Compiler
from wasm_agents.compiling.early import look_closer
from wasm_agents.compiling.shape import Shape
from wasm_agents.compiling.spelled import Spelled, spell
from wasm_agents.loaded import check_shape

HONEST = """(memory (export "memory") 1) (func (export "alloc") (param i32) (result i32) (i32.const 8))
  (func (export "dealloc") (param i32 i32))
  (func (export "execute") (param i32 i32) (result i64) (i64.const 0))"""
INNER = """(core module $m (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "execute") (param i32 i32) (result i32) (i32.const 16)))
  (core instance $i (instantiate $m))"""
LIFTED = """(func (export "NAME") (param "input" string) (result (result string (error string)))
    (canon lift (core func $i "execute") (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))"""


def core(more: str = "", *, imports: str = "", honest: str = HONEST) -> bytes:
    return bytes(wat2wasm(f"(module {imports} {honest} {more})"))


def component(more: str, *, before: str = "") -> bytes:
    return bytes(wat2wasm(f"(component {before} {INNER} {more})"))


def padded(wasm: bytes, size: int) -> bytes:
    """Return the same with so many bytes of no meaning behind it."""
    length = bytes((size >> shift & 0x7F) | (0x80 if shift < 28 else 0) for shift in range(0, 35, 7))
    return wasm + b"\0" + length + b"\1x" + b"\0" * (size - 2)


def closer(wasm: bytes) -> early.Seen:
    return look_closer(wasm, look_at(wasm), check_shape)


def code_of(wasm: bytes) -> str:
    with pytest.raises(CallsheetError) as refused:
        closer(wasm)
    return refused.value.code


@pytest.fixture(scope="module")
def compiler() -> Iterator[Compiler]:
    compiler = Compiler(None)
    yield compiler
    compiler.close()


def ending(compiler: Compiler, wasm: bytes, profile: Profile = "core") -> str:
    digest = hashlib.sha256(wasm).hexdigest()
    try:
        compiler.compile_module(wasm, digest=digest, profile=profile, check=check_shape).close()
    except CallsheetError as refused:
        return refused.code
    return ""


BROKEN = core().replace(b"\x42\0\x0b", b"\x41\0\x0b")  # `execute` gives 32 bits


@pytest.mark.parametrize(
    ("wasm", "code"),
    [
        (BROKEN, "load.malformed"),
        (component(LIFTED).replace(b"\x41\x10\x0b", b"\x42\x10\x0b"), "load.malformed"),
        (core(imports='(import "env" "system" (func (param i32)))'), "load.import_denied"),
        (core(imports='(import "agent" "log" (func (param v128)))'), "load.import_denied"),
        (core(imports='(import "a" "t" (table 1 funcref)) (import "a" "g" (global i32))'), "load.import_denied"),
        (bytes(wat2wasm("(module)")), "load.bad_export"),
        (core(honest=HONEST.replace("i64", "v128").replace("(v128.const 0)", "unreachable")), "load.bad_export"),
        (core(honest=HONEST.replace('"memory") 1', '"memory") 16385')), "limit.memory"),
        (core("(table 1 funcref)" * 5), "limit.table"),
        (core("(table 1000001 funcref)"), "limit.table"),
    ],
)  # fmt: skip
def test_what_nobody_would_serve_is_refused_before_a_process_is_asked(wasm: bytes, code: str) -> None:
    assert code_of(wasm) == code


def test_what_is_served_is_let_past() -> None:
    assert (closer(ECHO).refusal, closer(component(LIFTED.replace("NAME", "execute"))).refusal) == (
        None,
        None,
    )


@pytest.mark.parametrize(
    ("more", "before", "code"),
    [
        (LIFTED, '(import "c" (component))', "load.import_denied"),
        (LIFTED, '(import "f" (func (param "a" string)))', "load.import_denied"),
        (LIFTED, '(import "i:d/x" (instance))', "load.import_denied"),
        (LIFTED.replace("NAME", "run"), "", "load.bad_export"),
        ('(instance (export "execute"))', "", "load.bad_export"),
    ],
)
def test_a_components_names_refuse_it_when_it_is_valid(
    compiler: Compiler, more: str, before: str, code: str
) -> None:
    wasm = component(more.replace("NAME", "execute"), before=before)
    refusal = closer(wasm).refusal

    assert (refusal.code if refusal else "", ending(compiler, wasm, "component")) == (code, code)
    assert ending(compiler, wasm + b"\x07\x01\x05", "component") == "load.malformed"


def test_what_may_take_long_to_validate_is_left_to_a_process_apart(compiler: Compiler) -> None:
    wide = f"(type (func (param {'i32 ' * 1000})))"
    large, broad = padded(BROKEN, early.MAX_BYTES), padded(core(wide), early.MAX_STEPS // 1000)

    assert (closer(large).refusal, closer(broad).refusal) == (None, None)
    assert (ending(compiler, large), ending(compiler, broad)) == ("load.malformed", "")


def test_a_large_module_is_refused_for_its_shape_once_it_is_found_valid(compiler: Compiler) -> None:
    denied = padded(core(imports='(import "env" "system" (func))'), early.MAX_BYTES)
    broken = padded(BROKEN.replace(b"alloc", b"allok"), early.MAX_BYTES)

    assert [ending(compiler, wasm) for wasm in (denied, broken)] == ["load.import_denied", "load.malformed"]


@pytest.mark.parametrize(
    ("more", "number"),
    [
        ('(func (export "v") (param v128) (result v128) (local.get 0))', 4),
        (f'(func (export "v") (param {"i32 " * 30} v128))', 4),
    ],
)
def test_another_function_of_vectors_is_left_unspelled(compiler: Compiler, more: str, number: int) -> None:
    wasm = core(more)

    assert closer(wasm).vectors == {"imports": [], "exports": [number]}
    assert ending(compiler, wasm) == ""


def test_vectors_inside_are_nobodys_business(compiler: Compiler) -> None:
    wasm = core('(func (param v128)) (global (export "g") v128 (v128.const i64x2 0 0))')

    assert (closer(wasm).vectors, ending(compiler, wasm)) == ({"imports": [], "exports": []}, "")


def test_what_is_read_here_is_what_the_compiler_says(compiler: Compiler) -> None:
    wasm = core(
        '(global (export "g") i32 (i32.const 1)) (table (export "t") 2 9 funcref)'
        f'(func (export "wide") (param {"f32 f64 " * 15}) (result i32 i64) unreachable)'
        f'(func (export "{"é" * 300}") (param funcref))',
        imports='(import "a" "m" (memory 1 2)) (import "a" "b" (func (param i64)))'
        '(import "a" "t" (table 1 funcref)) (import "a" "g" (global (mut f64)))',
        honest=HONEST.replace('(memory (export "memory") 1)', '(export "memory" (memory 0))'),
    )
    made = compiler.compile_module(wasm, digest=hashlib.sha256(wasm).hexdigest(), profile="core")
    found = spell(wasm)

    assert Shape(made.shape.imports, made.shape.exports) == Shape(found.shape.imports, found.shape.exports)
    assert (found.is_whole, found.tables, found.widest) == (True, [2], 30)
    made.close()


@pytest.mark.parametrize(
    "section",
    [
        b"\x01\x04\x01\x5f\x00\x00",
        b"\x01\x07\x01\x60\xff\xff\xff\xff\x0f",
        b"\x01\x03\xc0\x84\x3d",
        b"\x07\x05\x01\x01x\x00\x05",
        b"\x03\x05\xff\xff\xff\xff\x0f\x07\x05\x01\x01x\x00\x05",
        b"\x02\x06\x01\x01a\x01b\x09",
    ],
)
def test_what_cannot_be_read_here_is_told_by_wasmtime(section: bytes) -> None:
    found = spell(HEADER + section)

    assert not found.is_whole
    with pytest.raises(InvalidInput, match="not a valid module"):
        closer(HEADER + section)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([1, 2, 3, 4, 5, 7]), st.binary(max_size=40)), max_size=6))
def test_any_sections_are_spelled_or_left(sections: list[tuple[int, bytes]]) -> None:
    found = spell(HEADER + b"".join(bytes([number, len(body)]) + body for number, body in sections))

    assert isinstance(found, Spelled)
