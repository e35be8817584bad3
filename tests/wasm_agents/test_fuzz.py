"""Any bytes: loaded and run, or refused with a code of the list; never another exception."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from contracts.errors import CallsheetError
from wasm_agents.catalogue import guest_cards, module_path
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

HEADER = b"\0asm\x01\0\0\0"
LIMITS = GuestLimits(wall_ms=300, fuel=3_000_000, memory_bytes=2**22, table_elements=1000)
CODES = {
    *("load.malformed", "load.too_large", "load.import_denied", "load.bad_export"),
    *("limit.time", "limit.fuel", "limit.memory", "limit.output", "guest.trap"),
    *("abi.bad_alloc", "abi.bad_pointer"),
}
MODULES = [module_path(card).read_bytes() for card in guest_cards()]


@pytest.fixture(scope="module")
def shared() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


def outcome(host: Host, wasm: bytes, data: bytes = b'{"text":"a b. c"}', *, deadline_s: float = 0.3) -> str:
    try:
        host.load(wasm, LIMITS).call(data, deadline_s)
    except CallsheetError as error:
        return error.code
    return ""


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.binary(max_size=300), is_headed=st.booleans())
def test_random_bytes_never_leave_the_list_of_codes(shared: Host, tail: bytes, *, is_headed: bool) -> None:
    assert outcome(shared, HEADER + tail if is_headed else tail) in CODES


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    module=st.sampled_from(MODULES),
    edits=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6),
    cut=st.none() | st.floats(0, 1),
)
def test_a_mutated_module_never_leaves_the_list_of_codes(
    shared: Host, module: bytes, edits: list[tuple[float, int]], cut: float | None
) -> None:
    wasm = bytearray(module)
    for place, value in edits:
        wasm[int(place * len(wasm))] = value
    if cut is not None:
        del wasm[int(cut * len(wasm)) :]
    assume(bytes(wasm) != module)
    assert outcome(shared, bytes(wasm)) in CODES | {""}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pointer=st.integers(0, 2**32 - 1), length=st.integers(0, 2**32 - 1))
def test_any_packed_answer_is_read_within_memory_or_refused(shared: Host, pointer: int, length: int) -> None:
    # (memory 1) alloc -> 8, execute -> the packed value, spelled as a constant of ten bytes.
    packed = pointer << 32 | length
    wasm = _module_answering(packed)
    size = 65536
    expected = "" if pointer + length <= size else "abi.bad_pointer"
    assert outcome(shared, wasm, deadline_s=30) == expected


def _module_answering(packed: int) -> bytes:
    signed = packed - 2**64 if packed >= 2**63 else packed
    body = b"\0\x42" + _sleb(signed) + b"\x0b"
    types = b"\3\x60\1\x7f\1\x7f\x60\2\x7f\x7f\0\x60\2\x7f\x7f\1\x7e"
    exports = b"\4\6memory\2\0\5alloc\0\0\7dealloc\0\1\7execute\0\2"
    bodies = [b"\0\x41\x08\x0b", b"\0\x0b", body]
    code = b"\3" + b"".join(bytes([len(b)]) + b for b in bodies)
    parts = [(1, types), (3, b"\3\0\1\2"), (5, b"\1\0\1"), (7, exports), (10, code)]
    return HEADER + b"".join(bytes([number, len(part)]) + part for number, part in parts)


def _sleb(value: int) -> bytes:
    out = bytearray()
    while True:
        byte, value = value & 0x7F, value >> 7
        is_last = (value == 0 and not byte & 0x40) or (value == -1 and byte & 0x40)
        out.append(byte if is_last else byte | 0x80)
        if is_last:
            return bytes(out)
