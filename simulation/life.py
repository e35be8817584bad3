"""One life of the process: the real engine, journal and stores on the simulated file, until it dies or is done."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from contracts.errors import CallsheetError, Unavailable
from contracts.plan import Plan
from contracts.replanning import Failed
from contracts.run import Run, RunEvent
from dispatcher.engine import LocalEngine
from dispatcher.ids import Ids
from dispatcher.journal import StorageJournal
from service.idempotency import Made, Once
from simulation.actors import Cast
from simulation.clock import LoopClock
from simulation.connection import SimConnection
from simulation.database import SimDatabase, SimWriter
from simulation.history import Call, Seen
from simulation.looking import has_intent, known_of, written_late
from simulation.loop import VirtualLoop
from simulation.replanning import new_plan
from simulation.setting import Death
from simulation.watcher import Watcher
from storage.journal_rows import forget_keys, read_key
from storage.queries import key_by_name
from storage.unit import Unit
from traces.redaction import Redactor
from traces.runs_store import RunStore
from traces.store import TraceStore

if TYPE_CHECKING:
    from simulation.world import World

DRAIN_S: Final = 1.0
SLACK_S: Final = 2.0
"""For stalls, and for writing."""
LIFETIME_S: Final = 700.0
"""World time past which something is stuck."""


class Ceiling(random.Random):
    """A generator whose waits are always the longest they may be, so that anybody can say what they should be."""

    @override
    def uniform(self, a: float, b: float) -> float:  # the form is the library's
        """Return the upper bound."""
        return b


class Life:
    """A process.

    Args:
        world: Where it lives.
        number: Counts from 0.
        connection: To the file, brought to the newest shape.
        late: What an earlier process, thought dead, has still to write.
    """

    def __init__(self, world: World, number: int, connection: SimConnection, late: Sequence[Unit]) -> None:
        self.number = number
        self.world = world
        rng = world.stream(f"loop {number}")
        self.loop = VirtualLoop(rng, rng.uniform(0.0, 1000.0))
        self.clock = LoopClock(self.loop, world.now_s - self.loop.time())
        self.connection = connection
        self.is_dead = False
        self.is_retired = False
        """It ended in order."""
        self._late = late
        self._began_s = world.now_s
        self._calls = 0
        self._death: Death | None = None
        self._is_struck = False
        self.writer = SimWriter(
            connection, loop=self.loop, rng=world.stream(f"writer {number}"), disk=world.disk, died=self.die
        )
        self.database = SimDatabase(connection, self.writer)
        self.reader = self.database.reader()
        self.runs, self.traces = RunStore(self.reader), TraceStore(self.reader)
        self.ids = Ids(self.clock, world.stream(f"ids {number}"))
        self.journal = StorageJournal(self.database, files=None, redactor=Redactor(()))
        self.once = Once(self._find_key, self._forget_keys, self.clock)
        cast = Cast(self, history=world.history, ledger=world.ledger)
        self.watcher = Watcher(self, rng=world.stream(f"watcher {number}"))
        self.engine: LocalEngine
        self._cast = cast
        self._tasks: set[asyncio.Task[object]] = set()

    @property
    def world_s(self) -> float:
        """Return the world's seconds."""
        return self.clock.world_s

    @property
    def age_s(self) -> float:
        """Return for how long it has lived."""
        return self.world_s - self._began_s

    def spawn(self, body: Coroutine[Any, Any, object]) -> None:
        """Run something of the client's."""
        task: asyncio.Task[object] = self.loop.create_task(body)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        """Return rows of what is committed."""
        return self.connection.execute(sql, parameters).fetchall()

    def facts(self, call: Call) -> None:
        """Fill in what the file holds for a call that begins."""
        self._calls += 1
        if self._death is not None and self._calls == self._death.calls:
            self.loop.call_later(self.world.rng.choice((0.0, 0.003, 0.03, 0.2)), self._approach, self._death)
        call.knows = known_of(self.query, call)

    def has_intent(self, call: Call) -> bool:
        """Say whether the intent of this very attempt is committed."""
        return has_intent(self.query, call)

    def live(self, death: Death | None) -> None:
        """Live until dead, or until nobody wants anything any more."""
        self.loop.call_soon(self._begin, death)
        self.loop.call_later(LIFETIME_S, self._overstay)
        self.loop.run_forever()
        self.is_dead = self.writer.is_dead = True
        self.loop.close()
        for complaint in self.loop.complaints:
            self.world.history.violate("nothing goes wrong unseen", complaint)

    def die(self) -> None:
        """Stop existing after the callback under way."""
        self.is_dead = self.writer.is_dead = True
        self.loop.halt()

    def _begin(self, death: Death | None) -> None:
        world = self.world
        self._death = death
        self.engine = LocalEngine(
            registry=self._cast, journal=self.journal, clock=self.clock, ids=self.ids,
            rng=Ceiling(0), plan=self._plan, replan=self._replan, observer=self._observe, limits=world.setting.limits,
        )  # fmt: skip
        self.spawn(self._work())
        world.client.begin(self)
        self.spawn(self.watcher.watch())
        for trouble in world.setting.troubles:
            if trouble.at_s + trouble.for_s < self.world_s:
                continue
            self.loop.call_later(max(0.0, trouble.at_s - self.world_s), world.begin_trouble, trouble)
            self.loop.call_later(0.01 + trouble.at_s + trouble.for_s - self.world_s, world.end_trouble)
        if self._late:
            self.loop.call_later(self.world.rng.uniform(0.0, 3.0), self._write_late)
        if death is None:
            self.spawn(self._rest_when_done())
        else:
            self.loop.call_later(death.after_s, self._approach, death)

    def _approach(self, death: Death) -> None:
        if self._is_struck:
            return
        self._is_struck = True
        self.writer.is_stuck = bool(death.hangs_s)
        self.loop.call_later(death.hangs_s, self._strike, death)

    def _strike(self, death: Death) -> None:
        self.world.history.note(self.number, self.world_s, "death", death.kind, death.loss, death.ops)
        if death.kind == "drain":
            self.spawn(self._retire())
        elif death.ops:
            self.world.disk.ops_left = death.ops
            self.loop.call_later(2.0, self.die)
        else:
            self.die()

    def _overstay(self) -> None:
        self.world.history.violate(
            "every run ends", f"life {self.number} was not over after {LIFETIME_S:g} s"
        )
        self.die()

    async def _work(self) -> None:
        try:
            await self.engine.run_worker()
        except CallsheetError as exc:
            self.world.history.violate("the worker goes on", f"{exc.code}: {exc.message}")

    async def _rest_when_done(self) -> None:
        while not self.world.client.is_content or self.world.is_troubled:  # noqa: ASYNC110  # time is free here
            await asyncio.sleep(1.0)
        await self.watcher.finish()
        await self._retire()

    async def _retire(self) -> None:
        began = self.world_s
        self.world.proof.lives[-1].drained_s = began
        self.loop.call_later(self.world.rng.choice((0.0, 0.01, 0.3)), self.world.client.meddle, self)
        await self.engine.drain(DRAIN_S)
        self.world.history.note(self.number, self.world_s, "drained")
        grace = DRAIN_S + self.world.setting.limits.stop_grace_s
        if self.world_s - began > grace + SLACK_S and not self.world.setting.troubles:
            self.world.history.violate("a drain ends", f"it took {self.world_s - began:.2f} s")
        self.journal.close()
        self.database.close()
        self.is_retired = True
        self.die()

    async def _plan(self, run: Run) -> Plan:
        await asyncio.sleep(self.world.rng.choice((0.0, 0.0, 0.01, 0.3, 3.0)))
        if int(run.objective[-1], 16) < 2:
            raise Unavailable("plan.none", "nobody can plan that")
        return self.world.plan_of(run.objective)

    async def _replan(self, failed: Failed) -> Plan:
        rng = random.Random(f"{failed.plan.plan_id} {failed.subtask_id} {self.number}")
        await asyncio.sleep(rng.choice((0.0, 0.0, 0.01, 0.3, 1.0)))
        plan = new_plan(failed, rng)
        self.world.proof.plans.setdefault(plan.plan_id, plan)
        return plan

    def _observe(self, event: RunEvent) -> None:
        if event.event_id:
            number = self.world.history.next_number()
            seen = Seen(
                number, self.number, self.world_s, event.run_id, event.event_id, event.kind,
                f"{event.subtask_id} {event.attempt} {event.item_index} {event.status}", "observer",
            )  # fmt: skip
            self.world.history.seen.append(seen)
            self.world.history.note(
                self.number, self.world_s, "event", event.run_id, event.event_id, event.kind, seen.text
            )

    def _write_late(self) -> None:
        """Let the writes of a process that was thought dead arrive, where its runs were taken over."""
        for fence in written_late(self.connection, self._late):
            self.world.history.violate("a stale writer is refused", f"{fence} was accepted")

    def _find_key(self, name: str) -> Made | None:
        rows = self.reader.query(*key_by_name(name))
        if not rows:
            return None
        row = read_key(rows[0])
        return Made(row.fingerprint, row.run_id, row.at_ms)

    async def _forget_keys(self, before_ms: int) -> None:
        await asyncio.wrap_future(self.database.commit([forget_keys(before_ms)]))
