"""The service as `callsheet serve` composes it, with agents that do nothing beside its own.

    python benchmarks/durable/service_side.py FOLDER all|off [PROFILE]

Prints one line of JSON with its address once it answers; ends at SIGTERM.
With PROFILE, the loop's thread is profiled into that file, which slows it down.
"""

from __future__ import annotations

import asyncio
import cProfile
import json
import sys
from pathlib import Path

import uvloop

from benchmarks.durable.noop import NOOPS
from service.cli_serve import serve_desk
from service.desk import LocalDesk
from service.logs import configure_logs
from service.settings import Settings, load_settings
from traces.redaction import Redactor


def tell(_: LocalDesk, url: str) -> None:
    """Print where requests are answered."""
    print(json.dumps({"url": url}), flush=True)


def live(settings: Settings) -> None:
    """Serve until told to end."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_desk(settings, (), tell=tell, more_agents=NOOPS))


def main() -> None:
    """Serve on any free port of loopback, with the database and the files under a folder."""
    folder = Path(sys.argv[1])
    settings = load_settings(
        {
            "server": {"host": "127.0.0.1", "port": 0},
            "storage": {"path": folder / "service.db"},
            "traces": {"folder": folder / "runs", "files": sys.argv[2]},
        }
    )
    configure_logs("error", redactor=Redactor(()))
    if len(sys.argv) > 3:
        cProfile.runctx("live(settings)", globals(), {"settings": settings}, sys.argv[3])
    else:
        live(settings)


if __name__ == "__main__":
    main()
