"""`callsheet serve`: the API and the dashboard in one process, which holds the database."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click
import uvloop

from contracts.agent import Agent
from contracts.clock import unix_ms
from contracts.errors import CallsheetError
from contracts.policy import Grant
from service.compose import open_desk
from service.console import EXIT_CODES
from service.desk import LocalDesk
from service.grants import grants_of
from service.idempotency import KEPT_MS
from service.logs import configure_logs
from service.reading_ahead import read_ahead
from service.security import check_bind
from service.settings import Settings, load_settings
from storage.database import Holder
from traces.redaction import Redactor

DRAIN_S: Final = 0.3
LEAVE_S: Final = 2.3
TIDY_S: Final = 60.0
GC_THRESHOLDS: Final = (10_000, 10, 20)
"""Seldom, since hardly anything is left to the collector; not so seldom that what is grows to megabytes."""
OTHER_FILES: Final = 512
"""Beside connections: the database, agents, browsers."""


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
    raise_file_limit(settings.server.connections + OTHER_FILES)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_desk(settings, grants_of(given), tell=_tell, leave_s=LEAVE_S))


async def serve_desk(
    settings: Settings,
    grants: Sequence[Grant],
    *,
    tell: Callable[[LocalDesk, str], None],
    more_agents: Sequence[Agent] = (),
    leave_s: float | None = None,
) -> None:
    """Serve until told to end.

    Args:
        settings: What the operator decided.
        grants: More of the operator's grants.
        tell: Given the address once requests are answered.
        more_agents: Beside those that have cards.
        leave_s: This long after the engine was told to drain the process ends, closed or not; None: when all is closed.
    """
    check_bind(settings.server)
    async with open_desk(settings, grants=grants, drain_s=DRAIN_S, more_agents=more_agents) as desk:
        # Unfinished runs go on at once: the web framework is imported beside them.
        worker = asyncio.create_task(desk.engine.run_worker())
        tidying = asyncio.create_task(_forget_old_names(desk))
        reading = asyncio.create_task(read_ahead(desk))
        try:
            app_module, server_module = await asyncio.to_thread(_web)
            await server_module.serve(
                app_module.create_app(desk),
                settings,
                on_started=lambda url: _started(desk, url, tell),
                drain=lambda: _drain(desk, leave_s),
            )
        finally:
            for task in (reading, tidying, worker):
                task.cancel()
            await asyncio.gather(worker, tidying, reading, return_exceptions=True)


def _started(desk: LocalDesk, url: str, tell: Callable[[LocalDesk, str], None]) -> None:
    # What is here now (modules, routes, cards) stays to the end. Looked through again and again, it made
    # the collector a sixth of the engine's work and stopped every answer for 10 ms now and then.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    tell(desk, url)


async def _drain(desk: LocalDesk, leave_s: float | None) -> None:
    if leave_s is not None:
        # A thread that an attempt left behind, or a browser that does not end, would hold the process
        # for as long as it likes; what is kept is safe, as it is from a kill.
        timer = threading.Timer(leave_s, os._exit, (0,))
        timer.daemon = True
        timer.start()
    await desk.drain()


def _web() -> tuple[Any, Any]:
    return import_module("service.app"), import_module("service.server")


def _tell(desk: LocalDesk, url: str) -> None:
    desk.database.announce(Holder(os.getpid(), url))
    for grant in desk.grants:
        click.echo(f"granted: {grant.kind.replace('_', ' ')} {grant.value} (by {grant.by})", err=True)
    click.echo(f"callsheet serves {url} (API) and {url}/ui/runs (dashboard); Ctrl-C ends it", err=True)


async def _forget_old_names(desk: LocalDesk) -> None:
    while True:
        await desk.clock.sleep(TIDY_S)
        with suppress(CallsheetError):  # a full disk has room again some time
            await desk.lookups.forget(unix_ms(desk.clock.now()) - KEPT_MS)


def raise_file_limit(wanted: int) -> None:
    """Let this process open `wanted` files, or as many as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
