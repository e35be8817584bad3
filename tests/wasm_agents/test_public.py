"""Guests through wasmtime-py's public API: the same answers and codes as directly, and what only holds here."""

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import pytest
from wasmtime import Config, wat2wasm

from contracts.errors import AttemptFailed, AttemptTimedOut, InvalidInput
from tests.wasm_agents.asking import asking
from tests.wasm_agents.components import ECHO, GIVES, spell
from wasm_agents.binary import kind_of
from wasm_agents.capi.config import switches
from wasm_agents.compiling.compiler import shared_compiler
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits
from wasm_agents.public.code import MAX_IDLE_LANES, Loader, PublicCode
from wasm_agents.public.engine import new_engine
from wasm_agents.public.guest import PublicGuest
from wasm_agents.public.threads import MAX_THREADS, Threads
from wasm_agents.result import GuestResult
from wasm_agents.surroundings import Surroundings

Load = Callable[..., Guest]
Call = Callable[..., GuestResult]
BACKENDS = ("direct", "public")
UNMETERED = {"fuel": 10**12, "wall_ms": 60_000}
CALL = '(import "agent" "call" (func $call (param i32 i32 i32 i32) (result i64)))'
LOG = '(import "agent" "log" (func $log (param i32 i32)))'
MEMORY = '(memory (export "memory") 1)'
FOR_EVER = "(loop (br 0))"
FILL_UP = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"
COUNT = "(i32.store (i32.const 64) (i32.add (i32.load (i32.const 64)) (i32.const 1)))"
COUNTED = f"(i64.const {64 << 32 | 4})"
ASK = "(call $call (i32.const 0) (i32.const 1) (local.get 0) (local.get 1))"


def wasi(name: str, params: str) -> str:
    return f'(import "wasi_snapshot_preview1" "{name}" (func $f (param {params}) (result i32)))'


@pytest.fixture
def public() -> Iterator[Host]:
    host = Host(backend="public")
    yield host
    host.close()


def served(op: str, content: bytes) -> bytes:
    return f'{{"ok":"{op}:{content.decode()}"}}'.encode()


def refuse(op: str, content: bytes) -> bytes:
    raise AttemptFailed(f"test.{content.decode()}", op)


# -- host calls, under both ---------------------------------------------------------------


def test_a_host_call_is_answered_and_counted(load: Load) -> None:
    guest = load(asking(("first", '"a"'), ("second", None)), limits={"memory_bytes": 2**20})
    result = guest.call(b'"in"', 2.0, serve=served)
    assert result.output == b'{"ok":"second:"in""}'
    assert result.host_calls == 2
    assert guest.may_wait


def test_what_nobody_serves_is_denied_in_band(load: Load) -> None:
    result = load(asking(("http.fetch", "{}"))).call(b"{}", 2.0)
    assert b'"capability.denied"' in result.output
    assert result.host_calls == 1


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("(i32.const 0) (i32.const 129) (i32.const 0) (i32.const 0)", b"capability.unknown_op"),
        ("(i32.const 0) (i32.const 1) (i32.const 0) (i32.const 65536)", b"limit.output"),
    ],
)
def test_what_may_not_be_asked_is_refused_in_band(call: Call, words: str, code: bytes) -> None:
    result = call(memory=CALL + MEMORY, execute=f"(call $call {words})", limits={"output_bytes": 1000})
    assert code in result.output


HOST_ATTACKS: dict[str, tuple[dict[str, Any], str]] = {
    "op past memory": ({"execute": "(call $call (i32.const -1) (i32.const 2) (i32.const 0) (i32.const 0))"}, "abi.bad_pointer"),
    "long op past memory": ({"execute": "(call $call (i32.const 65535) (i32.const 200) (i32.const 0) (i32.const 0))"}, "abi.bad_pointer"),
    "input past memory": ({"execute": "(call $call (i32.const 0) (i32.const 1) (i32.const 65530) (i32.const 7))"}, "abi.bad_pointer"),
    "input of 4 GiB": ({"execute": "(call $call (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1))"}, "abi.bad_pointer"),
    "too often": ({"execute": f"(loop (drop {ASK}) (br 0)) (i64.const 0)"}, "limit.host_calls"),
    "alloc asks too": ({"alloc": "(i32.wrap_i64 (call $call (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))"}, "abi.bad_alloc"),
    "start asks": ({"more": "(func $s (drop (call $call (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))) (start $s)"}, "abi.bad_alloc"),
    "reply nowhere": ({"alloc": f"{COUNT} (select (i32.const 1024) (i32.const -8) (i32.eq (i32.load (i32.const 64)) (i32.const 1)))"}, "abi.bad_alloc"),
    "alloc traps for a reply": ({"alloc": f"{COUNT} (if (i32.gt_u (i32.load (i32.const 64)) (i32.const 1)) (then unreachable)) (i32.const 1024)"}, "guest.trap"),
    "alloc loops for a reply": ({"alloc": f"{COUNT} (if (i32.gt_u (i32.load (i32.const 64)) (i32.const 1)) (then {FOR_EVER})) (i32.const 1024)"}, "limit.fuel"),
    "recursion through the host": ({"execute": f"(drop {ASK}) (call $execute (local.get 0) (local.get 1))"}, "limit.host_calls"),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "code"), HOST_ATTACKS.values(), ids=HOST_ATTACKS.keys())
def test_an_attack_by_a_host_call_ends_with_its_code(call: Call, parts: dict[str, str], code: str) -> None:
    with pytest.raises(AttemptFailed) as raised:
        call(memory=CALL + MEMORY, **{"execute": ASK} | parts, limits={"host_calls": 10})
    assert raised.value.code == code


def test_a_host_function_that_fails_ends_its_call_and_no_other(load: Load) -> None:
    def fail(op: str, content: bytes) -> bytes:
        raise RuntimeError(op)

    guest = load(memory=CALL + MEMORY, execute=ASK)
    with pytest.raises(AttemptFailed) as raised:
        guest.call(b"{}", 2.0, serve=fail)
    assert raised.value.code == "host.internal"
    assert "RuntimeError" in raised.value.message
    assert raised.value.data["host_calls"] == 1
    assert guest.call(b"{}", 2.0, serve=served).output.startswith(b'{"ok"')


def test_failing_host_calls_from_many_threads_reach_their_own_callers(load: Load) -> None:
    guest = load(memory=CALL + MEMORY, execute=ASK)

    def codes(thread: int) -> list[str]:
        found = []
        for number in range(100):
            with pytest.raises(AttemptFailed) as raised:
                guest.call(f"{thread}.{number}".encode(), 5.0, serve=refuse)
            found.append(raised.value.code)
        return found

    with ThreadPoolExecutor(4) as pool:
        for thread, found in enumerate(pool.map(codes, range(4))):
            assert found == [f"test.{thread}.{number}" for number in range(100)]


def test_what_a_guest_logs_is_kept_and_cut(call: Call) -> None:
    line = "(call $log (i32.const 0) (i32.const 5))"
    more = '(data (i32.const 0) "hello")'
    parts = {"memory": LOG + MEMORY, "more": more, "execute": f"{line}{line} (i64.const 0)"}
    assert call(**parts).log == "hello\nhello\n"
    assert call(**parts, limits={"log_bytes": 8}).log.startswith("hello\nhe\n[the rest")
    with pytest.raises(AttemptFailed) as raised:
        call(memory=LOG + MEMORY, execute="(call $log (i32.const -1) (i32.const 2)) (i64.const 0)")
    assert raised.value.code == "abi.bad_pointer"


def test_the_virtual_clock_and_seeded_chance_are_the_same_for_equal_calls(load: Load) -> None:
    clock = wasi("clock_time_get", "i32 i64 i32")
    look = "(drop (call $f (i32.const 0) (i64.const 0) (i32.const 128)))"
    chance = wasi("random_get", "i32 i32")
    throw = "(drop (call $f (i32.const 128) (i32.const 8)))"
    answer = f"(i64.const {128 << 32 | 8})"
    for imports, body in ((clock, look), (chance, throw)):
        guest = load(memory=imports + MEMORY, execute=f"{body} {answer}")
        seen = {guest.call(b"{}", 2.0, world=Surroundings(now_ns=5_000, seed="s")).output for _ in range(3)}
        assert len(seen) == 1
        assert seen != {guest.call(b"{}", 2.0, world=Surroundings(now_ns=9_000, seed="t")).output}


def test_a_bad_pointer_into_wasi_is_an_errno_and_the_guest_goes_on(call: Call) -> None:
    parts = {"memory": wasi("random_get", "i32 i32") + MEMORY}
    told = "(i32.store (i32.const 64) (call $f (i32.const -1) (i32.const 8)))"
    assert call(**parts, execute=f"{told} {COUNTED}").output == (21).to_bytes(4, "little")


def test_a_guest_that_exits_says_with_what(call: Call) -> None:
    exits = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))'
    for after in ("unreachable", f"{FOR_EVER} (i64.const 0)", "(i64.const 0)"):
        with pytest.raises(AttemptFailed) as raised:
            call(memory=exits + MEMORY, execute=f"(call $exit (i32.const 7)) {after}")
        assert (raised.value.code, raised.value.data["status"]) == ("guest.exit", 7)


def test_initialize_runs_before_the_first_call(call: Call) -> None:
    begin = f'(func (export "_initialize") {COUNT})'
    assert call(more=begin, execute=COUNTED).output == b"\x01\0\0\0"


# -- on an event loop, under both ---------------------------------------------------------


async def test_a_host_call_is_answered_on_the_event_loop(load: Load) -> None:
    here = threading.get_ident()

    async def serve(op: str, content: bytes) -> bytes:
        await asyncio.sleep(0)
        assert threading.get_ident() == here
        return served(op, content)

    guest = load(asking(("a", '"1"'), ("b", None)))
    results = await asyncio.gather(*(guest.call_async(f"{n}".encode(), 5.0, serve=serve) for n in range(50)))
    assert [r.output for r in results] == [f'{{"ok":"b:{n}"}}'.encode() for n in range(50)]


async def _never(op: str, content: bytes) -> bytes:
    await asyncio.Event().wait()
    return b""


async def test_a_guest_that_waits_ends_at_its_deadline(host: Host, load: Load) -> None:
    guest = load(asking(("a", "1")), limits=UNMETERED)
    started = time.perf_counter()
    with pytest.raises(AttemptTimedOut) as raised:
        await guest.call_async(b"{}", 0.05, serve=_never)
    assert raised.value.code == "limit.time"
    assert time.perf_counter() - started < 30, "not at the limit of its wall time"
    assert host.going == 0


async def test_a_guest_that_waits_is_let_go_when_its_caller_is_cancelled(host: Host, load: Load) -> None:
    guest, asked = load(asking(("a", "1"))), asyncio.Event()

    async def serve(op: str, content: bytes) -> bytes:
        asked.set()
        return await _never(op, content)

    under_way = [asyncio.ensure_future(guest.call_async(b"{}", 5.0, serve=serve)) for _ in range(5)]
    await asked.wait()
    for each in under_way:
        each.cancel()
    assert all(
        isinstance(e, asyncio.CancelledError)
        for e in await asyncio.gather(*under_way, return_exceptions=True)
    )
    assert host.going == 0


async def test_what_serving_raises_ends_that_call_as_a_defect_of_the_host(load: Load) -> None:
    async def serve(op: str, content: bytes) -> bytes:
        raise TimeoutError(op)

    with pytest.raises(AttemptFailed, match="TimeoutError: a") as raised:
        await load(asking(("a", "1"))).call_async(b"{}", 5.0, serve=serve)
    assert raised.value.code == "host.internal"


def test_a_loop_that_ends_before_its_guest_leaves_nothing_running(host: Host, load: Load) -> None:
    guest, loop, asked = load(asking(("a", "1"))), asyncio.new_event_loop(), asyncio.Event()

    async def serve(op: str, content: bytes) -> bytes:
        asked.set()
        return await _never(op, content)

    async def awaited() -> GuestResult:
        return await call

    call = guest.call_async(b"{}", 60.0, serve=serve)
    under_way = loop.create_task(awaited())
    loop.run_until_complete(asyncio.wait_for(asked.wait(), 5))
    assert host.going == 1
    call.close()  # what the interpreter does with what a closed loop left behind
    assert host.going == 0
    under_way.cancel()
    loop.run_until_complete(asyncio.wait({under_way}))
    loop.close()


async def test_a_call_that_nobody_serves_is_denied_on_a_loop_too(load: Load) -> None:
    assert b"capability.denied" in (await load(asking(("a", "1"))).call_async(b"{}", 5.0)).output


# -- kept instances, under both -----------------------------------------------------------


def test_a_kept_instance_remembers_and_each_call_has_its_own_fuel(load: Load) -> None:
    kept = load(execute=f"{COUNT} {COUNTED}").keep()
    told = [kept.call(b"{}", 2.0) for _ in range(3)]
    assert [t.output[0] for t in told] == [1, 2, 3]
    assert told[1].fuel == told[2].fuel < told[0].fuel + 1
    kept.close()
    assert kept.is_over


def test_a_kept_instance_is_over_after_a_failed_call(load: Load) -> None:
    kept = load(limits=UNMETERED | {"fuel": 10_000}, execute=f"{FOR_EVER} (i64.const 0)").keep()
    with pytest.raises(AttemptFailed) as raised:
        kept.call(b"{}", 60.0)
    assert raised.value.data["fuel"] > 0
    assert kept.is_over
    kept.close()


async def test_a_kept_instance_is_called_from_an_event_loop(load: Load) -> None:
    kept = load(asking(("a", None), more=COUNT)).keep()

    async def serve(op: str, content: bytes) -> bytes:
        return served(op, content)

    for _ in range(3):
        told = await kept.call_async(b"7", 2.0, world=Surroundings(), serve=serve)
        assert (told.output, told.host_calls) == (b'{"ok":"a:7"}', 1)
    kept.close()


def test_a_kept_instance_is_not_called_after_its_end(load: Load) -> None:
    kept = load(execute=f"{COUNT} {COUNTED}").keep()
    kept.close()
    with pytest.raises(AttemptFailed) as raised:
        kept.call(b"{}", 2.0)
    assert raised.value.code == "host.internal"


def test_a_component_is_never_kept(load: Load) -> None:
    guest = load(component())
    guest.arm(3)
    with pytest.raises(InvalidInput) as raised:
        guest.keep()
    assert raised.value.code == "load.manifest"


# -- components, under both ---------------------------------------------------------------


@cache
def component(**parts: Any) -> bytes:
    return bytes(wat2wasm(spell(**parts)))


def test_a_component_answers_with_an_envelope(load: Load) -> None:
    assert load(component(execute=ECHO)).call(b'{"a":"\xc3\xa9"}', 2.0).output == b'{"ok":{"a":"\xc3\xa9"}}'
    error = load(component(answer=b"no", is_error=1)).call(b"{}", 2.0)
    assert b'"guest_error"' in error.output
    assert error.answer is not None
    assert not error.answer.is_ok
    assert error.peak_memory_bytes == -1
    assert error.fuel > 0


BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "loops": ({"execute": f"{FOR_EVER} {GIVES}"}, "limit.fuel"),
    "loops in start": ({"more": f"(func $s {FOR_EVER}) (start $s)"}, "limit.fuel"),
    "recurses": ({"more": "(func $d (call $d))", "execute": f"(call $d) {GIVES}"}, "limit.stack"),
    "begins too large": ({"memory": '(memory (export "memory") 17)'}, "limit.memory"),
    "has too many memories": ({"after": "(core instance (instantiate $m))" * 8}, "limit.memory"),
    "fills its memory": ({"execute": f"{FILL_UP} unreachable"}, "limit.memory"),
    "has no room": ({"realloc": f"{FILL_UP} (i32.const -1)"}, "limit.memory"),
    "has a large table": ({"more": "(table 101 funcref)"}, "limit.table"),
    "traps": ({"execute": "unreachable"}, "guest.trap"),
    "divides by zero": ({"execute": "(i32.div_s (i32.const 1) (i32.const 0))"}, "guest.trap"),
    "reallocates nowhere": ({"realloc": "(i32.const -1)"}, "abi.bad_alloc"),
    "answers nowhere": ({"execute": "(i32.const -4)"}, "abi.bad_pointer"),
    "answers past its memory": ({"lie": (65_535, 2)}, "abi.bad_pointer"),
    "answers neither": ({"is_error": 2}, "output.envelope"),
    "answers no UTF-8": ({"answer": b'"\xff"'}, "output.utf8"),
    "answers no JSON": ({"answer": b"{"}, "output.json"),
    "answers too much": ({"lie": (0, 2000)}, "limit.output"),
}


@pytest.mark.parametrize(("parts", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_a_component_that_breaks_a_promise_ends_with_its_code(
    load: Load, parts: dict[str, Any], code: str
) -> None:
    with pytest.raises(AttemptFailed) as raised:
        load(component(**parts), limits={"output_bytes": 1000}).call(b"{}", 2.0)
    assert raised.value.code == code


def test_a_component_ends_at_its_deadline_and_its_caller_at_bad_input(load: Load) -> None:
    guest = load(component(execute=f"{FOR_EVER} {GIVES}"), limits=UNMETERED)
    with pytest.raises(AttemptTimedOut):
        guest.call(b"{}", 0.03)
    with pytest.raises(InvalidInput) as raised:
        guest.call(b"\xff", 0.03)
    assert raised.value.code == "json.encoding"


# -- what holds for the public API alone --------------------------------------------------


def loaded(wasm: bytes, *, apart: bool) -> PublicCode:
    loader = Loader(shared_compiler() if apart else None)
    return loader.load(wasm, digest=hashlib.sha256(wasm).hexdigest(), kind=kind_of(wasm))


def here(wasm: bytes) -> PublicGuest:
    return PublicGuest("", GuestLimits(), loaded(wasm, apart=False), Threads())


def test_what_the_child_compiles_is_loaded_by_public_means() -> None:
    loader = Loader(shared_compiler())
    assert loader.apart is shared_compiler()
    assert Loader(None).apart is None


def test_a_module_compiled_in_this_process_answers_the_same(public: Host, wasm: Callable[..., bytes]) -> None:
    for module in (wasm(execute=f"{COUNT} {COUNTED}"), asking(("a", "1")), component(execute=ECHO)):
        one = public.load(module, GuestLimits()).call(b"7", 2.0, serve=served)
        other = here(module).call(b"7", 2.0, serve=served)
        assert (one.output, one.fuel, one.peak_memory_bytes) == (
            other.output,
            other.fuel,
            other.peak_memory_bytes,
        )


TEXT = """(module {more} (memory (export "memory") {memory})
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "dealloc") (param i32 i32))
  (func $e (export "{name}") (param i32 i32) (result i64) {execute}))"""
PLAIN = {"more": "", "memory": "1", "name": "execute", "execute": "(i64.const 0)"}
REFUSED: dict[str, tuple[dict[str, str], str]] = {
    "memory64": ({"memory": "i64 1"}, "load.malformed"),
    "threads": ({"memory": "1 2 shared"}, "load.malformed"),
    "multi-memory": ({"more": "(memory $b 1)"}, "load.malformed"),
    "gc": ({"more": "(type (struct))"}, "load.malformed"),
    "exceptions": ({"more": "(tag)"}, "load.malformed"),
    "tail calls": ({"execute": "(return_call $e (i32.const 0) (i32.const 0))"}, "load.malformed"),
    "an import": ({"more": '(import "env" "x" (func))'}, "load.import_denied"),
    "an imported table": ({"more": '(import "agent" "call" (table 1 funcref))'}, "load.import_denied"),
    "another signature": ({"more": '(import "agent" "log" (func (param i64)))'}, "load.import_denied"),
    "no execute": ({"name": "run"}, "load.bad_export"),
}


@pytest.mark.parametrize(("parts", "code"), REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("apart", [True, False])
def test_a_module_is_refused_alike_wherever_it_is_compiled(
    parts: dict[str, str], code: str, *, apart: bool
) -> None:
    with pytest.raises(InvalidInput) as raised:
        loaded(bytes(wat2wasm(TEXT.format_map(PLAIN | parts))), apart=apart)
    assert raised.value.code == code


FUNCTION = """(component (core module $m (func (export "f"))) (core instance $i (instantiate $m))
  (func (export "NAME") (canon lift (core func $i "f"))))"""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('(component (import "a" (func)) (import "b" (func)))', "load.import_denied"),
        ("(component)", "load.bad_export"),
        (FUNCTION.replace("NAME", "run"), "load.bad_export"),
        (FUNCTION.replace("NAME", "execute"), "load.bad_export"),
        ('(component (core module (export "execute")))', "load.bad_export"),
        ("(component (core module (func (result i32))))", "load.malformed"),
    ],
)
@pytest.mark.parametrize("apart", [True, False])
def test_a_component_of_another_world_is_refused(text: str, code: str, *, apart: bool) -> None:
    with pytest.raises(InvalidInput) as raised:
        loaded(bytes(wat2wasm(text)), apart=apart)
    assert raised.value.code == code


def test_equal_calls_use_equal_fuel_over_both_backends(public: Host, wasm: Callable[..., bytes]) -> None:
    direct = Host(backend="direct")
    for module in (wasm(execute=f"{COUNT} {COUNTED}"), component(execute=ECHO)):
        used = {h.load(module, GuestLimits()).call(b"7", 2.0).fuel for h in (direct, public)}
        assert len(used) == 1
    direct.close()


def test_engines_are_shared_out_and_a_few_kept(public: Host) -> None:
    at_once = MAX_IDLE_LANES + 4
    guest = public.load(asking(("all", "1")), GuestLimits(wall_ms=60_000))
    assert isinstance(guest, PublicGuest)
    all_here = threading.Barrier(at_once)  # nobody's engine is free before everybody has one

    def meet(op: str, content: bytes) -> bytes:
        all_here.wait(60)
        return refuse(op, content)

    with ThreadPoolExecutor(at_once) as pool:
        ends = [pool.submit(guest.call, b"{}", 60.0, serve=meet) for _ in range(at_once)]
        assert {getattr(end.exception(), "code", None) for end in ends} == {"test.1"}
    assert len(guest._code._idle) == MAX_IDLE_LANES


async def test_a_call_beyond_the_threads_ends_at_its_deadline_unrun(public: Host) -> None:
    guest, asked = public.load(asking(("a", "1")), GuestLimits()), asyncio.Semaphore(0)

    async def serve(op: str, content: bytes) -> bytes:
        asked.release()
        return await _never(op, content)

    waiting = [asyncio.ensure_future(guest.call_async(b"{}", 60.0, serve=serve)) for _ in range(MAX_THREADS)]
    for _ in waiting:
        await asked.acquire()
    with pytest.raises(AttemptTimedOut):
        await guest.call_async(b"{}", 0.02, serve=serve)
    # Closing blocks this very loop, on which they wait for their answers.
    public.close()
    ended = await asyncio.gather(*waiting, return_exceptions=True)
    assert {getattr(end, "code", end) for end in ended} == {"guest.interrupted"}
    assert public.going == 0


def test_features_without_a_public_setting_are_only_those_a_core_module_cannot_ask_for() -> None:
    unset = {name for name in switches("public") if not hasattr(Config, name)}
    assert all(name.startswith(("wasm_component_model_", "memory_")) for name in unset)
    new_engine("public").close()
