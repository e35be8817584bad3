"""Keep objectives coming, over HTTP, through every kill; remember everything the service acknowledged.

An objective is carried by one coroutine: it sends the same body with the same
`Idempotency-Key` until it is taken in, then reads the run's events, each
connection going on with `Last-Event-ID`, until one says that the run is over.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final

from benchmarks.chaos.chronicle import Place, chronicle_size
from benchmarks.chaos.event_stream import Over, Sent, Stream
from benchmarks.chaos.plans import expected
from benchmarks.chaos.victim import Victim
from benchmarks.chaos.wire import Answer, Gone, Line

FINAL: Final = frozenset({"succeeded", "failed", "cancelled", "rejected"})
AGAIN_S: Final = 0.02
SILENCE_S: Final = 20.0
STUCK_S: Final = 45.0
"""Without a word of any run, after which those that are left count as stuck."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An attempt the service said had ended."""

    place: Place
    attempt: int
    trace_id: str
    status: str
    offset: int
    """How long the chronicle was then: no later line may start this place again."""


@dataclass(slots=True)
class Objective:
    """One objective, and what was heard of it."""

    tag: str
    """Its idempotency key, and in its text."""
    body: dict[str, Any]
    run_id: str = ""
    accepted_s: float = 0
    """When its 202 came, by the monotonic clock."""
    ended: list[Acknowledged] = field(default_factory=list)
    last_event: int = 0
    gaps: int = 0
    doubles: int = 0
    final: str = ""
    refusals: list[str] = field(default_factory=list)
    """Answers that were no answer to this request: none is expected."""

    @property
    def wanted(self) -> dict[str, int]:
        """What each of its subtasks must give."""
        return expected(self.body["plan"])


MakeBody = Callable[[random.Random, str], dict[str, Any]]


@dataclass(slots=True)
class Feeder:
    """Keeps so many objectives under way until told to stop.

    Args:
        victim: Who is fed.
        rng: Decides every plan.
        make: A request's body of a tag.
        at_once: Objectives under way.
    """

    victim: Victim
    rng: random.Random
    make: MakeBody
    at_once: int = 24
    objectives: list[Objective] = field(default_factory=list)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    watchers: int = 0

    async def run(self) -> None:
        """Feed until `stopping` is set, then return once everything taken in is over."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.at_once):
                group.create_task(self._feed())

    @property
    def heard(self) -> int:
        """How much was heard so far: it grows as long as anything goes on."""
        return sum(o.last_event + bool(o.run_id) for o in self.objectives)

    async def finish(self, feeding: asyncio.Task[None]) -> bool:
        """Feed no more and wait for what was taken in, as long as anything goes on; say whether all is over."""
        self.stopping.set()
        before = -1
        while not feeding.done() and before != self.heard:  # how much there is to do, and how fast, differs
            before = self.heard
            await asyncio.wait({feeding}, timeout=STUCK_S)
        if feeding.done():
            await feeding  # what went wrong in the rig is no finding about the service
        return feeding.done()

    async def _feed(self) -> None:
        while not self.stopping.is_set():
            tag = f"chaos-{len(self.objectives)}-{self.rng.getrandbits(32):08x}"
            objective = Objective(tag, self.make(self.rng, tag))
            self.objectives.append(objective)
            await take_in(self.victim, objective)
            if objective.run_id:
                await watch(self.victim, objective)


async def take_in(victim: Victim, objective: Objective) -> None:
    """Send an objective until it is taken in; one that is refused for good keeps no run id."""
    named = {"idempotency-key": objective.tag}
    with closing(Line(victim.port)) as line:
        while not objective.run_id and not objective.refusals:
            try:
                answer = await line.ask("POST", "/objectives", body=objective.body, headers=named)
            except (Gone, TimeoutError):
                await asyncio.sleep(AGAIN_S)
                continue
            if answer.status in {200, 202}:
                objective.run_id = answer.json["run_id"]
                objective.accepted_s = time.monotonic()
            elif _come_back(answer):
                await asyncio.sleep(AGAIN_S)
            else:
                objective.refusals.append(f"{answer.status} {answer.body[:300]!r}")


def _come_back(answer: Answer) -> bool:
    return answer.status == 503 or (answer.status == 409 and answer.code.startswith("request."))


async def watch(victim: Victim, objective: Objective) -> None:
    """Read a run's events until it is over, over as many connections as that takes."""
    while not objective.final:
        try:
            stream = await Stream.open(victim.port, objective.run_id, after=objective.last_event)
        except Gone:
            await asyncio.sleep(AGAIN_S)
            continue
        except Over:
            objective.gaps += 1  # its last event, which would have said so, was never sent
            return
        try:
            async with asyncio.timeout(SILENCE_S):
                while (sent := await stream.next()) is not None:
                    hear(objective, sent, offset=chronicle_size(victim.folder))
        except (Gone, TimeoutError):
            pass
        finally:
            stream.close()
        await asyncio.sleep(0)


def hear(objective: Objective, sent: Sent, *, offset: int) -> None:
    """Note one event; a number that does not follow the last one is counted."""
    if sent.event_id == 0:
        return
    if sent.event_id <= objective.last_event:
        objective.doubles += 1
        return
    objective.gaps += sent.event_id - objective.last_event - 1
    objective.last_event = sent.event_id
    if sent.kind == "attempt_ended":
        objective.ended.append(_acknowledged(objective, sent.body, offset))
    if sent.kind in FINAL:
        objective.final = sent.kind


def _acknowledged(objective: Objective, body: dict[str, Any], offset: int) -> Acknowledged:
    index = body.get("item_index")
    subtask = body["subtask_id"] + ("" if index is None else f"#{index}")
    return Acknowledged(
        (objective.run_id, subtask), body["attempt"], body["trace_id"], body["status"], offset
    )
