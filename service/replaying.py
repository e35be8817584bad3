"""A trace's guest, run again: its recording, its input and its module brought together."""

from __future__ import annotations

from pathlib import Path

from contracts.trace import ExecutionTrace
from service.cards import load_catalogue
from wasm_agents.agent import shared_host
from wasm_agents.recording import Recording
from wasm_agents.replay import Replayed, input_of, recorded_module, replay
from wasm_agents.shelf import Shelf


async def replay_trace(trace: ExecutionTrace, *, shelf: Path) -> tuple[Recording, Replayed]:
    """Return a trace's recording, and how the same call goes now.

    Args:
        trace: Of a guest's attempt.
        shelf: The folder of added agents.

    Raises:
        InvalidInput: `replay.*`.
        NotFound: `replay.module_missing`.
    """
    recording = Recording.read(trace.metadata.guest)
    data, added = input_of(recording, trace.input), Shelf(shelf)
    module = recorded_module(recording.digest, load_catalogue(added).cards, added)
    return recording, await replay(recording, data, host=shared_host(), module=module)
