"""`callsheet agent`: one agent from its first line to its place among the others."""

from __future__ import annotations

from typing import Final

import click

from service.lazy_group import LazyGroup

COMMANDS: Final = {
    "new": ("service.cli_agent_kit:new", "Write a new agent's folder in C, Zig, JavaScript or Python."),
    "build": ("service.cli_agent_kit:build", "Build an agent's module from its source."),
    "test": ("service.cli_agent_test:test", "Run the conformance kit and an agent's own examples."),
    "inspect": (
        "service.cli_agent_inspect:inspect",
        "Show a manifest, its module, and what would be granted.",
    ),
    "add": ("service.cli_agent_shelf:add", "Check an agent and put it among those at hand."),
    "remove": ("service.cli_agent_shelf:remove", "Take an added agent away."),
}


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    epilog="""\b
Example:
  callsheet agent new greet --lang python
  callsheet agent build greet
  callsheet agent test greet
  callsheet agent add greet
  callsheet run 'greet Ada'""",
)
def agent() -> None:
    """Make an agent, test it, look into it, add it, remove it."""
