"""`callsheet models serve`: a pulled model for other programs, on loopback, until Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from contracts.clock import SystemClock
from providers.embedded.folder import ModelFolder
from providers.embedded.owned import own_folder
from providers.embedded.server import HowToRun, start
from service.console import print_json
from service.embedded import STATES, how_to_run
from service.listener import listen
from service.settings import ServerSettings, load_settings
from service.settings_models import ModelSettings
from storage.owned import is_ours, write_owned

KEY_FILE: Final = "serve.key"
MAX_KEY: Final = 200


@click.command(
    "serve",
    epilog="""\b
Example:
  callsheet models serve qwen2.5-coder-1.5b --port 8080""",
)
@click.argument("name", required=False)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, the default, takes a free one.")
@click.option("--json", "as_json", is_flag=True, help="Print where it listens as JSON.")
def serve_model(*, name: str | None, port: int, as_json: bool) -> int:
    """Run the pulled model NAME, or the chosen one, for programs that speak OpenAI's API, until Ctrl-C.

    It listens on 127.0.0.1 only. Its key is in a file that only you can read.
    """
    settings = load_settings()
    folder = settings.embedded.models()
    model = settings.model if settings.model.kind == "embedded" else ModelSettings(kind="embedded")
    how = how_to_run(model, settings.embedded, name=name)
    key_file = _key_file(folder)
    if port:
        listen(
            ServerSettings(port=port)
        ).close()  # says who has it where the runtime says only that it failed
    how = replace(how, port=port, key=key_file.read_text(encoding="ascii").strip())
    return asyncio.run(_serve(how, folder, key_file, as_json=as_json))


async def _serve(how: HowToRun, folder: ModelFolder, key_file: Path, *, as_json: bool) -> int:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = await start(how, states=own_folder(folder.path / STATES), clock=SystemClock())
    try:
        url = f"{running.address}/v1"
        if as_json:
            print_json({"url": url, "model": how.model.name, "key_file": str(key_file), "pid": running.pid})
        click.echo(f"{how.model.name} answers at {url}; its key is in {key_file}; Ctrl-C ends it", err=True)
        ended = asyncio.ensure_future(running.ended())
        asked = asyncio.ensure_future(stop.wait())
        await asyncio.wait((ended, asked), return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, asked):
            task.cancel()
        if stop.is_set():
            return 0
        click.echo(f"error[model.died]: the process of {how.model.name} ended", err=True)
        return 5
    finally:
        await running.close()


def _key_file(folder: ModelFolder) -> Path:
    """Return the file of the key, which stays the same from one start to the next."""
    path = folder.opened() / KEY_FILE
    if not (is_ours(path) and 16 <= path.stat().st_size <= MAX_KEY):
        if path.is_symlink() or path.exists():
            path.unlink()
        write_owned(path, secrets.token_urlsafe(32).encode() + os.linesep.encode())
    return path
