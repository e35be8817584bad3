"""A host for each test, and guests written as WebAssembly text.

A guest is spelled by the parts that differ from one that keeps to the ABI:
`call(execute="(loop (br 0)) (i64.const 0)")`.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest
from wasmtime import wat2wasm

from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits
from wasm_agents.result import GuestResult

SMALL = {"wall_ms": 2_000, "fuel": 10_000_000, "memory_bytes": 2**20, "table_elements": 100}
ANSWER_AT = 4096


def _spell(
    *,
    execute: str = "(i64.const 0)",
    alloc: str = "(i32.const 1024)",
    memory: str = '(memory (export "memory") 1)',
    more: str = "",
    exports: str = "",
) -> str:
    functions = f"""
      (func $alloc (export "alloc") (param i32) (result i32) {alloc})
      (func $dealloc (export "dealloc") (param i32 i32))
      (func $execute (export "execute") (param i32 i32) (result i64) {execute})"""
    return f"(module {memory} {more} {exports or functions})"


@pytest.fixture
def wasm() -> Callable[..., bytes]:
    """Return what turns parts into a module's bytes; `answer` makes `execute` give these bytes."""

    def _wasm(*, answer: bytes | None = None, **parts: str) -> bytes:
        if answer is not None:
            data = "".join(f"\\{byte:02x}" for byte in answer)
            parts["execute"] = f"(i64.const {ANSWER_AT << 32 | len(answer)})"
            parts["more"] = f'(data (i32.const {ANSWER_AT}) "{data}")'
        return bytes(wat2wasm(_spell(**parts)))

    return _wasm


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what needs a host once for each backend that its file names in `BACKENDS`."""
    if "backend" in metafunc.fixturenames and hasattr(metafunc.module, "BACKENDS"):
        metafunc.parametrize("backend", metafunc.module.BACKENDS, indirect=True)


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Literal["direct", "public"] | None:
    """Return what runs guests; what the host finds best unless the test's file says."""
    return getattr(request, "param", None)


@pytest.fixture
def host(backend: Literal["direct", "public"] | None) -> Iterator[Host]:
    host = Host(backend=backend)
    yield host
    host.close()


@pytest.fixture
def load(host: Host, wasm: Callable[..., bytes]) -> Callable[..., Guest]:
    def _load(module: bytes | None = None, *, limits: dict[str, int] | None = None, **parts: Any) -> Guest:
        given = wasm(**parts) if module is None else module
        return host.load(given, GuestLimits(**SMALL | (limits or {})))

    return _load


@pytest.fixture
def call(load: Callable[..., Guest]) -> Callable[..., GuestResult]:
    def _call(data: bytes = b"{}", *, deadline_s: float = 2.0, **guest: Any) -> GuestResult:
        return load(**guest).call(data, deadline_s)

    return _call
