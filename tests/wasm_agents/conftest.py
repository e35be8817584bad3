"""A host for each test, and guests written as WebAssembly text."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from wasmtime import wat2wasm

from contracts.errors import CallsheetError
from wasm_agents.host import Guest, GuestResult, Host
from wasm_agents.limits import GuestLimits

SMALL = {"wall_ms": 2_000, "fuel": 10_000_000, "memory_bytes": 2**20, "table_elements": 100}
ANSWER_AT = 4096

Load = Callable[..., Guest]
Call = Callable[..., GuestResult]


def guest_text(
    *,
    execute: str = "(i64.const 0)",
    alloc: str = "(i32.const 1024)",
    memory: str = '(memory (export "memory") 1)',
    more: str = "",
) -> str:
    """Return a module that keeps to the ABI except where a part is replaced."""
    return f"""(module {memory} {more}
      (func $alloc (export "alloc") (param i32) (result i32) {alloc})
      (func $dealloc (export "dealloc") (param i32 i32))
      (func $execute (export "execute") (param i32 i32) (result i64) {execute}))"""


def guest_answering(answer: bytes) -> str:
    """Return a module whose answer is always the same bytes."""
    data = "".join(f"\\{byte:02x}" for byte in answer)
    packed = ANSWER_AT << 32 | len(answer)
    return guest_text(execute=f"(i64.const {packed})", more=f'(data (i32.const {ANSWER_AT}) "{data}")')


def wasm_of(text: str) -> bytes:
    return bytes(wat2wasm(text))


def code_of(raised: pytest.ExceptionInfo[CallsheetError]) -> str:
    return raised.value.code


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


@pytest.fixture
def load(host: Host) -> Load:
    def _load(text: str | bytes, **limits: Any) -> Guest:
        wasm = text if isinstance(text, bytes) else wasm_of(text)
        return host.load(wasm, GuestLimits(**SMALL | limits))

    return _load


@pytest.fixture
def call(load: Load) -> Call:
    def _call(text: str | bytes, data: bytes = b"{}", *, deadline_s: float = 2.0, **limits: Any) -> GuestResult:
        return load(text, **limits).call(data, deadline_s)

    return _call
