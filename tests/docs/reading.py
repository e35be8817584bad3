"""A newcomer who types what a page says: each `$` line of a console block, in order, in one folder."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from egress.chromium import SETTING, find_chromium
from tests.docs.pages import ROOT, Block, blocks_of
from tests.models.smallest import smallest_model

YOUR_PAGE = "https://auction.example/"
"""Stands for the reader's own page; a test serves one in its place."""
PORT = "8765"
PULLED = "models pull smollm2-135m"
"""Is given a file in place of a download."""
PREFIX = Path(sys.prefix)
PATIENCE_S = 60


@dataclass(frozen=True)
class Typed:
    """One command, what the page shows of its output, and how it should end."""

    command: str
    shown: tuple[str, ...]
    exit_code: int
    line: int


def typed_in(block: Block) -> Iterator[Typed]:
    """Yield a console block's commands; a line that ends in a backslash goes on in the next."""
    lines = block.text.splitlines()
    exit_code = int(block.option("exit") or 0)
    at = 0
    while at < len(lines):
        start = at
        assert lines[at].startswith("$ "), f"line {block.line + at + 1}: output before any command"
        command = lines[at].removeprefix("$ ")
        while command.endswith("\\"):
            at += 1
            command = command[:-1] + lines[at].strip()
        at += 1
        shown = []
        while at < len(lines) and not lines[at].startswith("$ "):
            shown.append(lines[at])
            at += 1
        yield Typed(command, tuple(shown), exit_code, block.line + start + 1)


def missing_from(output: str, shown: tuple[str, ...]) -> str | None:
    """Return the first fragment the page shows that the output does not have, in order; `…` is any text."""
    rest = " ".join(output.split())
    for line in shown:
        for fragment in line.split("…"):
            wanted = " ".join(fragment.split())
            if wanted not in rest:
                return wanted
            rest = rest[rest.index(wanted) + len(wanted) :]
    return None


class Reader:
    """Reads one page with a fresh folder, and leaves nothing running.

    Args:
        folder: Where everything is typed.
        your_page: What is served in place of the reader's own page.
        made: Output of `make` commands, shared by readers: what was made once is not made again.
    """

    def __init__(self, folder: Path, *, your_page: str, made: dict[str, str]) -> None:
        self._folder = folder
        self._your_page = your_page
        self._made = made
        self._port = str(_free_port())
        self._servers: list[subprocess.Popen[str]] = []
        self._env = self._environment()

    def read(self, page: Path) -> Iterator[tuple[Typed, int, str]]:
        """Write the page's files and type its commands; yield each with its exit code and output."""
        try:
            for block in blocks_of(page):
                named = block.option("file")
                if named:
                    (self._folder / named).write_text(self._localised(block.text), encoding="utf-8")
                if block.language == "console":
                    for typed in typed_in(block):
                        yield (typed, *self._type(typed.command))
        finally:
            self.close()

    def close(self) -> None:
        """End what was started."""
        for server in self._servers:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(timeout=PATIENCE_S)
        self._servers.clear()

    def _type(self, command: str) -> tuple[int, str]:
        if command == "make test":
            return 0, ""  # it is what runs this
        if command.startswith("make "):
            return 0, self._make(command)
        line = self._localised(command).replace(".venv/", f"{PREFIX}/")
        if line.startswith("callsheet serve"):
            return 0, self._serve(line)
        return self._run(line, self._folder)

    def _make(self, command: str) -> str:
        """Make in the repository, with the environment at hand, and keep what it records apart."""
        if command not in self._made:
            ready = f"VENV={PREFIX} -o {PREFIX}/.run -o {PREFIX}/.dev"
            line = self._localised(command).replace("make ", f"make --no-print-directory {ready} ", 1)
            kept = {
                "CALLSHEET_STORAGE__PATH": f"{self._folder}/.callsheet/callsheet.db",
                "CALLSHEET_TRACES__FOLDER": f"{self._folder}/traces/runs",
            }
            code, output = self._run(line, ROOT, **kept)
            assert code == 0, f"{command} ended with {code}:\n{output[-2000:]}"
            self._made[command] = output
        return self._made[command]

    def _serve(self, line: str) -> str:
        server = subprocess.Popen(
            ["bash", "-c", f"exec {line}"],
            cwd=self._folder,
            env=self._env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._servers.append(server)
        assert server.stderr is not None
        said = ""
        while f"serves http://127.0.0.1:{self._port}" not in said:
            heard = server.stderr.readline()
            assert heard, f"callsheet serve ended: {said[-2000:]}"
            said += heard
        threading.Thread(target=_drain, args=(server.stderr,), daemon=True).start()
        return said

    def _run(self, line: str, folder: Path, **more: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            cwd=folder,
            env=self._env | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return done.returncode, self._as_written(done.stdout)

    def _localised(self, text: str) -> str:
        here = re.sub(rf"\b{PORT}\b", self._port, text.replace(YOUR_PAGE, self._your_page))
        return (
            here.replace(PULLED, f"{PULLED} --file {shlex.quote(str(smallest_model()))}")
            if PULLED in here
            else here
        )

    def _as_written(self, output: str) -> str:
        here = output.replace(f"{self._folder}/", "").replace(self._your_page, YOUR_PAGE)
        return re.sub(rf"\b{self._port}\b", PORT, here)

    def _environment(self) -> dict[str, str]:
        own = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("CALLSHEET_", "MAKE", "MFLAGS", "XDG_DATA"))
        }
        chromium = find_chromium()
        return {
            **own,
            "PATH": f"{PREFIX / 'bin'}{os.pathsep}{own.get('PATH', os.defpath)}",
            "HOME": str(self._folder),
            "COLUMNS": "80",
            "CALLSHEET_SERVER__PORT": self._port,
            **({SETTING: str(chromium)} if chromium else {}),
        }


def _drain(stream: TextIO) -> None:
    """Read until its writer ends, so that the writer never waits."""
    with stream:
        for _ in stream:
            pass


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
