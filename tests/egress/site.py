"""A small server on loopback whose answers a test spells byte by byte."""

from __future__ import annotations

import asyncio
import ssl
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from contracts.policy import FetchLimits, Grant, Policy

Behaviour = Callable[[StreamReader, StreamWriter], Awaitable[None]]
Answers = Mapping[str, bytes | Behaviour]


def answer(
    body: bytes = b"", *, status: str = "200 OK", kind: str = "text/html; charset=utf-8", **headers: str
) -> bytes:
    """Return a whole answer, spelt as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def redirect(to: str, *, status: str = "302 Found") -> bytes:
    return answer(status=status, Location=to)


def granted(*endpoints: str, hosts: Sequence[str] = (), limits: FetchLimits | None = None) -> Policy:
    grants = tuple(Grant(kind="private_host", value=e, by="test") for e in endpoints)
    return Policy(hosts=tuple(hosts), grants=grants, limits=limits or FetchLimits(timeout_s=20))


@dataclass
class Site:
    """Serves `answers` by path; anything else is a 404."""

    answers: Answers
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    """Heads and what came with them, in order."""
    connections: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self, tls: ssl.SSLContext | None = None, *, address: str = "127.0.0.1") -> None:
        self._server = await asyncio.start_server(self._accept, address, 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    def url(self, path: str = "/", *, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def endpoint(self, host: str = "127.0.0.1") -> str:
        return f"{host}:{self.port}"

    def policy(self, *, limits: FetchLimits | None = None) -> Policy:
        return granted(self.endpoint(), limits=limits)

    @property
    def paths(self) -> list[str]:
        return [r.split(b" ", 2)[1].decode() for r in self.requests]

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.requests.append(head)
            path = head.split(b" ", 2)[1].decode()
            found = self.answers.get(path.partition("?")[0], answer(b"no such page", status="404 Not Found"))
            if isinstance(found, bytes):
                writer.write(found)
                await writer.drain()
            else:
                await found(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@dataclass
class ScriptedResolver:
    """Gives the next scripted answer at each question; the last one for ever."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(f"{host}:{port}")
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


async def pause(seconds: float) -> None:
    """Let `seconds` pass on the server's side of a connection."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()
