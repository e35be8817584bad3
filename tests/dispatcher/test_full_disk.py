from __future__ import annotations

from typing import Any

from contracts.errors import Unavailable
from contracts.run import Run, RunState


async def test_the_end_of_a_run_is_kept_once_there_is_room_again(rig: Any, make_step: Any) -> None:
    kept = rig.journal.update
    refusals = 3

    async def update(run: Run) -> None:
        nonlocal refusals
        if run.state.is_final and refusals:
            refusals -= 1
            raise Unavailable("storage.write_failed", "the disk is full")
        await kept(run)

    rig.journal.update = update
    run = await rig.run(make_step("a"))
    assert run.state is RunState.SUCCEEDED
    assert len([s for s in rig.clock.slept if s > 0]) == 3
