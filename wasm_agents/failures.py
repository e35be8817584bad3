"""What wasmtime says, in the words a trace carries.

Codes: `limit.time`, `limit.fuel`, `limit.memory`, `guest.trap`,
`guest.interrupted`, `host.internal`.
"""

from __future__ import annotations

from typing import Final

from wasmtime import Trap, TrapCode, WasmtimeError

from contracts.errors import AttemptFailed, AttemptTimedOut
from wasm_agents.alarm import StopReason

_LIMIT_WORDS: Final = ("exceeds memory limits", "exceeds table limits", "resource limit exceeded")


def brief(exc: Exception) -> str:
    """Return the last line of what wasmtime said, bounded and printable."""
    lines = [line.strip() for line in str(exc).splitlines() if line.strip()]
    text = lines[-1] if lines else type(exc).__name__
    return "".join(c if c.isprintable() else "?" for c in text[:300])


def failure_of(exc: Trap | WasmtimeError, *, reason: StopReason, memory_is_full: bool) -> AttemptFailed:
    """Return the error an attempt fails with.

    Args:
        exc: What ended the call.
        reason: Why the alarm stopped it, when it did.
        memory_is_full: Whether the guest's memory could not have grown by a page.
    """
    if isinstance(exc, WasmtimeError):
        return _refused(exc)
    code = trap_code(exc)
    if code == "interrupt":
        return _stopped(reason)
    if code == "out_of_fuel":
        return AttemptFailed("limit.fuel", "the guest used all its fuel", hint="Raise limits.fuel.")
    if memory_is_full:
        return memory_failure(f"the guest's memory is at its limit, and it trapped: {code}")
    return AttemptFailed("guest.trap", f"the guest trapped: {code}", data={"trap": code})


def memory_failure(message: str) -> AttemptFailed:
    """Return `limit.memory`."""
    return AttemptFailed("limit.memory", message, hint="Raise limits.memory_bytes, or send less.")


def trap_code(trap: Trap) -> str:
    """Return wasmtime's word for a trap, lower case."""
    try:
        code = trap.trap_code
    except ValueError:  # a code this wasmtime-py does not know
        return "unknown"
    return code.name.lower() if isinstance(code, TrapCode) else "unknown"


def _refused(exc: WasmtimeError) -> AttemptFailed:
    text = brief(exc)
    if any(words in text for words in _LIMIT_WORDS):
        return memory_failure(f"the module asks for more than it may use: {text}")
    return AttemptFailed("host.internal", f"wasmtime could not run the guest: {text}")


def _stopped(reason: StopReason) -> AttemptFailed:
    if reason == "interrupt":
        return AttemptFailed("guest.interrupted", "the guest was stopped: its caller gave up")
    return AttemptTimedOut("limit.time", "the guest ran past its deadline", hint="Raise limits.wall_ms.")
