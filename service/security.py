"""Who may talk to this server: host names, origins, keys, sessions. Rules only; `gate` applies them.

A server on loopback is reachable by every web page its user opens, so a name
that is not ours (DNS rebinding) and an origin that is not ours (a foreign
page's form or script) are refused on every request.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from typing import Final

from pydantic import SecretStr

from contracts.clock import Clock, unix_ms
from contracts.errors import Refused
from service.refusals import ForeignHost, Unauthenticated
from service.settings import ServerSettings

SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
SESSION_COOKIE: Final = "callsheet_session"
SESSION_S: Final = 12 * 3600

_AUTHORITY: Final = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,255})(?::([0-9]{1,5}))?")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "[::1]"})
_DEFAULT_PORT: Final = {"http": 80, "https": 443}

Headers = dict[str, list[str]]
"""Lower-case name -> every value."""


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach a server bound to `host`."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_bind(server: ServerSettings) -> None:
    """Refuse to listen beyond loopback without a key.

    Raises:
        Refused: `server.key_required`.
    """
    if server.api_key is None and not is_loopback(server.host):
        raise Refused(
            "server.key_required",
            f"listening on {server.host!r} would let other machines run objectives without a key",
            where="server.host",
            hint="Set CALLSHEET_SERVER__API_KEY, or listen on 127.0.0.1.",
        )


class HostRule:
    """Which host names and origins are ours."""

    def __init__(self, server: ServerSettings) -> None:
        bound = server.host.lower()
        self._own = _LOOPBACK | {f"[{bound}]" if ":" in bound and bound[0] != "[" else bound}
        self._named = frozenset(name.lower() for name in server.allowed_hosts)

    def check_host(self, headers: Headers, *, port: int | None, scheme: str) -> str:
        """Return the one `Host` value, lower case.

        Raises:
            Refused: `request.foreign_host`.
        """
        given = headers.get("host", [])
        host = given[0].lower() if len(given) == 1 else ""
        found = _AUTHORITY.fullmatch(host)
        if found is None or not self._is_ours(found, host, port, scheme):
            raise ForeignHost(
                "request.foreign_host",
                f"this server is not called {', '.join(given)[:200]!r}",
                where="Host",
                hint="Use the address the server printed, or add the name to server.allowed_hosts.",
            )
        return host

    def _is_ours(self, found: re.Match[str], host: str, port: int | None, scheme: str) -> bool:
        name = found[1]
        if host in self._named or name in self._named:
            return True
        asked = int(found[2]) if found[2] else _DEFAULT_PORT.get(scheme)
        return name in self._own and port in (None, asked)

    def check_origin(self, headers: Headers, *, host: str, method: str) -> None:
        """Let through what our own pages, or programs that are no browser, send.

        Raises:
            Refused: `request.foreign_origin`.
        """
        origins = headers.get("origin", [])
        site = headers.get("sec-fetch-site", ["none"])[0].lower()
        if any(not _same_origin(origin, host) for origin in origins):
            raise _foreign_origin(origins[0])
        if site in {"same-origin", "none"} or (method in SAFE_METHODS and _is_followed_link(headers)):
            return
        raise _foreign_origin(site)


def _is_followed_link(headers: Headers) -> bool:
    mode, to = headers.get("sec-fetch-mode", [""])[0], headers.get("sec-fetch-dest", [""])[0]
    return mode.lower() == "navigate" and to.lower() == "document"


def _same_origin(origin: str, host: str) -> bool:
    scheme, separator, authority = origin.lower().partition("://")
    theirs, ours = _AUTHORITY.fullmatch(authority), _AUTHORITY.fullmatch(host)
    if not separator or scheme not in _DEFAULT_PORT or theirs is None or ours is None:
        return False
    default = _DEFAULT_PORT[scheme]
    return (theirs[1], int(theirs[2] or default)) == (ours[1], int(ours[2] or default))


def _foreign_origin(value: str) -> Refused:
    return Refused(
        "request.foreign_origin",
        f"a page of another origin asks for this: {value[:200]!r}",
        where="Origin",
        hint="Call the API from a program, or open the dashboard on this server's own address.",
    )


class KeyRule:
    """Checks the API key, as a bearer token or as a dashboard session made from it."""

    def __init__(self, key: SecretStr | None, clock: Clock) -> None:
        self._key = key.get_secret_value() if key is not None else None
        self._clock = clock
        self._secret = secrets.token_bytes(32)

    @property
    def is_open(self) -> bool:
        """Whether no key is asked for."""
        return self._key is None

    def accepts(self, key: str) -> bool:
        """Say whether it is the key, in constant time."""
        return self._key is not None and hmac.compare_digest(key.encode(), self._key.encode())

    def check(self, headers: Headers, *, session: str | None) -> None:
        """Let through what carries the key or a session.

        Raises:
            Unauthenticated: `request.unauthenticated`.
        """
        if self.is_open or (session is not None and self.is_session(session)):
            return
        scheme, _, token = headers.get("authorization", [""])[0].partition(" ")
        if scheme.lower() == "bearer" and self.accepts(token.strip()):
            return
        said = "another key" if token else "no key"
        raise Unauthenticated(
            "request.unauthenticated",
            f"this server asks for its API key; the request carries {said}",
            where="Authorization",
            hint="Send 'Authorization: Bearer KEY'.",
        )

    def new_session(self) -> str:
        """Return a cookie value that is good for `SESSION_S` in this process."""
        until = str(unix_ms(self._clock.now()) // 1000 + SESSION_S)
        return f"{until}.{self._sign(until)}"

    def is_session(self, value: str) -> bool:
        """Say whether a cookie value is one we made and still good."""
        until, _, signature = value.partition(".")
        if not (until.isascii() and until.isdigit() and len(until) < 15):
            return False
        good = hmac.compare_digest(signature.encode(), self._sign(until).encode())
        return good and unix_ms(self._clock.now()) // 1000 < int(until)

    def _sign(self, until: str) -> str:
        return hmac.new(self._secret, f"{until}:{self._key}".encode(), hashlib.sha256).hexdigest()
