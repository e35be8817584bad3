"""What the file should hold: dictionaries, and the rules for what is let in, written apart from storage's."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from storage.blobs import Blob
from storage.unit import Fence

Verb = Literal["new", "once", "write", "drop", "take", "forget", "bad"]
"""Insert; insert where it is missing; insert or replace; remove; mark as used; forget what is old; what fits nowhere."""

FINAL: Final = frozenset({"succeeded", "failed", "cancelled", "rejected"})
KEYS: Final[dict[str, tuple[str, ...]]] = {
    "run": ("run_id",),
    "plan": ("plan_id",),
    "trace": ("trace_id",),
    "value": ("run_id", "key"),
    "event": ("run_id", "event_id"),
    "intent": ("run_id", "subtask_id", "item_index", "attempt"),
    "wait": ("run_id", "subtask_id", "item_index", "kind"),
    "signal": ("run_id", "signal_id"),
    "request_key": ("key",),
    "wake": ("run_id",),
}
UNFIT: Final = "storage.constraint"


@dataclass(frozen=True, slots=True)
class Step:
    """One row, and what is done with it."""

    table: str
    verb: Verb
    row: Any
    """A row; a time for `forget`; the error's code for `bad`."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is kept all or none."""

    name: str
    steps: Sequence[Step]
    fence: Fence | None = None
    blobs: Sequence[Blob] = ()


@dataclass(slots=True)
class Model:
    """A file's content."""

    rows: dict[str, dict[tuple[Any, ...], Any]] = field(default_factory=lambda: {table: {} for table in KEYS})
    blobs: dict[str, bytes] = field(default_factory=dict)
    numbers: set[tuple[str, int]] = field(default_factory=set)
    """Run and event of each trace: unique as well."""
    damaged: set[str] = field(default_factory=set)
    """Blobs that are not what was written, until they are written again."""

    def copied(self) -> Model:
        """Return one that can be changed alone; rows themselves are never changed."""
        rows = {table: copy(rows) for table, rows in self.rows.items()}
        return Model(rows, copy(self.blobs), copy(self.numbers), copy(self.damaged))

    def take(self, work: Work) -> str:
        """Do all of a work, or none of it; return the error's code, empty where it fits."""
        tried = self.copied()
        for step in work.steps:
            refused = tried.do(step)
            if refused:
                return refused
        for blob in work.blobs:
            tried.blobs.setdefault(blob.sha256, blob.raw)
            tried.damaged.discard(blob.sha256)
        self.rows, self.blobs, self.numbers, self.damaged = (
            tried.rows,
            tried.blobs,
            tried.numbers,
            tried.damaged,
        )
        return ""

    def do(self, step: Step) -> str:
        """Do one step; return the error's code, empty where it fits."""
        if step.verb == "bad":
            return str(step.row)
        rows = self.rows[step.table]
        if step.verb == "forget":
            for key in [k for k, row in rows.items() if row.at_ms < step.row]:
                del rows[key]
            return ""
        key = key_of(step.table, step.row)
        if step.verb == "new" and not self._fits(step, key):
            return UNFIT
        if step.verb == "drop":
            rows.pop(key, None)
        elif step.verb == "take":
            if key in rows:
                rows[key] = replace(step.row, taken=1)
        elif step.verb != "once" or key not in rows:
            rows[key] = step.row
        return ""

    def _fits(self, step: Step, key: tuple[Any, ...]) -> bool:
        if key in self.rows[step.table]:
            return False
        if step.table == "trace":
            number = (step.row.run_id, step.row.event_id)
            if number in self.numbers:
                return False
            self.numbers.add(number)
        return True


@dataclass(slots=True)
class Gate:
    """Who may write, as one writer's life sees it."""

    broken: dict[str, int] = field(default_factory=dict)
    """Run -> the epoch of which something was not kept."""
    _over: list[str] = field(default_factory=list)

    def admit(self, model: Model, work: Work) -> str:
        """Let a work in or not; return the error's code, empty where it is kept."""
        fence = work.fence
        refused = self._refusal(model, fence) or model.take(work)
        if fence is None or (
            refused in ("journal.closed", "journal.fenced") and self._is_there(model, fence)
        ):
            return refused
        if refused:
            self.lose(fence)
        elif fence.opens:
            self.broken.pop(fence.run_id, None)
        elif fence.closes:
            self._over.append(fence.run_id)
        return refused

    def commit(self) -> None:
        """Forget what was not kept of runs that are over."""
        for run_id in self._over:
            self.broken.pop(run_id, None)
        self._over.clear()

    def lose(self, fence: Fence | None) -> None:
        """Note that something was not kept."""
        if fence is not None and fence.epoch is not None and not fence.opens:
            self.broken[fence.run_id] = max(fence.epoch, self.broken.get(fence.run_id, 0))

    def _is_there(self, model: Model, fence: Fence) -> bool:
        return (fence.run_id,) in model.rows["run"]

    def _refusal(self, model: Model, fence: Fence | None) -> str:
        if fence is None:
            return ""
        if not fence.opens and fence.epoch is not None and self.broken.get(fence.run_id) == fence.epoch:
            return "journal.broken"
        run = model.rows["run"].get((fence.run_id,))
        if run is None:
            return "journal.fenced"
        if run.state in FINAL:
            return "journal.closed"
        if fence.epoch is not None and run.epoch != fence.epoch - fence.opens:
            return "journal.fenced"
        return ""


def key_of(table: str, row: Any) -> tuple[Any, ...]:
    """Return what names a row in its table."""
    return tuple(getattr(row, column) for column in KEYS[table])
