"""Hostile guests: each is stopped, with the one code that says why."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut, InvalidInput
from wasm_agents.result import GuestResult

Call = Callable[..., GuestResult]
BACKENDS = ("direct", "public")
UNMETERED = {"fuel": 1_000_000_000_000, "wall_ms": 60_000}
FOR_EVER = "(loop (br 0))"
GROW_THEN_TRAP = """
  (loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
  unreachable"""


def packed(pointer: int, length: int) -> str:
    return f"(i64.const {pointer << 32 | length})"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({"execute": f"{FOR_EVER} (i64.const 0)"}, id="execute"),
        pytest.param({"alloc": f"{FOR_EVER} (i32.const 0)"}, id="alloc"),
        pytest.param({"more": f"(func $s {FOR_EVER}) (start $s)"}, id="start"),
        pytest.param(
            {
                "execute": "(loop (memory.fill (i32.const 0) (i32.const 1) (i32.const 65536)) (br 0)) (i64.const 0)"
            },
            id="memory.fill",
        ),
    ],
)
def test_a_guest_that_never_returns_is_stopped_at_its_deadline(call: Call, parts: dict[str, str]) -> None:
    started = time.perf_counter()
    with pytest.raises(AttemptTimedOut) as raised:
        call(deadline_s=0.1, limits=UNMETERED, **parts)
    assert raised.value.code == "limit.time"
    assert 0.05 < time.perf_counter() - started < 30, "not at the limit of its wall time"


def test_the_limit_on_wall_time_holds_under_a_later_deadline(call: Call) -> None:
    with pytest.raises(AttemptTimedOut) as raised:
        call(deadline_s=60, limits=UNMETERED | {"wall_ms": 50}, execute=f"{FOR_EVER} (i64.const 0)")
    assert raised.value.code == "limit.time"
    assert raised.value.data["wall_ms"] < 1_500


ATTACKS: list[Any] = [
    pytest.param({"execute": f"{FOR_EVER} (i64.const 0)"}, "limit.fuel", id="burns all fuel"),
    pytest.param({"execute": f"{GROW_THEN_TRAP}"}, "limit.memory", id="grows memory until refused"),
    pytest.param({"memory": '(memory (export "memory") 17)'}, "limit.memory", id="begins over its memory"),
    pytest.param({"memory": '(memory (export "memory") 65536)'}, "limit.memory", id="begins with all memory"),
    pytest.param({"more": "(table 101 funcref)"}, "limit.table", id="begins over its table"),
    pytest.param({"more": "(table 1 funcref)" * 5}, "limit.table", id="has five tables"),
    pytest.param(
        {"execute": "(call $execute (i32.const 0) (i32.const 0))"}, "limit.stack", id="recurses for ever"
    ),
    pytest.param({"execute": "unreachable"}, "guest.trap", id="traps"),
    pytest.param({"more": "(func $s unreachable) (start $s)"}, "guest.trap", id="traps in start"),
    pytest.param({"execute": "(i64.div_s (i64.const 1) (i64.const 0))"}, "guest.trap", id="divides by zero"),
    pytest.param({"execute": "(i64.load (i32.const -8))"}, "guest.trap", id="reads past its memory"),
    pytest.param({"more": '(data (i32.const 65536) "x")'}, "guest.trap", id="initialises past its memory"),
    pytest.param({"alloc": "(i32.const 0)"}, "abi.bad_alloc", id="alloc gives null"),
    pytest.param({"alloc": "(i32.const -1)"}, "abi.bad_alloc", id="alloc gives -1"),
    pytest.param({"alloc": "(i32.const -2147483648)"}, "abi.bad_alloc", id="alloc gives 2 GiB"),
    pytest.param({"alloc": "(i32.const 65536)"}, "abi.bad_alloc", id="alloc gives the end"),
    pytest.param({"alloc": "(i32.const 65535)"}, "abi.bad_alloc", id="alloc gives too little"),
    pytest.param({"execute": packed(65536, 1)}, "abi.bad_pointer", id="answers past its memory"),
    pytest.param({"execute": packed(65535, 2)}, "abi.bad_pointer", id="answers over the end"),
    pytest.param({"execute": packed(0, 0xFFFFFFFF)}, "abi.bad_pointer", id="answers 4 GiB"),
    pytest.param({"execute": "(i64.const -1)"}, "abi.bad_pointer", id="answers -1"),
    pytest.param({"execute": packed(0xFFFFFFFF, 0xFFFFFFFF)}, "abi.bad_pointer", id="answers wrapping round"),
]


@pytest.mark.parametrize(("parts", "code"), ATTACKS)
def test_an_attack_ends_with_the_code_that_names_it(call: Call, parts: dict[str, str], code: str) -> None:
    with pytest.raises(AttemptFailed) as raised:
        call(**parts)
    assert raised.value.code == code
    assert raised.value.retryable is False
    assert raised.value.data.get("fuel", 0) >= 0


def test_memory_stays_under_its_limit_when_growth_is_refused_quietly(call: Call) -> None:
    grow = "(drop (memory.grow (i32.const 1000)))" * 20
    result = call(execute=f"{grow} {packed(0, 0)}")
    assert result.peak_memory_bytes == 65536


def test_a_table_cannot_grow_past_its_limit(call: Call) -> None:
    grow = "(i64.extend_i32_s (table.grow $t (ref.null func) (i32.const 50000000)))"
    with pytest.raises(AttemptFailed) as raised:
        call(more="(table $t 1 funcref)", execute=grow)
    assert raised.value.code == "abi.bad_pointer"  # growth gave -1, which it then answered


def test_an_answer_over_the_output_limit_is_not_copied(call: Call) -> None:
    with pytest.raises(AttemptFailed) as raised:
        call(execute=packed(0, 101), limits={"output_bytes": 100})
    assert raised.value.code == "limit.output"


def test_an_input_over_its_limit_never_reaches_the_guest(call: Call) -> None:
    with pytest.raises(InvalidInput) as raised:
        call(b"x" * 101, execute="unreachable", limits={"input_bytes": 100})
    assert raised.value.code == "limit.input"


def test_an_input_that_fills_memory_to_the_last_byte_is_handed_over(call: Call) -> None:
    assert call(b"ab", alloc="(i32.const 65534)", execute=packed(65534, 2)).output == b"ab"


def test_a_trap_says_which_and_what_was_used(call: Call) -> None:
    with pytest.raises(AttemptFailed) as raised:
        call(execute="unreachable")
    assert raised.value.data["trap"] == "unreachable"
    assert raised.value.data["peak_memory_bytes"] == 65536


def test_one_call_leaves_nothing_for_the_next(load: Callable[..., Any]) -> None:
    count = "(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))"
    guest = load(execute=f"{count} {packed(64, 4)}")
    assert [guest.call(b"{}", 2.0).output for _ in range(3)] == [b"\x01\0\0\0"] * 3


def test_equal_calls_use_equal_fuel(call: Call) -> None:
    loop = "(local $i i32) (loop (local.set $i (i32.add (local.get $i) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $i) (i32.const 1000))))"
    used = {call(execute=f"{loop} {packed(0, 0)}").fuel for _ in range(3)}
    assert len(used) == 1
    assert used.pop() > 1000
