"""What is written: runs opened, gone on with and ended, by who may and who may not, now and then something unfit."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from simulation.alone.model import FINAL, Gate, Model, Step, Work
from storage.blobs import Blob
from storage.journal_rows import EventRow, IntentRow, KeyRow, SignalRow, WaitRow, WakeRow
from storage.rows import PlanRow, RunRow, TraceRow, ValueRow
from storage.unit import Fence

RUNS: Final = 4
MANY: Final = 40
"""Rows of one kind in one unit, so that they fill several statements."""
LONG: Final = 1_300
STATES: Final = ("queued", "planning", "running", "awaiting_approval")


class Author:
    """Makes works that mostly fit what was made before them.

    Args:
        rng: Draws them.
        model: What the file holds; works to come are followed in a copy.
    """

    def __init__(self, rng: random.Random, model: Model) -> None:
        self._rng = rng
        self._ahead = model.copied()
        self._gate = Gate()
        self._count = 0

    def follow(self, model: Model, gate: Gate) -> None:
        """Go on from what the file really holds."""
        self._ahead, self._gate = model.copied(), Gate(dict(gate.broken))

    def works(self, most: int) -> list[Work]:
        """Return some works."""
        found = []
        for _ in range(self._rng.randint(1, most)):
            work = self._work()
            self._gate.admit(self._ahead, work)
            found.append(work)
        return found

    def _work(self) -> Work:
        self._count += 1
        runs = list(self._ahead.rows["run"].values())
        going = [run for run in runs if run.state not in FINAL]
        if len(going) < RUNS or self._rng.random() < 0.05:
            return self._created()
        run: RunRow = self._rng.choice(runs if self._rng.random() < 0.1 else going)
        luck = self._rng.random()
        if luck < 0.12:
            return self._opened(run)
        if luck < 0.2:
            return self._told(run)
        if luck < 0.26:
            return self._closed(run)
        if luck < 0.32:
            return Work("keys", [Step("request_key", "forget", self._now() - 30)])
        return self._gone_on(run)

    def _created(self) -> Work:
        number = self._rng.randint(0, 2 * RUNS) if self._rng.random() < 0.2 else self._count
        run = RunRow(
            f"run-{number}", f"objective {self._count}", self._rng.choice(STATES), None, "UTC", self._now(), None,
            None, None, 1, self._rng.choice((0, 5, -5)), "auto", None, f"plan-{number}", None, None, "{}", "{}", None,
            None, "{}", self._rng.random() < 0.1,
        )  # fmt: skip
        plan, blobs = PlanRow(f"plan-{number}", '{"of": 1}', None), []
        if self._rng.random() < 0.3:
            blobs = [self._blob()]
            plan = PlanRow(f"plan-{number}", None, blobs[0].sha256)
        steps = [
            Step("plan", "once", plan),
            Step("run", "new", run),
            Step("event", "new", self._event(run, 1)),
        ]
        if self._rng.random() < 0.7:
            name = f"key-{self._rng.randint(0, 3) if self._rng.random() < 0.2 else self._count}"
            steps.append(Step("request_key", "new", KeyRow(name, "f" * 8, run.run_id, self._now())))
        return Work("create", [*steps, *self._unfit()], None, blobs)

    def _opened(self, run: RunRow) -> Work:
        epoch = run.epoch + 1 + self._rng.choice((0, 0, 0, -1, 1))
        change = replace(
            run, epoch=epoch, state="running", started_ms=self._now(), deadline_ms=self._now() + 9
        )
        steps = [Step("wake", "drop", WakeRow(run.run_id, 0)), Step("run", "write", change), *self._unfit()]
        return Work("open", steps, Fence(run.run_id, epoch, opens=True))

    def _told(self, run: RunRow) -> Work:
        signal = SignalRow(
            run.run_id, f"signal-{self._rng.randint(0, 6)}", "go", f"{self._count}", self._now(), 0
        )
        wake = WakeRow(run.run_id, self._now())
        steps = [Step("signal", "once", signal), Step("wake", "write", wake), *self._unfit()]
        return Work("signal", steps, Fence(run.run_id, None))

    def _closed(self, run: RunRow) -> Work:
        state = self._rng.choice(sorted(FINAL))
        ended = replace(
            run, state=state, ended_ms=self._now(), result=f"[{self._count}]", error='{"code":"x"}'
        )
        blobs = []
        if self._rng.random() < 0.3:
            blobs = [self._blob()]
            ended = replace(ended, result=None, result_blob=blobs[0].sha256)
        steps = [Step("run", "write", ended), Step("wake", "drop", WakeRow(run.run_id, 0)), *self._unfit()]
        return Work("close", steps, Fence(run.run_id, self._epoch(run), closes=True), blobs)

    def _gone_on(self, run: RunRow) -> Work:
        last = max(
            [e for r, e in [*self._ahead.rows["event"], *self._ahead.numbers] if r == run.run_id], default=0
        )
        many = self._rng.random() < 0.04
        steps: list[Step] = []
        blobs: list[Blob] = []
        for offset in range(1, 1 + (MANY if many else self._rng.randint(1, 4))):
            number = last + offset - (self._rng.random() < 0.01)
            steps += self._something(run, number, "trace" if many else self._rng.choice(KINDS), blobs)
        return Work("put", [*steps, *self._unfit()], Fence(run.run_id, self._epoch(run)), blobs)

    def _something(self, run: RunRow, number: int, kind: str, blobs: list[Blob]) -> Sequence[Step]:
        sid, index = f"s{self._rng.randint(0, 3)}", self._rng.choice((None, 0, 1))
        match kind:
            case "trace":
                return [Step("trace", "new", self._trace(run, number, sid, index, blobs))]
            case "value":
                key = f"k{number if self._rng.random() < 0.98 else self._rng.randint(0, 9)}"
                value = ValueRow(run.run_id, key, sid, self._rng.random() < 0.2, f"[{self._count}]")
                if self._rng.random() < 0.3:
                    blobs.append(self._blob())
                    value = replace(value, value=None, blob=blobs[-1].sha256)
                return [Step("value", "new", value), Step("event", "new", self._event(run, number))]
            case "intent":
                intent = IntentRow(run.run_id, sid, index, number, f"{self._count}", self._now())
                return [Step("intent", "new", intent), Step("event", "new", self._event(run, number))]
            case "wait":
                return self._waiting(run, sid, index, number)
            case _:
                return self._changed(run, number)

    def _waiting(self, run: RunRow, sid: str, index: int | None, number: int) -> Sequence[Step]:
        old = [row for row in self._ahead.rows["wait"].values() if row.run_id == run.run_id]
        sid = sid if self._rng.random() < 0.1 else f"w{number}"
        wait = WaitRow(run.run_id, sid, index, self._rng.choice(("signal", "timer")), "go", None, self._now())
        event = Step("event", "new", self._event(run, number))
        if old and self._rng.random() < 0.6:
            return [Step("wait", "drop", self._rng.choice(old)), event]
        return [Step("wait", "new", wait), Step("wake", "write", WakeRow(run.run_id, self._now() + 5)), event]

    def _changed(self, run: RunRow, number: int) -> Sequence[Step]:
        state, left = self._rng.choice(STATES), self._rng.choice((None, 7))
        change = replace(run, state=state, left_ms=left, cancel_reason=self._rng.choice((None, "enough")))
        told = [s for s in self._ahead.rows["signal"].values() if s.run_id == run.run_id]
        taken = [Step("signal", "take", self._rng.choice(told))] if told else []
        return [Step("run", "write", change), *taken, Step("event", "new", self._event(run, number))]

    def _trace(self, run: RunRow, number: int, sid: str, index: int | None, blobs: list[Blob]) -> TraceRow:
        blob = None
        if self._rng.random() < 0.1:
            blobs.append(self._blob())
            blob = blobs[-1].sha256
        return TraceRow(
            f"trace-{self._count}-{number}", run.run_id, number, sid, self._rng.randint(0, 3), index, "pure",
            "success", self._now(), self._rng.choice((0.0, 1.5, 3)), "seen", self._rng.choice((None, "x.y")),
            self._rng.choice((None, 0, 77)), self._rng.choice((None, "success")), '{"requests":1}', None, blob,
            f'{{"n":{self._count}}}',
        )  # fmt: skip

    def _event(self, run: RunRow, number: int) -> EventRow:
        return EventRow(run.run_id, number, "running", self._now(), f'{{"n":{self._count}}}')

    def _blob(self) -> Blob:
        """Return a long text; the same one comes again now and then."""
        return Blob(f"{self._rng.randint(0, 5):04}ü" * (LONG // 5))

    def _unfit(self) -> list[Step]:
        luck = self._rng.random()
        if luck > 0.08:
            return []
        code = "storage.constraint" if luck > 0.03 else "storage.bad_unit"
        return [Step("plan", "bad", code)]

    def _epoch(self, run: Any) -> int:
        return int(run.epoch) + self._rng.choice((0,) * 12 + (-1, 1))

    def _now(self) -> int:
        return 1_000 + self._count


KINDS: Final = ("trace", "trace", "value", "event", "intent", "wait", "run")
