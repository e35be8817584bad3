"""`callsheet-planbench`: score the planner that needs no model on a suite of objectives; nothing is run."""

from __future__ import annotations

import json
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args

import click

from contracts.card import AgentCard
from contracts.clock import Clock, SystemClock
from contracts.errors import CallsheetError, InvalidInput
from contracts.jsonvalue import MAX_BYTES, parse_json
from eval.planning.cards import catalogue_for, read_cards
from eval.planning.score import Planned, PlanScore, score_plan
from eval.planning.suite import Case, read_suite
from eval.planning.summary import by_kind, summarize
from planner.rules.plan import plan_by_rules
from planner.validation import check
from service.cards import cards_at_hand
from service.console import EXIT_CODES, printable, run_command

T = TypeVar("T")
Which = Literal["all", "seen", "unseen"]
HALVES: Final[tuple[Which, ...]] = get_args(Which)
_FILE: Final = click.Path(path_type=Path, dir_okay=False)
EPILOG: Final = f"""\b
A line of the suite:
  {{"objective": "…", "agents": ["data", "scrape"], "optional": [], "order": [["data", "scrape"]]}}

No agents: the objective must be refused. A pair of order says that the first
agent's step waits for the second's.

{EXIT_CODES}"""


@click.command(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--suite", type=_FILE, required=True, help="Objectives, one JSON object a line.")
@click.option(
    "--catalogue",
    type=_FILE,
    help="Cards to plan with, and of those at hand only what the suite expects.",
)
@click.option(
    "--half",
    type=click.Choice(HALVES),
    default="all",
    show_default=True,
    help="Of the suite, by the hash of each objective.",
)
@click.option("--verbose", is_flag=True, help="Name every objective that missed, on stderr.")
@click.option("--json", "as_json", is_flag=True, help="Print the JSON alone, no table.")
def planbench(*, suite: Path, catalogue: Path | None, half: Which, verbose: bool, as_json: bool) -> None:
    """Score the rules planner on a suite of objectives.

    The last line of stdout is one JSON object: the share of plans with exactly the
    right agents, the mean F1 of the agents, the share of ordered pairs kept, of valid
    plans, of unsupported objectives refused, and how long a plan took.
    """
    every = _read(suite)
    cases = [case for case in every if half in ("all", case.half)]
    if not cases:
        raise InvalidInput("eval.bad_suite", f"the suite has no {half} objectives", hint="--half all")
    cards: Sequence[AgentCard] = cards_at_hand()
    if catalogue is not None:
        cards = catalogue_for(every, read_cards(_json(catalogue)), cards)
    scores = [
        score_plan(case, planned)
        for case, planned in zip(cases, plan_all(cases, cards, clock=SystemClock()), strict=True)
    ]
    figures = summarize(scores)
    if not as_json:
        show(figures, scores)
    if verbose:
        show_misses(scores)
    click.echo(json.dumps({"half": half, "agents_at_hand": len(cards)} | figures))


def plan_all(cases: Sequence[Case], cards: Sequence[AgentCard], *, clock: Clock) -> list[Planned]:
    """Return what the rules planner makes of each case, and what the check says of it."""
    return [plan_one(case, cards, clock=clock) for case in cases]


def plan_one(case: Case, cards: Sequence[AgentCard], *, clock: Clock) -> Planned:
    """Return what the rules planner makes of a case, and what the check says of it."""
    began = clock.monotonic()
    try:
        document = plan_by_rules(case.objective, inputs=case.inputs, cards=cards)
    except CallsheetError as exc:
        return Planned(None, code=exc.code, ms=1000 * (clock.monotonic() - began))
    except Exception as exc:  # noqa: BLE001  # a crash is what this counts; the suite goes on
        return Planned(None, code=type(exc).__name__, ms=1000 * (clock.monotonic() - began))
    ms = 1000 * (clock.monotonic() - began)
    return Planned(document, problems=tuple(p.code for p in check(document, cards)), ms=ms)


def show(figures: dict[str, Any], scores: Sequence[PlanScore]) -> None:
    """Print the figures, then each kind of objective, on stderr."""
    for name, value in figures.items():
        _say(f"{name:22} {'-' if value is None else value}")
    _say(f"\n{'kind':22} {'count':>5}  exact")
    for kind, (count, exact) in by_kind(scores).items():
        _say(f"{printable(kind)[:22]:22} {count:>5}  {exact:.2f}")


def show_misses(scores: Sequence[PlanScore]) -> None:
    """Print what was planned of each objective that missed, and what was wanted, on stderr."""
    for s in scores:
        if s.is_exact and s.is_valid and s.order_kept == s.order_asked:
            continue
        wanted = " ".join(sorted(s.case.agents)) or "to be refused"
        made = " ".join(s.found) or s.code
        extra = "" if s.order_kept == s.order_asked else f" (order {s.order_kept} of {s.order_asked})"
        _say(f"{s.case.objective[:200]!r}\n    wanted {wanted}; got {printable(made)}{extra}")


def main() -> None:
    """Run the command and leave with its exit code."""
    sys.exit(run_command(planbench, name="callsheet-planbench"))


def _say(line: str) -> None:
    click.echo(line, err=True)


def _read(path: Path) -> list[Case]:
    return _opened(path, "eval.bad_suite", lambda text: read_suite(text.splitlines()))


def _json(path: Path) -> object:
    return _opened(path, "eval.bad_catalogue", parse_json)


def _opened(path: Path, code: str, read: Callable[[bytes], T]) -> T:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
    except OSError as exc:
        said = f"{str(path)[:300]!r} cannot be read: {exc.strerror}"
        raise InvalidInput(code, said, where=str(path)) from exc
    if len(text) > MAX_BYTES:
        raise InvalidInput(code, f"{str(path)[:300]!r} is over {MAX_BYTES} bytes", where=str(path))
    try:
        return read(text.removeprefix(BOM_UTF8))
    except InvalidInput as exc:
        said = f"{str(path)[:300]!r}: {exc.message}"
        raise InvalidInput(code, said, where=f"{path}#{exc.where}", hint=exc.hint) from exc


if __name__ == "__main__":
    main()
