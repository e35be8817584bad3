"""`callsheet traces export|reindex|fsck`: the database's traces and their JSON files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from contracts.clock import SystemClock
from service.console import counted, print_json, printable
from service.settings import load_settings
from service.ticker import Ticker
from storage.database import Database, Reader
from traces.export import export_traces
from traces.folder import trace_file_names
from traces.fsck import Comparison, compare_files
from traces.redaction import Redactor
from traces.reindex import Reindexed, reindex

EXIT_CODES = """\b
Exit codes:
  0  done; with fsck: folder and database agree
  1  something was left out; with fsck: they do not agree
  5  another process holds the database, or the folder cannot be written
  7  there is no such database, folder or run
"""


def _between(command: Callable[..., int]) -> Callable[..., int]:
    for option in (
        click.argument("folder", type=click.Path(path_type=Path)),
        click.option(
            "--db", type=click.Path(path_type=Path), help="The database; the settings' when absent."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ):
        command = option(command)
    return command


@click.command(
    "export",
    epilog=f"\b\nExamples:\n  callsheet traces export copies\n"
    f"  callsheet traces export copies --run RUN\n\n{EXIT_CODES}",
)
@click.option("--run", "run_id", help="Only this run's.")
@_between
def export_command(folder: Path, *, run_id: str | None, db: Path | None, as_json: bool) -> int:
    """Write the database's traces into FOLDER, byte for byte as runs write them."""
    with Reader.open(_path(db)) as reader:
        made = export_traces(reader, folder, run_id=run_id, progress=Ticker(SystemClock()))
    if as_json:
        print_json(asdict(made))
    else:
        click.echo(f"{counted(made.written, 'file')} written, {made.there:,} there already")
        for trace_id in made.named:
            click.echo(f"damaged in the database: {printable(trace_id)}", err=True)
    return 1 if made.damaged else 0


@click.command(
    "reindex",
    epilog=f"\b\nExamples:\n  callsheet traces reindex traces/runs\n"
    f"  callsheet traces reindex copies --db new.db\n\n{EXIT_CODES}",
)
@_between
def reindex_command(folder: Path, *, db: Path | None, as_json: bool) -> int:
    """Put the trace files of FOLDER into the database, which may be a new one."""
    trace_file_names(folder)  # before a database is made for nothing
    redactor = Redactor(load_settings().secrets())
    with Database.open(_path(db)) as database:
        made = reindex(database, folder, clean=redactor.trace, progress=Ticker(SystemClock()))
    if as_json:
        print_json(asdict(made))
    else:
        _show_reindexed(made)
    return 1 if made.left else 0


@click.command(
    "fsck",
    epilog=f"\b\nExamples:\n  callsheet traces fsck traces/runs\n"
    f"  callsheet traces fsck traces/runs --json\n\n{EXIT_CODES}",
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Differences to name."
)
@_between
def fsck_command(folder: Path, *, limit: int, db: Path | None, as_json: bool) -> int:
    """Compare the trace files of FOLDER with the database; reading only, also while a server writes."""
    with Reader.open(_path(db)) as reader:
        found = compare_files(reader, folder, limit=limit, progress=Ticker(SystemClock()))
    if as_json:
        print_json({**asdict(found), "is_clean": found.is_clean})
    else:
        _show_comparison(found)
    return 0 if found.is_clean else 1


def _show_reindexed(made: Reindexed) -> None:
    runs = f", {counted(made.runs, 'run')} made of them" if made.runs else ""
    click.echo(f"{counted(made.added, 'trace')} added{runs}, {made.there:,} there already")
    for left in made.named:
        click.echo(f"left out: {printable(left.file)}: {left.code}: {printable(left.message)}", err=True)
    if made.left > len(made.named):
        click.echo(f"left out: {made.left - len(made.named):,} more", err=True)


def _show_comparison(found: Comparison) -> None:
    for one in found.differences:
        click.echo(f"{one.kind:<10}  {printable(one.file or '-')}  {one.trace_id}  {printable(one.message)}")
    said = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.counts.items())) or "all agree"
    click.echo(f"{counted(found.files, 'file')}, {counted(found.traces, 'trace')}: {said}", err=True)


def _path(db: Path | None) -> Path:
    return db or load_settings().storage.path
