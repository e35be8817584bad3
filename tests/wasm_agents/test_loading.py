"""What the host refuses to load, before anything of it runs."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidInput, NotFound
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import MAX_BODY_BYTES, MAX_CODE_BYTES, MAX_FUNCTIONS, MAX_MODULE_BYTES, GuestLimits

BACKENDS = ("direct", "public")
HEADER = b"\0asm\x01\0\0\0"
Load = Callable[..., Guest]
Wasm = Callable[..., bytes]

ALLOC = '(func (export "alloc") (param i32) (result i32) (i32.const 1024))'
DEALLOC = '(func (export "dealloc") (param i32 i32))'
EXECUTE = '(func (export "execute") (param i32 i32) (result i64) (i64.const 0))'


def leb(number: int) -> bytes:
    out = bytearray()
    while True:
        byte, number = number & 0x7F, number >> 7
        out.append(byte | (0x80 if number else 0))
        if not number:
            return bytes(out)


def module_of(*bodies: bytes) -> bytes:
    """Return a module of functions without type: enough for the scan, never valid."""
    code = leb(len(bodies)) + b"".join(leb(len(b)) + b for b in bodies)
    return HEADER + b"\x0a" + leb(len(code)) + code


@pytest.mark.parametrize(
    "wasm",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x7fELF" + b"\0" * 60, id="another format"),
        pytest.param(b"(module)", id="text"),
        pytest.param(b"\0asm", id="half a header"),
        pytest.param(b"\0asm\x02\0\0\0", id="another version"),
        pytest.param(HEADER + b"\xff" * 40, id="garbage"),
        pytest.param(HEADER + b"\x01\x7f", id="section past the end"),
        pytest.param(HEADER + b"\x0a\x03\x01\x7f\x00", id="body past its section"),
        pytest.param(HEADER + b"\x0a\x80\x80\x80\x80\x80\x80", id="endless length"),
        pytest.param(module_of(b"\0\x0b"), id="function without type"),
    ],
)
def test_bytes_that_are_no_module_are_malformed(load: Load, wasm: bytes) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(wasm)
    assert raised.value.code == "load.malformed"
    assert len(raised.value.message) < 500


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"memory": '(memory (export "memory") i64 1)'}, id="memory64"),
        pytest.param({"memory": '(memory (export "memory") 1 2 shared)'}, id="threads"),
        pytest.param({"more": "(memory 1)"}, id="multi-memory"),
        pytest.param({"more": "(type (struct))"}, id="gc"),
        pytest.param({"more": "(tag)"}, id="exceptions"),
        pytest.param({"execute": "(return_call $execute (i32.const 0) (i32.const 0))"}, id="tail calls"),
    ],
)
def test_a_feature_that_is_off_makes_a_module_malformed(load: Load, parts: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(**parts)
    assert raised.value.code == "load.malformed"


@pytest.mark.parametrize(
    "wasm",
    [
        pytest.param(HEADER + b"\0" * MAX_MODULE_BYTES, id="module"),
        pytest.param(module_of(b"\0" * (MAX_BODY_BYTES + 1)), id="one body"),
        pytest.param(
            module_of(*[b"\0" * MAX_BODY_BYTES] * (MAX_CODE_BYTES // MAX_BODY_BYTES)), id="all code"
        ),
        pytest.param(module_of(*[b"\0\x0b"] * (MAX_FUNCTIONS + 1)), id="functions"),
    ],
)
def test_a_module_too_large_to_compile_is_not_compiled(load: Load, wasm: bytes) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(wasm)
    assert raised.value.code == "load.too_large"


def test_any_import_is_denied_and_named(load: Load) -> None:
    imports = '(import "wasi_snapshot_preview1" "fd_write" (func)) (import "env" "x" (func))'
    with pytest.raises(InvalidInput) as raised:
        load(memory=imports + '(memory (export "memory") 1)')
    assert raised.value.code == "load.import_denied"
    assert raised.value.data["imports"] == ["wasi_snapshot_preview1.fd_write", "env.x"]


def test_an_imported_memory_is_denied_like_a_function(load: Load) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(memory='(import "env" "memory" (memory 1)) (export "memory" (memory 0))')
    assert raised.value.code == "load.import_denied"


@pytest.mark.parametrize(
    ("parts", "export"),
    [
        pytest.param({"exports": ALLOC + DEALLOC}, "execute", id="no execute"),
        pytest.param({"exports": DEALLOC + EXECUTE}, "alloc", id="no alloc"),
        pytest.param({"exports": ALLOC + EXECUTE}, "dealloc", id="no dealloc"),
        pytest.param({"memory": "(memory 1)"}, "memory", id="memory kept inside"),
        pytest.param({"memory": ""}, "memory", id="no memory"),
        pytest.param({"memory": '(func (export "memory"))'}, "memory", id="memory is a function"),
        pytest.param(
            {"exports": '(global (export "alloc") i32 (i32.const 1))' + DEALLOC + EXECUTE},
            "alloc",
            id="alloc is a global",
        ),
        pytest.param(
            {"exports": '(func (export "alloc") (param i64) (result i32) (i32.const 1))' + DEALLOC + EXECUTE},
            "alloc",
            id="alloc takes i64",
        ),
        pytest.param(
            {
                "exports": ALLOC
                + DEALLOC
                + '(func (export "execute") (param i32 i32) (result i32) (i32.const 0))'
            },
            "execute",
            id="execute gives i32",
        ),
        pytest.param(
            {"exports": ALLOC + DEALLOC + '(func (export "execute") (param i32) (result i64) (i64.const 0))'},
            "execute",
            id="execute takes one",
        ),
        pytest.param(
            {
                "exports": ALLOC
                + EXECUTE
                + '(func (export "dealloc") (param i32 i32) (result i32) (i32.const 0))'
            },
            "dealloc",
            id="dealloc gives",
        ),
    ],
)
def test_an_export_that_is_missing_or_of_another_type_is_named(
    load: Load, parts: dict[str, str], export: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        load(**parts)
    assert raised.value.code == "load.bad_export"
    assert raised.value.data["export"] == export


def test_bytes_that_hash_otherwise_are_not_loaded(host: Host, wasm: Wasm) -> None:
    with pytest.raises(InvalidInput) as raised:
        host.load(wasm(), GuestLimits(), sha256="0" * 64)
    assert raised.value.code == "load.digest"


def test_a_file_is_loaded_when_it_hashes_as_said(host: Host, wasm: Wasm, tmp_path: Path) -> None:
    path = tmp_path / "guest.wasm"
    path.write_bytes(wasm(answer=b"{}"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    guest = host.load(path, GuestLimits(), sha256=digest)
    assert guest.digest == digest
    assert guest.call(b"1", 1.0).output == b"{}"


def test_a_missing_module_file_is_not_found(host: Host, tmp_path: Path) -> None:
    with pytest.raises(NotFound) as raised:
        host.load(tmp_path / "gone.wasm", GuestLimits())
    assert raised.value.code == "load.missing"


def test_a_pipe_in_a_modules_place_does_not_hold_the_host(host: Host, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "guest.wasm")
    with pytest.raises(InvalidInput) as raised:
        host.load(tmp_path / "guest.wasm", GuestLimits())
    assert raised.value.code == "load.unreadable"


def test_equal_bytes_are_compiled_once(host: Host, load: Load) -> None:
    assert load().digest == load().digest
    assert len(host._codes) == 1


def test_a_broken_module_is_refused_each_time(load: Load) -> None:
    for _ in range(2):
        with pytest.raises(InvalidInput):
            load(b"\0asm\x01\0\0\0\xff")


@pytest.mark.parametrize(
    ("name", "value"), [("wall_ms", 0), ("fuel", -1), ("memory_bytes", 2**40), ("output_bytes", 1)]
)
def test_a_limit_out_of_its_range_is_refused(name: str, value: int) -> None:
    given: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=name):
        GuestLimits(**given)
