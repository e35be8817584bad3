"""Modules compiled in a process apart: what comes back, what it may cost, and what it survives."""

import ctypes
import hashlib
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from ctypes import c_void_p
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from wasmtime import wat2wasm

from contracts.errors import CallsheetError, InvalidInput
from wasm_agents.binary import Facts, look_at
from wasm_agents.capi import library as c
from wasm_agents.capi.config import Profile, new_config
from wasm_agents.compiling.budget import MAX_CPU_S, Budget, budget_for
from wasm_agents.compiling.compiler import Artifact, Compiler
from wasm_agents.compiling.scratch import new_scratch
from wasm_agents.compiling.shape import Export, Import, Shape, shape_from
from wasm_agents.compiling.verdict import Ended, judge

MIB = 1024 * 1024
ROOMY = Budget(cpu_s=30, wall_s=60.0, memory_bytes=512 * MIB, artifact_bytes=64 * MIB)
ECHO = """(module
  (import "agent" "log" (func (param i32 i32)))
  (memory (export "memory") 1)
  (table (export "t") 1 funcref)
  (global (export "g") i32 (i32.const 1))
  (func (export "execute") (param i32 i32) (result i64) (i64.const 0))
  (func (export "many") (param f32 f64) (result i32 i64) (i32.const 0) (i64.const 0)))"""
COMPONENT = """(component
  (core module $m
    (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "execute") (param i32 i32) (result i32) (i32.const 16)))
  (core instance $i (instantiate $m))
  (func (export "execute") (param "input" string) (result (result string (error string)))
    (canon lift (core func $i "execute") (memory (core memory $i "mem")) (realloc (core func $i "realloc")))))"""


def wasm_of(text: str) -> bytes:
    return bytes(wat2wasm(text))


def padded(number: int) -> bytes:
    """Return a LEB128 number of five bytes, however small."""
    return bytes((number >> shift & 0x7F) | (0x80 if shift < 28 else 0) for shift in range(0, 35, 7))


def bomb(body: bytes, count: int) -> bytes:
    """Many functions of no arguments and no results, all alike."""
    code = bytes([count]) + (padded(len(body)) + body) * count
    types = b"\x01\x04\x01\x60\0\0\x03" + bytes([count + 1, count]) + b"\0" * count
    return b"\0asm\x01\0\0\0" + types + b"\x0a" + padded(len(code)) + code


BOMBS = {
    "loops": b"\0" + b"\x03\x40\x41\0\x0d\0\x0b" * 18_000 + b"\x0b",
    "calls": b"\0" + b"\x10\0" * 60_000 + b"\x0b",
    "nesting": b"\0" + b"\x02\x40" * 40_000 + b"\x0b" * 40_001,
    "branches": b"\0\x02\x40" + b"\x41\0\x0d\0" * 30_000 + b"\x0b\x0b",
}


@pytest.fixture(scope="module")
def compiler() -> Iterator[Compiler]:
    compiler = Compiler(None)
    yield compiler
    compiler.close()


@pytest.fixture
def strict() -> Iterator[Callable[..., Compiler]]:
    made: list[Compiler] = []

    def _strict(**changes: Any) -> Compiler:
        budget = replace(ROOMY, **changes)
        made.append(Compiler(None, budget=lambda _: budget))
        return made[-1]

    yield _strict
    for compiler in made:
        compiler.close()


def compiled(compiler: Compiler, wasm: bytes, profile: Profile = "core") -> Artifact:
    return compiler.compile_module(wasm, digest=hashlib.sha256(wasm).hexdigest(), profile=profile)


def refusal(compiler: Compiler, wasm: bytes, profile: Profile = "core") -> CallsheetError:
    with pytest.raises(CallsheetError) as refused:
        compiled(compiler, wasm, profile)
    return refused.value


def load(artifact: Artifact, profile: Profile) -> str:
    """Load what was compiled into an engine; return what wasmtime says against it."""
    engine = c.engine_new(new_config(ctypes.CDLL(c.PATH), profile))
    word = "module" if profile == "core" else "component"
    loading = c.symbol(f"wasmtime_{word}_deserialize_file", c_void_p, c_void_p, ctypes.c_char_p, c_void_p)
    made = c_void_p()
    error = loading(engine, artifact.path, ctypes.byref(made))
    if error:
        return c.take_error(error)
    c.symbol(f"wasmtime_{word}_delete", None, c_void_p)(made)
    c.engine_delete(engine)
    return ""


def test_a_module_comes_back_loadable_with_what_it_wants_and_offers(compiler: Compiler) -> None:
    artifact = compiled(compiler, wasm_of(ECHO))

    assert load(artifact, "core") == ""
    assert artifact.shape == Shape(
        imports=(Import("agent", "log", "func", "(i32, i32)"),),
        exports=(
            Export("memory", "memory", ""),
            Export("t", "table", ""),
            Export("g", "global", ""),
            Export("execute", "func", "(i32, i32) -> i64"),
            Export("many", "func", "(f32, f64) -> i32, i64"),
        ),
        has_tables=True,
        has_start=False,
    )


def test_a_component_comes_back_with_its_types_spelled(compiler: Compiler) -> None:
    artifact = compiled(compiler, wasm_of(COMPONENT), "component")

    assert load(artifact, "component") == ""
    assert artifact.shape == Shape(
        (),
        (
            Export("execute", "func", "(input: string) -> result<string, string>"),
            # The outer component's, which is what the host calls.
            Export("bounded", "func", "(most: u32, input: string) -> result<string, string>"),
        ),
    )


@pytest.mark.parametrize(
    ("kind", "spelled"),
    [
        ("(list (option u8))", "list<option<u8>>"),
        ("(result)", "result<_, _>"),
        ("(result (error string))", "result<_, string>"),
        ("(tuple bool char)", "tuple"),
        ("(list (list (list (list (list (list (list (list u8))))))))", "list<" * 6 + "list" + ">" * 6),
    ],
)
def test_a_components_import_is_spelled_to_a_bounded_depth(
    compiler: Compiler, kind: str, spelled: str
) -> None:
    wasm = wasm_of(f'(component (import "ask" (func (param "a" {kind}))) (import "i:d/x" (instance)))')

    shape = compiled(compiler, wasm, "component").shape

    assert shape.imports == (
        Import("", "ask", "func", f"(a: {spelled})"),
        Import("", "i:d/x", "instance", ""),
    )


def test_long_names_and_wide_types_are_cut_where_they_are_reported(compiler: Compiler) -> None:
    params = " ".join(["i32"] * 50)
    wasm = wasm_of(f'(module (import "{"m" * 300}" "{"é" * 1000}" (func (param {params}))))')

    (wanted,) = compiled(compiler, wasm).shape.imports

    assert (len(wanted.module), len(wanted.name), wanted.name[-1]) == (200, 200, "…")
    assert wanted.signature == "(" + "i32, " * 20 + "…)"


@pytest.mark.parametrize(
    ("wasm", "profile", "words"),
    [
        (wasm_of("(module (func (result i64) (i64.add (i64.const 1) (i64.const 2))))").replace(b"\x7c", b"\x6a"), "core", "type mismatch"),
        (wasm_of(COMPONENT).replace(b"\x41\x10\x0b", b"\x42\x10\x0b"), "component", "type mismatch"),
        (wasm_of("(module (memory i64 1))"), "core", "memory64"),
        (wasm_of("(module (memory 1 1 shared))"), "core", "threads"),
        (wasm_of("(module (memory 1) (memory 1))"), "core", "multi"),
        (wasm_of("(module (type (struct)))"), "core", "gc"),
        (wasm_of(COMPONENT), "core", "component"),
        (wasm_of(ECHO), "component", "core"),
    ],
)  # fmt: skip
def test_what_does_not_validate_is_malformed_and_says_why(
    compiler: Compiler, wasm: bytes, profile: Profile, words: str
) -> None:
    refused = refusal(compiler, wasm, profile)

    assert (refused.code, words in refused.message) == ("load.malformed", True), refused.message


@pytest.mark.parametrize("name", BOMBS)
def test_a_compile_bomb_ends_within_its_budget(strict: Callable[..., Compiler], name: str) -> None:
    wasm = bomb(BOMBS[name], 40)
    assert look_at(wasm).largest_body <= 128 * 1024
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    refused = refusal(strict(cpu_s=1), wasm)

    assert (refused.code, refused.data["cpu_s"] < 1.5) == ("compile.budget", True), refused
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20 * 1024


def test_a_jump_table_the_compiler_cannot_take_is_its_refusal(compiler: Compiler) -> None:
    table = b"\0\x02\x40\x41\0\x0e" + padded(100_000) + b"\0" * 100_001 + b"\x0b\x0b"

    refused = refusal(compiler, bomb(table, 1))

    assert (refused.code, "br_table" in refused.message) == ("compile.failed", True), refused.message


@pytest.mark.parametrize(
    ("budget", "words"),
    [
        ({"wall_s": 0.2}, "0.2 s"),
        ({"memory_bytes": 24 * MIB}, "24 MiB of memory"),
        ({"artifact_bytes": 4096}, "0 MiB of code"),
    ],
)
def test_time_memory_and_disk_each_end_a_compilation(
    strict: Callable[..., Compiler], budget: dict[str, float], words: str
) -> None:
    wasm = wasm_of(ECHO) if "artifact_bytes" in budget else bomb(BOMBS["calls"], 40)

    refused = refusal(strict(**budget), wasm)

    assert (refused.code, words in refused.message) == ("compile.budget", True), refused.message


def test_a_refused_module_leaves_the_next_one_unharmed(strict: Callable[..., Compiler]) -> None:
    compiler = strict(cpu_s=1)
    refusal(compiler, bomb(BOMBS["calls"], 40))
    pid = compiler.pid

    assert load(compiled(compiler, wasm_of(ECHO)), "core") == ""
    assert compiler.pid == pid


def test_the_forking_process_is_started_again_when_it_died(strict: Callable[..., Compiler]) -> None:
    compiler = strict()
    compiled(compiler, wasm_of(ECHO))
    died = compiler.pid
    os.kill(died, signal.SIGKILL)

    assert load(compiled(compiler, wasm_of("(module)")), "core") == ""
    assert compiler.pid not in {0, died}


def test_threads_share_one_compilation_of_equal_bytes(strict: Callable[..., Compiler]) -> None:
    compiler = strict()
    wasm = wasm_of(ECHO)

    with ThreadPoolExecutor(8) as threads:
        artifacts = list(threads.map(lambda _: compiled(compiler, wasm), range(16)))

    assert len({Path(os.fsdecode(artifact.path)).stat().st_ino for artifact in artifacts}) == 1


def test_threads_get_each_their_own_module(compiler: Compiler) -> None:
    modules = [wasm_of(f'(module (func (export "f{number}")))') for number in range(12)]

    with ThreadPoolExecutor(6) as threads:
        artifacts = list(threads.map(lambda wasm: compiled(compiler, wasm), modules))

    assert [artifact.shape.exports[0].name for artifact in artifacts] == [f"f{n}" for n in range(12)]


def test_compiled_code_cannot_be_changed_by_who_holds_it(compiler: Compiler) -> None:
    artifact = compiled(compiler, wasm_of(ECHO))

    with (
        pytest.raises(OSError, match="not permitted"),
        Path(os.fsdecode(artifact.path)).open("r+b", buffering=0) as file,
    ):
        file.write(b"x")


def test_an_artifact_outlives_the_compiler_that_made_it(strict: Callable[..., Compiler]) -> None:
    compiler = strict()
    artifact = compiled(compiler, wasm_of(ECHO))
    compiler.close()

    assert load(artifact, "core") == ""
    artifact.close()
    artifact.close()


SURROUNDINGS = {
    "without a working directory": "import tempfile; os.chdir(tempfile.mkdtemp()); os.rmdir(os.getcwd())",
    "with few descriptors": "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))",
    "in a fork of one that compiled": "go(b''); os.fork() and os._exit(os.waitstatus_to_exitcode(os.wait()[1]))",
    "with standard streams closed": "os.close(0); os.close(1); os.close(2)",
}
SCRIPT = """
import hashlib, os, sys
from wasm_agents.compiling.compiler import Compiler
compiler = Compiler(None)
def go(more):
    wasm = b"\\0asm\\x01\\0\\0\\0" + more
    return compiler.compile_module(wasm, digest=hashlib.sha256(wasm).hexdigest(), profile="core")
"""


def python(text: str) -> list[str]:
    return [sys.executable, "-W", "error", "-c", SCRIPT + text]


@pytest.mark.parametrize("where", SURROUNDINGS)
def test_modules_compile_in_odd_surroundings(where: str) -> None:
    text = SURROUNDINGS[where] + "\nok = go(b'\\0\\x02\\x01x').size > 0\nos._exit(7 if ok else 1)"

    done = subprocess.run(python(text), check=False, timeout=60)

    assert done.returncode == 7


DRY = """
import resource
from contracts.errors import Unavailable
go(b'')
for most in range(4, 16):
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, 1024))
    try:
        go(bytes([0, 2, 1, most]))
        said = "compiled"
    except Unavailable as refused:
        said = refused.code
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))
    assert most > 9 or said == "host.internal", said
os._exit(7 if go(b'\\0\\2\\1x').size > 0 else 1)
"""


def test_a_process_out_of_descriptors_is_told_so_and_compiles_again_when_it_has_some() -> None:
    done = subprocess.run(python(DRY), check=False, timeout=60)

    assert done.returncode == 7


def test_jobs_of_many_threads_outlive_the_process_that_forks(strict: Callable[..., Compiler]) -> None:
    compiler = strict()

    def one(number: int) -> bool:
        if number % 40 == 20 and compiler.pid:
            with suppress(ProcessLookupError):
                os.kill(compiler.pid, signal.SIGKILL)
        return compiled(compiler, wasm_of(f'(module (import "a" "{number}" (func)))')).size > 0

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(one, range(100)))


def test_the_forking_process_goes_when_its_parent_is_killed() -> None:
    text = "go(b''); print(compiler.pid, flush=True); sys.stdin.read()"
    with subprocess.Popen(python(text), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        zygote = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()

    ready, _, _ = select.select([zygote], [], [], 30)
    os.close(zygote)
    assert ready == [zygote]


def test_a_process_that_compiled_ends_without_a_complaint() -> None:
    done = subprocess.run(python("go(b'')"), check=False, timeout=60, capture_output=True)

    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("ended", "said", "code", "words"),
    [
        (Ended(-signal.SIGABRT), b"thread 'x' panicked at a.rs:1:2:\nno such case\nnote: see", "compile.failed", "no such case"),
        (Ended(-signal.SIGABRT), b"memory allocation of 9 bytes failed\n", "compile.budget", "memory"),
        (Ended(-signal.SIGSEGV), b"", "compile.failed", "ended with -11"),
        (Ended(-signal.SIGKILL), b"", "compile.budget", "CPU"),
        (Ended(-signal.SIGXCPU), b"", "compile.budget", "CPU"),
        (Ended(10), b'{"said": "bad\\u0007 magic"}', "load.malformed", "bad? magic"),
        (Ended(11), b'{"said": "too hard"}', "compile.failed", "too hard"),
        (Ended(11), b'{"said": "Cannot allocate memory (os error 12)"}', "compile.budget", "memory"),
        (Ended(12), b"{}", "compile.budget", "memory"),
        (Ended(0), b"", "compile.failed", "report"),
        (Ended(0), b'{"imports": [[1, 2, 3, 4]], "exports": []}', "compile.failed", "report"),
        (Ended(0), b"[" * 100_000, "compile.failed", "report"),
        (Ended(0), b"\xff\xfe", "compile.failed", "report"),
    ],
)  # fmt: skip
def test_each_way_a_compiler_ends_has_its_code(ended: Ended, said: bytes, code: str, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        judge(ended, said, new_scratch("test"), ROOMY)

    assert (refused.value.code, words in refused.value.message) == (code, True), refused.value.message


def test_a_shape_is_read_back_as_it_was_written() -> None:
    shape = Shape((Import("a", "é", "func", "()"),), (Export("b", "memory", ""),), has_tables=True)

    assert shape_from(shape.as_json()) == shape


def test_a_budget_grows_with_the_code_up_to_a_ceiling() -> None:
    small, large = Facts("core", code_bytes=1000), Facts("component", code_bytes=30 * MIB)

    assert (budget_for(small).cpu_s, budget_for(large).cpu_s) == (5, MAX_CPU_S)
    assert budget_for(small).memory_bytes < budget_for(large).memory_bytes < 8 * 1024 * MIB
