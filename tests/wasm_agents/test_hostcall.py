"""What a guest asks of its host, answered in place and on a fiber: nothing it says is believed, and nobody else hears of it."""

import asyncio
import json
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import AttemptFailed
from tests.wasm_agents.leftovers import nothing_left
from tests.wasm_agents.speaking import (
    ASK,
    BUMP,
    CALL,
    FOR_EVER,
    GROWING,
    HEAP,
    LOG,
    PAGES,
    nth,
    spoken,
    times,
)
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.host_rules import MAX_LOG_LINE, MAX_OP_BYTES
from wasm_agents.limits import PAGE_BYTES, GuestLimits
from wasm_agents.result import GuestResult

BACKENDS = ("direct",)
Load = Callable[..., Guest]
Serve = Callable[[str, bytes], bytes]
How = Literal["here", "fiber"]
ROOMY = {"memory_bytes": 2**24, "fuel": 1_000_000_000_000}
SIZE = PAGES * PAGE_BYTES
# Asks with the four words of its input.
POINTERS = "(call $call " + " ".join(f"(i32.load offset={n * 4} (local.get 0))" for n in range(4)) + ")"
ASKS_NOW = "(drop (call $call (i32.const 16) (i32.const 2) (i32.const 16) (i32.const 2)))"


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


@pytest.fixture(params=["here", "fiber"])
def how(request: pytest.FixtureRequest) -> How:
    found: How = request.param
    return found


def _echo(_op: str, content: bytes) -> bytes:
    return content


def _told(
    how: How, guest: Guest, content: bytes = b"{}", serve: Serve | None = _echo, *, deadline_s: float = 5.0
) -> GuestResult:
    if how == "here":
        return guest.call(content, deadline_s, serve=serve)

    async def later(op: str, asked: bytes) -> bytes:
        assert serve is not None
        return serve(op, asked)

    return asyncio.run(guest.call_async(content, deadline_s, serve=None if serve is None else later))


def _failure(
    how: How, guest: Guest, content: bytes = b"{}", serve: Serve = _echo, **more: float
) -> AttemptFailed:
    with pytest.raises(AttemptFailed) as raised:
        _told(how, guest, content, serve, **more)
    return raised.value


def test_a_guest_is_told_what_it_asked_for(load: Load, how: How) -> None:
    told = _told(how, load(spoken()), b"[1]", lambda op, content: op.encode() + content)
    assert (told.output, told.host_calls) == (b"op[1]", 1)


def test_nobody_serving_denies_what_a_guest_asks(load: Load, how: How) -> None:
    told = json.loads(_told(how, load(spoken()), serve=None).output)
    assert told["error"]["code"] == "capability.denied"


@pytest.mark.parametrize("size", [0, 1, 65_535, 4 * 2**20])
def test_a_reply_of_any_length_is_placed_whole(load: Load, how: How, size: int) -> None:
    reply = bytes(n % 251 for n in range(4096)) * (size // 4096 + 1)
    guest = load(spoken(alloc=GROWING), limits=ROOMY | {"output_bytes": 2**23})
    assert _told(how, guest, serve=lambda _op, _content: reply[:size]).output == reply[:size]


@pytest.mark.parametrize(
    ("alloc", "code"),
    [
        pytest.param("(return (i32.const 0))", "abi.bad_alloc", id="nowhere"),
        pytest.param("(return (i32.const -1))", "abi.bad_alloc", id="the last byte there could be"),
        pytest.param(f"(return (i32.const {SIZE - 1}))", "abi.bad_alloc", id="over the end"),
        pytest.param("(return (i32.const 0x80000000))", "abi.bad_alloc", id="negative"),
        pytest.param("(unreachable)", "guest.trap", id="trap"),
        pytest.param("(drop (call $alloc (local.get 0)))", "limit.stack", id="deep"),
        pytest.param(FOR_EVER, "limit.time", id="for ever"),
        pytest.param(ASKS_NOW, "abi.bad_alloc", id="asks again"),
    ],
)
def test_an_alloc_that_gives_no_room_ends_the_call(load: Load, how: How, alloc: str, code: str) -> None:
    second = "(if (i32.ge_u (global.get $n) (i32.const 2)) (then %s))" % alloc  # noqa: UP031  # braces are many
    count = "(global.set $n (i32.add (global.get $n) (i32.const 1)))"
    guest = load(spoken(alloc=f"{count} {second} {BUMP}"), limits=ROOMY)
    failure = _failure(how, guest, deadline_s=0.1)
    assert (failure.code, failure.data["host_calls"]) == (code, 1)
    assert _told(how, load(spoken())).output == b"{}"


def test_an_alloc_at_the_memory_limit_that_has_no_room_says_so(load: Load, how: How) -> None:
    guest = load(spoken(alloc=nth(2, "(return (i32.const 0))") + BUMP), limits={"memory_bytes": SIZE})
    assert _failure(how, guest).code == "limit.memory"


def test_an_alloc_that_asks_while_it_makes_room_for_the_input_is_answered(load: Load, how: How) -> None:
    guest = load(spoken(alloc=nth(1, ASKS_NOW) + BUMP))
    told = _told(how, guest, b"[7]")
    assert (told.output, told.host_calls) == (b"[7]", 2)


def test_a_start_function_cannot_ask_its_host(load: Load, how: How) -> None:
    guest = load(spoken(more=f"(func $start {ASKS_NOW}) (start $start)"))
    assert _failure(how, guest).code == "abi.bad_alloc"


def test_what_runs_at_initialize_may_ask_its_host(load: Load, how: How) -> None:
    guest = load(spoken(more=f'(func (export "_initialize") {ASKS_NOW})'))
    assert _told(how, guest).host_calls == 2


@pytest.mark.parametrize("allowed", [0, 1, 5])
def test_one_host_call_too_many_ends_the_call(load: Load, how: How, allowed: int) -> None:
    def asks(count: int) -> Guest:
        body = f"{times(count, f'(drop {ASK})')} (i64.const 0)" if count else "(i64.const 0)"
        return load(spoken(body), limits={"host_calls": allowed})

    assert _told(how, asks(allowed)).host_calls == allowed
    assert _failure(how, asks(allowed + 1)).code == "limit.host_calls"


def test_an_op_that_is_too_long_is_told_so(load: Load, how: How) -> None:
    words = struct.pack("<4I", 16, MAX_OP_BYTES + 1, 16, 2)
    told = json.loads(_told(how, load(spoken(POINTERS)), words).output)
    assert told["error"]["code"] == "capability.unknown_op"


def test_an_op_that_is_no_text_still_reaches_who_serves(load: Load, how: How) -> None:
    guest = load(spoken(more='(data (i32.const 16) "\\ff\\00")'))
    assert _told(how, guest, serve=lambda op, _content: op.encode()).output == "\ufffd\0".encode()


def test_an_input_that_is_too_long_is_told_so(load: Load, how: How) -> None:
    guest = load(spoken(POINTERS), limits={"output_bytes": 1000})
    told = json.loads(_told(how, guest, struct.pack("<4I", 16, 2, 0, 1001)).output)
    assert told["error"]["code"] == "limit.output"


def _expected(op_at: int, op_length: int, at: int, length: int) -> str:
    if op_at + op_length > SIZE:
        return "abi.bad_pointer"
    if op_length > MAX_OP_BYTES:
        return "ok"
    return "abi.bad_pointer" if at + length > SIZE else "ok"


_words = st.sampled_from(
    [0, 1, 128, 129, SIZE - 1, SIZE, SIZE + 1, 2**31 - 1, 2**31, 2**32 - 1]
) | st.integers(0, 2**32 - 1)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.tuples(_words, _words, _words, _words))
def test_any_pointers_are_read_or_refused_and_never_more(
    load: Load, how: How, words: tuple[int, int, int, int]
) -> None:
    asked: list[bytes] = []

    def serve(_op: str, content: bytes) -> bytes:
        asked.append(content)
        return b"{}"

    try:
        _told(how, load(spoken(POINTERS)), struct.pack("<4I", *words), serve)
        found = "ok"
    except AttemptFailed as failure:
        found = failure.code
    assert found == _expected(*words)
    assert [len(content) for content in asked] in ([], [words[3]])


@pytest.mark.parametrize("wrong", [ValueError("odd"), KeyboardInterrupt(), RecursionError()], ids=repr)
def test_what_serving_in_place_raises_ends_that_call_alone(load: Load, wrong: BaseException) -> None:
    def serve(_op: str, _content: bytes) -> bytes:
        raise wrong

    failure = _failure("here", load(spoken()), serve=serve)
    assert failure.code == "host.internal"
    assert type(wrong).__name__ in failure.message


def test_an_error_of_the_tree_that_serving_raises_keeps_its_code(load: Load, how: How) -> None:
    def serve(_op: str, _content: bytes) -> bytes:
        raise AttemptFailed("limit.egress", "too much")

    assert _failure(how, load(spoken()), serve=serve).code == "limit.egress"


def test_an_answer_that_is_no_bytes_ends_that_call_alone(load: Load) -> None:
    assert _failure("here", load(spoken()), serve=lambda _op, _content: None).code == "host.internal"  # type: ignore[arg-type,return-value]  # on purpose


def test_serving_may_call_another_guest_in_place(load: Load) -> None:
    inner = load(spoken())
    told = load(spoken()).call(
        b"[1]", 5.0, serve=lambda _op, content: inner.call(content, 5.0, serve=lambda *_: b"inner").output
    )
    assert told.output == b"inner"


def test_answers_and_failures_of_many_threads_never_mix(load: Load) -> None:
    guest = load(spoken())

    def one(number: int) -> object:
        def serve(_op: str, content: bytes) -> bytes:
            if number % 3 == 0:
                raise LookupError(number)
            return content * 2

        try:
            return guest.call(b"%d" % number, 10.0, serve=serve).output
        except AttemptFailed as failure:
            return failure.message.rpartition(" ")[2]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(600)))
    assert found == [str(n) if n % 3 == 0 else b"%d" % n * 2 for n in range(600)]


def test_a_call_answered_in_place_and_on_a_fiber_costs_the_same_fuel(load: Load) -> None:
    guest = load(spoken(f"{times(7, f'(drop {ASK})')} {ASK}", alloc=GROWING), limits=ROOMY)
    here, there = _told("here", guest, b"[5]"), _told("fiber", guest, b"[5]")
    assert (here.output, here.fuel, here.host_calls) == (there.output, there.fuel, there.host_calls)
    assert here.peak_memory_bytes == there.peak_memory_bytes


# -- the log ------------------------------------------------------------------------------


def _logs(at: int, length: int, *, start: str = "", count: int = 1) -> bytes:
    line = f"(call $log (i32.const {at}) (i32.const {length}))"
    return spoken(f"{times(count, line)} (i64.const 0)", imports=LOG, more=start)


def test_what_a_guest_logs_is_kept_line_by_line(load: Load, how: How) -> None:
    assert _told(how, load(_logs(16, 2, count=3))).log == "op\nop\nop\n"


@pytest.mark.parametrize(("at", "length"), [(SIZE, 1), (SIZE - 1, 2), (-1, 1), (0, -1), (-1, -1)])
def test_a_log_out_of_memory_ends_the_call(load: Load, how: How, at: int, length: int) -> None:
    assert _failure(how, load(_logs(at, length))).code == "abi.bad_pointer"


def test_a_log_is_kept_to_its_limit_and_marked(load: Load, how: How) -> None:
    log = _told(how, load(_logs(16, 2, count=100), limits={"log_bytes": 10})).log
    assert log == "op\nop\nop\no\n[the rest was not kept]"


def test_one_line_of_a_log_is_bounded(load: Load, how: How) -> None:
    log = _told(how, load(_logs(HEAP, MAX_LOG_LINE + 1000), limits={"log_bytes": 2**20})).log
    assert len(log) == MAX_LOG_LINE + 1


def test_a_start_function_has_no_memory_to_log_from(load: Load, how: How) -> None:
    start = "(func $start (call $log (i32.const 16) (i32.const 2))) (start $start)"
    assert _failure(how, load(_logs(16, 2, start=start))).code == "abi.bad_pointer"


def test_the_log_of_a_failed_call_is_on_its_error(load: Load, how: How) -> None:
    body = "(call $log (i32.const 16) (i32.const 2)) (unreachable)"
    assert _failure(how, load(spoken(body, imports=CALL + LOG))).data["log"] == "op\n"


async def test_thousands_of_hosts_answers_go_each_to_its_guest(host: Host) -> None:
    guest = host.load(spoken(f"{times(2, f'(drop {ASK})')} {ASK}"), GuestLimits())

    async def serve(_op: str, content: bytes) -> bytes:
        await asyncio.sleep(0.001 * (int(content) % 5))
        if int(content) % 7 == 0:
            raise AttemptFailed("host.internal", f"no {int(content)}")
        return content

    calls = [guest.call_async(b"%d" % n, 30.0, serve=serve) for n in range(500)]
    told = await asyncio.gather(*calls, return_exceptions=True)
    for number, result in enumerate(told):
        if number % 7 == 0:
            assert isinstance(result, AttemptFailed)
            assert result.message == f"no {number}"
        else:
            assert isinstance(result, GuestResult)
            assert result.output == b"%d" % number
