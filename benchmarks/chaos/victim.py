"""One service process in a folder of its own: started, watched, killed, started again."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

ROOT: Final = Path(__file__).parents[2]
HOUSE: Final = Path(__file__).with_name("house.py")
DATABASE: Final = "callsheet.db"
START_S: Final = 60.0


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@dataclass(slots=True)
class Victim:
    """The service of one folder; a life lasts from one start to one end."""

    folder: Path
    port: int = field(default_factory=free_port)
    private: tuple[str, ...] = ()
    """`host:port` its runs may reach."""
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    with_guest: bool = False
    """Whether the guest that loops for ever is at hand."""
    database: Path | None = None
    """Elsewhere than in the folder."""
    life: int = 0
    born_s: float = 0
    """When this life began, by the monotonic clock."""
    ready_s: float = 0
    """When it served."""
    _child: asyncio.subprocess.Process | None = None

    @classmethod
    def in_new(cls, folder: Path) -> Self:
        """Return a service that has not lived yet, in a folder that is made."""
        folder.mkdir()
        return cls(folder)

    @property
    def path(self) -> Path:
        """Its database."""
        return self.database or self.folder / DATABASE

    @property
    def pid(self) -> int:
        """Of this life."""
        assert self._child is not None
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        """Whether this life has not ended."""
        return self._child is not None and self._child.returncode is None

    async def spawn(self, *, park: int = 0) -> None:
        """Begin a life; nothing is waited for.

        Args:
            park: How many runs it makes that wait for approval.
        """
        self.life += 1
        asked = {"life": self.life, "private": self.private, "settings": self._settings()}
        asked |= {"with_guest": self.with_guest, "park": park}
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("CALLSHEET_", "COV"))}
        with (self.folder / "service.log").open("ab") as log:
            self.born_s = time.monotonic()
            self._child = await asyncio.create_subprocess_exec(
                sys.executable, "-P", str(HOUSE), json.dumps(asked),
                cwd=self.folder, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log,
                env=environment | {"PYTHONPATH": str(ROOT)},
            )  # fmt: skip

    async def ready(self) -> bool:
        """Return True once it serves, False when it ended before.

        Raises:
            TimeoutError: It does neither.
        """
        line = await self.said(within_s=START_S)
        self.ready_s = time.monotonic()
        return bool(line)

    async def said(self, *, within_s: float) -> bytes:
        """Return the next line of its stdout, empty when it has ended.

        Raises:
            TimeoutError: There was none.
        """
        assert self._child is not None
        assert self._child.stdout is not None
        async with asyncio.timeout(within_s):
            return await self._child.stdout.readline()

    async def start(self, *, park: int = 0) -> None:
        """Begin a life and wait until it serves.

        Raises:
            RuntimeError: It ended instead; its log says why.
        """
        await self.spawn(park=park)
        if not await self.ready():
            raise RuntimeError(f"the service did not start:\n{self.last_words()}")

    async def kill(self) -> None:
        """End this life by SIGKILL."""
        await self._end(signal.SIGKILL)

    async def stop(self, *, patience_s: float = 30) -> float:
        """End this life by SIGTERM and return the seconds it took.

        Raises:
            TimeoutError: It did not end; it was killed then.
        """
        began = time.monotonic()
        try:
            async with asyncio.timeout(patience_s):
                await self._end(signal.SIGTERM)
        except TimeoutError:
            await self._end(signal.SIGKILL)
            raise
        return time.monotonic() - began

    async def ended(self) -> int:
        """Wait for this life's end, whoever brings it, and return its code."""
        assert self._child is not None
        return await self._child.wait()

    def rss_mb(self) -> float:
        """Return its resident memory, in MB (10^6 bytes)."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        return 0.0

    def cpu_s(self) -> float:
        """Return the processor time it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def last_words(self, count: int = 20) -> str:
        """Return the end of its log."""
        text = (self.folder / "service.log").read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-count:])

    async def _end(self, number: signal.Signals) -> None:
        if self._child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._child.send_signal(number)
        await self._child.wait()
        if self._child.stdin is not None:
            self._child.stdin.close()

    def _settings(self) -> dict[str, dict[str, Any]]:
        ours: dict[str, dict[str, Any]] = {
            "server": {"port": self.port},
            "storage": {"path": str(self.path)},
            "traces": {"folder": str(self.folder / "runs"), "files": "off"},
        }
        for group, fields in self.settings.items():
            ours[group] = ours.get(group, {}) | dict(fields)
        return ours
