"""The `plan` command: an objective in, a JSON plan out, nothing run.

Stands ready in a fraction of a second, so it imports no agent, no web
framework and no pydantic unless a model is configured.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from contracts.errors import InvalidInput
from contracts.structure import seal
from planner.objective import MAX_OBJECTIVE
from planner.rules.plan import plan_by_rules
from service.cards import cards_at_hand
from service.configured_secrets import configured_secrets, read_settings_file
from service.console import EXIT_CODES, parse_inputs, printable, run_command
from service.model_choice import is_chosen
from service.plan_formats import as_json, as_mermaid, as_table
from traces.cleaning import Cleaner
from traces.plan_cleaning import clean_plan

MAX_STDIN: Final = 64 * 1024
SETTINGS_FILE: Final = Path("callsheet.toml")
FORMATS: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "json": as_json,
    "table": as_table,
    "mermaid": as_mermaid,
}
VARIABLE: Final = "CALLSHEET_MODEL__"
ADDRESSED: Final = "openai"
"""The kind of model that counts for nothing unless more is said."""
EXAMPLES: Final = f"""\b
Examples:
  plan 'find trucks under $9000 on https://auction.example/ ending within 24 hours'
  plan --format table "convert 'Tue 5 Mar 6:30 PM CT' to UTC"
  plan "sum the bids per seller" --input bids='[{{"seller": "A", "bid": 3}}]'
  echo "read the sign in photo1.jpg" | plan - -o plan.json
  plan --dry-run 'find trucks under $9000 on https://auction.example/'

{EXIT_CODES}"""


@click.command(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("objective")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    help="How to print it: json, or table with --dry-run, unless told.",
)
@click.option(
    "--input",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="A context key the plan may read; JSON or text.",
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write it there, print nothing."
)
@click.option(
    "--dry-run",
    "ahead",
    is_flag=True,
    help="Say too what it may do, take and cost; nothing is run either way.",
)
@click.option("--no-model", is_flag=True, help="Plan by rules even where a model is configured.")
def plan(
    *,
    objective: str,
    form: str | None,
    pairs: tuple[str, ...],
    output: Path | None,
    ahead: bool,
    no_model: bool,
) -> None:
    """Print the plan of OBJECTIVE (- reads it from stdin); nothing is run.

    With a model configured (CALLSHEET_MODEL__URL or CALLSHEET_MODEL__KIND, or
    url or kind under [model] in callsheet.toml) the model plans, else rules
    over the agents' cards do.
    """
    asked = _from_stdin() if objective == "-" else objective
    found = make_plan(asked, parse_inputs(pairs), use_model=not no_model and model_is_set(os.environ))
    document = without_secrets(found, configured_secrets(os.environ, SETTINGS_FILE))
    for warning in document["origin"].get("warnings", ()):
        click.echo(f"warning: {printable(warning)}", err=True)
    text = (_look_ahead(document, form or "table") if ahead else FORMATS[form or "json"](document)) + "\n"
    if output is None:
        _print(text)
        return
    try:
        output.write_text(text, encoding="utf-8")
    except OSError as exc:
        raise InvalidInput(
            "output.unwritable", f"cannot write {str(output)!r}: {exc.strerror}", hint="Name another file."
        ) from exc


def make_plan(objective: str, inputs: Mapping[str, Any], *, use_model: bool) -> dict[str, Any]:
    """Return a plan document that passed every check."""
    cards = cards_at_hand()
    if not use_model:
        return plan_by_rules(objective, inputs=inputs, cards=cards)
    # pydantic, asyncio and the network come with it, and cost more than a plan by rules
    found: dict[str, Any] = import_module("service.plan_model").plan_with_model(
        objective, inputs=inputs, cards=cards
    )
    return found


def without_secrets(document: dict[str, Any], secrets: Sequence[str]) -> dict[str, Any]:
    """Return the plan as it may be shown; one that named a configured key is another plan now, and named so."""
    clean = clean_plan(document, Cleaner(secrets, finds="told"))
    return document if clean == document else seal(clean)


def model_is_set(environment: Mapping[str, str], settings_file: Path = SETTINGS_FILE) -> bool:
    """Say whether the environment or the settings file names a model, or `callsheet models use` chose one.

    Raises:
        InvalidInput: `settings.invalid`, the file cannot be read.
    """
    given = {name.upper(): value for name, value in environment.items()}
    document = read_settings_file(settings_file)
    model = document.get("model")
    said = model if isinstance(model, dict) else {}
    kind, url, name = (given.get(VARIABLE + f.upper()) or said.get(f) for f in ("kind", "url", "name"))
    if url or name or (kind or ADDRESSED) != ADDRESSED:
        return True  # or has a fault, which whoever reads the settings whole tells
    return is_chosen(environment, document)


def _look_ahead(document: Mapping[str, Any], form: str) -> str:
    # what reckons with the past is imported only where it is asked for
    return str(import_module("service.plan_ahead").look_ahead(document, form, environment=os.environ))


def main() -> None:
    """Run the command and leave with its exit code."""
    sys.exit(run_command(plan, name="plan"))


def _print(text: str) -> None:
    try:
        click.echo(text.encode(), nl=False)
    except BrokenPipeError:
        # whoever read stdout has gone; Python would complain once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _from_stdin() -> str:
    raw = sys.stdin.buffer.read(MAX_STDIN + 1)
    if len(raw) > MAX_STDIN:
        raise InvalidInput(
            "plan.objective_too_long",
            f"more than {MAX_STDIN} bytes on stdin, an objective has at most {MAX_OBJECTIVE} characters",
            hint="Give long material with --input.",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise InvalidInput(
            "plan.objective_encoding", f"stdin is not UTF-8: byte {exc.start}", hint="Send UTF-8 text."
        ) from exc


if __name__ == "__main__":
    main()
