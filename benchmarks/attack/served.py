"""What `agent.call` reaches in these runs: ops that echo, refuse, fail, break, sleep and flood."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from contracts.errors import AttemptFailed, CallsheetError, InvalidInput, Refused
from wasm_agents.doors.envelopes import failed

FLOOD_BYTES: Final = 2**20
LINGER_S: Final = 0.11
"""A little past the deadline of who asks for a sleep: in place, only the op itself can end it."""


async def serve(op: str, given: bytes) -> bytes:
    """Answer one call of a guest with an envelope, as the door of a run does: nothing is raised."""
    try:
        return b'{"ok":' + await _answer(op, given) + b"}"
    except CallsheetError as error:
        return failed(error.code, error.message, retryable=error.retryable)
    except LookupError as error:
        return failed("host.internal", f"{op[:80]} failed: {type(error).__name__}")


async def _answer(op: str, given: bytes) -> bytes:
    match op:
        case "echo":
            return given
        case "swallows":
            return b"1"
        case "denied":
            raise Refused("capability.denied", "no grant names it")
        case "fails":
            raise AttemptFailed("fetch.failed", f"it failed, given {len(given)} bytes")
        case "breaks":
            raise LookupError("a secret: 0xdeadbeef")
        case "sleeps":
            await asyncio.sleep(5)
            return b"1"
        case "floods":
            return b'"' + b"f" * FLOOD_BYTES + b'"'
        case _:
            raise InvalidInput("capability.unknown_op", f"there is no op {op[:80]!r}")


def serve_here(op: str, given: bytes) -> bytes:
    """Answer as `serve` does, without an event loop; what would wait is told that it may not.

    Raises:
        RuntimeError: Never: every op but the one that waits answers at once.
    """
    if op == "sleeps":
        time.sleep(LINGER_S)
        return b'{"ok":1}'
    answering = serve(op, given)
    try:
        answering.send(None)
    except StopIteration as end:
        return bytes(end.value)
    raise RuntimeError(op)
