"""`callsheet agent inspect`: a manifest, its module's bytes, and what the operator would grant."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from contracts.errors import InvalidInput
from contracts.policy import Policy
from service.cards import cards_at_hand, find_card
from service.console import counted, print_json, printable
from service.settings import Settings, load_settings
from wasm_agents.candidate import Candidate, read_candidate
from wasm_agents.catalogue import module_path
from wasm_agents.grants import Granted, grant
from wasm_agents.manifest import Manifest
from wasm_agents.manifest_checks import why_effectful
from wasm_agents.module_facts import ModuleFacts, facts_of

EXIT_CODES = """\b
Exit codes:
  0  done
  3  the manifest or the module cannot be used, or the module is not the manifest's
  7  there is no such agent or file
"""


@click.command(
    epilog=f"\b\nExamples:\n  callsheet agent inspect greet/\n  callsheet agent inspect wasm:echo --json\n\n{EXIT_CODES}"
)
@click.argument("agent")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def inspect(agent: str, *, as_json: bool) -> int:
    """Show the manifest of AGENT (a folder, an agent.toml, or a name), its module, and what would be granted.

    Nothing is compiled or run.
    """
    candidate = _found(agent)
    manifest = Manifest.read(candidate.document, where=str(candidate.path))
    facts = facts_of(candidate.wasm)
    granted = granted_to(candidate, load_settings())
    is_same = candidate.digest == manifest.sha256
    if as_json:
        print_json(
            {
                "manifest": manifest.model_dump(mode="json"),
                "path": str(candidate.path),
                "effect": candidate.card.effect.value,
                "module": facts.as_json() | {"sha256": candidate.digest, "is_the_manifests": is_same},
                "granted": granted.as_json(),
            }
        )
    else:
        _show(candidate, facts, granted)
    return 0 if is_same else InvalidInput.exit_code


def _found(agent: str) -> Candidate:
    path = Path(agent)
    if path.exists():
        return read_candidate(path)
    cards = cards_at_hand()
    guest = f"wasm:{agent.removeprefix('wasm:')}"
    card = find_card(cards, guest if guest in {c.name for c in cards} else agent)
    if card.entry:
        raise InvalidInput(
            "agent.native",
            f"{card.name!r} is native: it has no module",
            hint=f"callsheet agents show {card.name}",
        )
    return read_candidate(Path(card.extra["manifest"]), module=module_path(card))


def granted_to(candidate: Candidate, settings: Settings) -> Granted:
    """Return what the operator would grant to a run that may reach every host."""
    policy = Policy(hosts=("*",), grants=settings.egress.grants())
    operator = settings.guests.policy(os.environ)
    return grant(candidate.card, operator=operator, policy=policy, allowance={})


def effect_words(candidate: Candidate) -> str:
    """Return an agent's effect, and why it is more than its manifest declares."""
    effect = candidate.card.effect.value
    declared = candidate.document.get("effect", "pure")
    return effect if effect == declared else f"{effect}, because it {why_effectful(candidate.document)}"


def _show(candidate: Candidate, facts: ModuleFacts, granted: Granted) -> None:
    card = candidate.card
    is_same = candidate.digest == card.sha256
    click.echo(f"{card.name} {card.version} ({effect_words(candidate)})\n{printable(card.description)}\n")
    click.echo(
        f"manifest  {printable(str(candidate.path))}: {card.extra['abi']}, {card.extra['instance']} instances"
    )
    click.echo(f"module    {facts.kind}, {facts.size:,} bytes, sha256 {candidate.digest}")
    if not is_same:
        click.echo(f"          NOT the manifest's: {card.sha256}")
    click.echo(f"code      {counted(facts.functions, 'function')}, the largest {facts.largest_body:,} bytes")
    click.echo("sections  " + ", ".join(f"{name} {size:,}" for name, size in facts.sections[:30]))
    click.echo("imports   " + (", ".join(map(printable, facts.imports[:30])) or "none"))
    click.echo("exports   " + (", ".join(printable(n) for n, _ in facts.exports[:30]) or "none"))
    _show_grants(granted)


def _show_grants(granted: Granted) -> None:
    found = granted.as_json()
    rules = {"http": granted.http, "kv": found["kv"], "llm": found["llm"], "secrets": found["secrets"]}
    for kind, given in rules.items():
        for rule in given:
            click.echo(f"granted   {kind} {_spelled(rule)}")
    click.echo(f"granted   {granted.clock} clock, random from {granted.random}")
    click.echo("limits    " + ", ".join(f"{k} {v:,}" for k, v in found["limits"].items()))
    for line in granted.denied:
        click.echo(f"denied    {printable(line)}")


def _spelled(rule: Any) -> str:
    return ", ".join(f"{k} {v}" for k, v in rule.items()) if isinstance(rule, dict) else str(rule)
