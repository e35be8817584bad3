"""Every request's way in and out: who asks, how much they send, what headers leave, one log line.

Pure ASGI. The body is read whole before the application runs, under a size
and a time, so nothing behind the gate waits for a slow sender.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import quote

import structlog
from starlette.requests import Request, cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from contracts.clock import Clock
from contracts.errors import CallsheetError
from service.refusals import InternalError, TooLarge, TooSlow, Unauthenticated
from service.security import SAFE_METHODS, SESSION_COOKIE, Headers, HostRule, KeyRule
from service.settings import ServerSettings

CONTENT_POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    # Under `no-referrer` browsers send our own forms with `Origin: null`: https://fetch.spec.whatwg.org/#append-a-request-origin-header
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
_OPEN_PATHS: Final = frozenset({"/healthz", "/ui/login"})
_STATIC: Final = "/ui/static/"

ErrorAnswer = Callable[[Scope, CallsheetError], Response]
"""How an error is told at a path: as a problem document or as a page."""

Lane = Callable[[Request], Awaitable[Response]]
"""Answers one method of one path without the framework's layers: what it refuses, the gate tells."""

_log = structlog.stdlib.get_logger("service.request")


class Gate:
    """Middleware: checks what comes in, finishes what goes out."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        server: ServerSettings,
        keys: KeyRule,
        clock: Clock,
        answer: ErrorAnswer,
        logs_all: bool,
        lanes: Mapping[tuple[str, str], Lane],
    ) -> None:
        self._app = app
        self._server = server
        self._hosts = HostRule(server)
        self._keys = keys
        self._clock = clock
        self._answer = answer
        self._logs_all = logs_all
        self._lanes = lanes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        elif scope["type"] == "http":
            await self._serve(scope, receive, _Out(scope, send))
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, out: _Out) -> None:
        began = self._clock.monotonic()
        try:
            body = await self._admit(scope, receive)
            lane = self._lanes.get((scope["method"], scope["path"]))
            again = _replay(body, receive)
            if lane is None:
                await self._app(scope, again, out)
            else:
                await (await lane(Request(scope, again)))(scope, again, out)
        except _Gone:
            return
        except CallsheetError as exc:
            await self._refuse(exc, scope, receive, out)
        except Exception:  # noqa: BLE001  # one request: a crash becomes a record and a plain answer
            request_id = secrets.token_hex(8)
            _log.exception("request_crashed", path=scope["path"][:200], request_id=request_id)
            error = InternalError(
                "internal.error",
                "something went wrong on our side",
                hint=f"The log has it under request_id {request_id}.",
            )
            await self._refuse(error, scope, receive, out)
        if self._logs_all or out.status >= HTTPStatus.BAD_REQUEST:
            ms = round((self._clock.monotonic() - began) * 1000, 1)
            _log.info(
                "request",
                method=scope["method"][:20],
                path=scope["path"][:200],
                status=out.status,
                duration_ms=ms,
            )

    async def _admit(self, scope: Scope, receive: Receive) -> bytes:
        headers = _headers(scope)
        address = scope.get("server")
        port = address[1] if address else None
        host = self._hosts.check_host(headers, port=port, scheme=scope["scheme"])
        self._hosts.check_origin(headers, host=host, method=scope["method"])
        if scope["path"] not in _OPEN_PATHS and not scope["path"].startswith(_STATIC):
            self._keys.check(headers, session=_session(headers))
        return await self._whole_body(headers, receive)

    async def _whole_body(self, headers: Headers, receive: Receive) -> bytes:
        limit = self._server.body_bytes
        length = headers.get("content-length", ["0"])[0]
        if length.isascii() and length.isdigit() and int(length[:20]) > limit:
            raise _too_large(limit)
        body = bytearray()
        try:
            async with asyncio.timeout(self._server.body_timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise _Gone
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise _too_large(limit)
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as exc:
            raise TooSlow(
                "request.too_slow", f"the body did not arrive within {self._server.body_timeout_s:g} s"
            ) from exc

    async def _refuse(self, error: CallsheetError, scope: Scope, receive: Receive, out: _Out) -> None:
        if out.status:  # headers are gone: ending the connection is all that is left
            raise error
        response = self._answer(scope, error)
        if isinstance(error, Unauthenticated) and scope["path"].startswith("/ui"):
            back = quote(scope["path"]) if scope["method"] in SAFE_METHODS else "/ui/runs"
            response = RedirectResponse(f"/ui/login?next={back}", status_code=303)
        await response(scope, receive, out)


class _Gone(Exception):  # says what happened
    """The client hung up before its request was whole."""


class _Out:
    """Sends a response, with our headers on it; remembers its status."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._send = send
        self._cache = b"max-age=3600" if scope["path"].startswith(_STATIC) else b"no-store"
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [*message.get("headers", ()), *_HEADERS, (b"cache-control", self._cache)]
            message = {**message, "headers": headers}
        await self._send(message)


def _replay(body: bytes, receive: Receive) -> Receive:
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


def _headers(scope: Scope) -> Headers:
    found: Headers = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    return found


def _session(headers: Headers) -> str | None:
    # Other servers of this machine share our cookie jar: what they set must not hide ours.
    return cookie_parser("; ".join(headers.get("cookie", []))).get(SESSION_COOKIE)


def _too_large(limit: int) -> TooLarge:
    return TooLarge("request.too_large", f"the body is larger than {limit} bytes")
