"""What the commands under `callsheet objectives` share: their options, and how they ask and answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import click

from service.console import EXIT_CODES, print_json
from service.objectives_doors import Counter, Shelf, open_counter, open_shelf
from service.objectives_server import Found
from service.settings import Settings, load_settings

DB = click.option("--db", type=click.Path(path_type=Path), help="The database; the settings' when absent.")
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
RUN = click.argument("run_id", metavar="RUN")


def epilog(*examples: str) -> str:
    """Return the examples and exit codes under a command's help."""
    lines = "\n".join(f"  callsheet objectives {example}" for example in examples)
    return f"\b\nExamples:\n{lines}\n\n{EXIT_CODES}"


def settings_with(db: Path | None) -> Settings:
    """Return the settings, with another database where one was named."""
    return load_settings({"storage": {"path": db}} if db is not None else {})


def look(db: Path | None, ask: Callable[[Shelf], Awaitable[Found]]) -> Found:
    """Return what looking gives."""

    async def looked(settings: Settings) -> Found:
        async with open_shelf(settings) as shelf:
            return await ask(shelf)

    return asyncio.run(looked(settings_with(db)))


def tell(db: Path | None, ask: Callable[[Counter], Awaitable[Found]]) -> Found:
    """Return what telling gives; say who goes on with the run where nobody is at it."""

    async def told(settings: Settings) -> Found:
        async with open_counter(settings) as counter:
            found = await ask(counter)
            if note := counter.note(found["run_id"]):
                click.echo(note, err=True)
            return found

    return asyncio.run(told(settings_with(db)))


def say(found: dict[str, Any], text: str, *, as_json: bool) -> None:
    """Print an answer: its JSON, or in words."""
    if as_json:
        print_json(found)
    else:
        click.echo(text)
