"""What every component is put into: it refuses a long answer before it is copied, and is told from its guest."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from wasmtime import wat2wasm

from contracts.errors import AttemptFailed, InvalidInput
from tests.wasm_agents.components import ECHO, GIVES, WORLD, answer_of, code_of, instance_of, spell
from wasm_agents.binary import COMPONENT
from wasm_agents.component import outer
from wasm_agents.component.call import call
from wasm_agents.component.given import check_text
from wasm_agents.component.instance import share
from wasm_agents.host import Host
from wasm_agents.limits import MAX_COMPONENT_INPUT, MAX_COMPONENT_OUTPUT, MIB, GuestLimits

LARGE = '(memory (export "memory") 1008)'
FILL_UP = "(loop (br_if 0 (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))"


def code_for(text: str, content: bytes = b"{}", **limits: int) -> str:
    with pytest.raises(AttemptFailed) as raised:
        answer_of(text, content, **limits)
    return raised.value.code


def leb(size: int) -> bytes:
    return bytes([size]) if size < 0x80 else bytes([size & 0x7F | 0x80]) + leb(size >> 7)


def nameless(wasm: bytes) -> bytes:
    """Return a component without its names."""
    kept, at = wasm[:8], 8
    while at < len(wasm):
        section, size, shift, at = wasm[at], 0, 0, at + 1
        while True:
            octet, at = wasm[at], at + 1
            size, shift = size | (octet & 0x7F) << shift, shift + 7
            if octet < 0x80:
                break
        body, at = wasm[at : at + size], at + size
        if section in {1, 4} and wasm[:8] == COMPONENT:
            body = nameless(body)
        if section:
            kept += bytes([section]) + leb(len(body)) + body
    return kept


def test_the_octets_are_those_of_the_text() -> None:
    text = Path(outer.__file__).with_suffix(".wat").read_text()
    assert COMPONENT.join(outer.around(len(COMPONENT))) == nameless(bytes(wat2wasm(text)))


@pytest.mark.parametrize("is_error", [0, 1])
@pytest.mark.parametrize("encoding", ["utf8", "utf16", "latin1+utf16"])
def test_sixty_megabytes_of_answer_never_reach_the_host(is_error: int, encoding: str) -> None:
    units = 30 * MIB if encoding == "utf16" else 60 * MIB
    text = spell(memory=LARGE, lie=(8192, units), is_error=is_error, encoding=encoding)
    code_of(text)
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = kib("VmRSS")
    assert code_for(text, memory_bytes=64 * MIB) == "limit.output"
    assert kib("VmHWM") - before < 10_000


def kib(row: str) -> int:
    return int(Path("/proc/self/status").read_text().split(row)[1].split()[1])


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf8", "ä".encode() * 499),
        ("utf16", ("ä" * 499).encode("utf-16le")),
        ("utf16", ("x" * 998).encode("utf-16le")),
        ("latin1+utf16", ("ä" * 499).encode("latin1")),
    ],
)
def test_an_answer_may_be_exactly_as_long_as_its_limit(encoding: str, said: bytes) -> None:
    quote = '"'.encode("utf-16le" if encoding == "utf16" else "latin1")
    octets = quote + said + quote
    text = spell(answer=octets, encoding=encoding, lie=(4096, len(octets) // len(quote)))
    output = answer_of(text, output_bytes=1000).output
    assert len(output) == 1000 + len(b'{"ok":}')
    assert code_for(text, output_bytes=999) == "limit.output"


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("abi.bad_alloc", spell(realloc="(i32.const 1025)", encoding="utf16")),
        ("abi.bad_alloc", spell(realloc="(i32.const 65535)", encoding="utf16")),
        ("abi.bad_alloc", spell(realloc="(i32.const 65535)", encoding="latin1+utf16")),
        ("abi.bad_pointer", spell(lie=(65_535, 2), encoding="latin1+utf16")),
        ("abi.bad_pointer", spell(lie=(0, 5 * MIB))),
        ("output.utf8", spell(answer=b'"\xed\xa0\x80"')),
        ("output.utf8", spell(answer=b"\x00\xdc\x00\xdc", lie=(4096, 2), encoding="utf16")),
        (
            "guest.trap",
            spell(more='(func $over (export "over") unreachable)', execute=f"(call $over) {GIVES}"),
        ),
        ("guest.trap", spell(more="(func $s unreachable) (start $s)")),
        ("guest.trap", spell(realloc="unreachable")),
    ],
)
def test_whose_fault_it_is_stays_exact_across_the_border(code: str, text: str) -> None:
    assert code_for(text, b"[1]") == code


def handing_on(place: str, *, octets: str = "a") -> str:
    """A component of two parts; the one hands the other a string at `place`."""
    return f"""(component
      (component $reader
        (core module $m (memory (export "memory") 1)
          (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 64))
          (func (export "f") (param i32 i32) (result i32) (i32.const 1)))
        (core instance $i (instantiate $m))
        (func (export "f") (param "s" string) (result u32) (canon lift (core func $i "f")
          (memory (core memory $i "memory")) (realloc (core func $i "realloc")))))
      (instance $reader (instantiate $reader)) (alias export $reader "f" (func $f))
      (core module $libc (memory (export "memory") 1) (data (i32.const 8) "{octets}")
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
      (core instance $libc (instantiate $libc))
      (core func $lowered (canon lower (func $f) (memory (core memory $libc "memory"))))
      (core module $m (import "reader" "f" (func $f (param i32 i32) (result i32)))
        (func (export "execute") (param i32 i32) (result i32) (call $f (i32.const {place}) (i32.const 1))))
      (core instance $out (export "f" (func $lowered)))
      (core instance $i (instantiate $m (with "reader" (instance $out))))
      (func (export "execute") {WORLD} (canon lift (core func $i "execute")
        (memory (core memory $libc "memory")) (realloc (core func $libc "realloc")))))"""


@pytest.mark.parametrize("text", [handing_on("65536"), handing_on("8", octets="\\ff")])
def test_what_goes_wrong_between_a_guests_own_parts_is_its_trap(text: str) -> None:
    assert code_for(text) == "guest.trap"


def test_a_long_input_counts_against_the_memory_limit() -> None:
    digits = "".join(
        f"(i32.store8 (i32.const {4096 + n}) (i32.add (i32.const 48) "
        f"(i32.rem_u (i32.div_u (memory.size) (i32.const {10 ** (1 - n)})) (i32.const 10))))"
        for n in range(2)
    )
    text = spell(
        memory='(memory (export "memory") 6)', realloc="(i32.const 8192)",
        execute=f"{FILL_UP} {digits} {GIVES}", answer=b"00",
    )  # fmt: skip
    pages = [answer_of(text, b" " * size, memory_bytes=MIB).value for size in (10, 21_845, 21_846, 120_000)]
    assert pages == [16, 16, 15, 11]
    assert code_for(text, b" " * 2 * MIB, memory_bytes=MIB) == "limit.memory"
    assert share(GuestLimits(memory_bytes=MIB), 1, 2 * MIB) == 0


def test_an_answer_that_grows_past_its_share_of_memory_is_out_of_memory() -> None:
    text = spell(answer=b"\xe4" * 40_000, encoding="latin1+utf16")
    assert code_for(text, memory_bytes=65_536) == "limit.memory"
    assert code_for(text, memory_bytes=131_072) == "output.json"


def test_equal_calls_use_equal_fuel() -> None:
    used = set()
    for _ in range(3):
        instance = instance_of(spell(execute=ECHO))
        call(instance, b"[1,2]")
        used.add(instance.store.fuel_used())
        instance.watch.end()
        instance.close()
    assert len(used) == 1


def test_a_component_outside_the_outer_one_is_not_run() -> None:
    with pytest.raises(InvalidInput) as raised:
        code_of(spell(), by_itself=True)
    assert raised.value.code == "load.malformed"


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.close()


def test_a_component_is_held_to_its_own_most_whatever_its_limits(host: Host) -> None:
    asked = GuestLimits(input_bytes=16 * MIB, output_bytes=16 * MIB, memory_bytes=64 * MIB)
    text = spell(memory=LARGE, lie=(8192, MAX_COMPONENT_OUTPUT + 1))
    guest = host.load(bytes(wat2wasm(text)), asked)
    assert (guest.limits.input_bytes, guest.limits.output_bytes) == (
        MAX_COMPONENT_INPUT,
        MAX_COMPONENT_OUTPUT,
    )
    with pytest.raises(AttemptFailed, match="bytes than the") as raised:
        guest.call(b"{}", 5.0)
    assert raised.value.code == "limit.output"
    assert str(MAX_COMPONENT_OUTPUT) in raised.value.hint
    with pytest.raises(InvalidInput, match="at most") as refused:
        guest.call(b" " * (MAX_COMPONENT_INPUT + 1), 5.0)
    assert refused.value.code == "limit.input"


@pytest.mark.parametrize("before", [0, 1, 65_535, 65_536, 131_071])
def test_text_is_checked_piece_by_piece_as_it_would_be_whole(before: int) -> None:
    check_text(b"x" * before + "ä€😀".encode() + b"x")
    for bad in (b"\xff", b"\xe2\x82", b"\xed\xa0\x80", b"\xc0\x80"):
        content = b"x" * before + bad
        with pytest.raises(UnicodeDecodeError) as wanted:
            content.decode()
        with pytest.raises(InvalidInput, match=rf"byte {wanted.value.start}$"):
            check_text(content)
