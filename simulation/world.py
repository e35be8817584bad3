"""One world from a seed: a disk, a ledger, a client, and one process after another."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from pydantic import JsonValue

from contracts.plan import Plan
from simulation.client import Client
from simulation.connection import SimConnection
from simulation.database import PATH
from simulation.disk import Disk, SimFile
from simulation.history import History, Name
from simulation.laws.evidence import LifeSpan, Proof
from simulation.laws.reading import nothing_spoilt_is_served, what_is_kept_can_be_read
from simulation.laws.shape import the_shape_is_whole, what_was_there_is_there
from simulation.ledger import Ledger
from simulation.life import Life
from simulation.opening import File, fresh_image, old_image
from simulation.setting import Death, Setting, Trouble
from simulation.snapshot import Snapshot
from simulation.wish import wishes_of
from storage.unit import Unit


class World:
    """Everything a seed decides.

    Args:
        seed: Names the world: the same seed is the same world, to the last callback.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.rng = self.stream("world")
        self.setting = Setting.draw(self.stream("setting"))
        self.history = History()
        self.ledger = Ledger(self.history)
        self.disk = Disk(self.stream("disk"))
        wishes = wishes_of(self.stream("wishes"), self.setting)
        self.client = Client(wishes, rng=self.stream("client"), history=self.history)
        self.now_s = 0.0
        self._file = File(self.disk, self.setting.checkpoint_pages)
        self._plans = {w.plan.objective: w.plan for w in wishes}
        self.proof = Proof(self.setting, self.history, {w.plan.plan_id: w.plan for w in wishes})

    @property
    def is_troubled(self) -> bool:
        """Whether the disk refuses."""
        return self.disk.is_full or bool(self.disk.fail_chance)

    @property
    def has_room(self) -> bool:
        """Whether no run ever waits for another to leave memory."""
        return len(self.client.wishes) <= self.setting.limits.active_runs

    def stream(self, name: str) -> random.Random:
        """Return a generator of its own for each purpose."""
        return random.Random(f"{self._seed} {name}")

    def plan_of(self, objective: str) -> Plan:
        """Return what the planner answers."""
        return self._plans[objective]

    def can_settle(self, unknown: AbstractSet[Name]) -> bool:
        """Say whether a person can tell in one word what became of lists: that nothing unknown of them happened."""
        return not any(e.name in unknown for e in self.history.effects)

    def settlement(self, run_id: str, subtask_id: str) -> Mapping[str, JsonValue]:
        """Return what a person finds out about an effect."""
        if any(e.name == (run_id, subtask_id, None) for e in self.history.effects):
            return {"outcome": "done", "output": {"mark": 0, "flag": 1, "settled": True}}
        return {"outcome": "not_done"}

    def begin_trouble(self, trouble: Trouble) -> None:
        """Let the disk refuse from now on."""
        self.history.note(-1, 0.0, "trouble", trouble.kind)
        self.proof.lives[-1].is_troubled = True
        self.disk.is_full = trouble.kind == "full"
        self.disk.fail_chance = 0.3 if trouble.kind == "failing" else 0.0

    def end_trouble(self) -> None:
        """Let the disk work again."""
        self.disk.is_full = False
        self.disk.fail_chance = 0.0

    def run(self) -> Proof:
        """Let everything happen."""
        if self.setting.starts_old:
            self.disk.files[PATH] = SimFile(old_image(), was_synced=True)
        elif self.rng.random() < 0.9:
            self.disk.files[PATH] = SimFile(fresh_image(), was_synced=True)
        late: Sequence[Unit] = ()
        if self.setting.dies_migrating:
            self._die_opening(self.setting.dies_migrating)
        for number, death in enumerate([*self.setting.deaths, None]):
            late = self._live(number, death, late)
            if self.client.is_content:
                break
            self.now_s += 100_000.0 if self.rng.random() < 0.02 else self.rng.choice((0.01, 0.5, 5.0))
        self.proof.snapshots.append(self._last_look())
        return self.proof

    def _die_opening(self, ops: int) -> None:
        self.disk.ops_left = ops
        try:
            self._file.open().close()
        except sqlite3.Error as exc:
            if not self.disk.is_dead:
                self.history.violate("a file can be opened", repr(exc))
        self._power_off(Death("power", 0.0, self.rng.choice(("some", "torn", "tail", "all"))))

    def _live(self, number: int, death: Death | None, late: Sequence[Unit]) -> Sequence[Unit]:
        connection = self._file.open()
        self.proof.snapshots.append(Snapshot.take(connection, life=number, number=self.history.next_number()))
        span = LifeSpan(number, self.now_s, self.history.next_number())
        self.proof.lives.append(span)
        life = Life(self, number, connection, late)
        life.live(death)
        self.now_s = span.ended_s = life.world_s
        span.is_orderly, span.was_stuck = life.is_retired, life.writer.is_stuck
        self.end_trouble()
        if life.is_retired:
            connection.close()
        else:
            self._power_off(death or Death("kill", 0.0), connection)
        left = life.writer.left() if death is not None and death.kind == "frozen" else ()
        self.history.note(number, self.now_s, "life over", life.loop.turns_taken, life.writer.batches)
        return left

    def _power_off(self, death: Death, connection: SimConnection | None = None) -> None:
        self.disk.is_dead = True
        if connection is not None:
            connection.close()
        self.disk.cut(death.loss)
        self.disk.restart()

    def _last_look(self) -> Snapshot:
        connection = self._file.open()
        found = Snapshot.take(connection, life=-1, number=self.history.next_number())
        what_is_kept_can_be_read(connection, self.history)
        the_shape_is_whole(connection, self.history)
        if self.setting.starts_old:
            what_was_there_is_there(connection, self.history)
        if self.setting.flips:
            nothing_spoilt_is_served(connection, self.history, self.stream("flips"), self.setting.flips)
        connection.close()
        return found
