"""What a run knows while it goes: JSON values under keys, shared by threads.

A value is kept as its JSON text, so nothing a caller does to what it set or
got reaches anybody else. A key is written once, unless replaced on purpose.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Mapping
from typing import Final, NamedTuple

from pydantic import JsonValue

from contracts.errors import AttemptTimedOut, Conflict, InvalidInput, NotFound
from contracts.jsontext import json_value
from contracts.plan import KEY_PATTERN
from memory.encoding import encode

INPUTS: Final = "inputs"
"""Who wrote the values a context starts with."""

_KEY: Final = re.compile(KEY_PATTERN)


class Entry(NamedTuple):
    """One value, and the subtask that wrote it."""

    text: str
    """JSON."""
    by: str


class SharedContext:
    """Values by key; every method may be called from any thread.

    Args:
        values: What the caller of the run gives.

    Raises:
        InvalidInput: `context.bad_key`, `context.not_json`, `context.too_large`.
    """

    def __init__(self, values: Mapping[str, JsonValue] | None = None) -> None:
        self._entries = {_checked(k): Entry(encode(v, k), INPUTS) for k, v in (values or {}).items()}
        self._lock = threading.Lock()  # guards all below; never held while JSON is read or written
        self._changed: threading.Condition | None = None
        """Made for the first who waits."""

    def set(self, key: str, value: JsonValue, *, by: str, replace: bool = False) -> None:
        """Keep a value and wake who waits for it.

        Args:
            key: As in a plan: `^[a-z][a-z0-9_]{0,62}$`.
            value: Any JSON; copied.
            by: The id of the subtask that wrote it.
            replace: Take the place of a value that is there.

        Raises:
            Conflict: `context.key_taken`, naming who wrote it first.
            InvalidInput: `context.bad_key`, `context.not_json`, `context.too_large`.
        """
        self._keep(key, Entry(encode(value, _checked(key)), by), replace=replace)

    def set_text(self, key: str, text: str, *, by: str) -> None:
        """Keep a value that is JSON text already, as `encode` or a journal gave it.

        Raises:
            Conflict: `context.key_taken`, naming who wrote it first.
            InvalidInput: `context.bad_key`.
        """
        self._keep(_checked(key), Entry(text, by), replace=False)

    def _keep(self, key: str, entry: Entry, *, replace: bool) -> None:
        with self._lock:
            first = self._entries.get(key)
            if first is None or replace:
                self._entries[key] = entry
                if self._changed is not None:
                    self._changed.notify_all()
                return
        raise Conflict(
            "context.key_taken",
            f"{entry.by!r} writes {key!r}, which {first.by!r} has written",
            where=key,
            hint="Give each subtask its own output_key.",
            data={"key": key, "written_by": first.by},
        )

    def get(self, key: str) -> JsonValue:
        """Return a copy of the value.

        Raises:
            NotFound: `context.unknown_key`, with the known keys.
        """
        return _decoded(self.entry(key))

    def entry(self, key: str) -> Entry:
        """Return the value as it is kept: its JSON text and who wrote it.

        Raises:
            NotFound: `context.unknown_key`, with the known keys.
        """
        with self._lock:
            found = self._entries.get(key)
            known = [] if found else sorted(self._entries)
        if found is None:
            raise NotFound(
                "context.unknown_key",
                f"nothing is written under {key[:80]!r}",
                where=key[:80],
                data={"known": known[:100]},
            )
        return found

    def has(self, key: str) -> bool:
        """Say whether the key is written."""
        with self._lock:
            return key in self._entries

    def keys(self) -> frozenset[str]:
        """Return the keys written so far."""
        with self._lock:
            return frozenset(self._entries)

    def written_by(self, key: str) -> str:
        """Return the id of the subtask that wrote the key, `inputs` for one the caller gave.

        Raises:
            NotFound: `context.unknown_key`.
        """
        return self.entry(key).by

    def snapshot(self) -> dict[str, JsonValue]:
        """Return a copy of every value as they stood together at one moment."""
        with self._lock:
            entries = dict(self._entries)
        return {key: _decoded(entry) for key, entry in entries.items()}

    def wait(self, key: str, timeout_s: float) -> JsonValue:
        """Return a copy of the value once it is written; of the thread's own loop this blocks all.

        Args:
            key: As in a plan.
            timeout_s: 0 or less does not wait.

        Raises:
            AttemptTimedOut: `context.wait_timeout`.
            InvalidInput: `context.bad_key`, `context.bad_timeout`.
        """
        _checked(key)
        if math.isnan(timeout_s):
            raise InvalidInput("context.bad_timeout", "a timeout is a number of seconds, this is nan")
        bounded = min(max(timeout_s, 0.0), threading.TIMEOUT_MAX)
        with self._lock:
            if self._changed is None:
                self._changed = threading.Condition(self._lock)
            self._changed.wait_for(lambda: key in self._entries, timeout=bounded)
            found = self._entries.get(key)
        if found is None:
            raise AttemptTimedOut(
                "context.wait_timeout", f"nothing was written under {key!r} in {timeout_s:g} s", where=key
            )
        return _decoded(found)


def _checked(key: str) -> str:
    if _KEY.fullmatch(key):
        return key
    raise InvalidInput(
        "context.bad_key",
        f"a key is lower-case letters, digits and '_', at most 63 of them: {key[:80]!r}",
        hint=f"Match {KEY_PATTERN}",
    )


def _decoded(entry: Entry) -> JsonValue:
    return json_value(entry.text)
