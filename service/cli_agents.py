"""`callsheet agents`: who is at hand, what each takes and gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from service.added import shelf_at_hand
from service.cards import cards_at_hand, find_card, load_catalogue
from service.console import print_json, printable


@click.group(epilog="Example: callsheet agents show wasm:text_stats")
def agents() -> None:
    """List and show the agents at hand."""


@agents.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_agents(*, as_json: bool) -> None:
    """List every agent with its effect and one line."""
    cards, broken = load_catalogue(shelf_at_hand())
    for name, error in broken:
        click.echo(f"left out: {name} ({error.code}: {printable(error.message)})", err=True)
    if as_json:
        print_json([card.as_json() for card in cards])
        return
    width = max(len(card.name) for card in cards)
    for card in cards:
        first = printable(card.description).split(". ")[0].rstrip(".")
        click.echo(f"{card.name:<{width}}  {card.effect.value:<10}  {first}")


@agents.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show_agent(name: str, *, as_json: bool) -> None:
    """Show one agent: what it takes, what it gives, examples."""
    card = find_card(cards_at_hand(), name)
    if as_json:
        print_json(card.as_json())
        return
    click.echo(f"{card.name} {card.version} ({card.effect.value})\n\n{printable(card.description)}\n")
    for title, schema in (("Takes", card.takes), ("Gives", card.gives)):
        for number, form in enumerate(schema.get("oneOf", schema.get("anyOf", [schema]))):
            click.echo(f"{title if number == 0 else 'or'}:")
            _show_fields(form)
    for example in card.examples:
        click.echo(f"Example: {printable(str(example['objective']))}")


def _show_fields(schema: Mapping[str, Any]) -> None:
    required = schema.get("required", [])
    fields = schema.get("properties", {})
    for key, spec in fields.items():
        mark = " (required)" if key in required else ""
        said = str(spec.get("description") or spec.get("type") or "") if isinstance(spec, dict) else ""
        click.echo(f"  {key}{mark}: {printable(said)}".rstrip(": "))
    if not fields:
        click.echo(f"  any {schema.get('type', 'JSON value')}")
