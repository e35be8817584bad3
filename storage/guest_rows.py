"""What guests keep from call to call: rows of `guest_kv`, what writes them and what asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from storage.statement import Query, Statement
from storage.table import Row, Table


@dataclass(slots=True)
class GuestValueRow:
    """One value under a key of a namespace."""

    namespace: str
    key: str
    written_by: str
    """The agent that wrote it last."""
    at_ms: int
    size: int
    """Bytes of key and value, which a quota counts."""
    value: str
    """JSON."""


GUEST_VALUE: Final = Table(GuestValueRow, "guest_kv", key=("namespace", "key"), long=("value",))


def set_guest_value(row: GuestValueRow) -> Statement:
    """Keep a value in place of the one under its key."""
    return GUEST_VALUE.upsert(row)


def delete_guest_value(namespace: str, key: str) -> Statement:
    """Forget a value."""
    return Statement("DELETE FROM guest_kv WHERE namespace = ? AND key = ?", (namespace, key))


def guest_value(namespace: str, key: str) -> Query:
    """Select one value."""
    return Query(
        f"SELECT {GUEST_VALUE.select} FROM guest_kv WHERE namespace = ? AND key = ?", (namespace, key)
    )


def guest_keys(namespace: str, *, prefix: str, after: str, limit: int) -> Query:
    """Select keys that begin with a prefix, in the order of their characters, behind one of them."""
    end = _end_of(prefix)
    upto = "" if end is None else " AND key < ?"
    return Query(
        f"SELECT key FROM guest_kv WHERE namespace = ? AND key > ? AND key >= ?{upto} ORDER BY key LIMIT ?",
        (namespace, after, prefix, *(() if end is None else (end,)), limit),
    )


def guest_size(namespace: str) -> Query:
    """Select how many bytes a namespace holds."""
    return Query(
        "SELECT coalesce(sum(size), 0) AS size FROM guest_kv INDEXED BY guest_kv_size WHERE namespace = ?",
        (namespace,),
    )


def read_guest_value(row: Row) -> GuestValueRow:
    """Return a value as it was written, or raise `Damaged`."""
    return GUEST_VALUE.read(row)


def _end_of(prefix: str) -> str | None:
    """Return the first text behind all that begin with a prefix; None where there is none."""
    for at in range(len(prefix) - 1, -1, -1):
        code = ord(prefix[at]) + 1
        if code <= 0x10FFFF:
            return prefix[:at] + chr(0xE000 if code == 0xD800 else code)
    return None
