"""`callsheet objectives`: look at runs, follow one, decide, stop, try again; beside a server or without one."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from contracts.jsonvalue import parse_json
from contracts.run import RunState
from service.actions import Settled
from service.answer import show_result
from service.cli_decide import approve, reject
from service.console import EXIT_CODES, parse_inputs, print_json
from service.events import line_json
from service.exit_code import exit_code
from service.objectives_asking import DB, JSON, RUN, epilog, look, say, settings_with, tell
from service.objectives_lines import event_text, run_line, run_lines
from service.objectives_watch import watching
from service.run_there import run_in, waits_in
from service.settings import Settings


@click.group(
    epilog=f"""\b
Examples:
  callsheet objectives list --state awaiting_approval
  callsheet objectives watch RUN
  callsheet objectives approve RUN
  callsheet objectives retry RUN

{EXIT_CODES}"""
)
def objectives() -> None:
    """Look at runs, follow one, decide, stop, try again."""


objectives.add_command(approve)
objectives.add_command(reject)


@objectives.command("list", epilog=epilog("list", "list --state running --json"))
@click.option("--state", type=click.Choice([s.value for s in RunState]), help="Only those in this state.")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--after", help="Where the last page ended.")
@DB
@JSON
def list_runs(*, state: str | None, limit: int, after: str | None, db: Path | None, as_json: bool) -> None:
    """List runs, newest first, a page at a time."""
    found = look(db, lambda shelf: shelf.page(state=state, limit=limit, after=after))
    if as_json:
        print_json(found)
        return
    for run in found["objectives"]:
        click.echo(run_line(run))
    if found["next"]:
        of_state = f" --state {state}" if state else ""
        click.echo(f"older: callsheet objectives list{of_state} --after {found['next']}", err=True)


@objectives.command("show", epilog=epilog("show RUN", "show RUN --json"))
@RUN
@DB
@JSON
def show_run(run_id: str, *, db: Path | None, as_json: bool) -> None:
    """Show where one run stands.

    With its plan, what it waits for, and its result.
    """
    found = look(db, lambda shelf: shelf.show(run_id))
    if as_json:
        print_json(found)
        return
    run = run_in(found)
    for line in run_lines(run, waits_in(found)):
        click.echo(line)
    if run.result is not None:
        click.echo()
        show_result(Console(), run.result)


@objectives.command("watch", epilog=epilog("watch RUN", "watch RUN --json --after 12"))
@RUN
@click.option("--after", type=click.IntRange(0), default=0, help="Begin behind this event.")
@DB
@JSON
def watch(run_id: str, *, after: int, db: Path | None, as_json: bool) -> int:
    """Print a run's events as they happen.

    Each once, until the run ends; then the command leaves with the run's exit code.
    """
    return asyncio.run(_watch(settings_with(db), run_id, after=after, as_json=as_json))


@objectives.command("cancel", epilog=epilog("cancel RUN"))
@RUN
@DB
@JSON
def cancel_run(run_id: str, *, db: Path | None, as_json: bool) -> None:
    """Ask a run to stop; what it has finished is kept."""
    found = tell(db, lambda counter: counter.cancel(run_id))
    say(found, f"asked run {run_id} to stop: it is {found['state']}", as_json=as_json)


@objectives.command("retry", epilog=epilog("retry RUN", "retry RUN --done send='{\"sent\": 3}'"))
@RUN
@click.option(
    "--done", multiple=True, metavar="SUBTASK=JSON", help="Its effect happened, and this is what it gave."
)
@click.option("--not-done", multiple=True, metavar="SUBTASK", help="Its effect did not happen: do it again.")
@DB
@JSON
def retry_run(
    run_id: str, *, done: tuple[str, ...], not_done: tuple[str, ...], db: Path | None, as_json: bool
) -> None:
    """Try a run again as a new one.

    The new one keeps what was finished; its id goes to stdout.
    """
    settled = {name: Settled(is_done=True, output=value) for name, value in parse_inputs(done).items()}
    settled |= {name: Settled(is_done=False) for name in not_done}
    found = tell(db, lambda counter: counter.retry(run_id, settled))
    if as_json:
        print_json(found)
    else:
        click.echo(found["run_id"])
    click.echo(f"follow it: callsheet objectives watch {found['run_id']}", err=True)


@objectives.command("signal", epilog=epilog("signal RUN paid", 'signal RUN paid --payload \'{"by": "A"}\''))
@RUN
@click.argument("name")
@click.option("--payload", default="null", metavar="JSON", help="What comes with it.")
@click.option("--id", "signal_id", metavar="ID", help="A second signal with the same id changes nothing.")
@DB
@JSON
def signal_run(
    run_id: str, name: str, *, payload: str, signal_id: str | None, db: Path | None, as_json: bool
) -> None:
    """Give a run what an agent of it waits for."""
    value = parse_json(payload)
    found = tell(db, lambda c: c.signal(run_id, name, payload=value, signal_id=signal_id))
    say(found, f"run {run_id} has signal {name!r}", as_json=as_json)


async def _watch(settings: Settings, run_id: str, *, after: int, as_json: bool) -> int:
    console = Console()
    async with watching(settings, run_id, after=after) as watched:
        async for event in watched.events:
            if as_json:
                click.echo(json.dumps(line_json(event)))
            else:
                text, style = event_text(event)
                console.print(Text(text, style=style), soft_wrap=True)
        run = await watched.end()
    click.echo(f"run {run_id} {run.state.value}", err=True)
    return exit_code(run)
