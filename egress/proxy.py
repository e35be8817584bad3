"""The browser's only way out: a forward proxy on loopback that asks the same questions as a fetch.

Every request and every tunnel is parsed, resolved, checked and connected here,
to the address that was checked. One request per connection, so nothing can be
smuggled behind another. Who does not know a session's password gets nothing:
loopback is shared with every other user of the machine.
"""

from __future__ import annotations

import asyncio
import hmac
from asyncio import Server, StreamReader, StreamWriter
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Self

import h11

from contracts.errors import CallsheetError, Refused
from contracts.policy import FetchLimits
from egress.bounds import too_large
from egress.dial import dial, hang_up
from egress.proxy_session import Session
from egress.reach import Reach
from egress.relay import MARK, Client, forward, tunnel
from egress.resolve import Resolver, checked_addresses
from egress.target import Target, parse_target

HEAD_S: Final = 10.0
MAX_CONNECTIONS: Final = 128
MAX_COUNTED: Final = 200


class Proxy:
    """A listening proxy; without a session it lets nothing through."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._server: Server | None = None
        self._sessions: dict[bytes, Session] = {}
        self._open: set[asyncio.Task[None]] = set()
        self.turned_away: Counter[str] = Counter()
        """Requests without a session, by host: the browser's own calls home."""

    @property
    def url(self) -> str:
        """Return where it listens."""
        assert self._server is not None, "not started"
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"http://{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
            await _end(self._open)

    @asynccontextmanager
    async def session(self, reach: Reach, limits: FetchLimits) -> AsyncIterator[Session]:
        """Give one render its way through; its connections end with the block."""
        session = Session(reach, limits)
        self._sessions[session.credentials] = session
        try:
            yield session
        finally:
            del self._sessions[session.credentials]
            await _end(session.tasks)

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        if len(self._open) >= MAX_CONNECTIONS:
            hang_up(writer)
            return
        task = asyncio.create_task(self._serve(Client(reader, writer)))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _serve(self, client: Client) -> None:
        try:
            async with asyncio.timeout(HEAD_S):
                request = await client.read_request()
            session = self._session_of(request)
            if session is None:
                await self._turn_away(client, request)
            else:
                task = asyncio.current_task()
                assert task is not None, "made by _accept"
                session.tasks.add(task)
                await self._answer(client, request, session)
            await client.linger()
        except (OSError, h11.ProtocolError):
            pass  # the browser went away, or what it sent is no HTTP: nothing is owed
        finally:
            hang_up(client.writer)

    def _session_of(self, request: h11.Request) -> Session | None:
        given = next((v for n, v in request.headers if n == b"proxy-authorization"), b"")
        found = None
        for credentials, session in self._sessions.items():
            if hmac.compare_digest(credentials, given):
                found = session
        return found

    async def _turn_away(self, client: Client, request: h11.Request) -> None:
        host = _spoken_host(request)
        if not self._sessions and (host in self.turned_away or len(self.turned_away) < MAX_COUNTED):
            self.turned_away[host] += 1
        if self._sessions:
            await client.reply(407, "credentials needed", [(b"proxy-authenticate", b'Basic realm="egress"')])
        else:
            await client.reply(403, "no session is open")

    async def _answer(self, client: Client, request: h11.Request, session: Session) -> None:
        session.requests += 1
        target: Target | None = None
        try:
            target = _target_of(request)
            if session.is_spent:
                raise too_large(session.limits.wire_bytes, "on the wire")
            addresses = await checked_addresses(target, session.reach, self._resolver)
            upstream = await dial(target, addresses, tls=None)
            if request.method == b"CONNECT":
                await tunnel(client, upstream, session=session)
            else:
                await forward(client, request, upstream, target=target, session=session)
        except CallsheetError as exc:
            session.note(target, target.host.strip("[]") if target else _spoken_host(request), exc)
            if client.http.our_state is h11.SEND_RESPONSE:
                status = 403 if isinstance(exc, Refused) else 502
                await client.reply(status, exc.code, [(MARK, session.mark.encode())])


def _target_of(request: h11.Request) -> Target:
    text = request.target.decode("latin-1")
    if request.method != b"CONNECT":
        target = parse_target(text)
        if target.scheme != "http":
            raise Refused("egress.scheme", "https goes through a tunnel")
        return target
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or len(port) > 5 or set(host) & set("/?#@\\ "):
        raise Refused("egress.bad_url", f"{text[:120]!r} is no host and port")
    return parse_target(f"https://{host}:{port}/")


def _spoken_host(request: h11.Request) -> str:
    text = request.target.decode("latin-1")
    try:
        return parse_target(text if "://" in text else f"https://{text}/").host[:253]
    except Refused:
        return text[:80]


async def _end(tasks: set[asyncio.Task[None]]) -> None:
    alive = [t for t in tasks if not t.done()]
    for task in alive:
        task.cancel()
    if alive:
        await asyncio.wait(alive, timeout=5)
