"""`callsheet run`: an objective or a plan, run here, or by the server that holds the database; or what was left over."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar, get_args

import click
from rich.console import Console

from contracts.errors import Conflict
from contracts.run import Approval, Run, RunState
from service.answer import show_result
from service.compose import open_desk
from service.console import EXIT_CODES, print_json
from service.example import Example, open_example
from service.exit_code import exit_code
from service.logs import configure_logs
from service.orders import YEAR_S
from service.planned_here import planned_here
from service.progress import MANY, Progress
from service.remote import server_url
from service.run_here import carry_on, count_unfinished, resume
from service.run_json import run_json
from service.run_task import OF_NEW_RUNS, OF_OBJECTIVES, Task, flags_named, task_of, task_of_example
from service.run_there import go_on_there, run_there
from service.settings import Settings, load_settings
from service.slow_model import told_if_slow
from traces.redaction import Redactor

Ended = TypeVar("Ended")


@click.command(
    epilog=f"""\b
Examples:
  callsheet run --example auction
  callsheet run 'find trucks under $9000 ending within 24 hours' --url https://auction.example/
  plan "list the titles on https://news.example/" > plan.json && callsheet run plan.json
  callsheet run plan.json --json --allow-private 127.0.0.1:8000
  callsheet run --resume all

{EXIT_CODES}"""
)
@click.argument("objective", required=False, metavar="OBJECTIVE|PLAN.json|-")
@click.option("--example", type=click.Choice(["auction"]), help="Run the built-in objective on its own site.")
@click.option(
    "--seed", type=click.IntRange(0, 1_000_000), default=1, show_default=True, help="Of the example's site."
)
@click.option("--resume", metavar="RUN|all", help="Go on with a run that was left unfinished, or with all.")
@click.option("--url", help="The page it is about; an address that is private as written is granted with it.")
@click.option("--input", "inputs", multiple=True, metavar="KEY=VALUE", help="A context key; JSON or text.")
@click.option(
    "--allow-private", multiple=True, metavar="HOST:PORT", help="Allow one private or loopback address."
)
@click.option("--allow-host", multiple=True, metavar="NAME", help="Allow one more public host, or *.")
@click.option("--allow-folder", multiple=True, metavar="PATH", help="Let agents read files under a folder.")
@click.option("--now", type=click.DateTime(["%Y-%m-%dT%H:%M:%SZ"]), help="The run's clock, UTC.")
@click.option("--home-zone", help="Zone of times that name none, such as America/Chicago.")
@click.option("--approval", type=click.Choice(get_args(Approval)), help="What waits for a person first.")
@click.option("--priority", type=click.IntRange(-100, 100), help="Each point is worth a minute of waiting.")
@click.option("--deadline", type=click.FloatRange(0, YEAR_S, min_open=True), help="Seconds it may take.")
@click.option("--concurrency", type=click.IntRange(1, 256), help="Attempts at once.")
@click.option("--db", type=click.Path(path_type=Path), help="The database.")
@click.option("--traces", type=click.Path(path_type=Path), help="The folder of trace files.")
@click.option("--json", "as_json", is_flag=True, help="Print the run as JSON on stdout.")
@click.option("--quiet", is_flag=True, help="No progress on stderr.")
def run(
    objective: str | None,
    *,
    as_json: bool,
    quiet: bool,
    example: str | None,
    seed: int,
    resume: str | None,
    **given: Any,
) -> int:
    """Plan an objective and run it, or run a plan; the result on stdout, progress on stderr."""
    if [objective, example, resume].count(None) != 2:
        raise click.UsageError("say an objective, a plan file, --example auction, or --resume RUN")
    if example and (ignored := flags_named(OF_OBJECTIVES, given)):
        raise click.UsageError(
            f"the example brings its own page, clock and grants: leave out {', '.join(ignored)}"
        )
    if resume and (ignored := flags_named(OF_NEW_RUNS, given)):
        raise click.UsageError(f"a run keeps what it was taken in with: leave out {', '.join(ignored)}")
    settings = load_settings(_flags(given))
    configure_logs("error", redactor=Redactor(settings.secrets()))
    console = Console(stderr=True, quiet=quiet)
    progress = Progress(console, Redactor(settings.secrets()))
    if resume:
        return _show_all(asyncio.run(_until_told(_resume(settings, resume, progress))), as_json=as_json)
    with ExitStack() as stack:
        shown = stack.enter_context(open_example(seed)) if example else None
        if shown is not None:
            settings = _in_zone(settings, shown)
        task = task_of_example(shown) if shown else task_of(objective or "", given)
        ended = asyncio.run(_until_told(_run_anywhere(settings, task, progress)))
        _show(ended, as_json=as_json)
        verdict = shown.judge(ended.result) if shown else None
    if verdict is not None:
        console.print(verdict.message, style="green" if verdict.is_right else "red")
        return 0 if verdict.is_right and ended.state is RunState.SUCCEEDED else 1
    return exit_code(ended)


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


def _in_zone(settings: Settings, example: Example) -> Settings:
    run = settings.run.model_copy(update={"home_zone": example.home_zone})
    return settings.model_copy(update={"run": run})


def _show(ended: Run, *, as_json: bool) -> None:
    if as_json:
        print_json(run_json(ended))
    elif ended.result is not None:
        show_result(Console(), ended.result)


def _show_all(runs: list[Run], *, as_json: bool) -> int:
    if as_json and len(runs) != 1:
        print_json([run_json(ended) for ended in runs])
    else:
        for ended in runs:
            _show(ended, as_json=as_json)
    return next((code for ended in runs if (code := exit_code(ended))), 0)


async def _until_told(work: Coroutine[Any, Any, Ended]) -> Ended:
    """Return what `work` gives, unless a signal says to stop."""
    me = asyncio.current_task()
    assert me is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, me.cancel)
    try:
        return await work
    except asyncio.CancelledError as exc:
        raise KeyboardInterrupt from exc


async def _run_anywhere(settings: Settings, task: Task, progress: Progress) -> Run:
    if url := server_url(settings):
        if task.only_here:
            raise Conflict(
                "run.grants_elsewhere",
                f"the server at {url} holds the database and decides what runs may reach and how they go",
                hint=f"Leave out {', '.join(task.only_here)} and set that on the server, or name another --db.",
            )
        return await run_there(settings, task, progress=progress)
    async with open_desk(settings, grants=task.grants, now=task.now, observer=progress) as desk:
        progress.left_over(count_unfinished(desk, most=MANY))
        # a file's plan was read before anything was opened: now it is held to what guests are granted here
        with told_if_slow(settings, progress.say):
            plan, asked = (
                (await desk.read_plan(task.plan.as_json()), ())
                if task.plan
                else await planned_here(desk, task.objective, task.inputs)
            )
        progress.grants(tuple(desk.grants))
        progress.plan(plan)
        started = await desk.start(
            task.objective, inputs=task.inputs, plan=plan, terms=task.terms, asked=asked
        )
        return await carry_on(desk, started.run_id, progress)


async def _resume(settings: Settings, wanted: str, progress: Progress) -> list[Run]:
    if url := server_url(settings):
        if wanted == "all":
            raise Conflict(
                "run.resumed_elsewhere",
                f"the server at {url} holds the database and goes on with all of them itself",
                hint="callsheet objectives list --state running",
            )
        return [await go_on_there(settings, wanted, progress=progress)]
    async with open_desk(settings, observer=progress) as desk:
        return await resume(desk, wanted, progress)
