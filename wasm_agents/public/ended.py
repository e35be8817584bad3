"""What wasmtime-py raised, in the words of the error tree: the same codes as through the C API."""

from __future__ import annotations

import re
from typing import Final

from wasmtime import Trap, WasmtimeError

from contracts.errors import AttemptFailed
from wasm_agents import failures
from wasm_agents.component.failures import failure_of, trapped
from wasm_agents.component.outer import Place, place_of
from wasm_agents.watch import StopReason

_TRAP: Final = "wasm trap: "
_WORDS: Final = {
    "wasm `unreachable` instruction executed": "unreachable",
    "out of bounds memory access": "memory_out_of_bounds",
    "undefined element: out of bounds table access": "table_out_of_bounds",
    "uninitialized element": "indirect_call_to_null",
    "indirect call type mismatch": "bad_signature",
    "integer overflow": "integer_overflow",
    "integer divide by zero": "integer_division_by_zero",
    "invalid conversion to integer": "bad_conversion_to_integer",
    "call stack exhausted": "stack_overflow",
    "all fuel consumed by WebAssembly": "out_of_fuel",
    "interrupt": "interrupt",
    "string content out-of-bounds": "string_out_of_bounds",
    "invalid variant discriminant": "invalid_discriminant",
    "unaligned pointer": "unaligned_pointer",
}
"""What wasmtime says of a trap, of those that a component without imports can meet; the word for it."""
_FRAME: Final = re.compile(r"^ *[0-9]+: +0x([0-9a-f]{1,8}) - ", re.MULTILINE)


def core_failure(exc: Trap | WasmtimeError, *, stop: StopReason, memory_is_full: bool) -> AttemptFailed:
    """Return the error of a core module's call."""
    if isinstance(exc, Trap):
        return failures.trapped(_word_of(exc), stop=stop, memory_is_full=memory_is_full)
    return failures.refused(text_of(exc), stop=stop)


def component_failure(
    exc: Trap | WasmtimeError, *, stop: StopReason, fuel_left: int, most: int
) -> AttemptFailed:
    """Return the error of a component's call; wasmtime-py tells its traps in words alone.

    Args:
        exc: What it raised.
        stop: Why the watch ended the call, when it did.
        fuel_left: Of the call.
        most: How long an answer may be.
    """
    text, place = text_of(exc), component_place(exc)
    _, is_trap, says = text.partition(_TRAP)
    if is_trap and not stop:
        word = "out_of_fuel" if not fuel_left else _WORDS.get(says, "unknown")
        return trapped(word, place=place, most=most)
    return failure_of(text, stop=stop, place=place, most=most)


def component_place(exc: Trap | WasmtimeError) -> Place:
    """Return where a component's call ended.

    A name that a guest chose may look like more frames, but it can hide none: the
    first stands before any name, and a border has no frame of a guest's.
    """
    return place_of([int(at, 16) for at in _FRAME.findall(str(exc))])


def text_of(exc: Trap | WasmtimeError) -> str:
    """Return why, bounded and printable: the cause stands last, after a backtrace of names the guest chose."""
    lines = [line.strip() for line in str(exc)[-4000:].replace("\0", "").splitlines()]
    text = next((line for line in reversed(lines) if line), "")
    return "".join(char if char.isprintable() else "?" for char in text[:300])


def _word_of(trap: Trap) -> str:
    try:
        code = trap.trap_code
    except ValueError:  # one that this wasmtime-py does not know
        return "unknown"
    return "host" if code is None else code.name.lower()
