"""What ended a component's call, in the words a trace carries.

A component's traps and its broken promises both arrive as text; a trap's text
is compared with what this very library says of each trap. Where it stands tells
the outer component's traps from the guest's, whatever names a guest chose.
"""

from __future__ import annotations

from ctypes import byref, c_uint8
from ctypes import c_void_p as ptr
from functools import cache
from typing import Final, NamedTuple

from contracts.errors import AttemptFailed
from wasm_agents import failures
from wasm_agents.capi import library as c
from wasm_agents.component import binding as b
from wasm_agents.component.outer import Place, place_of
from wasm_agents.limits import MAX_COMPONENT_OUTPUT
from wasm_agents.watch import StopReason

_TRAP: Final = "wasm trap: "
_TOO_MANY_MEMORIES: Final = "memory count too high"
_ABI: Final[tuple[tuple[str, str, str], ...]] = (
    ("realloc return", "abi.bad_alloc", "realloc gave no place in memory"),
    ("out of bounds of memory", "abi.bad_pointer", "the answer lies outside the guest's memory"),
    ("not aligned", "abi.bad_pointer", "the answer lies where none can"),
    ("string length of", "abi.bad_pointer", "the answer lies outside the guest's memory"),
    ("discriminant", "output.envelope", "the answer is neither ok nor error"),
)
"""What wasmtime says of a guest that breaks the canonical ABI; the code; what we say."""
_BORDER: Final[dict[str, tuple[str, str]]] = {
    "invalid_discriminant": ("output.envelope", "the answer is neither ok nor error"),
    "memory_out_of_bounds": ("abi.bad_pointer", "the answer lies outside the guest's memory"),
    "string_out_of_bounds": ("abi.bad_pointer", "a string lies outside the guest's memory"),
    "unaligned_pointer": ("abi.bad_pointer", "the answer lies where none can"),
}
"""The same, where the outer component met it."""
_TEXT: Final = "invalid utf"

_trap_new_code = c.symbol("wasmtime_trap_new_code", ptr, c_uint8)


class Ended(NamedTuple):
    """How wasmtime ended a call."""

    text: str
    """The last line of what it says."""
    place: Place = "guest"


def take_error(error: int) -> Ended:
    """Return what an error says, and free it."""
    frames = b.Frames()
    b.error_frames(error, byref(frames))
    # Three are enough to tell a place.
    places = [b.frame_place(frames.at[n]) for n in range(min(frames.size, 3))]
    b.frames_delete(byref(frames))
    return Ended(c.take_error(error), place_of(places))


def failure_of(text: str, *, stop: StopReason, place: Place = "guest", most: int = 0) -> AttemptFailed:
    """Return the error of a call that wasmtime ended with these words.

    Args:
        text: The last line of it.
        stop: Why the watch ended the call, when it did.
        place: Where it ended.
        most: How long an answer may be.
    """
    _, is_trap, says = text.partition(_TRAP)
    if stop:
        return failures.stopped(stop)
    if is_trap:
        return trapped(_words().get(says, "unknown"), place=place, most=most)
    if _TEXT in text:
        if place != "border":
            return trapped("invalid_text", place=place, most=most)
        return AttemptFailed("output.utf8", f"the answer cannot be read: {text}", hint="Mend the guest.")
    for part, code, message in _ABI:
        if part in text.lower():
            return AttemptFailed(code, f"{message}: {text}", hint="Mend the guest.")
    return failures.refused(text, stop=stop)


def wants_more_memories(text: str) -> bool:
    """Say whether a component could not be made only because it has one more memory than was allowed."""
    return _TOO_MANY_MEMORIES in text


def trapped(word: str, *, place: Place, most: int) -> AttemptFailed:
    """Return the error of a call that ended in a trap.

    Args:
        word: wasmtime's, lower case.
        place: Where.
        most: How long an answer may be.
    """
    if place == "over":
        return _over(most)
    if place == "full":
        return failures.memory_failure("what is handed over does not fit in a memory of the guest's size")
    if place == "border" and word in _BORDER:
        code, message = _BORDER[word]
        return AttemptFailed(code, f"{message}: {word}", hint="Mend the guest.")
    return failures.trapped(word, stop="", memory_is_full=False)


def _over(most: int) -> AttemptFailed:
    message = f"an output of more bytes than the {most} that are passed"
    hint = f"Answer less; a component may answer {MAX_COMPONENT_OUTPUT} bytes at most."
    return AttemptFailed("limit.output", message, hint=hint)


@cache
def _words() -> dict[str, str]:
    """Return the word for each trap, by what the library says of it."""
    found = {}
    for number in range(len(c.TRAP_WORDS)):
        word, text = c.take_trap(_trap_new_code(number))
        found[text.removeprefix(_TRAP)] = word
    return found
