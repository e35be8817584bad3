"""`kv.get`, `kv.put`, `kv.delete`, `kv.list`: values a guest keeps from call to call, in namespaces it was granted."""

from __future__ import annotations

from typing import Final

from pydantic import JsonValue

from contracts.errors import Refused, Unavailable
from memory.kv import MAX_KEY_CHARS, MAX_KEYS, MAX_VALUE_BYTES, GuestValues
from wasm_agents.doors.asked import Asked
from wasm_agents.grants import DENIED, Granted, KvRule

MAX_NAMESPACE: Final = 63
LISTED: Final = 100
MAX_PUT: Final = 8 * MAX_VALUE_BYTES
"""Of an input that holds a value, however it is spelled."""


class KvDoor:
    """The stored values of one call.

    Args:
        granted: What the guest may ask for.
        values: Where they are kept.
        agent: Who writes.
    """

    def __init__(self, granted: Granted, values: GuestValues | None, *, agent: str) -> None:
        self._granted = granted
        self._values = values
        self._agent = agent

    async def get(self, raw: bytes) -> JsonValue:
        """Return `{"found": …, "value": …}`.

        Raises:
            InvalidInput: `capability.bad_input`, `kv.bad_key`.
            Refused: `capability.denied`.
            Unavailable: `capability.unavailable`.
        """
        asked = Asked("kv.get", raw, known=("namespace", "key"))
        rule, values = self._open(asked, write=False)
        is_found, value = values.get(rule.namespace, _key(asked))
        return {"found": is_found, "value": value}

    async def put(self, raw: bytes) -> JsonValue:
        """Keep a value; it is on the disk when this answers `{}`.

        Raises:
            InvalidInput: `capability.bad_input`, `kv.bad_key`, `kv.too_large`.
            Refused: `capability.denied`.
            AttemptFailed: `kv.quota`.
            Unavailable: `capability.unavailable`, `storage.*`.
        """
        asked = Asked("kv.put", raw, known=("namespace", "key", "value"), most=MAX_PUT)
        rule, values = self._open(asked, write=True)
        await values.put(
            rule.namespace, _key(asked), asked.value("value"), quota_bytes=rule.quota_bytes, by=self._agent
        )
        return {}

    async def delete(self, raw: bytes) -> JsonValue:
        """Forget a value and return `{"found": …}`.

        Raises:
            InvalidInput: `capability.bad_input`, `kv.bad_key`.
            Refused: `capability.denied`.
            Unavailable: `capability.unavailable`, `storage.*`.
        """
        asked = Asked("kv.delete", raw, known=("namespace", "key"))
        rule, values = self._open(asked, write=True)
        return {"found": await values.delete(rule.namespace, _key(asked))}

    async def list(self, raw: bytes) -> JsonValue:
        """Return `{"keys": […], "next": …}`: keys by a prefix, in their order, behind one of them.

        Raises:
            InvalidInput: `capability.bad_input`.
            Refused: `capability.denied`.
            Unavailable: `capability.unavailable`.
        """
        asked = Asked("kv.list", raw, known=("namespace", "prefix", "after", "limit"))
        rule, values = self._open(asked, write=False)
        found = values.keys(
            rule.namespace,
            prefix=asked.text("prefix", most=MAX_KEY_CHARS, default=""),
            after=asked.text("after", most=MAX_KEY_CHARS, default=""),
            limit=asked.whole("limit", least=1, most=MAX_KEYS, default=LISTED),
        )
        return {"keys": [*found.keys], "next": found.next}

    def _open(self, asked: Asked, *, write: bool) -> tuple[KvRule, GuestValues]:
        namespace = asked.text("namespace", most=MAX_NAMESPACE, least=1)
        rule, why = self._granted.kv_rule(namespace), self._granted.allows_kv(namespace, write=write)
        if why or rule is None:
            raise Refused(DENIED, why, hint="Ask for it under capabilities.kv; the operator allows it.")
        if self._values is None:
            raise Unavailable("capability.unavailable", "nothing is stored here")
        return rule, self._values


def _key(asked: Asked) -> str:
    return asked.text("key", most=MAX_KEY_CHARS, least=1)
