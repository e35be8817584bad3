"""The child that holds a model: started with its order on a pipe, and ended by the pipe's end."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from contracts.errors import Unavailable
from providers.embedded import child

START_S: Final = 300.0
"""For a model to be loaded from a slow disk."""
GRACE_S: Final = 5.0
MAX_ANSWER: Final = 4096
WAITING: Final = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "10000"}
"""How the runtime's threads wait for each other: some microseconds awake, then asleep. One that spins on takes the
core that another would work on; one that sleeps at once wakes too late for the next of many short waits."""
_CHILD: Final = Path(child.__file__)
_KEPT: Final = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT")
_ADDRESS: Final = re.compile(r"http://127\.0\.0\.1:\d{1,5}")


class Apart:
    """A server in a child."""

    def __init__(self, process: subprocess.Popen[bytes], said: dict[str, Any], key: str) -> None:
        self.address, self.load_ms, self.key = str(said["address"]), float(said["load_ms"]), key
        self._process = process

    @property
    def pid(self) -> int:
        """Return the process that holds the model."""
        return self._process.pid

    def is_alive(self) -> bool:
        """Say whether it still runs."""
        return self._process.poll() is None

    async def has_died(self, *, within_s: float) -> bool:
        """Say whether it has ended, or does so shortly."""
        return await asyncio.to_thread(_ends, self._process, within_s)

    async def ended(self) -> None:
        """Return when it has ended by itself."""
        while not await self.has_died(within_s=1.0):
            pass

    async def close(self) -> None:
        """End it."""
        await asyncio.to_thread(_end, self._process)


async def start_apart(order: dict[str, Any], *, site: str) -> Apart:
    """Return a child that has loaded its model.

    Args:
        order: See `providers.embedded.child.open_server`.
        site: The folder the runtime is installed in.

    Raises:
        Unavailable: `model.cannot_start`.
    """
    kept = {n: os.environ[n] for n in _KEPT if n in os.environ}
    process = subprocess.Popen(  # noqa: ASYNC220, S603  # it is there at once; our own words, no input
        [sys.executable, "-I", str(_CHILD), site],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**kept, **WAITING}, start_new_session=True,
    )  # fmt: skip
    said: dict[str, Any] = {}
    try:
        async with asyncio.timeout(START_S):
            said = await asyncio.to_thread(_answer, process, order)
    except TimeoutError:
        said = {"error": f"it was not ready within {START_S:g} s"}
    finally:
        if not _ADDRESS.fullmatch(str(said.get("address"))):
            process.kill()
            _end(process)
    if not _ADDRESS.fullmatch(str(said.get("address"))):
        raise cannot_start(order["name"], str(said.get("error", f"it ended with {process.returncode}"))[:300])
    return Apart(process, said, order["key"])


def _answer(process: subprocess.Popen[bytes], order: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    with suppress(OSError):  # it ended already: its silence says so
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
    with process.stdout as answers:
        try:
            said = json.loads(answers.readline(MAX_ANSWER) or b"{}")
        except ValueError:
            return {}
    return said if isinstance(said, dict) else {}


def _ends(process: subprocess.Popen[bytes], within_s: float) -> bool:
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        with suppress(OSError):
            process.stdin.close()
    if not _ends(process, GRACE_S):
        process.kill()
        process.wait()


def cannot_start(name: str, reason: str) -> Unavailable:
    """Return the error for a model that does not start."""
    return Unavailable(
        "model.cannot_start",
        f"the model {name!r} does not start: {reason}",
        hint=f"callsheet models ping {name} --deep says whether its file is whole; it may need more memory than is free.",
    )
