"""`callsheet serve`: the API and the dashboard in one process, which holds the database."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import click

from contracts.policy import Grant
from service.app import create_app
from service.compose import open_desk
from service.console import EXIT_CODES
from service.grants import grants_of
from service.logs import configure_logs
from service.security import check_bind
from service.server import serve
from service.settings import Settings, load_settings
from storage.database import Holder
from traces.redaction import Redactor


@click.command(
    "serve",
    epilog=f"""\b
Examples:
  callsheet serve
  callsheet serve --port 0 --allow-private 127.0.0.1:8000
  CALLSHEET_SERVER__API_KEY=… callsheet serve --host 0.0.0.0

{EXIT_CODES}""",
)
@click.option("--host", help="Where to listen; beyond loopback an API key is a must.")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option(
    "--allow-private", multiple=True, metavar="HOST:PORT", help="Allow one private or loopback address."
)
@click.option("--allow-host", multiple=True, metavar="NAME", help="Allow one more public host, or *.")
@click.option("--allow-folder", multiple=True, metavar="PATH", help="Let agents read files under a folder.")
@click.option("--db", type=click.Path(path_type=Path), help="The database.")
@click.option("--traces", type=click.Path(path_type=Path), help="The folder of trace files.")
def serve_command(**given: Any) -> None:
    """Start the API and the dashboard."""
    flags: dict[str, dict[str, Any]] = {
        "server": {k: given[k] for k in ("host", "port") if given[k] is not None},
        "storage": {"path": given["db"]} if given["db"] else {},
        "traces": {"folder": given["traces"]} if given["traces"] else {},
    }
    settings = load_settings(flags)
    configure_logs(settings.log.level, redactor=Redactor(settings.secrets()))
    asyncio.run(_serve(settings, grants_of(given)))


async def _serve(settings: Settings, grants: tuple[Grant, ...]) -> None:
    check_bind(settings.server)
    async with open_desk(settings, grants=grants) as desk:

        def started(url: str) -> None:
            desk.database.announce(Holder(os.getpid(), url))
            for grant in desk.grants:
                click.echo(f"granted: {grant.kind.replace('_', ' ')} {grant.value} (by {grant.by})", err=True)
            click.echo(
                f"callsheet serves {url} (API) and {url}/ui/runs (dashboard); Ctrl-C ends it",
                err=True,
            )

        await serve(create_app(desk), settings, on_started=started)
