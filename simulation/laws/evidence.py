"""What happened, put in order by run: what the laws look at."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue
from zstandard import ZstdDecompressor

from contracts.plan import Plan, Subtask
from simulation.clock import BEGAN
from simulation.connection import Row
from simulation.history import Call, Effect, History, Name, Request
from simulation.setting import Setting
from simulation.snapshot import Snapshot

Verdict = Iterator[tuple[str, str]]
"""Promises that were broken: which, and how."""

GOOD = frozenset({"success", "partial_success"})
FINAL = frozenset({"succeeded", "failed", "cancelled", "rejected"})


@dataclass(slots=True)
class LifeSpan:
    """One life of the process."""

    number: int
    began_s: float
    began_number: int
    ended_s: float = 0.0
    drained_s: float | None = None
    """When it was told to end in order."""
    is_orderly: bool = False
    """It ended with everything written."""
    is_troubled: bool = False
    """The disk refused at some time."""
    was_stuck: bool = False
    """The disk did not answer any more."""


@dataclass(slots=True)
class Proof:
    """What a world leaves to be judged."""

    setting: Setting
    history: History
    plans: dict[str, Plan]
    """All that clients sent and planners made, by their names."""
    lives: list[LifeSpan] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    """What each life found, and what the last one left."""

    @property
    def is_whole(self) -> bool:
        """Whether the world came to its end."""
        return bool(self.snapshots) and self.snapshots[-1].life < 0


@dataclass(slots=True)
class Case:
    """One run."""

    run_id: str
    row: Row
    plan: Plan | None
    traces: list[Row] = field(default_factory=list)
    """In the order of their events."""
    events: list[Row] = field(default_factory=list)
    values: dict[str, Row] = field(default_factory=dict)
    intents: list[Row] = field(default_factory=list)
    signals: list[Row] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    deadlines: set[int | None] = field(default_factory=set)
    """What its callers asked for."""
    former: Sequence[Plan] = ()
    """Plans it went by before the last one, the first first."""

    @property
    def state(self) -> str:
        """Return how it ended."""
        return str(self.row["state"])

    @property
    def error_code(self) -> str:
        """Return why it failed, empty where it did not."""
        return str(json.loads(self.row["error"])["code"]) if self.row["error"] else ""

    @property
    def is_old(self) -> bool:
        """Whether it is of before the simulation began."""
        return self.run_id.startswith("old-")

    @property
    def plans(self) -> Sequence[Plan]:
        """Return every plan it went by, the first first."""
        return [*self.former, self.plan] if self.plan is not None else []

    def subtasks(self) -> Sequence[Subtask]:
        """Return the subtasks of all its plans, each as the last one that has it says."""
        return list({s.id: s for plan in self.plans for s in plan.subtasks}.values())

    def attempts(self, name: Name) -> list[Row]:
        """Return the traces of one element's attempts."""
        return [t for t in self.traces if (t["subtask_id"], t["item_index"]) == name[1:] and t["attempt"]]

    def element(self, subtask_id: str, index: int | None) -> list[Row]:
        """Return the traces of one element, also of one that was taken over."""
        return [t for t in self.traces if (t["subtask_id"], t["item_index"]) == (subtask_id, index)]

    def ending(self, subtask_id: str) -> Row | None:
        """Return the trace that ended a subtask."""
        return next((t for t in self.traces if t["subtask_id"] == subtask_id and t["ended"]), None)


class Evidence:
    """Everything, by run.

    Args:
        proof: Of one world.
    """

    def __init__(self, proof: Proof) -> None:
        self.proof = proof
        self.history = proof.history
        self.setting = proof.setting
        self.last = proof.snapshots[-1]
        self.blobs = {row["sha256"]: row["body"] for row in self.last.rows["blob"]}
        tables = {t: self.last.of_run(t) for t in ("trace", "event", "value", "intent", "signal")}
        calls, effects, requests = (
            _by_run(self.history.calls),
            _by_run(self.history.effects),
            _by_run(self.history.requests),
        )
        self.cases = {
            run_id: Case(
                run_id, row, proof.plans.get(row["plan_id"] or ""), tables["trace"][run_id], tables["event"][run_id],
                {v["key"]: v for v in tables["value"][run_id]}, tables["intent"][run_id], tables["signal"][run_id],
                calls[run_id], effects[run_id], requests[run_id],
            )
            for run_id, row in self.last.runs().items()
        }  # fmt: skip
        for case in self.cases.values():
            case.former = [proof.plans[plan_id] for plan_id in former_plans(case.events)]
        self.has_room = len(self.cases) <= self.setting.limits.active_runs
        """Whether no run ever waited for another to leave memory."""
        for asked in self.history.requests:
            if asked.verb == "submit" and asked.run_id in self.cases:
                self.cases[asked.run_id].deadlines.add(asked.fields["deadline_ms"])
        self.lives = {life.number: life for life in proof.lives}

    def time_of(self, look: Snapshot) -> float:
        """Return when a look was taken, the world's seconds."""
        life = self.lives.get(look.life)
        return life.began_s if life is not None else self.proof.lives[-1].ended_s

    def text(self, inline: str | None, blob: str | None) -> str | None:
        """Return a text that stands in its row or in a blob."""
        if blob is None:
            return inline
        body = self.blobs.get(blob)
        return None if body is None else ZstdDecompressor().decompress(body).decode()

    def value(self, row: Row) -> JsonValue:
        """Return what a row of the context holds."""
        text = self.text(row["value"], row["blob"])
        found: JsonValue = None if text is None else json.loads(text)
        return found

    def body(self, trace: Row) -> dict[str, Any]:
        """Return a trace, whole."""
        found: dict[str, Any] = json.loads(trace["body"])
        for part in ("input", "output"):
            blob = trace[f"{part}_blob"]
            if blob is not None:
                text = self.text(None, blob)
                found[part] = None if text is None else json.loads(text)
        return found

    def root(self, run_id: str) -> str:
        """Return the run that a run tries again, and that one's, to the first."""
        case = self.cases.get(run_id)
        while case is not None and case.row["parent_id"] is not None:
            run_id = str(case.row["parent_id"])
            case = self.cases.get(run_id)
        return run_id

    def context(self, case: Case, key: str) -> JsonValue:
        """Return what a key of a run's context holds in the end."""
        if case.plan is not None and key in case.plan.inputs:
            return case.plan.inputs[key]
        return self.value(case.values[key]) if key in case.values else None

    def elements(self, case: Case, subtask: Subtask) -> list[JsonValue]:
        """Return what a foreach runs over; nothing where there is no list."""
        assert subtask.foreach is not None
        found = self.context(case, subtask.foreach.key)
        for part in subtask.foreach.pointer.split("/")[1:]:
            found = found.get(part) if isinstance(found, dict) else None
        return found if isinstance(found, list) else []

    def is_left_behind(self, call: Call, now_s: float) -> bool:
        """Say whether a call may have been told to stop so long ago that nobody waits for it any more."""
        grace_s = self.setting.limits.stop_grace_s
        return stubborn_s(call) > grace_s and now_s - call.at_s >= grace_s - 0.01

    def sound_lives(self) -> list[LifeSpan]:
        """Return the lives in which the disk did all it was asked."""
        return [life for life in self.proof.lives if not life.is_troubled and not life.was_stuck]

    def sound_life_at(self, *moments_s: float) -> LifeSpan | None:
        """Return the life all of some moments fall into, where it was a sound one."""
        lives = self.sound_lives()
        return next((v for v in lives if all(v.began_s <= m <= v.ended_s for m in moments_s)), None)

    def was_kept(self, call: Call) -> bool:
        """Whether what came of a call must be in the journal: its process ended in order, on a good disk."""
        life = self.lives[call.life]
        return life.is_orderly and not life.is_troubled and call.end != "lost"


def stubborn_s(call: Call) -> float:
    """Return for how long a call goes on when it is told to stop."""
    do: Any = call.inputs.get("do")
    if not isinstance(do, dict):
        return 0.0
    goes_on_ms = do.get("ms", 0) / 2 if do.get("swallows") else 0
    return float(do.get("stubborn_ms", 0) + goes_on_ms) / 1000


def ms(world_s: float) -> float:
    """Return a moment of the world as Unix milliseconds."""
    return BEGAN.timestamp() * 1000 + world_s * 1000


def seconds(unix_ms: float) -> float:
    """Return a moment given in Unix milliseconds as the world's seconds."""
    return unix_ms / 1000 - BEGAN.timestamp()


def former_plans(events: Sequence[Row]) -> list[str]:
    """Return the plans a run went by before the last one, the first first."""
    return [json.loads(e["data"])["from"] for e in events if e["kind"] == "replanned"]


def _by_run(found: Sequence[Any]) -> defaultdict[str, list[Any]]:
    by_run: defaultdict[str, list[Any]] = defaultdict(list)
    for one in found:
        by_run[one.run_id].append(one)
    return by_run
