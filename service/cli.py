"""The `callsheet` command: one group, its commands imported when they are called."""

from __future__ import annotations

import sys

import click

from service.console import EXIT_CODES, run_command
from service.lazy_group import LazyGroup

COMMANDS = {
    "run": ("service.cli_run:run", "Plan an objective (or take a plan) and run it here."),
    "plan": ("service.plan_cli:plan", "Print the plan of an objective; nothing runs."),
    "plans": ("service.cli_plans:plans", "Check plans, show them, compare them, bring others' in."),
    "serve": ("service.cli_serve:serve_command", "Start the API and the dashboard."),
    "objectives": ("service.cli_objectives:objectives", "Look at runs, follow one, decide, stop, try again."),
    "traces": (
        "service.cli_traces:traces",
        "List, show and follow the receipts; copy them to files and back.",
    ),
    "db": ("service.cli_db:db", "Check, copy, restore and migrate the database."),
    "agents": ("service.cli_agents:agents", "List and show the agents at hand."),
    "agent": ("service.cli_agent:agent", "Make an agent, test it, look into it, add it, remove it."),
    "models": ("service.cli_models:models", "Get models that run on this machine, choose one, try one."),
    "eval": ("service.eval_cli:eval_group", "Score traces; report failures and latencies by agent."),
    "doctor": ("service.doctor:doctor", "Say what is present, what is missing, and how to mend it."),
}


@click.group(
    cls=LazyGroup,
    commands_at=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"""\b
Examples:
  callsheet run --example auction
  callsheet run 'find trucks under $9000 ending within 24 hours' --url https://auction.example/
  callsheet traces list --status failure
  callsheet serve

{EXIT_CODES}""",
)
@click.version_option(package_name="callsheet", prog_name="callsheet")
def callsheet() -> None:
    """Plan an objective, run it on sandboxed agents, keep the receipts."""


def main() -> None:
    """Run the command and leave with its exit code."""
    sys.exit(run_command(callsheet, name="callsheet"))
