"""`callsheet agent add|remove`: put an agent among those at hand, take it away."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from contracts.errors import NotFound
from service.cards import built_in, load_cards
from service.cli_agent_inspect import effect_words, granted_to
from service.console import be_sure, printable
from service.settings import load_settings
from wasm_agents.candidate import read_candidate
from wasm_agents.limits import granted_limits
from wasm_agents.shelf import Shelf

if TYPE_CHECKING:
    from wasm_agents.host import Host

EXIT_CODES = """\b
Exit codes:
  0  done
  3  the manifest or the module cannot be used
  5  an agent of that name is there
  7  there is no such agent or file
"""


@click.command(epilog=f"\b\nExample:\n  callsheet agent add greet/\n\n{EXIT_CODES}")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Take the place of the agent of that name.")
def add(path: Path, *, replace: bool) -> None:
    """Check the agent at PATH (a folder or an agent.toml) and copy it to those at hand; a server sees it at once."""
    candidate, settings = read_candidate(path), load_settings()
    card = candidate.card
    if card.name in {own.name for own in load_cards()}:
        raise built_in(card.name, hint="Choose another name.")
    candidate.check_digest()
    # the engine is imported for this alone
    host: Host = import_module("wasm_agents.host").Host()
    try:
        limits = granted_limits(card.extra["limits"], ceilings=settings.guests.limits, allowance={})
        host.load(candidate.wasm, limits, sha256=card.sha256)
    finally:
        host.close()
    name = card.name.removeprefix("wasm:")
    Shelf(settings.guests.folder).add(candidate.manifest, candidate.wasm, name=name, replace=replace)
    click.echo(f"{card.name} {card.version} ({effect_words(candidate)}) is in {settings.guests.folder}")
    for line in granted_to(candidate, settings).denied:
        click.echo(f"not granted: {printable(line)}", err=True)


@click.command(epilog=f"\b\nExample:\n  callsheet agent remove greet --yes\n\n{EXIT_CODES}")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(name: str, *, yes: bool) -> None:
    """Take the added agent NAME away; calls under way end as they would have."""
    name = name.removeprefix("wasm:")
    shelf = Shelf(load_settings().guests.folder)
    if name not in shelf.names():
        if name in {own.name.removeprefix("wasm:") for own in load_cards()}:
            raise built_in(name, hint="Only added agents can be removed.")
        raise _unknown(name, shelf)
    if not yes:
        be_sure(f"Remove wasm:{name}?")
    shelf.remove(name)
    click.echo(f"wasm:{name} is removed")


def _unknown(name: str, shelf: Shelf) -> NotFound:
    known = ", ".join(f"wasm:{n}" for n in shelf.names()[:20])
    said = f"Added are {known}." if known else "None was added."
    return NotFound("agent.unknown", f"no agent called {name[:80]!r} was added", hint=said)
