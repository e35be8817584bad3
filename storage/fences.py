"""Who may write to a run: looked up once per batch, remembered while the batch is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from contracts.errors import Fenced
from contracts.run import RunState
from storage.failure import Executes
from storage.rows import RUN_LINE, read_line
from storage.unit import Fence

_COLUMNS: Final = RUN_LINE.split(", ")
_LINES: Final = f"SELECT {RUN_LINE} FROM run WHERE run_id IN"
_AT_ONCE: Final = 256
_FINAL: Final = frozenset(s.value for s in RunState if s.is_final)


class _Right(NamedTuple):
    epoch: int
    is_over: bool


Broken = dict[str, int]
"""Run -> the epoch of which a unit was not kept; what follows it under that epoch must not be kept either."""


def mark_broken(broken: Broken, fence: Fence | None) -> None:
    """Remember that a unit under a fence was not kept."""
    if fence is not None and fence.epoch is not None and not fence.opens:
        broken[fence.run_id] = max(fence.epoch, broken.get(fence.run_id, 0))


class Fences:
    """The fences of one batch.

    Args:
        connection: Of the file.
        broken: Outlives the batch.
    """

    def __init__(self, connection: Executes, broken: Broken) -> None:
        self._connection = connection
        self._broken = broken
        self._known: dict[str, _Right] = {}
        self._opened: set[str] = set()
        """Runs opened anew in this batch: what was not kept before matters no more."""

    def refusal(self, fence: Fence | None) -> Fenced | None:
        """Return why a unit must not be written; None when it may.

        Raises:
            Fenced: `journal.fenced`, no such run is kept yet.
            Damaged: `storage.damaged`.
        """
        if fence is None:
            return None
        if not fence.opens and fence.epoch is not None and self._is_broken(fence.run_id, fence.epoch):
            return Fenced(
                "journal.broken",
                f"what the run {fence.run_id[:80]!r} did before was not kept; this would stand on nothing",
            )
        right = self._right(fence.run_id)
        if right.is_over:
            return Fenced("journal.closed", f"the run {fence.run_id[:80]!r} is over; nothing is added to it")
        expected = fence.epoch
        if expected is None or right.epoch == expected - fence.opens:
            return None
        return Fenced(
            "journal.fenced",
            f"the run {fence.run_id[:80]!r} has epoch {right.epoch}; what was written is of epoch {expected}",
            hint="Somebody else has taken the run over; what it keeps stands in its journal.",
            data={"epoch": right.epoch},
        )

    def passed(self, fence: Fence | None) -> None:
        """Remember what a unit that was written changed."""
        if fence is not None and (fence.opens or fence.closes):
            epoch = self._known[fence.run_id].epoch
            if fence.opens and fence.epoch is not None:
                epoch = fence.epoch
                self._opened.add(fence.run_id)
            self._known[fence.run_id] = _Right(epoch, fence.closes)

    def failed(self, fence: Fence | None) -> None:
        """Remember that a unit was not kept: until the run is opened anew nothing may follow it."""
        mark_broken(self._broken, fence)
        if fence is not None and fence.epoch is not None:
            self._opened.discard(fence.run_id)

    def committed(self, fence: Fence | None) -> None:
        """Forget what was not kept of a run that is durably opened anew, or over."""
        if fence is not None and (fence.opens or fence.closes):
            self._broken.pop(fence.run_id, None)

    def forget(self) -> None:
        """Look everything up anew: the transaction it was seen in was taken back."""
        self._known.clear()
        self._opened.clear()

    def look_up(self, run_ids: Iterable[str]) -> None:
        """Learn of several runs at once; what is not kept stays unknown.

        Raises:
            Damaged: `storage.damaged`.
        """
        wanted = list(dict.fromkeys(run_ids))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            marks = 1 << (len(some) - 1).bit_length()  # few texts of SQL, so that each is compiled once
            padded = (*some, *[some[-1]] * (marks - len(some)))
            for row in self._connection.execute(f"{_LINES} ({', '.join('?' * marks)})", padded):
                line = read_line(dict(zip(_COLUMNS, row, strict=True)))
                self._known[line.run_id] = _Right(line.epoch, line.state in _FINAL)

    def _is_broken(self, run_id: str, epoch: int) -> bool:
        return self._broken.get(run_id) == epoch and run_id not in self._opened

    def _right(self, run_id: str) -> _Right:
        if run_id not in self._known:
            self.look_up([run_id])
        if run_id not in self._known:
            raise Fenced("journal.fenced", f"no run {run_id[:80]!r} is kept")
        return self._known[run_id]
