"""What guests keep from call to call: JSON values by namespace and key, each on the disk before it is answered.

A namespace is shared by every agent that is granted it. Its quota counts keys
and values together, in bytes of UTF-8.
"""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from typing import Final, NamedTuple

from pydantic import JsonValue

from contracts.clock import Clock, unix_ms
from contracts.errors import AttemptFailed, InvalidInput
from contracts.jsontext import json_text, json_value
from storage.database import Database, Reader, Statement
from storage.guest_rows import (
    GuestValueRow,
    delete_guest_value,
    guest_keys,
    guest_size,
    guest_value,
    read_guest_value,
    set_guest_value,
)

MAX_KEY_CHARS: Final = 256
MAX_VALUE_BYTES: Final = 64 * 1024
MAX_KEYS: Final = 1000
"""In one list."""

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Keys(NamedTuple):
    """Some keys of a namespace."""

    keys: tuple[str, ...]
    next: str | None
    """What to give as `after` for those behind them; None where there are none."""


class GuestValues:
    """The values of all namespaces.

    Args:
        database: Its writer keeps them.
        reader: Of the same file.
        clock: Says when a value was written.
    """

    def __init__(self, database: Database, reader: Reader, clock: Clock) -> None:
        self._database = database
        self._reader = reader
        self._clock = clock
        self._sizes: dict[str, int] = {}
        # Each guards the size of its namespace while that is looked at and written.
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def get(self, namespace: str, key: str) -> tuple[bool, JsonValue]:
        """Return whether there is a value under a key, and it.

        Raises:
            InvalidInput: `kv.bad_key`.
            Damaged: `storage.damaged`.
        """
        found = self._row(namespace, key)
        return (False, None) if found is None else (True, json_value(found.value))

    def keys(self, namespace: str, *, prefix: str = "", after: str = "", limit: int = 100) -> Keys:
        """Return keys that begin with a prefix, in the order of their characters, behind one of them."""
        limit = max(1, min(limit, MAX_KEYS))
        rows = self._reader.query(*guest_keys(namespace, prefix=prefix, after=after, limit=limit + 1))
        found = tuple(row["key"] for row in rows[:limit])
        return Keys(found, found[-1] if len(rows) > limit else None)

    async def put(self, namespace: str, key: str, value: JsonValue, *, quota_bytes: int, by: str) -> None:
        """Keep a value in place of the one under its key; durable on return, also where the caller gave up.

        Args:
            namespace: Whose.
            key: Of it.
            value: JSON of at most `MAX_VALUE_BYTES`.
            quota_bytes: What the namespace may hold.
            by: The agent.

        Raises:
            InvalidInput: `kv.bad_key`, `kv.too_large`.
            AttemptFailed: `kv.quota`.
            Unavailable: `storage.*`.
        """
        text = json_text(value)
        size = len(text.encode())
        if size > MAX_VALUE_BYTES:
            raise InvalidInput("kv.too_large", f"a value of {size} bytes, at most {MAX_VALUE_BYTES} are kept")
        row = GuestValueRow(
            namespace, check_key(key), by, unix_ms(self._clock.now()), size + len(key.encode()), text
        )
        await asyncio.shield(asyncio.ensure_future(self._put(row, quota_bytes)))

    async def delete(self, namespace: str, key: str) -> bool:
        """Forget a value and say whether there was one; durable on return, also where the caller gave up.

        Raises:
            InvalidInput: `kv.bad_key`.
            Unavailable: `storage.*`.
        """
        return await asyncio.shield(asyncio.ensure_future(self._delete(namespace, check_key(key))))

    async def _put(self, row: GuestValueRow, quota_bytes: int) -> None:
        async with self._turns[row.namespace]:
            before = self._row(row.namespace, row.key)
            after = self._size(row.namespace) - (before.size if before else 0) + row.size
            if after > quota_bytes:
                raise AttemptFailed(
                    "kv.quota",
                    f"{row.namespace!r} would hold {after} bytes, {quota_bytes} are granted",
                    hint="Delete values, or raise the manifest's quota_bytes.",
                )
            await self._write(set_guest_value(row), row.namespace, after)

    async def _delete(self, namespace: str, key: str) -> bool:
        async with self._turns[namespace]:
            before = self._row(namespace, key)
            if before is None:
                return False
            await self._write(
                delete_guest_value(namespace, key), namespace, self._size(namespace) - before.size
            )
            return True

    async def _write(self, statement: Statement, namespace: str, size: int) -> None:
        self._sizes.pop(namespace, None)  # unknown until the write is known to be kept
        await asyncio.wrap_future(self._database.commit([statement]))
        self._sizes[namespace] = size

    def _size(self, namespace: str) -> int:
        # Nobody else writes this file, so what was summed once is known from then on.
        if namespace not in self._sizes:
            self._sizes[namespace] = int(self._reader.query(*guest_size(namespace))[0]["size"])
        return self._sizes[namespace]

    def _row(self, namespace: str, key: str) -> GuestValueRow | None:
        rows = self._reader.query(*guest_value(namespace, check_key(key)))
        return read_guest_value(rows[0]) if rows else None


def check_key(key: str) -> str:
    """Return a key that may be kept.

    Raises:
        InvalidInput: `kv.bad_key`.
    """
    if not 0 < len(key) <= MAX_KEY_CHARS or _CONTROL.search(key):
        raise InvalidInput(
            "kv.bad_key", f"a key is 1 to {MAX_KEY_CHARS} characters, none of control: {key[:80]!r}"
        )
    return key
