"""The virtual part of WASI: against a plain memory, in real modules, and under a C library."""

import json
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import AttemptFailed
from tests.wasm_agents.leftovers import nothing_left
from tests.wasm_agents.speaking import spoken
from wasm_agents.guest import Guest
from wasm_agents.hostcall import SIGNATURES
from wasm_agents.surroundings import RANDOM_BYTES, Surroundings
from wasm_agents.wasi import (
    BADF,
    FAULT,
    FUNCTIONS,
    INVAL,
    MAX_SUBSCRIPTIONS,
    MAX_VECTORS,
    MAX_WRITE,
    MODULE,
    SUCCESS,
    BadPointer,
    Exit,
)

BACKENDS = ("direct",)
Load = Callable[..., Guest]
NOW_NS = 1_763_700_000_000_000_000
SIZE = 1 << 20
HUGE = {"memory_bytes": 2**24, "log_bytes": 2**20}
_TYPES = {"i": "i32", "I": "i64"}


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    with nothing_left():
        yield


class Memory:
    """A guest's memory and nothing else."""

    def __init__(self) -> None:
        self.held = bytearray(SIZE)

    def read(self, at: int, length: int) -> bytes:
        if at + length > SIZE:
            raise BadPointer(at, length)
        return bytes(self.held[at : at + length])

    def write(self, at: int, content: bytes) -> None:
        if at + len(content) > SIZE:
            raise BadPointer(at, len(content))
        self.held[at : at + len(content)] = content

    def number(self, at: int, size: int = 4) -> int:
        return int.from_bytes(self.held[at : at + size], "little")


class Program:
    """One that calls WASI, with its surroundings."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.world = Surroundings(now_ns=NOW_NS, seed="s")

    def __call__(self, name: str, *args: int) -> int:
        return FUNCTIONS[name].body(self.world, self.memory, args)


@pytest.fixture
def program() -> Program:
    return Program()


def test_a_program_has_no_arguments_and_no_environment(program: Program) -> None:
    for name in ("args", "environ"):
        program.memory.held[0:8] = b"\xff" * 8
        assert program(f"{name}_sizes_get", 0, 4) == program(f"{name}_get", 0, 4) == SUCCESS
        assert program.memory.held[0:8] == bytes(8)


def test_the_clocks_are_the_calls_own(program: Program) -> None:
    assert program("clock_time_get", 0, 1, 8) == SUCCESS
    assert program.memory.number(8, 8) == NOW_NS + 1_000
    assert program("clock_time_get", 1, 1, 8) == SUCCESS
    assert program.memory.number(8, 8) == 2_000
    assert program("clock_res_get", 0, 8) == SUCCESS
    assert program("clock_time_get", 4, 1, 8) == program("clock_res_get", 9, 8) == INVAL


def test_chance_is_capped_for_each_call(program: Program) -> None:
    assert program("random_get", 0, RANDOM_BYTES) == SUCCESS
    assert program.memory.held[:RANDOM_BYTES].count(0) < RANDOM_BYTES // 100
    assert program("random_get", 0, RANDOM_BYTES + 1) == INVAL
    assert program("random_get", 0, 2**32 - 1) == INVAL


def _vectors(program: Program, *vectors: tuple[int, int]) -> tuple[int, int]:
    program.memory.write(512, b"".join(struct.pack("<II", *each) for each in vectors))
    return 512, len(vectors)


def test_what_is_written_goes_to_the_log(program: Program) -> None:
    program.memory.write(100, b"to out\nto err\n")
    assert program("fd_write", 1, *_vectors(program, (100, 7), (0, 0)), 8) == SUCCESS
    assert program("fd_write", 2, *_vectors(program, (107, 7)), 8) == SUCCESS
    assert (program.world.log, program.memory.number(8)) == ("to out\nto err\n", 7)


def test_one_write_is_bounded_and_says_how_much_it_took(program: Program) -> None:
    vectors = _vectors(program, (4096, MAX_WRITE - 10), (4096, 100), (4096, 100))
    assert program("fd_write", 1, *vectors, 8) == SUCCESS
    assert program.memory.number(8) == MAX_WRITE
    assert program("fd_write", 1, 512, MAX_VECTORS + 1, 8) == INVAL
    assert program("fd_write", 1, 512, 2**32 - 1, 8) == INVAL


@pytest.mark.parametrize("fd", [0, 3, 4, 2**32 - 1])
def test_nothing_but_out_and_err_is_written(program: Program, fd: int) -> None:
    assert program("fd_write", fd, 512, 0, 8) == BADF


def test_standard_input_is_empty(program: Program) -> None:
    program.memory.held[8:12] = b"\xff" * 4
    assert program("fd_read", 0, 512, 1, 8) == SUCCESS
    assert program.memory.number(8) == 0
    assert program("fd_read", 3, 512, 1, 8) == BADF


def test_the_three_streams_are_terminals_that_cannot_be_sought(program: Program) -> None:
    for fd in (0, 1, 2):
        assert program("fd_fdstat_get", fd, 0) == SUCCESS
        assert program.memory.held[0] == 2
        assert program("fd_seek", fd, 0, 0, 0) == program("fd_tell", fd, 0) == 70
        assert program("fd_close", fd) == SUCCESS
    assert program("fd_fdstat_get", 3, 0) == program("fd_seek", 3, 0, 0, 0) == program("fd_close", 3) == BADF


def _clock(user: int, ns: int, *, clock: int = 1, absolute: bool = False) -> bytes:
    return struct.pack("<QB7xI4xQQH6x", user, 0, clock, ns, 0, absolute)


def _stream(user: int, fd: int, *, tag: int = 1) -> bytes:
    return struct.pack("<QB7xI28x", user, tag, fd)


def _polled(program: Program, *subscriptions: bytes) -> list[tuple[int, int, int]]:
    """Return what happened: whose, its errno, its kind."""
    program.memory.write(4096, b"".join(subscriptions))
    assert program("poll_oneoff", 4096, 16_384, len(subscriptions), 8) == SUCCESS
    return [
        struct.unpack_from("<QHB", program.memory.held, 16_384 + n * 32)
        for n in range(program.memory.number(8))
    ]


def test_a_sleep_lets_virtual_time_pass_and_waits_for_nothing(program: Program) -> None:
    began = time.monotonic()
    assert _polled(program, _clock(7, 10**12), _clock(8, 10**15)) == [(7, SUCCESS, 0)]
    assert program.world.elapsed() == 10**12
    assert time.monotonic() - began < 100, "it did not sleep for its 1000 s"


@pytest.mark.parametrize(
    ("clock", "at_ns", "elapsed"),
    [(0, NOW_NS + 500, 500), (1, 500, 500), (0, 0, 0), (1, 0, 0), (0, 2**64 - 1, None)],
)
def test_a_sleep_until_a_moment_ends_then(
    program: Program, clock: int, at_ns: int, elapsed: int | None
) -> None:
    assert _polled(program, _clock(1, at_ns, clock=clock, absolute=True)) == [(1, SUCCESS, 0)]
    assert elapsed in {None, program.world.elapsed()}


def test_streams_are_ready_at_once_and_files_are_not_there(program: Program) -> None:
    told = _polled(program, _stream(1, 1, tag=2), _clock(2, 10**12), _stream(3, 5))
    assert told == [(1, SUCCESS, 2), (3, BADF, 1)]
    assert program.world.elapsed() == 0


@pytest.mark.parametrize("count", [0, MAX_SUBSCRIPTIONS + 1, 2**32 - 1])
def test_a_poll_for_nothing_or_too_much_is_invalid(program: Program, count: int) -> None:
    assert program("poll_oneoff", 4096, 16_384, count, 8) == INVAL


def test_ending_oneself_tells_the_status(program: Program) -> None:
    with pytest.raises(Exit) as raised:
        program("proc_exit", 3)
    assert raised.value.code == 3


_OTHERS = sorted(name for name in FUNCTIONS if name.startswith(("path_", "sock_", "fd_")) and name not in {"fd_close", "fd_write", "fd_read", "fd_seek", "fd_tell", "fd_fdstat_get"})  # fmt: skip


@pytest.mark.parametrize("name", [*_OTHERS, "proc_raise"])
@pytest.mark.parametrize("fd", [0, 1, 3])
def test_files_sockets_and_signals_are_answered_with_an_errno(program: Program, name: str, fd: int) -> None:
    before = bytes(program.memory.held)
    assert program(name, *(fd for _ in FUNCTIONS[name].params)) > 0
    assert bytes(program.memory.held) == before


_names = st.sampled_from(sorted(FUNCTIONS.keys() - {"proc_exit"}))
_word = st.sampled_from([0, 1, 2, 3, SIZE - 8, SIZE - 1, SIZE, 2**31, 2**32 - 1]) | st.integers(0, 2**32 - 1)


@given(calls=st.lists(st.tuples(_names, st.lists(_word, min_size=9, max_size=9)), max_size=8))
def test_any_arguments_give_an_errno_or_a_bad_pointer(calls: list[tuple[str, list[int]]]) -> None:
    program = Program()
    for name, words in calls:
        try:
            errno = program(name, *words[: len(FUNCTIONS[name].params)])
        except BadPointer:
            continue
        assert 0 <= errno <= 76
    assert len(program.memory.held) == SIZE


# -- in real modules ----------------------------------------------------------------------


def _imported(name: str) -> str:
    function = FUNCTIONS[name]
    params = " ".join(_TYPES[kind] for kind in function.params)
    result = "(result i32)" if function.answers else ""
    return f'(import "{MODULE}" "{name}" (func ${name} (param {params}) {result}))'


def _calls(name: str, *args: int) -> str:
    typed = zip(FUNCTIONS[name].params, args, strict=True)
    return f"(call ${name} " + " ".join(f"({_TYPES[kind]}.const {arg})" for kind, arg in typed) + ")"


def _errno(load: Load, name: str, *args: int) -> int:
    body = f"(i32.store8 (i32.const 64) {_calls(name, *args)}) (i64.const {64 << 32 | 1})"
    return load(spoken(body, imports=_imported(name)), limits=HUGE).call(b"{}", 5.0).output[0]


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"proc_exit"}))
def test_every_function_links_as_it_is_typed_and_survives_wild_arguments(load: Load, name: str) -> None:
    params = FUNCTIONS[name].params
    _errno(load, name, *(0 for _ in params))
    assert 0 <= _errno(load, name, *(-1 for _ in params)) <= 76


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("clock_time_get", (0, 1, -4)),
        ("random_get", (2**18 - 4, 5)),
        ("fd_write", (1, -8, 1, 8)),
        ("fd_write", (1, 64, 1, -2)),
        ("args_sizes_get", (-1, 0)),
        ("poll_oneoff", (2**18, 0, 1, 8)),
        ("fd_fdstat_get", (1, 2**18 - 1)),
    ],
)
def test_a_bad_pointer_is_a_fault_and_the_guest_goes_on(load: Load, name: str, args: tuple[int, ...]) -> None:
    assert _errno(load, name, *args) == FAULT


def test_a_guest_that_exits_gives_no_answer(load: Load) -> None:
    guest = load(spoken(f"{_calls('proc_exit', 7)} (i64.const 0)", imports=_imported("proc_exit")))
    with pytest.raises(AttemptFailed) as raised:
        guest.call(b"{}", 5.0)
    assert (raised.value.code, raised.value.data["status"]) == ("guest.exit", 7)


def test_a_start_function_has_no_memory_to_be_told_anything_in(load: Load) -> None:
    start = f"(func $start (if (i32.ne {_calls('random_get', 64, 8)} (i32.const {FAULT})) (then unreachable))) (start $start)"
    guest = load(spoken("(i64.const 0)", imports=_imported("random_get"), more=start))
    assert guest.call(b"{}", 5.0).output == b""


def test_what_a_guest_may_import_is_spelt_in_one_place() -> None:
    assert {name for module, name in SIGNATURES if module == MODULE} == set(FUNCTIONS)
    assert SIGNATURES[MODULE, "proc_exit"] == "i>"
    assert SIGNATURES[MODULE, "path_open"] == "iiiiiIIii>i"


# -- under a C library --------------------------------------------------------------------


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Return a C program linked with a whole C library, which imports what such a library does."""
    out = tmp_path_factory.mktemp("wasi") / "guest.wasm"
    source = Path(__file__).with_name("wasi_guest.c")
    words = ("cc", "-target", "wasm32-wasi", "-mexec-model=reactor", "-O2", "-Wl,--strip-all", "-o", str(out), str(source))  # fmt: skip
    subprocess.run([sys.executable, "-m", "ziglang", *words], check=True)
    return out.read_bytes()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_program_of_a_c_library_finds_a_virtual_world(compiled: bytes, load: Load) -> None:
    guest = load(compiled, limits=HUGE | {"memory_bytes": 2**25, "fuel": 10**9})

    def told(seed: str) -> tuple[object, str]:
        result = guest.call(b"{}", 5.0, world=Surroundings(now_ns=NOW_NS, seed=seed))
        return json.loads(result.output), result.log

    found, log = told("a")
    assert isinstance(found, dict)
    noise = found.pop("noise")
    assert found == {"time": NOW_NS // 10**9 + 1000, "slept": 1000, "file": 0, "home": 0, "read": -1}
    assert log == "got 2 bytes: {}\nto stderr\n"
    assert told("a") == (found | {"noise": noise}, log)
    assert told("b") != (found | {"noise": noise}, log)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_program_of_a_c_library_that_exits_keeps_its_log(compiled: bytes, load: Load) -> None:
    with pytest.raises(AttemptFailed) as raised:
        load(compiled, limits=HUGE | {"memory_bytes": 2**25, "fuel": 10**9}).call(b"[1]", 5.0)
    assert (raised.value.code, raised.value.data["status"]) == ("guest.exit", 3)
    assert raised.value.data["log"] == "got 3 bytes: [1]\nto stderr\n"
