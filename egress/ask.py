"""What is asked of one hop, and what a redirect makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Self

import httpx

from contracts.errors import InvalidInput, Refused
from egress.decode import ACCEPTED
from egress.target import Target, parse_target, shown

USER_AGENT: Final = "callsheet/0.1"
REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
MAX_HEADERS: Final = 64
MAX_HEADER_BYTES: Final = 16 * 1024

SECRET: Final = frozenset({"authorization", "cookie", "x-api-key", "api-key"})
"""Headers meant for one origin only."""
HOP_BY_HOP: Final = frozenset(
    {"host", "connection", "te", "trailer", "upgrade", "expect", "keep-alive"}
) | frozenset({"proxy-authorization", "proxy-connection"})
"""Headers that speak of the connection, which is the door's."""
_FRAMING: Final = HOP_BY_HOP | {"content-length", "transfer-encoding", "accept-encoding"}


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, wherever it goes."""

    target: Target
    method: str
    headers: Mapping[str, str]
    """By lower-case name; what frames the message is added when it is sent."""
    body: bytes | None

    @classmethod
    def of(cls, url: str, *, method: str, headers: Mapping[str, str], body: bytes | None) -> Self:
        """Return the first request of a fetch.

        Raises:
            Refused: `egress.bad_url`, `egress.scheme`.
            InvalidInput: `egress.bad_header`.
        """
        own = _callers(headers)
        defaults = {"user-agent": USER_AGENT, "accept": "*/*", "accept-encoding": ACCEPTED}
        return cls(parse_target(url), method, defaults | own, body)

    def carrying(self, headers: Mapping[str, str]) -> Self:
        """Return the same request with more headers, over its own where names meet.

        Raises:
            InvalidInput: `egress.bad_header`.
        """
        return replace(self, headers={**self.headers, **_callers(headers)})

    def redirected(self, status: int, location: str) -> Self:
        """Return the request a redirect asks for; secrets stay with the origin they were meant for.

        Raises:
            Refused: `egress.bad_url`, `egress.scheme`.
        """
        # Browsers read Location as UTF-8, whatever the standard says of header bytes.
        text = location.encode("latin-1", "replace").decode("utf-8", "replace")
        target = parse_target(text, base=self.target.url)
        headers = dict(self.headers)
        if target.origin != self.target.origin:
            headers = {k: v for k, v in headers.items() if k not in SECRET}
        becomes_get = (status == 303 and self.method != "HEAD") or (
            status in {301, 302} and self.method == "POST"
        )
        if not becomes_get:
            return replace(self, target=target, headers=headers)
        headers = {k: v for k, v in headers.items() if not k.startswith("content-")}
        return replace(self, target=target, method="GET", headers=headers, body=None)

    def request(self, extensions: Mapping[str, object]) -> httpx.Request:
        """Return it as httpx sends it.

        Raises:
            Refused: `egress.bad_url`, httpx cannot read it.
        """
        try:
            return httpx.Request(
                self.method,
                self.target.url,
                headers=self.headers,
                content=self.body,
                extensions=dict(extensions),
            )
        except httpx.InvalidURL as exc:
            raise Refused("egress.bad_url", f"{shown(self.target.url)!r} is refused: {exc}"[:400]) from exc


def _callers(headers: Mapping[str, str]) -> dict[str, str]:
    own = {name.lower(): value for name, value in headers.items()}
    for name in own.keys() & _FRAMING:
        raise InvalidInput("egress.bad_header", f"{name!r} frames the message and is not the caller's")
    if len(own) > MAX_HEADERS or sum(len(k) + len(v) for k, v in own.items()) > MAX_HEADER_BYTES:
        raise InvalidInput("egress.bad_header", f"{len(own)} headers are too many or too long")
    if not all(k.isascii() and v.isascii() for k, v in own.items()):
        raise InvalidInput("egress.bad_header", "a header is not ASCII")
    return own
