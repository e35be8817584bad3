"""`callsheet plans`: look at plans somebody wrote; nothing is run."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from contracts.errors import InvalidInput, InvalidPlan, Problem
from contracts.jsonvalue import MAX_BYTES
from planner.dialects.importing import DIALECTS, import_plan
from planner.diff import diff_plans
from service.cards import cards_at_hand
from service.console import EXIT_CODES, counted, print_json, printable
from service.plan_desk import checked_document, facts_of, problem_list, readable_document
from service.plan_formats import as_json, as_mermaid, as_table

JSON: Final = click.option("--json", "as_json_", is_flag=True, help="Print JSON.")
FILE: Final = click.argument("file", metavar="FILE|-")
FORMATS: Final = {"table": as_table, "json": as_json, "mermaid": as_mermaid}
OUTLOOK: Final = "outlook"
INVALID: Final = InvalidInput.exit_code
MOST_REPAIRS: Final = 20


def _epilog(*examples: str) -> str:
    lines = "\n".join(f"  callsheet plans {example}" for example in examples)
    return f"\b\nExamples:\n{lines}\n\n{EXIT_CODES}"


@click.group(epilog=_epilog("check plan.json", "show plan.json", "diff old.json new.json"))
def plans() -> None:
    """Check plans, show them, compare them, bring others' in; nothing is run."""


@plans.command("check", epilog=_epilog("check plan.json", "check - --json < plan.json"))
@FILE
@JSON
def check_plan(*, file: str, as_json_: bool) -> int:
    """Say whether a plan may run, and if not, everything that is wrong with it.

    Its structure, its agents and what they are given, what flows from step to
    step, budgets, and what its guests need the operator to grant.
    """
    try:
        document = checked_document(_read(file), cards_at_hand(), capabilities=_capabilities())
    except InvalidInput as exc:
        if not as_json_:
            raise
        print_json({"sound": False, "problems": problem_list(_problems(exc))})
        return INVALID
    found = facts_of(document)
    if as_json_:
        print_json(found)
    else:
        steps = counted(found["subtasks"], "subtask")
        click.echo(f"sound: {steps} for {', '.join(map(printable, found['agents']))}")
        click.echo(f"plan {found['plan_id']}")
    return 0


@plans.command("show", epilog=_epilog("show plan.json", "show plan.json --format outlook"))
@FILE
@click.option(
    "--format",
    "form",
    type=click.Choice([*FORMATS, OUTLOOK]),
    default="table",
    show_default=True,
    help="How to print it; outlook: what it may do, take and cost.",
)
@JSON
def show_plan(*, file: str, form: str, as_json_: bool) -> None:
    """Print a plan."""
    text = _read(file)
    if form == OUTLOOK:
        document = checked_document(text, cards_at_hand())
        # the past comes with the database
        look_ahead = import_module("service.plan_ahead").look_ahead
        click.echo(look_ahead(document, "json" if as_json_ else "table", environment=os.environ))
        return
    click.echo(FORMATS["json" if as_json_ else form](readable_document(text)))


@plans.command("diff", epilog=_epilog("diff old.json new.json", "diff old.json - --json < new.json"))
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@JSON
def diff(*, old: str, new: str, as_json_: bool) -> None:
    """Say what changed from one plan to another.

    Lines that begin with ! say what the new one may do that the old one might
    not: agents, hosts, effects, wider budgets.
    """
    if old == new == "-":
        raise click.UsageError("stdin holds one plan: name a file for the other")
    found = diff_plans(readable_document(_read(old)), readable_document(_read(new)), cards=cards_at_hand())
    if as_json_:
        print_json(found.as_json())
        return
    for line in found.lines():
        click.echo(printable(line))


@plans.command(
    "import", epilog=_epilog("import reply.txt", "import plan.json --dialect taskbench > mine.json")
)
@FILE
@click.option(
    "--dialect",
    type=click.Choice(list(DIALECTS)),
    default="auto",
    show_default=True,
    help="Whose format it is.",
)
@click.option("--objective", default="", help="What it is for, where the file does not say.")
@click.option(
    "--count-from",
    type=click.Choice(["0", "1"]),
    default="0",
    show_default=True,
    help="The number of the first step in references to steps.",
)
@click.option(
    "--agent",
    "agents",
    multiple=True,
    metavar="NAME",
    help="An agent it may name; those at hand when absent.",
)
def import_foreign(
    *, file: str, dialect: Any, objective: str, count_from: str, agents: tuple[str, ...]
) -> None:
    """Print the plan that a plan in another format amounts to.

    What was mended on the way goes to stderr.
    """
    cards = cards_at_hand()
    names = agents or tuple(card.name for card in cards)
    start: Any = int(count_from)
    found = import_plan(_read(file), dialect, agents=names, objective=objective, count_from=start)
    for repair in found.repairs[:MOST_REPAIRS]:
        click.echo(
            f"mended: {printable(str(repair['code']))} at {printable(str(repair['path'])) or '/'}", err=True
        )
    if found.document is None:
        raise InvalidPlan(found.problems)
    document = found.document if agents else checked_document(found.document, cards)
    click.echo(as_json(document))


def _problems(error: InvalidInput) -> Sequence[Problem]:
    if isinstance(error, InvalidPlan):
        return error.problems
    return [Problem(error.code, "", error.message, error.hint)]


def _read(name: str) -> str:
    """Return a plan's text, of a file or of stdin; of one that is too long, enough to tell."""
    try:
        if name == "-":
            return sys.stdin.read(MAX_BYTES + 1)
        with Path(name).open(encoding="utf-8-sig") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidInput(
            "plan.unreadable",
            f"cannot read {name[:200]!r}: {exc}",
            where=name[:200],
            hint="Name a file of UTF-8 text, or - for stdin.",
        ) from exc


def _capabilities() -> frozenset[str]:
    # settings come with pydantic, which showing a plan does without
    settings = import_module("service.settings").load_settings()
    found: frozenset[str] = import_module("service.granted").granted_capabilities(settings.guests, os.environ)
    return found
