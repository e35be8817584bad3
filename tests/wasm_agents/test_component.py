"""Components are called within their limits; every way they end has its code."""

import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut, InvalidInput
from tests.wasm_agents.components import ECHO, GIVES, WORLD, answer_of, code_of, instance_of, spell
from wasm_agents.capi import library as c
from wasm_agents.component.answer import Answer
from wasm_agents.component.call import call, calling, to_the_end
from wasm_agents.component.instance import ComponentInstance
from wasm_agents.watch import Interrupt

FOR_EVER = "(loop (br 0))"
FILL_UP = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"


def failure_of(text: str, content: bytes = b"{}", **limits: float) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as raised:
        answer_of(text, content, **limits)
    return raised.value


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("limit.fuel", spell(execute=f"{FOR_EVER} {GIVES}")),
        ("limit.fuel", spell(more=f"(func $s {FOR_EVER}) (start $s)")),
        ("limit.stack", spell(more="(func $d (call $d))", execute=f"(call $d) {GIVES}")),
        ("limit.memory", spell(memory='(memory (export "memory") 17)')),
        ("limit.memory", spell(memory='(memory (export "memory") 65536)')),
        ("limit.memory", spell(after="(core instance (instantiate $m))" * 8)),
        ("limit.memory", spell(execute=f"{FILL_UP} unreachable")),
        ("limit.memory", spell(realloc=f"{FILL_UP} (i32.const -1)")),
        ("limit.table", spell(more="(table 101 funcref)")),
        ("limit.table", spell(more="(table 1 funcref)" * 17)),
        ("guest.trap", spell(execute="unreachable")),
        ("guest.trap", spell(more="(func $s unreachable) (start $s)")),
        ("guest.trap", spell(execute="(i32.div_s (i32.const 1) (i32.const 0))")),
        ("guest.trap", spell(execute="(memory.grow (i32.const 3)) unreachable")),
        ("abi.bad_alloc", spell(realloc="(i32.const -1)")),
        ("abi.bad_alloc", spell(realloc="(i32.const 65535)")),
        ("abi.bad_pointer", spell(execute="(i32.const -4)")),
        ("abi.bad_pointer", spell(execute="(i32.const 17)")),
        ("abi.bad_pointer", spell(lie=(65_535, 2))),
        ("abi.bad_pointer", spell(lie=(0, -1))),
        ("abi.bad_pointer", spell(lie=(-2, -2))),
        ("abi.bad_pointer", spell(lie=(3, 0x7FFF_FFF0), encoding="utf16")),
        ("output.envelope", spell(is_error=2)),
        ("output.utf8", spell(answer=b'"\xff"')),
        ("output.utf8", spell(answer=b"\xff", is_error=1)),
        ("output.utf8", spell(lie=(4096, 1), answer=b"\x00\xd8", encoding="utf16")),
    ],
)
def test_every_broken_promise_has_its_code(code: str, text: str) -> None:
    assert failure_of(text).code == code


def test_a_trap_names_itself_even_after_names_a_guest_chose() -> None:
    name = "n" * 9000
    failure = failure_of(spell(more=f"(func ${name} unreachable)", execute=f"(call ${name}) {GIVES}"))
    assert failure.data == {"trap": "unreachable"}


def test_an_answer_over_its_limit_is_never_copied() -> None:
    text = spell(memory='(memory (export "memory") 16)', lie=(8192, 900_000))
    assert failure_of(text, output_bytes=1000).code == "limit.output"
    assert failure_of(spell(is_error=1, memory='(memory (export "memory") 16)', lie=(8192, 900_000)),
                      output_bytes=1000).code == "limit.output"  # fmt: skip


def test_a_loop_ends_at_its_deadline() -> None:
    begun = time.monotonic()
    failure = failure_of(spell(execute=f"{FOR_EVER} {GIVES}"), deadline_s=0.05, fuel=10**12, wall_ms=60_000)
    assert isinstance(failure, AttemptTimedOut)
    assert failure.code == "limit.time"
    assert time.monotonic() - begun < 30, "not at the limit of its wall time"


def test_a_caller_who_gave_up_stops_its_guest() -> None:
    instance, interrupt = (
        instance_of(spell(execute=f"{FOR_EVER} {GIVES}"), deadline_s=60, fuel=10**12),
        Interrupt(),
    )
    interrupt.attach(instance.watch)
    threading.Timer(0.02, interrupt.set).start()
    instance.watch.enter()
    with pytest.raises(AttemptFailed, match="gave up"):
        call(instance, b"{}")
    instance.watch.leave()
    instance.watch.end()
    instance.close()


def test_input_that_is_no_utf8_never_reaches_wasmtime() -> None:
    with pytest.raises(InvalidInput) as raised:
        answer_of(spell(execute=ECHO), b'{"a":"\xff"}')
    assert raised.value.code == "json.encoding"


def test_memories_share_one_limit() -> None:
    # Three memories, each filled up: the answer is how many pages all have.
    others = "".join(f"(memory ${name} 0) " for name in "ab")
    fill = "".join(
        f"(loop $l{n} (br_if $l{n} (i32.ne (memory.grow {name} (i32.const 1)) (i32.const -1))))"
        for n, name in enumerate(("0", "$a", "$b"))
    )
    total = "(i32.add (memory.size) (i32.add (memory.size $a) (memory.size $b)))"
    digits = "".join(
        f"(i32.store8 (i32.const {4096 + n}) (i32.add (i32.const 48) "
        f"(i32.rem_u (i32.div_u {total} (i32.const {10 ** (1 - n)})) (i32.const 10))))"
        for n in range(2)
    )
    text = spell(
        memory=f'(memory (export "memory") 1) {others}', execute=f"{fill} {digits} {GIVES}", answer=b"00"
    )
    assert answer_of(text, memory_bytes=2**20).value == 15
    assert code_of(text).memories == 3


@pytest.mark.parametrize(
    "text",
    [
        spell(execute=f"{FILL_UP} unreachable"),
        spell(realloc=f"{FILL_UP} (i32.const -1)"),
        spell(execute="unreachable"),
        spell(realloc="(i32.const -1)"),
        spell(lie=(0, -1)),
    ],
)
def test_a_call_looked_at_twice_tells_what_it_used_the_first_time(text: str) -> None:
    def once(instance: ComponentInstance) -> Generator[int, None, Answer]:
        yield from instance.starting()
        return (yield from instance.exchanging(b"{}"))

    spent = []
    for phases in (partial(calling, content=b"{}"), once):
        instance = instance_of(text)
        instance.watch.enter()
        with suppress(AttemptFailed):
            to_the_end(phases(instance))
        spent.append(instance.store.fuel_used())
        instance.watch.end()
        instance.close()
    assert spent[0] == spent[1] > 0


PARTS = f"""(component
  (component $reader
    (core module $m (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
      (func (export "first") (param i32 i32) (result i32) (i32.load8_u (local.get 0))))
    (core instance $i (instantiate $m))
    (func (export "first") (param "s" string) (result u32)
      (canon lift (core func $i "first") (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
  (component $agent
    (import "first" (func $first (param "s" string) (result u32)))
    (core module $libc (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
    (core instance $libc (instantiate $libc))
    (core func $lowered (canon lower (func $first) (memory (core memory $libc "memory"))))
    (core module $m (import "libc" "memory" (memory 1))
      (import "reader" "first" (func $first (param i32 i32) (result i32)))
      (func (export "execute") (param i32 i32) (result i32)
        (i32.store8 (i32.const 4096) (call $first (local.get 0) (local.get 1)))
        (i64.store (i32.const 20) (i64.const {1 << 32 | 4096})) (i32.const 16)))
    (core instance $reader (export "first" (func $lowered)))
    (core instance $i (instantiate $m (with "libc" (instance $libc)) (with "reader" (instance $reader))))
    (func (export "execute") {WORLD}
      (canon lift (core func $i "execute") (memory (core memory $libc "memory"))
        (realloc (core func $libc "realloc")))))
  (instance $reader (instantiate $reader))
  (alias export $reader "first" (func $first))
  (instance $agent (instantiate $agent (with "first" (func $first))))
  (alias export $agent "execute" (func $execute))
  (export "execute" (func $execute)))"""


def test_parts_of_a_component_may_hand_strings_on() -> None:
    assert answer_of(PARTS, b"7 of them").value == 7


def test_calls_on_many_threads_share_one_code() -> None:
    text = spell(execute=ECHO)

    def many(number: int) -> bool:
        content = f'{{"n":{number}}}'.encode()
        return all(answer_of(text, content).value == {"n": number} for _ in range(50))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(many, range(8)))


def test_a_long_call_lets_others_run_and_goes_on_elsewhere() -> None:
    step = "(i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 10000000))"
    text = spell(execute=f"(local $n i32) (loop (br_if 0 {step})) {GIVES}")
    instance = instance_of(text, deadline_s=10, fuel=10**12)
    slices = 0
    with ThreadPoolExecutor(1) as elsewhere:
        instance.watch.enter()
        for future in calling(instance, b"{}"):
            instance.watch.slice_end = time.monotonic() + 0.001
            while not elsewhere.submit(c.call_future_poll, future).result():
                slices += 1
                instance.watch.slice_end = time.monotonic() + 0.001
                if c.call_future_poll(future):
                    break
            c.call_future_delete(future)
        instance.watch.end()
    assert instance.store.fuel_used() > 10_000_000
    instance.close()
    assert slices


def test_a_thousand_calls_leave_nothing_behind() -> None:
    text = spell(execute=ECHO, memory='(memory (export "memory") 2)')
    content = b'"' + b"x" * 60_000 + b'"'
    for _ in range(50):
        answer_of(text, content)
    before = resident()
    for _ in range(1000):
        answer_of(text, content)
    assert resident() - before < 8 * 2**20


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096
