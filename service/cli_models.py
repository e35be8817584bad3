"""`callsheet models`: the models that run here, and those that are configured."""

from __future__ import annotations

from typing import Final

import click

from service.console import EXIT_CODES
from service.lazy_group import LazyGroup

COMMANDS: Final = {
    "list": ("service.cli_models_list:list_models", "Show what is known, pulled and configured."),
    "pull": ("service.cli_models_pull:pull_model", "Bring a model here, and check that it is the right one."),
    "use": ("service.cli_models_pull:use_model", "Have a pulled model plan."),
    "ping": (
        "service.cli_models_ping:ping_model",
        "Ask a model for one short reply, and say how long it took.",
    ),
    "bench": ("service.cli_models_bench:bench", "Measure how soon and how fast models answer."),
    "serve": ("service.cli_models_serve:serve_model", "Run a pulled model for other programs."),
    "rm": ("service.cli_models_pull:remove_model", "Delete a pulled model."),
}


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    epilog=f"""\b
Examples:
  callsheet models list
  callsheet models pull qwen2.5-coder-1.5b --use
  callsheet models ping
  plan 'find trucks under $9000 on https://auction.example/'

{EXIT_CODES}""",
)
def models() -> None:
    """Get models that run on this machine, choose one, try one."""
