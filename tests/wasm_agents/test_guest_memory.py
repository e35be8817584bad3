"""What the shipped guests do with memory: say when it is full, and keep none from call to call."""

import json
from typing import Any

import pytest
from wasmtime import Config, Engine, Func, Instance, Memory, Module, Store

from contracts.errors import AttemptFailed
from wasm_agents.build import GUESTS
from wasm_agents.envelope import open_envelope
from wasm_agents.host import Host
from wasm_agents.limits import PAGE_BYTES, GuestLimits

LONG: dict[str, Any] = {
    "echo": {"text": "a b " * 5_000},
    "text_stats": {"text": "a b " * 5_000, "clean": ["trim"]},
    "table": {"csv": "a,b\n" + "1,x\n" * 5_000},
    "template": {"template": "{{#each a}}{{this}} {{/each}}", "values": {"a": list(range(4_000))}},
    "convert": {"values": list(range(4_000)), "from": "km", "to": "mi"},
    "schema_check": {"value": list(range(4_000)), "schema": {"items": {"type": "string"}}},
}


@pytest.mark.parametrize("name", sorted(LONG.keys() - {"echo"}))
def test_a_guest_out_of_memory_says_so(host: Host, name: str) -> None:
    module = GUESTS / name / f"{name}.wasm"
    codes = set()
    for pages in range(3, 24):
        guest = host.load(module, GuestLimits(memory_bytes=pages * PAGE_BYTES))
        try:
            open_envelope(guest.call(json.dumps(LONG[name]).encode(), 10.0).output)
        except AttemptFailed as failure:
            # Too little even for the module or its input is the host's to say.
            codes.add(failure.data.get("guest_code", failure.code))
    assert {"out_of_memory"} <= codes <= {"out_of_memory", "limit.memory"}


@pytest.mark.parametrize("name", sorted(LONG))
def test_an_instance_called_again_answers_the_same_from_the_same_memory(name: str) -> None:
    store = Store(Engine(Config()))
    exports = Instance(store, Module.from_file(store.engine, GUESTS / name / f"{name}.wasm"), []).exports(
        store
    )
    memory, alloc, execute = exports["memory"], exports["alloc"], exports["execute"]
    assert isinstance(memory, Memory)
    assert isinstance(alloc, Func)
    assert isinstance(execute, Func)
    data = json.dumps(LONG[name]).encode()
    seen = set()
    for _ in range(5):
        at = alloc(store, len(data))
        memory.write(store, data, at)
        packed = execute(store, at, len(data)) & (2**64 - 1)
        start = packed >> 32
        answer = bytes(memory.read(store, start, start + (packed & 0xFFFFFFFF)))
        seen.add((answer, memory.data_len(store)))
    assert len(seen) == 1
