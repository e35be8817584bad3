"""What the section tables say, and which sizes are refused before anything is compiled."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wasmtime import wat2wasm

from contracts.errors import InvalidInput
from wasm_agents import limits
from wasm_agents.binary import COMPONENT, HEADER, MAX_GLOBALS, MAX_TYPES, kind_of, look_at, without_names

EMPTY_BODY = b"\0\x0b"


def leb(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def section(number: int, body: bytes) -> bytes:
    return bytes([number]) + leb(len(body)) + body


def core(*bodies: bytes) -> bytes:
    code = leb(len(bodies)) + b"".join(leb(len(body)) + body for body in bodies)
    return HEADER + section(10, code)


def component(*parts: tuple[int, bytes]) -> bytes:
    return COMPONENT + b"".join(section(number, body) for number, body in parts)


def code_of(wasm: bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        look_at(wasm)
    return refused.value.code


def test_a_core_module_is_told_by_its_functions() -> None:
    facts = look_at(bytes(wat2wasm('(module (func) (func (export "f") (result i32) i32.const 1))')))

    assert (facts.kind, facts.functions, facts.largest_body, facts.modules) == ("core", 2, 4, [(0, 41)])


def test_what_a_file_is_shows_in_its_first_bytes() -> None:
    assert (kind_of(HEADER + b"?"), kind_of(COMPONENT)) == ("core", "component")
    with pytest.raises(InvalidInput, match="begins with"):
        kind_of(b"\x7fELF")


def test_tables_are_seen_wherever_they_are() -> None:
    table = bytes(wat2wasm("(module (table 1 funcref))"))

    assert [look_at(wasm).has_tables for wasm in (table, core(EMPTY_BODY), component((1, table)))] == [
        True,
        False,
        True,
    ]


def test_the_modules_inside_nested_components_are_found_in_order() -> None:
    first, second = core(EMPTY_BODY), core(EMPTY_BODY, EMPTY_BODY + b"\0")
    inner = component((0, b"\x01n"), (1, second))
    whole = component((1, first), (4, inner))

    facts = look_at(whole)

    assert [whole[start:end] for start, end in facts.modules] == [first, second]
    assert (facts.kind, facts.functions, facts.largest_body) == ("component", 3, 3)


@pytest.mark.parametrize(
    "wasm",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0asm", id="half a header"),
        pytest.param(b"\0asm\x02\0\0\0", id="another version"),
        pytest.param(b"\x7fELF\x02\x01\x01\0", id="a program"),
        pytest.param(HEADER + b"\x01", id="a section without a length"),
        pytest.param(HEADER + b"\x01\xff\xff\xff\xff\xff\x01", id="a length without an end"),
        pytest.param(HEADER + b"\x01\x05abc", id="a section past the end"),
        pytest.param(HEADER + section(10, b""), id="no count of functions"),
        pytest.param(HEADER + section(10, b"\x01\x7f\0"), id="a body past its section"),
        pytest.param(HEADER + section(10, b"\x02\x02\0\x0b"), id="a body that is missing"),
        pytest.param(component((1, b"")), id="an empty module inside"),
        pytest.param(component((1, core(EMPTY_BODY)[:-1])), id="a cut module inside"),
        pytest.param(component((4, b"\0asm\x0d\0")), id="a cut component inside"),
    ],
)
def test_what_is_no_module_is_malformed(wasm: bytes) -> None:
    assert code_of(wasm) == "load.malformed"


@pytest.mark.parametrize(
    "wasm",
    [
        pytest.param(core(b"\0" * (limits.MAX_BODY_BYTES + 1)), id="a long body"),
        pytest.param(
            component((1, core(b"\0" * (limits.MAX_COMPONENT_BODY_BYTES + 1)))), id="a long body inside"
        ),
        pytest.param(HEADER + section(10, leb(limits.MAX_FUNCTIONS + 1)), id="many functions"),
        pytest.param(HEADER + section(2, leb(limits.MAX_SHAPE + 1)), id="many imports"),
        pytest.param(HEADER + section(7, leb(2**32 - 1)), id="very many exports"),
        pytest.param(HEADER + section(6, leb(MAX_GLOBALS + 1)), id="many globals"),
        pytest.param(
            HEADER + section(1, leb(MAX_TYPES + 1) + b"\x60\0\0" * (MAX_TYPES + 1)), id="many types"
        ),
        pytest.param(HEADER + b"\0\1\0" * (limits.MAX_SECTIONS + 1), id="many sections"),
        pytest.param(component(*[(1, core(EMPTY_BODY))] * limits.MAX_SECTIONS), id="many modules inside"),
        pytest.param(HEADER.ljust(limits.MAX_MODULE_BYTES + 1, b"\0"), id="a large module"),
        pytest.param(COMPONENT.ljust(limits.MAX_COMPONENT_BYTES + 1, b"\0"), id="a large component"),
    ],
)
def test_what_would_cost_too_much_is_too_large(wasm: bytes) -> None:
    assert code_of(wasm) == "load.too_large"


def test_components_nest_only_so_deep() -> None:
    nested = component()
    for _ in range(limits.MAX_NESTING):
        nested = component((4, nested))

    assert look_at(nested).sections == limits.MAX_NESTING
    assert code_of(component((4, nested))) == "load.too_large"


def test_a_body_a_component_may_have_is_too_long_for_a_module() -> None:
    module = core(b"\0" * limits.MAX_COMPONENT_BODY_BYTES)

    assert look_at(component((1, module))).largest_body == limits.MAX_COMPONENT_BODY_BYTES
    assert code_of(module) == "load.too_large"


@settings(max_examples=300, deadline=None)
@given(st.sampled_from([HEADER, COMPONENT, b""]), st.binary(max_size=200))
def test_any_bytes_have_facts_or_one_of_two_codes(head: bytes, rest: bytes) -> None:
    try:
        sections, code = look_at(head + rest).sections, ""
    except InvalidInput as refused:
        sections, code = 0, refused.code

    assert sections <= len(rest)
    assert code in {"", "load.malformed", "load.too_large"}


def names_of(word: bytes, *, length: bytes = b"\x04") -> bytes:
    """Return a custom section: by the name `name`, of functions' names."""
    return section(0, length + word + b"\x01\x04\x01\x00\x01f")


@pytest.mark.parametrize("length", [b"\x04", b"\x84\x80\x00"])
def test_functions_lose_their_names_and_no_byte_moves(length: bytes) -> None:
    named = core(EMPTY_BODY) + names_of(b"name", length=length)
    whole = component((1, named), (4, component((1, named))))

    cleared = without_names(whole, look_at(whole))

    assert cleared == whole.replace(b"name", b"none")
    assert look_at(cleared).names == []


def test_other_sections_keep_what_they_are_called() -> None:
    wasm = core(EMPTY_BODY) + names_of(b"nama") + section(0, b"\x09producers")

    assert without_names(wasm, look_at(wasm)) is wasm


def test_what_an_instance_holds_beside_its_memory_is_bounded_in_a_component_too() -> None:
    def globals_of(count: int) -> bytes:
        return HEADER + section(6, leb(count) + b"\x7f\x01\x41\x00\x0b" * count)

    assert look_at(globals_of(5_001)).kind == "core"
    assert look_at(component((1, globals_of(5_000)))).kind == "component"
    assert code_of(component((1, globals_of(5_001)))) == "load.too_large"
    assert code_of(component((1, HEADER + section(2, leb(10_001))))) == "load.too_large"
