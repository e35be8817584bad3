from __future__ import annotations

import subprocess
import sys
from pathlib import Path

CODE = """
import asyncio, gc, os, signal, sys
from pathlib import Path
from service.cli_serve import serve_desk
from service.settings import load_settings

def tell(desk, url):
    print(gc.get_freeze_count(), gc.get_threshold()[0], gc.isenabled())
    os.kill(os.getpid(), signal.SIGTERM)

server = {"host": "127.0.0.1", "port": 0}
asyncio.run(serve_desk(load_settings(
    {"server": server, "storage": {"path": Path(sys.argv[1])}, "traces": {"files": "off"}}
), (), tell=tell))
"""


def test_a_service_that_has_started_leaves_what_it_started_with_to_no_collector(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path / "x.db")], capture_output=True, text=True, check=True
    )
    frozen, threshold, is_enabled = done.stdout.split()
    assert int(frozen) > 50_000, "modules, routes and cards"
    assert int(threshold) > 700, "more than Python's own"
    assert is_enabled == "True"
