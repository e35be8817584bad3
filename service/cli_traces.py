"""`callsheet traces`: the receipts, newest first; reading works while a server writes.

What moves them between database and files stands in `service.cli_trace_files`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from contracts.clock import SystemClock
from contracts.errors import NotFound
from contracts.trace import TraceStatus
from service.cli_replay import replay_command
from service.cli_trace_files import export_command, fsck_command, reindex_command
from service.console import print_json, printable
from service.settings import load_settings
from storage.database import Reader
from traces.follow import TraceFollower
from traces.store import TraceFilter, TraceStore
from traces.summary import TraceSummary

POLL_S = 0.2
STATUSES = [s.value for s in TraceStatus]


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--run", "run_id", help="Only this run's."),
        click.option("--agent", help="Only this agent's."),
        click.option("--status", type=click.Choice(STATUSES), help="Only those that ended so."),
        click.option(
            "--db", type=click.Path(path_type=Path), help="The database; the settings' when absent."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ):
        command = option(command)
    return command


@click.group(epilog="Example: callsheet traces list --status failure --agent scrape")
def traces() -> None:
    """List, show and follow the receipts; replay a guest's; copy them to files and back."""


@traces.command("list")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True)
@click.option("--after", help="Where the last page ended.")
@_filters
def list_traces(
    *,
    run_id: str | None,
    agent: str | None,
    status: str | None,
    db: Path | None,
    as_json: bool,
    limit: int,
    after: str | None,
) -> None:
    """List traces, newest first, a page at a time."""
    page = TraceStore(_reader(db)).page(
        TraceFilter(run_id=run_id, agent=agent, status=status), limit=limit, after=after
    )
    if as_json:
        print_json({"traces": [asdict(t) for t in page.traces], "next": page.next})
        return
    for trace in page.traces:
        click.echo(_line(trace))
    if page.next:
        click.echo(f"older: callsheet traces list --after {page.next}", err=True)


@traces.command("show")
@click.argument("trace_id")
@click.option("--db", type=click.Path(path_type=Path), help="The database; the settings' when absent.")
def show_trace(trace_id: str, *, db: Path | None) -> None:
    """Print one trace, whole, as JSON."""
    print_json(TraceStore(_reader(db)).get(trace_id).as_json())


@traces.command("tail")
@click.option("--for", "seconds", type=float, help="Stop after this many seconds.")
@_filters
def tail_traces(
    *,
    run_id: str | None,
    agent: str | None,
    status: str | None,
    db: Path | None,
    as_json: bool,
    seconds: float | None,
) -> None:
    """Print traces as they are written, until interrupted."""
    found = TraceFilter(run_id=run_id, agent=agent, status=status)
    follower = TraceFollower(_reader(db), found)
    click.echo("waiting for traces; Ctrl-C ends it", err=True)
    asyncio.run(_follow(follower, as_json=as_json, seconds=seconds))


traces.add_command(export_command)
traces.add_command(reindex_command)
traces.add_command(fsck_command)
traces.add_command(replay_command)


async def _follow(follower: TraceFollower, *, as_json: bool, seconds: float | None) -> None:
    clock = SystemClock()
    end = None if seconds is None else clock.monotonic() + seconds
    while end is None or clock.monotonic() < end:
        for trace in follower.fresh():
            click.echo(json.dumps(asdict(trace)) if as_json else _line(trace))
        await clock.sleep(POLL_S)


def _reader(db: Path | None) -> Reader:
    path = db or load_settings().storage.path
    try:
        return Reader.open(path)
    except NotFound as exc:
        raise NotFound(
            exc.code, exc.message, hint="Run something first: callsheet run --example auction"
        ) from exc


def _line(trace: TraceSummary) -> str:
    place = "" if trace.item_index is None else f"[{trace.item_index}]"
    what = f"{trace.subtask_id or '(the plan)'}{place}"
    error = f"  {trace.error_code}" if trace.error_code else ""
    took = f"{trace.duration_ms:>9.1f} ms"
    who = f"{trace.agent_type:<16}  {what:<20}"
    return f"{trace.trace_id}  {trace.status:<15}  {who}  {took}{error}  {printable(trace.preview)[:60]}"
