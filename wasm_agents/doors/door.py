"""The one door a guest calls through: an operation's name and JSON in, an envelope out, all of it recorded.

Whatever goes wrong is answered in-band; nothing is raised into the host but
being cancelled. A defect of ours is logged, and the guest is told
`host.internal`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from pydantic import JsonValue

from contracts.errors import CallsheetError, NotFound
from contracts.policy import Policy
from wasm_agents.doors.envelopes import failed, ok
from wasm_agents.doors.http_door import HttpDoor
from wasm_agents.doors.kv_door import KvDoor
from wasm_agents.doors.llm_door import LlmDoor
from wasm_agents.doors.outside import Outside
from wasm_agents.doors.secrets import Secrets
from wasm_agents.doors.spending import Spending
from wasm_agents.doors.world_door import WorldDoor
from wasm_agents.grants import Granted
from wasm_agents.recorder import Recorder
from wasm_agents.surroundings import Surroundings

Op = Callable[[bytes], Awaitable[JsonValue]]

OPS: Final = (
    "http.request", "kv.delete", "kv.get", "kv.list", "kv.put", "llm.chat", "random.bytes", "time.now",
)  # fmt: skip

_log = structlog.get_logger(__name__)


class Doors:
    """What one call of a guest may reach.

    Args:
        granted: What it may do.
        outside: What there is.
        world: Its clock and chance.
        policy: What its run may reach.
        recorder: Keeps what it asked and was answered.
        agent: Its name.
        run_id: For the log.
    """

    def __init__(
        self,
        granted: Granted,
        outside: Outside,
        *,
        world: Surroundings,
        policy: Policy,
        recorder: Recorder,
        agent: str,
        run_id: str = "",
    ) -> None:
        self._recorder = recorder
        self._agent = agent
        self._run_id = run_id
        self._spending = Spending(granted.limits.egress_bytes)
        self._secrets = Secrets(secret.value for secret in granted.secrets)
        http = HttpDoor(granted, outside.fetch, policy=policy, spending=self._spending, secrets=self._secrets)
        kv, llm = (
            KvDoor(granted, outside.values, agent=agent),
            LlmDoor(granted, outside.chats, self._spending),
        )
        near = WorldDoor(world)
        self._ops: dict[str, Op] = {
            "http.request": http.request,
            "kv.delete": kv.delete,
            "kv.get": kv.get,
            "kv.list": kv.list,
            "kv.put": kv.put,
            "llm.chat": llm.chat,
            "random.bytes": near.random,
            "time.now": near.now,
        }

    async def serve(self, op: str, given: bytes) -> bytes:
        """Answer one call of `agent.call`; raises nothing but `CancelledError`.

        Args:
            op: As the guest spelt it.
            given: JSON; nothing at all counts as `{}`.
        """
        self._spending.host_calls += 1
        try:
            gave = ok(await self._op(op)(given))
        except CallsheetError as exc:
            gave = failed(exc.code, self._secrets.out_of(exc.message), retryable=exc.retryable)
        except Exception as exc:  # noqa: BLE001  # a host callback's border: a defect becomes an answer
            _log.exception("guest_call_failed", op=op[:80], agent=self._agent, run_id=self._run_id)
            gave = failed("host.internal", f"{op[:80]} failed: {type(exc).__name__}")
        self._record(op, given, gave)
        return gave

    def spent(self) -> dict[str, int | float]:
        """Return what was used so far, under the names budgets know it by."""
        return self._spending.told()

    def _op(self, name: str) -> Op:
        found = self._ops.get(name)
        if found is None:
            raise NotFound(
                "capability.unknown_op", f"no operation is called {name[:80]!r}; there are {', '.join(OPS)}"
            )
        return found

    def _record(self, op: str, given: bytes, gave: bytes) -> None:
        clean = self._secrets.out_of_bytes
        kept = (self._secrets.out_of(op), clean(given), clean(gave))
        if kept != (op, given, gave):
            # The guest knew a secret, from its inputs perhaps: what it asked is kept without it.
            self._recorder.is_redacted = True
        self._recorder.add(*kept)
