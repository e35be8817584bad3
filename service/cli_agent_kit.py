"""`callsheet agent new|build`: an agent from its first line to its module."""

from __future__ import annotations

from pathlib import Path

import click

from contracts.errors import InvalidInput, NotFound
from service.console import print_json, printable
from wasm_agents.kits.building import TIMEOUT_S
from wasm_agents.kits.building import build as build_folder
from wasm_agents.kits.languages import BY_NAME, LANGUAGES, LanguageName
from wasm_agents.kits.scaffold import new_agent

FOLDER = click.argument("folder", type=click.Path(path_type=Path), default=Path())


@click.command(
    epilog="""\b
Examples:
  callsheet agent new greet --lang python
  callsheet agent new greet --lang c --into agents/

\b
Exit codes:
  0  done
  3  the name cannot be used
  5  a folder of that name is there
  7  there is no folder to put it into
"""
)
@click.argument("name")
@click.option("--lang", type=click.Choice(LANGUAGES), required=True, help="What it is written in.")
@click.option(
    "--into", type=click.Path(path_type=Path), default=Path(), help="Where its folder goes; here when absent."
)
def new(name: str, *, lang: LanguageName, into: Path) -> None:
    """Write the folder of a new agent, NAME: a source that works, its manifest, its cases."""
    if not into.is_dir():
        raise NotFound("kit.no_folder", f"there is no folder {str(into)!r:.300}", where=str(into))
    folder = printable(str(new_agent(name, lang, into=into)))
    click.echo(f"{folder}: {BY_NAME[lang].source}, agent.toml, tests.json")
    click.echo(f"next: callsheet agent build {folder}", err=True)


@click.command(
    epilog="""\b
Examples:
  callsheet agent build greet
  cd greet && callsheet agent build

\b
Exit codes:
  0  done
  3  the source does not build, or agent.toml cannot be used
  5  the compiler is not installed
  6  out of time
  7  there is no such folder or source
"""
)
@FOLDER
@click.option(
    "--timeout", type=click.FloatRange(1, 3600), default=TIMEOUT_S, show_default=True,
    help="Seconds the compiler may take.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def build(folder: Path, *, timeout: float, as_json: bool) -> None:
    """Build the agent in FOLDER and write its module's SHA-256 into agent.toml."""
    try:
        made = build_folder(found_folder(folder), say=_say, timeout_s=timeout)
    except InvalidInput as exc:
        for line in exc.data.get("lines", []):
            click.echo(f"  {printable(line)}", err=True)
        raise
    shown = folder / made.module.name
    if as_json:
        print_json({
            "module": str(shown), "sha256": made.sha256, "bytes": made.size,
            "seconds": round(made.seconds, 3), "language": made.language.name, "tool": made.tool.name,
        })  # fmt: skip
    else:
        click.echo(f"{printable(str(shown))}: {made.size:,} bytes in {made.seconds:.1f} s")
        click.echo(f"sha256 {made.sha256}")


def found_folder(folder: Path) -> Path:
    """Return the folder, absolute.

    Raises:
        NotFound: `kit.no_folder`.
    """
    if not folder.is_dir():
        raise NotFound(
            "kit.no_folder",
            f"there is no folder {str(folder)!r:.300}",
            where=str(folder),
            hint="callsheet agent new NAME --lang python",
        )
    return folder.absolute()


def _say(text: str) -> None:
    click.echo(f"callsheet: {printable(text)}", err=True)
