"""Runs that a process left behind: a killed one cannot say that it ended, so the next writer says it.

Holding the database's lock means nobody else is running them.
"""

from __future__ import annotations

from typing import Final

from contracts.clock import Clock, unix_ms
from contracts.engine import Journal
from contracts.run import RunState
from contracts.trace import ErrorRecord
from traces.runs_store import RunStore

INTERRUPTED: Final = ErrorRecord(
    code="run.interrupted",
    message="the process that ran it ended before the run did",
    hint="Its finished traces are kept; start the objective again.",
)
AT_ONCE: Final = 100


async def end_interrupted(runs: RunStore, journal: Journal, clock: Clock) -> int:
    """Mark every run that is under way in the file as failed; return how many there were.

    Args:
        runs: Of the file this process alone may write.
        journal: Of the same file.
        clock: For their end.
    """
    ended = 0
    for state in (s for s in RunState if not s.is_final):
        while found := runs.page(state=state.value, limit=AT_ONCE).runs:
            for summary in found:
                run = runs.get(summary.run_id)
                over = {"state": RunState.FAILED, "error": INTERRUPTED, "ended_ms": unix_ms(clock.now())}
                await journal.update(run.model_copy(update=over))
                ended += 1
    return ended
