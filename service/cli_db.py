"""`callsheet db`: check the database, copy it, put a copy back, bring an older one up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import click

from contracts.clock import SystemClock
from service.console import counted, print_json, printable
from service.settings import load_settings
from service.ticker import Ticker
from storage.backup import back_up
from storage.check import check
from storage.findings import Report
from storage.restore import restore
from storage.upgrade import upgrade

EXIT_CODES = """\b
Exit codes:
  0  clean, or done
  1  the database, or the backup, is damaged
  3  the file is no database of ours
  5  another process holds it, or a file of that name is there
  7  there is no such file
"""


def _on_database(command: Callable[..., int | None]) -> Callable[..., int | None]:
    for option in (
        click.option(
            "--db", type=click.Path(path_type=Path), help="The database; the settings' when absent."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
    ):
        command = option(command)
    return command


@click.group(epilog=f"\b\nExample:\n  callsheet db backup ../sheet.backup.db\n\n{EXIT_CODES}")
def db() -> None:
    """Check, copy, restore and migrate the database."""


@db.command(
    "check",
    epilog=f"\b\nExamples:\n  callsheet db check\n  callsheet db check --json --limit 1000\n\n{EXIT_CODES}",
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Damaged things to name."
)
@_on_database
def check_command(*, db: Path | None, as_json: bool, limit: int) -> int:
    """Hold every page, row and blob against its sum; reading only, also while a server writes."""
    report = check(_path(db), limit=limit, progress=Ticker(SystemClock()))
    if as_json:
        print_json({**asdict(report), "path": str(report.path), "is_clean": report.is_clean})
    else:
        _show(report)
    return 0 if report.is_clean else 1


@db.command(
    "backup",
    epilog=f"\b\nExamples:\n  callsheet db backup ../sheet.backup.db\n"
    f"  callsheet db backup /backups/latest.db --force\n\n{EXIT_CODES}",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace a file that is there.")
@_on_database
def backup_command(file: Path, *, force: bool, db: Path | None, as_json: bool) -> None:
    """Copy the database to FILE, checked, also while a server writes it."""
    made = back_up(_path(db), file, force=force, progress=Ticker(SystemClock()))
    if as_json:
        print_json({**asdict(made), "path": str(made.path)})
    else:
        click.echo(f"{printable(str(made.path))}: {made.size:,} bytes, {counted(made.rows, 'row')}")
        click.echo(f"sha256 {made.sha256}")


@db.command(
    "restore",
    epilog=f"\b\nExample:\n  callsheet db restore ../sheet.backup.db\n\n{EXIT_CODES}",
)
@click.argument("file", type=click.Path(path_type=Path))
@_on_database
def restore_command(file: Path, *, db: Path | None, as_json: bool) -> None:
    """Put the backup FILE in the database's place; the one there is kept under a dated name."""
    clock = SystemClock()
    made = restore(file, _path(db), now=clock.now(), progress=Ticker(clock))
    if as_json:
        print_json({**asdict(made), "path": str(made.path), "aside": made.aside and str(made.aside)})
        return
    click.echo(f"{printable(str(made.path))}: {made.size:,} bytes, {counted(made.rows, 'row')}")
    if made.aside is not None:
        click.echo(f"the one before: {printable(str(made.aside))}")


@db.command(
    "migrate",
    epilog=f"\b\nExamples:\n  callsheet db migrate --dry-run\n  callsheet db migrate\n\n{EXIT_CODES}",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done.")
@_on_database
def migrate_command(*, dry_run: bool, db: Path | None, as_json: bool) -> None:
    """Bring an older database up to this version, after a backup beside it."""
    clock = SystemClock()
    made = upgrade(_path(db), now=clock.now(), dry_run=dry_run, progress=Ticker(clock))
    if as_json:
        print_json({**asdict(made), "path": str(made.path), "backup": made.backup and str(made.backup)})
        return
    where = printable(str(made.path))
    if not made.files:
        click.echo(f"{where}: version {made.found}, which is this program's; nothing to do")
        return
    verb = "would go" if dry_run else "went"
    click.echo(f"{where}: {verb} from version {made.found} to {made.newest} ({', '.join(made.files)})")
    if made.backup is not None:
        click.echo(f"the one before: {printable(str(made.backup))}")


def _path(db: Path | None) -> Path:
    return db or load_settings().storage.path


def _show(report: Report) -> None:
    where = printable(str(report.path))
    looked = f"{counted(report.rows, 'row')}, {counted(report.blobs, 'blob')}"
    if report.is_clean:
        click.echo(f"{where}: clean ({looked}, version {report.version})")
        return
    for finding in report.findings:
        click.echo(f"{printable(finding.table)}  {printable(finding.key)}  {printable(finding.message)}")
    click.echo(f"{where}: {counted(report.count, 'damaged thing')} ({looked} read)", err=True)
    if report.count > len(report.findings):
        click.echo(f"{report.count - len(report.findings):,} more: --limit", err=True)
    click.echo("hint: callsheet db restore FILE puts a backup in its place", err=True)
