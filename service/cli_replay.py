"""`callsheet traces replay ID`: run a trace's guest again from its recording, and say whether it did the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from service.console import counted, print_json, printable
from service.settings import load_settings
from storage.database import Reader
from traces.store import TraceStore

if TYPE_CHECKING:
    from contracts.trace import ExecutionTrace
    from wasm_agents.recording import Recording
    from wasm_agents.replay import Replayed

EXIT_CODES = """\b
Exit codes:
  0  the same output, to the byte, for the same fuel; or the same error
  1  it differs; the first difference is told
  3  the trace cannot be replayed: no recording, redacted, incomplete, ended by time
  7  there is no such trace, database or module
"""


@click.command(
    "replay",
    epilog=f"\b\nExamples:\n  callsheet traces replay TRACE\n  callsheet traces replay TRACE --json\n\n{EXIT_CODES}",
)
@click.argument("trace_id")
@click.option("--db", type=click.Path(path_type=Path), help="The database; the settings' when absent.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def replay_command(trace_id: str, *, db: Path | None, as_json: bool) -> int:
    """Run the WASM part of one trace again, offline, and compare it with what was recorded."""
    settings = load_settings()
    with Reader.open(db or settings.storage.path) as reader:
        trace = TraceStore(reader).get(trace_id)
    recording, made = _replay_of(trace, settings.guests.folder)
    if as_json:
        print_json(_as_json(trace, recording, made))
    else:
        _show(trace, made)
    return 1 if made.difference else 0


def _replay_of(trace: ExecutionTrace, shelf: Path) -> tuple[Recording, Replayed]:
    # The engine comes with it, which the other commands do without.
    replay_trace: Callable[..., Any] = import_module("service.replaying").replay_trace
    found: tuple[Recording, Replayed] = asyncio.run(replay_trace(trace, shelf=shelf))
    return found


def _as_json(trace: ExecutionTrace, recording: Recording, made: Replayed) -> dict[str, Any]:
    told = {"trace_id": trace.trace_id, "is_identical": made.difference is None, **asdict(made)}
    return {**told, "digest": recording.digest, "engine": recording.engine}


def _show(trace: ExecutionTrace, made: Replayed) -> None:
    used = f"fuel {made.fuel:,}, {counted(made.host_calls, 'host call')}"
    if made.difference is None:
        end = f"ended with {made.code}" if made.code else f"output {made.output_sha256[:12]}…"
        click.echo(f"identical: {trace.agent_type} {trace.trace_id}, {end}, {used}")
        return
    click.echo(f"differs: {trace.agent_type} {trace.trace_id}, {used}")
    for name, value in (("recorded", made.difference.recorded), ("replayed", made.difference.replayed)):
        click.echo(f"  {made.difference.what}, {name}: {printable(value) or 'nothing'}")
    if made.hint:
        click.echo(f"hint: {made.hint}", err=True)
