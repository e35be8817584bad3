"""What holds for a guest that calls the host, whatever runs it: what it may ask, and how its call ends."""

from __future__ import annotations

import json
import time
from typing import Final, Protocol

from contracts.errors import AttemptFailed
from wasm_agents import failures
from wasm_agents.limits import GuestLimits
from wasm_agents.wasi import BadPointer, Exit, GuestMemory
from wasm_agents.watch import Watch

MAX_OP_BYTES: Final = 128
MAX_LOG_LINE: Final = 64 * 1024
BREATH_S: Final = 0.004
"""How long a guest may call its host again and again before other threads get their turn for certain."""
PAUSE_S: Final = 0.000_05
DENIED: Final = (
    b'{"error":{"code":"capability.denied","message":"nothing is granted to this call","retryable":false}}'
)


def in_band(code: str, message: str) -> bytes:
    """Return an error as the guest is told it."""
    return json.dumps({"error": {"code": code, "message": message, "retryable": False}}).encode()


def keep_time(watch: Watch) -> None:
    """Do at each host call what else a tick does.

    Between two host calls the interpreter's lock is free for so short a time that no other thread gets
    hold of it: what moves the epoch on is kept waiting, as is everybody else.

    Raises:
        AttemptFailed: `limit.time`, `guest.interrupted`.
    """
    now = time.monotonic()
    if now >= watch.breath:
        if watch.breath:
            time.sleep(PAUSE_S)
        watch.breath = now + BREATH_S
    if not watch.stop and now >= watch.deadline:
        watch.stop = "deadline"
    if watch.stop:
        raise failures.stopped(watch.stop)


class Asking(GuestMemory, Protocol):
    """An instance whose guest calls the host, whatever runs it."""

    host_calls: int
    failure: AttemptFailed | None

    @property
    def limits(self) -> GuestLimits:
        """What it may use."""
        ...

    @property
    def pending(self) -> object:
        """The host call it is in already, if any."""
        ...

    @property
    def alloc(self) -> object:
        """Its `alloc`; nothing before its exports are known."""
        ...

    def size(self) -> int:
        """Return how many bytes of memory it has."""
        ...


def ask(instance: Asking, words: tuple[int, int, int, int]) -> tuple[str, bytes] | bytes:
    """Return what is asked for, or at once the answer.

    Raises:
        AttemptFailed: `limit.host_calls`, `abi.bad_alloc`.
        BadPointer: Op or input are not in memory.
    """
    if instance.pending is not None:
        # A call within a call would take a stack of its own, and hide the one it is within.
        raise AttemptFailed("abi.bad_alloc", "alloc called the host while it was to make room for a reply")
    if not instance.alloc:
        raise AttemptFailed("abi.bad_alloc", "the start function called the host, and alloc is not there yet")
    instance.host_calls += 1
    if instance.host_calls > instance.limits.host_calls:
        raise AttemptFailed(
            "limit.host_calls",
            f"the guest made more than {instance.limits.host_calls} host calls",
            hint="Raise limits.host_calls.",
        )
    op_at, op_length, at, length = words
    if op_length > MAX_OP_BYTES:
        instance.read(op_at, op_length)  # a pointer out of memory is the worse offence
        return in_band("capability.unknown_op", f"an op has at most {MAX_OP_BYTES} bytes")
    if length > instance.limits.output_bytes:
        if at + length > instance.size():
            raise BadPointer(at, length)
        return in_band(
            "limit.output", failures.over("input of a host call", length, instance.limits.output_bytes)
        )
    return instance.read(op_at, op_length).decode("utf-8", "replace"), instance.read(at, length)


def host_failed(exc: BaseException) -> AttemptFailed:
    """Return the error of a call whose host function failed by a defect of the host's."""
    return AttemptFailed("host.internal", f"a host function failed: {type(exc).__name__}: {str(exc)[:200]}")


def note_end(instance: Asking, exc: BaseException) -> None:
    """Note why a host function ends the call, unless it ended before."""
    if instance.failure is None:
        match exc:
            case Exit():
                instance.failure = failures.exited(exc.code)
            case BadPointer():
                at, length = exc.args
                instance.failure = failures.bad_pointer("a host call", length, at, size=instance.size())
            case AttemptFailed():
                instance.failure = exc
            case _:
                instance.failure = host_failed(exc)
