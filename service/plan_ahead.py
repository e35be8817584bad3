"""`plan --dry-run`: the plan with its outlook; past runs count where their file can be read without touching it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click

from contracts.errors import CallsheetError
from contracts.priors import NOTHING_KNOWN, Past
from planner.outlook.outlook import outlook
from planner.outlook.shape import Outlook
from service.cards import cards_at_hand
from service.console import printable
from service.outlook import agents_named
from service.outlook_formats import outlook_json, outlook_mermaid, outlook_table
from service.plain_settings import plain_settings

SETTINGS_FILE: Final = Path("callsheet.toml")
FORMATS: Final[dict[str, Callable[[Mapping[str, Any], Outlook], str]]] = {
    "json": outlook_json,
    "table": outlook_table,
    "mermaid": outlook_mermaid,
}


def look_ahead(document: Mapping[str, Any], form: str, *, environment: Mapping[str, str]) -> str:
    """Return a checked plan and what is expected of it, in one of the plan's formats.

    Args:
        document: The plan.
        form: `json`, `table` or `mermaid`.
        environment: Where settings may stand.

    Raises:
        InvalidInput: `settings.invalid`.
    """
    settings = plain_settings(environment, SETTINGS_FILE)
    past = _past(settings.database, document)
    found = outlook(document, cards_at_hand(), past=past, width=settings.width, run_s=settings.run_s)
    return FORMATS[form](document, found)


def _past(database: Path, document: Mapping[str, Any]) -> Past:
    if not database.exists():
        return Past()  # nothing ever ran here
    try:
        # SQLite comes with it
        found: Past = import_module("service.plan_past").past_at(
            database, agents_named(document), plan_id=document["plan_id"]
        )
    except CallsheetError as exc:
        click.echo(f"warning: earlier runs are not counted: {exc.code}: {printable(exc.message)}", err=True)
        return NOTHING_KNOWN
    return found
