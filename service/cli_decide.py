"""`callsheet objectives approve` and `reject`: the plan is shown, a person is asked, that plan is decided on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from contracts.errors import NotFound
from service.actions import Verdict
from service.console import printable
from service.objectives_asking import DB, JSON, RUN, epilog, say, tell
from service.objectives_doors import Counter
from service.objectives_lines import plan_lines
from service.objectives_server import Found
from service.progress import wait_text
from service.run_there import run_in, waits_in

YES = click.option("--yes", is_flag=True, help="Do not ask first.")
SUBTASK = click.option("--subtask", metavar="ID", help="Decide on this subtask alone.")


@click.command("approve", epilog=epilog("approve RUN", "approve RUN --subtask send --yes"))
@RUN
@SUBTASK
@YES
@DB
@JSON
def approve(run_id: str, *, subtask: str | None, yes: bool, db: Path | None, as_json: bool) -> None:
    """Let go on what waits for approval.

    It goes for the plan that is shown, and for no other.
    """
    _decide("approve", run_id, subtask=subtask, yes=yes, db=db, as_json=as_json)


@click.command("reject", epilog=epilog("reject RUN", "reject RUN --subtask send --yes"))
@RUN
@SUBTASK
@YES
@DB
@JSON
def reject(run_id: str, *, subtask: str | None, yes: bool, db: Path | None, as_json: bool) -> None:
    """Refuse what waits for approval."""
    _decide("reject", run_id, subtask=subtask, yes=yes, db=db, as_json=as_json)


def _decide(
    verdict: Verdict, run_id: str, *, subtask: str | None, yes: bool, db: Path | None, as_json: bool
) -> None:
    if not yes and not sys.stdin.isatty():
        raise click.UsageError(f"nobody can be asked here: say --yes to {verdict} without being asked")

    async def decide(counter: Counter) -> Found:
        shown = await counter.show(run_id)
        run = run_in(shown)
        if run.plan is None:
            raise NotFound(
                "run.not_planned",
                f"run {run_id!r} has no plan yet",
                hint=f"callsheet objectives watch {run_id}",
            )
        waits = [w for w in waits_in(shown) if w.kind == "approval" and subtask in (None, w.subtask_id)]
        for line in (*plan_lines(run), *(wait_text(w, run_id) for w in waits)):
            click.echo(printable(line), err=True)
        if not yes:
            click.confirm(f"{verdict.capitalize()} {subtask or 'what waits'}?", abort=True, err=True)
        return await counter.decide(run_id, verdict, plan_id=run.plan.plan_id, subtask=subtask)

    found = tell(db, decide)
    say(found, f"run {run_id}: {verdict} is kept", as_json=as_json)
