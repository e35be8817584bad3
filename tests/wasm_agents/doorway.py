"""Doors as a call of a guest has them, opened on whatever a test puts behind them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from contracts.policy import Policy
from providers.chat import PLAIN, Completion, Message, Options, Usage
from wasm_agents.doors.door import Doors
from wasm_agents.doors.outside import Outside
from wasm_agents.grants import Granted, KvRule, SecretRule
from wasm_agents.http_rules import HttpRule
from wasm_agents.recorder import Recorder
from wasm_agents.surroundings import Surroundings

AT_US = 1_763_700_000_123_456


class Doorway:
    """One call's doors, with its recorder at hand."""

    def __init__(
        self, granted: Granted | None = None, outside: Outside | None = None, *, policy: Policy | None = None
    ) -> None:
        self.recorder = Recorder()
        self.doors = Doors(
            granted or Granted(),
            outside or Outside(),
            world=Surroundings(now_ns=AT_US * 1000, seed="s"),
            policy=policy or Policy(),
            recorder=self.recorder,
            agent="wasm:test",
        )

    async def ask(self, op: str, **fields: Any) -> Any:
        """Return the envelope an operation answers with."""
        return json.loads(await self.doors.serve(op, json.dumps(fields).encode()))

    async def ok(self, op: str, **fields: Any) -> Any:
        """Return the value of an operation that must succeed."""
        envelope = await self.ask(op, **fields)
        assert "ok" in envelope, envelope
        return envelope["ok"]

    async def refusal(self, op: str, **fields: Any) -> str:
        """Return the code of an operation that must fail."""
        envelope = await self.ask(op, **fields)
        assert envelope.keys() == {"error"}, envelope
        assert envelope["error"].keys() == {"code", "message", "retryable"}
        code: str = envelope["error"]["code"]
        return code


def http(
    *urls: str, methods: Sequence[str] = ("GET",), secrets: Sequence[SecretRule] = (), **more: Any
) -> Granted:
    """Return a grant of requests to `scheme://host:port/path`."""
    rules = []
    for url in urls:
        scheme, _, rest = url.partition("://")
        authority, slash, path = rest.partition("/")
        host, _, port = authority.rpartition(":")
        rules.append(HttpRule(scheme, host, int(port), tuple(methods), slash + path))
    return Granted(http=tuple(rules), secrets=tuple(secrets), **more)


def kv(namespace: str = "notes", *, access: Any = "rw", quota_bytes: int = 10_000) -> Granted:
    """Return a grant of one namespace."""
    return Granted(kv=(KvRule(namespace, access, quota_bytes),))


class Chat:
    """A model that says the last message back."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[Message], int]] = []

    async def complete(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> Completion:
        """Answer, and keep what was asked."""
        self.asked.append((list(messages), max_tokens))
        return Completion(messages[-1].content, "stop", Usage(3, 4), "small-1")
