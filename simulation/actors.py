"""Agents that do what their subtask's `do` says: reply, fail, wait, dawdle, touch the world outside.

What one answers follows from its inputs alone, so that anybody can say what
it should have answered.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, Protocol

from pydantic import JsonValue

from contracts.agent import Agent, AgentCall, AgentReply, NotDone, Parked
from contracts.card import AgentCard
from contracts.effect import Effect
from contracts.errors import AttemptFailed, NotFound
from contracts.trace import TraceStatus
from egress.meter import charge
from simulation.history import Call, History
from simulation.ledger import Ledger

KINDS: Final[Mapping[str, Effect]] = {
    "pure": Effect.PURE,
    "other": Effect.PURE,
    "idem": Effect.IDEMPOTENT,
    "effect": Effect.EFFECTFUL,
    "asks": Effect.EFFECTFUL,
}
"""`other` is for falling back on; `asks` can say whether an earlier attempt took effect."""


class Life(Protocol):
    """What an agent sees of the process it lives in."""

    number: int

    @property
    def world_s(self) -> float:
        """Return the world's seconds."""
        ...

    def facts(self, call: Call) -> None:
        """Fill in what the database holds for a call."""
        ...

    def has_intent(self, call: Call) -> bool:
        """Say whether the intent of this very attempt is committed."""
        ...


class Actor:
    """One agent."""

    def __init__(self, name: str, life: Life, *, history: History, ledger: Ledger) -> None:
        self.card = AgentCard(
            name=name, version="1.0.0", description="Acts.", takes={}, gives={}, effect=KINDS[name],
            timeout_s=20.0, retries=1, uses=("requests", "bytes"),
        )  # fmt: skip
        self._life = life
        self._history = history
        self._ledger = ledger

    async def run(self, call: AgentCall) -> AgentReply:
        """Act as `do` says."""
        record = self._begin(call, "run")
        try:
            reply = await self._act(call, record, _do(call))
        except asyncio.CancelledError:
            self._over(record, "cancelled")
            raise
        except Parked as wait:
            record.waits_for = wait.signal or ""
            self._over(record, "parked")
            raise
        except AttemptFailed as exc:
            record.error_code, record.is_retryable = exc.code, exc.retryable
            self._over(record, "failed")
            raise
        except ValueError:
            self._over(record, "crashed")
            raise
        record.output = reply.output
        self._over(record, "bad" if reply.output != reply.output else "reply")  # so is NaN told
        return reply

    async def _act(self, call: AgentCall, record: Call, do: Mapping[str, Any]) -> AgentReply:
        await self._dawdle(do.get("ms", 0) / 2, do)
        self._wait_where_asked(call, record, do)
        usage: dict[str, float] = {k: min(v, call.allowance.get(k, v)) for k, v in do.get("uses", {}).items()}
        record.usage = usage
        for name, amount in do.get("uses", {}).items():
            charge(name, min(amount, call.allowance.get(name, amount)))
        if call.attempt <= do.get("fail", 0) or do.get("dies"):
            again = not do.get("dies")
            raise AttemptFailed("sim.failed", "as it was told", retryable=again, data={"usage": usage})
        if self.card.effect is not Effect.PURE:
            intent = self._life.has_intent(record)
            self._ledger.book(record, self.card.effect.value, at_s=self._life.world_s, had_intent=intent)  # type: ignore[arg-type]  # pure is gone
        await self._dawdle(do.get("ms", 0) / 2, do)
        if do.get("crash"):
            raise ValueError("as it was told")
        found = answer(call.subtask_id, call.item_index, call.inputs, call.signals)
        reply = AgentReply(float("nan") if do.get("bad") else found, usage=usage)
        if do.get("partial"):
            reply = replace(reply, status=TraceStatus.PARTIAL_SUCCESS)
        record.status = reply.status.value
        return reply

    def _wait_where_asked(self, call: AgentCall, record: Call, do: Mapping[str, Any]) -> None:
        signal, seconds = do.get("signal"), do.get("timer_s")
        if (signal is None and seconds is None) or signal in call.signals or call.is_due:
            return
        until = None
        if seconds is not None:
            until = call.now + timedelta(seconds=seconds)
            record.waits_until_s = seconds
        raise Parked(signal=signal, until=until)

    async def _dawdle(self, ms: float, do: Mapping[str, Any]) -> None:
        try:
            await asyncio.sleep(ms / 1000)
        except asyncio.CancelledError:
            if do.get("stubborn_ms"):
                await asyncio.sleep(do["stubborn_ms"] / 1000)
            if not do.get("swallows"):
                raise

    def _begin(self, call: AgentCall, purpose: Any) -> Call:
        life = self._life
        record = Call(
            self._history.next_number(), life.number, life.world_s, call.run_id, call.subtask_id, call.item_index,
            call.attempt, self.card.name, purpose, call.idempotency_key, call.inputs, call.signals, call.is_due,
            call.allowance, call.timeout_s,
        )  # fmt: skip
        life.facts(record)
        self._history.calls.append(record)
        self._history.note(
            life.number, record.at_s, purpose, *record.name, record.attempt, self.card.name, dict(call.allowance),
            dict(call.signals), "due" * call.is_due,
        )  # fmt: skip
        return record

    def _over(self, record: Call, end: Any) -> None:
        record.end, record.ended_s = end, self._life.world_s
        record.ended_number = self._history.next_number()
        self._history.note(record.life, record.ended_s, "ended", *record.name, record.attempt, end)


class AskingActor(Actor):
    """An effectful agent that can be asked what became of an attempt."""

    async def reconcile(self, call: AgentCall) -> AgentReply | NotDone:
        """Look in the ledger."""
        record = self._begin(call, "reconcile")
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self._over(record, "cancelled")
            raise
        if _do(call).get("forgets"):
            record.error_code = "sim.forgotten"
            self._over(record, "failed")
            raise AttemptFailed("sim.forgotten", "nobody knows")
        if not self._ledger.knows(call.idempotency_key):
            self._over(record, "not_done")
            return NotDone()
        reply = AgentReply(
            {"reconciled": answer(call.subtask_id, call.item_index, call.inputs, call.signals)}
        )
        record.output = reply.output
        self._over(record, "reply")
        return reply


class Cast:
    """A registry of the actors there are."""

    def __init__(self, life: Life, *, history: History, ledger: Ledger) -> None:
        kinds: dict[str, type[Actor]] = {"asks": AskingActor}
        self._actors = {
            name: kinds.get(name, Actor)(name, life, history=history, ledger=ledger) for name in KINDS
        }

    def get(self, name: str) -> Agent:
        """Return an actor.

        Raises:
            NotFound: `agent.unknown`.
        """
        if name not in self._actors:
            raise NotFound("agent.unknown", f"no agent is called {name!r}")
        return self._actors[name]

    def cards(self) -> Sequence[AgentCard]:
        """Return every card."""
        return [actor.card for actor in self._actors.values()]


def answer(
    subtask_id: str, item_index: int | None, inputs: Mapping[str, JsonValue], signals: Mapping[str, JsonValue]
) -> JsonValue:
    """Return what an actor answers to its inputs."""
    do: Any = inputs.get("do") or {}
    rest = {k: v for k, v in inputs.items() if k != "do"}
    mark = zlib.crc32(json.dumps([subtask_id, item_index, rest, dict(signals)], sort_keys=True).encode())
    found: dict[str, JsonValue] = {"mark": mark, "flag": do.get("flag", 0)}
    if "items" in do:
        found["items"] = [{"n": n, "mark": mark + n} for n in range(do["items"])]
    if do.get("big"):
        found["pad"] = f"{mark:08x}" * (do["big"] // 8)
    return found


def _do(call: AgentCall) -> Mapping[str, Any]:
    found = call.inputs.get("do")
    return found if isinstance(found, dict) else {}
