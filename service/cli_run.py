"""`callsheet run`: an objective or a plan, run here, or by the server that holds the database."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from pydantic import JsonValue
from rich.console import Console

from contracts.errors import Conflict, InvalidInput, Unavailable
from contracts.jsonvalue import MAX_BYTES
from contracts.plan import Plan
from contracts.policy import Grant
from contracts.run import Run, RunState
from planner.checked import load_checked
from service.answer import show_result
from service.api.objectives import run_json
from service.cards import load_cards
from service.compose import open_desk
from service.console import EXIT_CODES, counted, parse_inputs, print_json
from service.desk import LocalDesk
from service.example import Example, open_example
from service.grants import grants_of
from service.logs import configure_logs
from service.progress import Progress
from service.remote import run_remotely
from service.settings import Settings, load_settings
from storage.lock import read_holder
from traces.follow import count_of_run
from traces.redaction import Redactor

ONLY_HERE: Final = (
    "url", "allow_private", "allow_host", "allow_folder", "now", "home_zone", "concurrency", "traces",
)  # fmt: skip
OF_OBJECTIVES: Final = ("url", "inputs", "allow_private", "allow_host", "allow_folder", "now", "home_zone")


@dataclass(frozen=True, slots=True)
class Task:
    """What was asked on the command line."""

    objective: str
    plan: Plan | None
    inputs: Mapping[str, JsonValue]
    grants: tuple[Grant, ...]
    now: datetime | None = None
    only_here: tuple[str, ...] = ()
    """Flags that a server that holds the database would not heed."""


@click.command(
    epilog=f"""\b
Examples:
  callsheet run --example auction
  callsheet run 'find trucks under $9000 ending within 24 hours' --url https://auction.example/
  plan "list the titles on https://news.example/" > plan.json && callsheet run plan.json
  callsheet run plan.json --json --allow-private 127.0.0.1:8000

{EXIT_CODES}"""
)
@click.argument("objective", required=False, metavar="OBJECTIVE|PLAN.json|-")
@click.option("--example", type=click.Choice(["auction"]), help="Run the built-in objective on its own site.")
@click.option(
    "--seed", type=click.IntRange(0, 1_000_000), default=1, show_default=True, help="Of the example's site."
)
@click.option("--url", help="The page it is about; an address that is private as written is granted with it.")
@click.option("--input", "inputs", multiple=True, metavar="KEY=VALUE", help="A context key; JSON or text.")
@click.option(
    "--allow-private", multiple=True, metavar="HOST:PORT", help="Allow one private or loopback address."
)
@click.option("--allow-host", multiple=True, metavar="NAME", help="Allow one more public host, or *.")
@click.option("--allow-folder", multiple=True, metavar="PATH", help="Let agents read files under a folder.")
@click.option("--now", type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]), help="The run's clock, UTC.")
@click.option("--home-zone", help="Zone of times that name none, such as America/Chicago.")
@click.option("--concurrency", type=click.IntRange(1, 256), help="Attempts at once.")
@click.option("--db", type=click.Path(path_type=Path), help="The database.")
@click.option("--traces", type=click.Path(path_type=Path), help="The folder of trace files.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON on stdout.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def run(
    objective: str | None, *, as_json: bool, quiet: bool, example: str | None, seed: int, **given: Any
) -> int:
    """Plan an objective and run it, or run a plan; the result on stdout, progress on stderr."""
    if (objective is None) == (example is None):
        raise click.UsageError("say an objective, a plan file, or --example auction")
    if example and (ignored := [_flag(k) for k in OF_OBJECTIVES if given[k]]):
        raise click.UsageError(
            f"the example brings its own page, clock and grants: leave out {', '.join(ignored)}"
        )
    settings = load_settings(_flags(given))
    configure_logs("error", redactor=Redactor(settings.secrets()))
    with ExitStack() as stack:
        shown = stack.enter_context(open_example(seed)) if example else None
        if shown is not None:
            settings = settings.model_copy(
                update={"run": settings.run.model_copy(update={"home_zone": shown.home_zone})}
            )
        task = _example_task(shown) if shown else _task(objective or "", given)
        console = Console(stderr=True, quiet=quiet)
        ended = asyncio.run(_run(settings, task, Progress(console, Redactor(settings.secrets()))))
        if as_json:
            print_json(run_json(ended))
        elif ended.result is not None:
            show_result(Console(), ended.result)
        verdict = shown.judge(ended.result) if shown else None
    if verdict is not None:
        console.print(verdict.message, style="green" if verdict.is_right else "red")
        return 0 if verdict.is_right and ended.state is RunState.SUCCEEDED else 1
    return _exit_code(ended)


def _flag(name: str) -> str:
    return f"--{name.removesuffix('s') if name == 'inputs' else name}".replace("_", "-")


def _flags(given: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {"storage": {}, "traces": {}, "run": {}}
    for group, field, value in (
        ("storage", "path", given["db"]),
        ("traces", "folder", given["traces"]),
        ("run", "home_zone", given["home_zone"]),
        ("run", "concurrency", given["concurrency"]),
    ):
        if value is not None:
            found[group][field] = value
    return found


def _example_task(example: Example) -> Task:
    grant = Grant(kind="private_host", value=example.address, by="--example")
    return Task(example.objective, None, {}, (grant,), example.now, ("--example",))


def _task(text: str, given: Mapping[str, Any]) -> Task:
    now = given["now"].replace(tzinfo=UTC) if given["now"] else None
    only_here = tuple(_flag(k) for k in ONLY_HERE if given[k])
    task = Task("", None, parse_inputs(given["inputs"]), grants_of(given), now, only_here)
    if text == "-":
        text = sys.stdin.read(MAX_BYTES + 1)
    elif text.endswith(".json"):
        text = _read_file(Path(text))
    if text.lstrip().startswith("{"):
        plan = load_checked(text, load_cards())
        return replace(task, objective=plan.objective, plan=plan)
    url = given["url"]
    return replace(task, objective=text if not url or url in text else f"{text.rstrip(' .')} on {url}")


def _read_file(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInput("plan.unreadable", f"cannot read {str(path)!r}: {exc}", where=str(path)) from exc


async def _run(settings: Settings, task: Task, progress: Progress) -> Run:
    me = asyncio.current_task()
    assert me is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, me.cancel)
    try:
        return await _run_anywhere(settings, task, progress)
    except asyncio.CancelledError as exc:
        raise KeyboardInterrupt from exc


async def _run_anywhere(settings: Settings, task: Task, progress: Progress) -> Run:
    holder = read_holder(settings.storage.path)
    if holder is not None and holder.url:
        if task.only_here:
            raise Conflict(
                "run.grants_elsewhere",
                f"the server at {holder.url} holds the database and decides what runs may reach and how they go",
                hint=f"Leave out {', '.join(task.only_here)} and set that on the server, or name another --db.",
            )
        return await run_remotely(
            settings, holder.url, task.objective, inputs=task.inputs, plan=task.plan, tell=progress.say
        )
    async with open_desk(settings, grants=task.grants, now=task.now, observer=progress) as desk:
        return await _run_here(desk, task, progress)


async def _run_here(desk: LocalDesk, task: Task, progress: Progress) -> Run:
    plan = task.plan or await desk.plan(task.objective, task.inputs)
    progress.grants(tuple(desk.grants))
    progress.plan(plan)
    started = await desk.start(task.objective, inputs=task.inputs, plan=plan)
    try:
        await desk.engine.wait(started.run_id)
    except asyncio.CancelledError:
        await desk.engine.cancel(started.run_id, "interrupted")
        raise
    ended = desk.runs.get(started.run_id)
    if not ended.state.is_final:
        raise Unavailable(
            "run.end_not_kept",
            f"run {ended.run_id} ended, and its end could not be written",
            where=str(desk.settings.storage.path),
            hint="Make room on that disk; its traces up to then are kept.",
        )
    if desk.files_lost():
        progress.say(
            f"{counted(desk.files_lost(), 'trace file')} could not be written; the database has them",
            "yellow",
        )
    traces = desk.settings.traces
    progress.ended(
        ended,
        traces=count_of_run(desk.reader, ended.run_id),
        folder=str(traces.folder) if traces.files == "all" else "",
        database=str(desk.settings.storage.path),
    )
    return ended


def _exit_code(ended: Run) -> int:
    if ended.state is RunState.SUCCEEDED:
        return 0
    return 6 if ended.error is not None and ended.error.code == "run.deadline" else 1
