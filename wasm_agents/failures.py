"""What ended a call, in the words a trace carries; the same for every kind of guest and every backend.

Codes: `limit.time`, `limit.fuel`, `limit.memory`, `limit.table`, `limit.stack`,
`guest.trap`, `guest.exit`, `guest.interrupted`, `host.internal`.
"""

from __future__ import annotations

from typing import Final

from contracts.errors import AttemptFailed, AttemptTimedOut
from wasm_agents.watch import StopReason

_MEMORY_WORDS: Final = ("exceeds memory limits", "resource limit exceeded", "memory has a minimum byte size")
_TABLE_WORDS: Final = (
    "table count too high",
    "exceeds table limits",
    "tables count of",
    "has a minimum element size",
)
_BUSY_WORDS: Final = ("maximum concurrent", "limit of 1 reached", "Cannot allocate memory")


def trapped(word: str, *, stop: StopReason, memory_is_full: bool) -> AttemptFailed:
    """Return the error of a call that ended in a trap.

    Args:
        word: wasmtime's, lower case.
        stop: Why the watch ended it, when it did.
        memory_is_full: Whether the guest's memory could not have grown by a page.
    """
    if stop or word == "interrupt":
        return stopped(stop)
    if word == "out_of_fuel":
        return AttemptFailed("limit.fuel", "the guest used all its fuel", hint="Raise limits.fuel.")
    if word == "stack_overflow":
        return AttemptFailed(
            "limit.stack", "the guest's calls went too deep", hint="Recurse less; the stack has a fixed size."
        )
    if memory_is_full:
        return memory_failure(f"the guest's memory is at its limit, and it trapped: {word}")
    return AttemptFailed("guest.trap", f"the guest trapped: {word}", data={"trap": word})


def refused(text: str, *, stop: StopReason) -> AttemptFailed:
    """Return the error of a call wasmtime refused or gave up, by its message."""
    if stop:
        return stopped(stop)
    if any(words in text for words in _TABLE_WORDS):
        return AttemptFailed(
            "limit.table",
            f"the guest asks for more than it may use: {text}",
            hint="Raise limits.table_elements.",
        )
    if any(words in text for words in _MEMORY_WORDS):
        return memory_failure(f"the guest asks for more than it may use: {text}")
    if any(words in text for words in _BUSY_WORDS):
        return AttemptFailed(
            "host.busy", f"there is no room for one more guest: {text}", hint="Run fewer at once."
        )
    return AttemptFailed("host.internal", f"wasmtime could not run the guest: {text}")


def stopped(stop: StopReason) -> AttemptFailed:
    """Return the error of a call its watch ended."""
    if stop == "interrupt":
        return AttemptFailed("guest.interrupted", "the guest was stopped: its caller gave up")
    return AttemptTimedOut("limit.time", "the guest ran past its deadline", hint="Raise limits.wall_ms.")


def memory_failure(message: str) -> AttemptFailed:
    """Return `limit.memory`."""
    return AttemptFailed("limit.memory", message, hint="Raise limits.memory_bytes, or send less.")


def exited(code: int) -> AttemptFailed:
    """Return the error of a guest that ended itself: it gave no answer, whatever its status."""
    return AttemptFailed("guest.exit", f"the guest ended itself with status {code}", data={"status": code})


def bad_alloc(length: int, pointer: int, size: int) -> AttemptFailed:
    """Return the error of an `alloc` whose answer is not in memory."""
    return AttemptFailed(
        "abi.bad_alloc",
        f"alloc({length}) gave {pointer:#x}, and memory has {size} bytes",
        data={"pointer": pointer, "memory_bytes": size},
    )


def bad_pointer(who: str, length: int, pointer: int, *, size: int) -> AttemptFailed:
    """Return the error of a pointer and length that are not in memory."""
    return AttemptFailed(
        "abi.bad_pointer",
        f"{who} gave {length} bytes at {pointer:#x}, and memory has {size} bytes",
        data={"pointer": pointer, "length": length, "memory_bytes": size},
    )


def over(what: str, size: int, most: int) -> str:
    """Say that an input or output is too long."""
    return f"an {what} of {size} bytes, at most {most} are passed"
