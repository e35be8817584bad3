"""The agents the experiments run: bodies that leave lines outside the service, and some that never end.

Each gives `{"n": …}`, a number made of its place and of what it was given, so
that whoever knows the plan knows the result (`plans.expected`).
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from pydantic import JsonValue

from benchmarks.chaos.chronicle import Chronicle, Ledger, Place
from contracts.agent import Agent, AgentCall, AgentReply, NotDone, Parked
from contracts.card import AgentCard
from contracts.clock import SystemClock
from contracts.effect import Effect
from contracts.errors import AttemptFailed

BOMB: Final = "bomb"
"""A file that says where the next effectful body kills its own process: `before`, `after` or `late MS`."""

SHORTEST_S: Final = 0.001
"""What a body takes at least: what ends where it begins may run ahead of the disk, in any number."""

Fuse = Literal["before", "after", "late"]


@dataclass(frozen=True, slots=True)
class Stage:
    """What the agents share."""

    folder: Path
    chronicle: Chronicle
    ledger: Ledger

    @classmethod
    def in_folder(cls, folder: Path, life: int) -> Stage:
        """Open the files of a folder."""
        return cls(folder, Chronicle(folder, life), Ledger(folder))

    def fuse(self, *, at: Fuse) -> None:
        """Kill this process, once, if a bomb was laid for this moment."""
        path = self.folder / BOMB
        with contextlib.suppress(OSError):
            where, _, ms = path.read_text(encoding="ascii").partition(" ")
            if where != at:
                return
            path.unlink()
            if at == "late":
                asyncio.get_running_loop().call_later(float(ms) / 1000, _die)
            else:
                _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def number_of(subtask: str, inputs: Mapping[str, JsonValue]) -> int:
    """Return the number a body gives: of its subtask and of the numbers it was given."""
    numbers = [v.get("n") for v in inputs.values() if isinstance(v, dict)]
    given = sorted(n for n in numbers if isinstance(n, int))
    return int(hashlib.sha256(f"{subtask}:{given}".encode()).hexdigest()[:12], 16)


def place_of(call: AgentCall) -> Place:
    """Return where a call belongs."""
    element = "" if call.item_index is None else f"#{call.item_index}"
    return call.run_id, f"{call.subtask_id}{element}"


@dataclass(frozen=True, slots=True)
class Body:
    """Sleeps for its `ms`, between two lines of the chronicle."""

    card: AgentCard
    stage: Stage

    async def run(self, call: AgentCall) -> AgentReply:
        """Sleep and answer; where `flaky` is set the first attempt fails."""
        place = place_of(call)
        self.stage.chronicle.note("started", place, attempt=call.attempt, key=call.idempotency_key)
        await asyncio.sleep(_ms(call) / 1000)
        if call.inputs.get("flaky") and call.attempt == 1:
            raise AttemptFailed("chaos.flaky", "the first attempt fails", retryable=True)
        reply = AgentReply({"n": number_of(call.subtask_id, call.inputs)})
        self.stage.chronicle.note("finished", place, attempt=call.attempt, key=call.idempotency_key)
        return reply


@dataclass(frozen=True, slots=True)
class Blind:
    """Changes the outer world and cannot find out later whether it did."""

    card: AgentCard
    stage: Stage

    async def run(self, call: AgentCall) -> AgentReply:
        """Sleep, pay, sleep, answer."""
        place, key = place_of(call), call.idempotency_key
        self.stage.chronicle.note("started", place, attempt=call.attempt, key=key)
        await asyncio.sleep(_ms(call) / 2000)
        self.stage.fuse(at="before")
        self.stage.ledger.pay(place, key)
        self.stage.fuse(at="after")
        await asyncio.sleep(_ms(call) / 2000)
        self.stage.fuse(at="late")
        self.stage.chronicle.note("finished", place, attempt=call.attempt, key=key)
        return AgentReply({"n": number_of(call.subtask_id, call.inputs)})


@dataclass(frozen=True, slots=True)
class Paying(Blind):
    """... and can: the ledger knows keys."""

    async def reconcile(self, call: AgentCall) -> AgentReply | NotDone:
        """Look the key up."""
        if not self.stage.ledger.knows(call.idempotency_key):
            return NotDone()
        return AgentReply({"n": number_of(call.subtask_id, call.inputs)})


@dataclass(frozen=True, slots=True)
class Napping:
    """Parks for its `ms`, or for the signal it names, then takes its time and answers."""

    card: AgentCard
    stage: Stage

    async def run(self, call: AgentCall) -> AgentReply:
        """Park at the first call, answer once woken."""
        signal_name = call.inputs.get("signal")
        if not call.is_due and not call.signals:
            if isinstance(signal_name, str):
                raise Parked(signal=signal_name)
            raise Parked(until=SystemClock().now() + timedelta(milliseconds=_ms(call)))
        place = place_of(call)
        self.stage.chronicle.note("started", place, attempt=call.attempt, key=call.idempotency_key)
        await asyncio.sleep(SHORTEST_S)
        self.stage.chronicle.note("finished", place, attempt=call.attempt, key=call.idempotency_key)
        return AgentReply({"n": number_of(call.subtask_id, call.inputs)})


@dataclass(frozen=True, slots=True)
class Bulky:
    """Answers with as many characters as asked for, different each time it is asked for another `seed`."""

    card: AgentCard
    stage: Stage = field(repr=False)

    async def run(self, call: AgentCall) -> AgentReply:
        """Answer at once."""
        seed, chars = call.inputs.get("seed", 0), call.inputs.get("chars", 10)
        digest = hashlib.sha256(f"{seed}".encode())
        text = ""
        while len(text) < (chars if isinstance(chars, int) else 10):
            digest.update(b"x")
            text += digest.hexdigest()
        return AgentReply({"text": text, "n": number_of(call.subtask_id, call.inputs)})


def _ms(call: AgentCall) -> float:
    given = call.inputs.get("ms", 1)
    return float(given) if isinstance(given, int | float) else 1.0


def _card(name: str, effect: Effect, what: str) -> AgentCard:
    return AgentCard(
        name=name, version="1.0.0", description=what, takes={"type": "object"}, gives={"type": "object"},
        effect=effect, timeout_s=3600, retries=3,
    )  # fmt: skip


def the_cast(folder: Path, life: int) -> Sequence[Agent]:
    """Return every agent of the experiments."""
    stage = Stage.in_folder(folder, life)
    return (
        Body(_card("chaos_pure", Effect.PURE, "Sleeps."), stage),
        Body(_card("chaos_keyed", Effect.IDEMPOTENT, "Sleeps, with a key."), stage),
        Paying(_card("chaos_pay", Effect.EFFECTFUL, "Pays, and can look up whether it did."), stage),
        Blind(_card("chaos_blind", Effect.EFFECTFUL, "Pays, and cannot know later."), stage),
        Napping(_card("chaos_nap", Effect.PURE, "Parks for a time or a signal."), stage),
        Bulky(_card("chaos_bulky", Effect.PURE, "Answers at length."), stage),
    )
