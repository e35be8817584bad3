"""`callsheet agent test`: an agent's cases, and what is asked of every agent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import click

from service.cli_agent_kit import FOLDER, found_folder
from service.console import counted, print_json, printable
from wasm_agents.host import Host
from wasm_agents.kits.trying import Check, try_agent


@click.command(
    epilog="""\b
Examples:
  callsheet agent test greet
  callsheet agent test greet --json

\b
Exit codes:
  0  everything passed
  1  something did not
  3  agent.toml, tests.json or the module cannot be used
  7  there is no such folder, or it is not built
"""
)
@FOLDER
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test(folder: Path, *, as_json: bool) -> int:
    """Run an agent's cases and examples, and what is asked of every agent; it is granted nothing."""
    if not as_json:
        click.echo("callsheet: a module that is new here is compiled first", err=True)
    show: Callable[[Check], None] = (lambda _: None) if as_json else _show
    with closing(Host()) as host:
        checks = []
        for check in try_agent(found_folder(folder), host):
            checks.append(check)
            show(check)
    failed = sum(not check.is_ok for check in checks)
    if as_json:
        print_json({"passed": len(checks) - failed, "failed": failed, "checks": [asdict(c) for c in checks]})
    else:
        click.echo(f"{counted(len(checks), 'check')}, {failed or 'none'} failed")
    return 1 if failed else 0


def _show(check: Check) -> None:
    used = (
        f"  {check.fuel:,} fuel, {check.wall_ms:.1f} ms"
        if check.fuel and check.is_ok and not check.detail
        else ""
    )
    said = f"  {printable(check.detail)}" if check.detail else ""
    click.echo(f"{'ok    ' if check.is_ok else 'FAILED'}  {printable(check.name)}{said}{used}")
