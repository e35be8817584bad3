"""`callsheet eval`: how good were stored traces, and how fast; reading works while a server writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final, cast

import click
from pydantic import JsonValue
from rich.console import Console
from rich.table import Table

from contracts.errors import CallsheetError, InvalidInput, NotFound
from contracts.jsonvalue import MAX_BYTES, parse_json
from contracts.trace import ExecutionTrace
from eval.report import AgentReport, Attempt, attempt_of, report_by_agent
from eval.score import DEFAULT_TOLERANCE, SCORERS, Score, ScorerName, score_against, score_trace
from service.console import print_json, printable
from service.settings import load_settings
from storage.database import Reader
from traces.files import load_trace
from traces.store import TraceFilter, TraceStore

PAGE: Final = 500
WIDTH: Final = 120
"""Columns of a table when stdout is no terminal."""

_DB = click.option("--db", type=click.Path(path_type=Path), help="The database; the settings' when absent.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(
    context_settings={"show_default": True}, epilog="Example: callsheet eval report --folder traces/runs"
)
def eval_group() -> None:
    """Score traces; report failures and latencies by agent."""


@eval_group.command("score", epilog="Exits with 1 when a trace does not pass.")
@click.argument("traces", nargs=-1, required=True, metavar="TRACE_FILE_OR_ID…")
@click.option("--scorer", type=click.Choice(SCORERS), default="exact")
@click.option(
    "--expected", type=click.Path(path_type=Path), help="A JSON file; else the trace's expected_output."
)
@click.option("--tolerance", type=click.FloatRange(min=0), default=DEFAULT_TOLERANCE, help="For numeric.")
@click.option("--pass-at", type=click.FloatRange(0, 1), default=1.0, help="The least value that passes.")
@_DB
@_JSON
def score(
    traces: tuple[str, ...],
    *,
    scorer: str,
    expected: Path | None,
    tolerance: float,
    pass_at: float,
    db: Path | None,
    as_json: bool,
) -> None:
    """Score stored traces against what was expected of them."""
    name = cast("ScorerName", scorer)  # click has checked it
    wanted = [_read_expected(expected)] if expected else []
    found: list[tuple[str, Score]] = []
    for trace in _traces(traces, db):
        if wanted:
            judged = score_against(trace, wanted[0], name, tolerance=tolerance, pass_at=pass_at)
        else:
            judged = score_trace(trace, name, tolerance=tolerance, pass_at=pass_at)
        found.append((trace.trace_id, judged))
    if as_json:
        print_json([{"trace_id": trace_id, **judged.model_dump()} for trace_id, judged in found])
    else:
        _show(_score_table(found))
    if not all(judged.passed for _, judged in found):
        click.get_current_context().exit(1)


@eval_group.command("report")
@_DB
@click.option("--folder", type=click.Path(path_type=Path), help="Trace files, instead of the database.")
@_JSON
def report(*, db: Path | None, folder: Path | None, as_json: bool) -> None:
    """Count attempts and failures and give p50, p95, p99 of the duration, by agent."""
    if db and folder:
        raise click.UsageError("--db and --folder exclude each other")
    attempts = _attempts_in(folder) if folder else _attempts_of(db)
    found = report_by_agent(attempts)
    if as_json:
        print_json([line.model_dump() for line in found])
    else:
        _show(_report_table(found))


def _traces(names: tuple[str, ...], db: Path | None) -> Iterator[ExecutionTrace]:
    with ExitStack() as stack:
        store: TraceStore | None = None
        for name in names:
            if name.endswith(".json") or "/" in name:
                yield load_trace(Path(name))
            else:
                store = store or TraceStore(stack.enter_context(_reader(db)))
                yield store.get(name)


def _reader(db: Path | None) -> Reader:
    return Reader.open(db or load_settings().storage.path)


def _read_expected(path: Path) -> JsonValue:
    try:
        with path.open("rb") as file:
            return parse_json(file.read(MAX_BYTES + 1))
    except OSError as exc:
        message = f"{str(path)[:300]!r} cannot be read: {exc.strerror}"
        raise InvalidInput("eval.bad_expected", message, where=str(path)) from exc
    except InvalidInput as exc:
        message = f"{str(path)[:300]!r}: {exc.message}"
        raise InvalidInput("eval.bad_expected", message, where=f"{path}#{exc.where}") from exc


def _attempts_of(db: Path | None) -> Iterator[Attempt]:
    with _reader(db) as reader:
        store = TraceStore(reader)
        page = store.page(TraceFilter(), limit=PAGE)
        while True:
            yield from (Attempt(t.agent_type, t.status, t.duration_ms) for t in page.traces)
            if page.next is None:
                return
            page = store.page(TraceFilter(), limit=PAGE, after=page.next)


def _attempts_in(folder: Path) -> Iterator[Attempt]:
    if not folder.is_dir():
        message = f"there is no folder {str(folder)[:300]!r}"
        raise NotFound("trace.no_folder", message, where=str(folder), hint="callsheet eval report --db PATH")
    for path in sorted(folder.glob("*.json")):
        try:
            yield attempt_of(load_trace(path))
        except CallsheetError as exc:
            click.echo(f"left out: {path.name}: {exc.code}: {printable(exc.message)}", err=True)


def _show(table: Table) -> None:
    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)


def _score_table(found: list[tuple[str, Score]]) -> Table:
    table = Table("Trace", "Scorer", "Value", "Passed", "Why")
    for trace_id, judged in found:
        said = printable(judged.explanation)
        table.add_row(
            printable(trace_id), judged.scorer, f"{judged.value:.3f}", "yes" if judged.passed else "no", said
        )
    return table


def _report_table(found: tuple[AgentReport, ...]) -> Table:
    table = Table("Agent")
    for heading in ("Count", "Failures", "Skipped", "Cancelled", "p50 ms", "p95 ms", "p99 ms"):
        table.add_column(heading, justify="right")
    for line in found:
        counts = (line.count, line.failures, line.skipped, line.cancelled)
        times = (line.p50_ms, line.p95_ms, line.p99_ms)
        shown = ("-" if t is None else f"{t:.1f}" for t in times)
        table.add_row(printable(line.agent), *map(str, counts), *shown)
    return table
