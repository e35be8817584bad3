"""`callsheet objectives approve` and `reject`: the plan is shown, a person is asked, that plan is decided on."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from contracts.errors import NotFound
from contracts.journal import Wait
from contracts.plan import Plan
from contracts.taint import needs_approval
from service.actions import Verdict, check_in_force
from service.cards import cards_at_hand
from service.console import printable
from service.objectives_asking import DB, JSON, RUN, epilog, say, tell
from service.objectives_doors import Counter
from service.objectives_lines import plan_lines
from service.objectives_server import Found
from service.progress import wait_text
from service.run_there import run_in, waits_in

YES = click.option("--yes", is_flag=True, help="Do not ask first.")
PLAN = click.option(
    "--plan", "plan_id", metavar="PLAN_ID", help="Decide on this plan alone; another one in force is refused."
)
SUBTASK = click.option("--subtask", metavar="ID", help="Decide on this subtask alone.")


@click.command(
    "approve", epilog=epilog("approve RUN", "approve RUN --plan PLAN_ID", "approve RUN --subtask send --yes")
)
@RUN
@PLAN
@SUBTASK
@YES
@DB
@JSON
def approve(
    run_id: str, *, plan_id: str | None, subtask: str | None, yes: bool, db: Path | None, as_json: bool
) -> None:
    """Let go on what waits for approval.

    It goes for the plan that is shown, or that --plan names, and for no other.
    """
    _decide("approve", run_id, plan_id=plan_id, subtask=subtask, yes=yes, db=db, as_json=as_json)


@click.command(
    "reject", epilog=epilog("reject RUN", "reject RUN --plan PLAN_ID", "reject RUN --subtask send --yes")
)
@RUN
@PLAN
@SUBTASK
@YES
@DB
@JSON
def reject(
    run_id: str, *, plan_id: str | None, subtask: str | None, yes: bool, db: Path | None, as_json: bool
) -> None:
    """Refuse what waits for approval."""
    _decide("reject", run_id, plan_id=plan_id, subtask=subtask, yes=yes, db=db, as_json=as_json)


def _decide(
    verdict: Verdict,
    run_id: str,
    *,
    plan_id: str | None,
    subtask: str | None,
    yes: bool,
    db: Path | None,
    as_json: bool,
) -> None:
    is_asked = not yes and sys.stdin.isatty()
    if not (yes or is_asked or plan_id):
        raise click.UsageError(
            f"nobody can be asked here: name the plan with --plan, or say --yes to {verdict} what is there"
        )

    async def decide(counter: Counter) -> Found:
        shown = await counter.show(run_id)
        run = run_in(shown)
        if run.plan is None:
            raise NotFound(
                "run.not_planned",
                f"run {run_id!r} has no plan yet",
                hint=f"callsheet objectives watch {run_id}",
            )
        if plan_id is not None:
            check_in_force(run, plan_id)
        waits = [w for w in waits_in(shown) if w.kind == "approval" and subtask in (None, w.subtask_id)]
        for line in (*plan_lines(run), *(wait_text(w, run_id) for w in waits), *_reasons(run.plan, waits)):
            click.echo(printable(line), err=True)
        click.echo(f"plan_id: {run.plan.plan_id}", err=True)
        if is_asked:
            click.confirm(f"{verdict.capitalize()} {subtask or 'what waits'}?", abort=True, err=True)
        return await counter.decide(run_id, verdict, plan_id=run.plan.plan_id, subtask=subtask)

    found = tell(db, decide)
    say(found, f"run {run_id}: {verdict} is kept", as_json=as_json)


def _reasons(plan: Plan, waits: Sequence[Wait]) -> Iterator[str]:
    """Yield what of each step that waits comes from somebody untrusted."""
    uses = needs_approval(plan, {card.name: card for card in cards_at_hand()})
    for wait in waits:
        yield from (f"{wait.subtask_id}: {use}" for use in uses.get(wait.subtask_id, ()))
