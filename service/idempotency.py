"""The same request twice is one request: callers name theirs, and a name is kept with what it made.

The name is stored in the transaction that creates the run, so either both are
there after a crash or neither is. Nothing is looked up before a new name is
tried: the database itself refuses one that it knows.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from contracts.clock import Clock, unix_ms
from contracts.errors import Conflict, InvalidInput, Unavailable
from contracts.journal import IdempotencyKey

HEADER: Final = "Idempotency-Key"
MAX_CHARS: Final = 255
KEPT_MS: Final = 24 * 3600 * 1000

_NAME: Final = re.compile(rf"[\x21-\x7e](?:[\x20-\x7e]{{0,{MAX_CHARS - 2}}}[\x21-\x7e])?")

Find = Callable[[str], "Made | None"]
Submit = Callable[[IdempotencyKey | None], Awaitable[str]]


class Made(NamedTuple):
    """What a name is kept with."""

    fingerprint: str
    run_id: str
    at_ms: int


class Taken(NamedTuple):
    """The run that a request made, now or when it was sent first."""

    run_id: str
    is_replay: bool


def check_name(name: str | None) -> str | None:
    """Return the name a caller gave a request.

    Raises:
        InvalidInput: `request.bad_key`.
    """
    if name is not None and _NAME.fullmatch(name) is None:
        raise InvalidInput(
            "request.bad_key",
            f"a key is 1 to {MAX_CHARS} printable ASCII characters, this is {name[:80]!r}",
            where=HEADER,
            hint="Send a UUID, the same one with every try of one request.",
        )
    return name


class Once:
    """Lets a named request through once.

    Args:
        find: What the database keeps under a name.
        forget: Takes names given before a time (Unix milliseconds) out of the database; durable on return.
        clock: For how long a name is kept.
    """

    def __init__(self, find: Find, forget: Callable[[int], Awaitable[None]], clock: Clock) -> None:
        self._find = find
        self._forget = forget
        self._clock = clock
        self._in_flight: dict[str, str] = {}

    async def submit(self, name: str | None, fingerprint: str, submit: Submit) -> Taken:
        """Return the run of a request, made by `submit` unless an earlier one of that name made it.

        Raises:
            InvalidInput: `request.key_mismatch`.
            Conflict: `request.key_in_flight`.
            CallsheetError: As `submit` raises it.
        """
        if name is None:
            return Taken(await submit(None), is_replay=False)
        asked = self._in_flight.get(name)
        if asked is not None:
            raise _mismatch(name) if asked != fingerprint else _in_flight(name)
        self._in_flight[name] = fingerprint
        try:
            return await self._submit(name, fingerprint, submit)
        finally:
            del self._in_flight[name]

    async def _submit(self, name: str, fingerprint: str, submit: Submit) -> Taken:
        key = IdempotencyKey(name, fingerprint, unix_ms(self._clock.now()))
        try:
            return Taken(await submit(key), is_replay=False)
        except (Conflict, Unavailable) as exc:  # full or stopping: what was taken in before is answered still
            earlier = self._find(name)
            if earlier is None:
                raise
            oldest = key.at_ms - KEPT_MS
            if earlier.at_ms > oldest:
                if earlier.fingerprint != fingerprint:
                    raise _mismatch(name) from exc
                return Taken(earlier.run_id, is_replay=True)
            if exc.code != "request.key_used":
                raise
        await self._forget(oldest)
        return Taken(await submit(key), is_replay=False)


def _mismatch(name: str) -> InvalidInput:
    return InvalidInput(
        "request.key_mismatch",
        f"another request was sent with the key {name[:80]!r}",
        where=HEADER,
        hint="Give each request a key of its own, and repeat it only with the same body.",
    )


def _in_flight(name: str) -> Conflict:
    return Conflict(
        "request.key_in_flight",
        f"the request with the key {name[:80]!r} is being taken in",
        where=HEADER,
        hint="Send it again in a moment: it will be answered with the same run.",
    )
