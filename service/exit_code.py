"""How a run's end, or its waiting, is told by an exit code."""

from __future__ import annotations

from typing import Final

from contracts.run import Run, RunState

WAITS: Final = 4
"""The exit code of a run that waits for a person."""


def exit_code(run: Run) -> int:
    """Return 0 for a run that succeeded, 4 for one that a person refused or has to decide on, 6 out of time, else 1."""
    if run.state is RunState.SUCCEEDED:
        return 0
    if run.state in {RunState.REJECTED, RunState.AWAITING_APPROVAL}:
        return WAITS
    return 6 if run.error is not None and run.error.code == "run.deadline" else 1
