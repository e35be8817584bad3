"""A URL, parsed once the way browsers parse it; nothing after this reads the text again.

Every spelling of an address that a resolver or a browser would understand
(`0x7f.1`, `2130706433`, full-width digits) becomes the address here, so that
what is checked is what is connected to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import ada_url

from contracts.errors import Refused
from egress.address import Address, read_address

MAX_URL: Final = 8192
DEFAULT_PORTS: Final = {"http": 80, "https": 443}

# The Fetch standard's bad ports (https://fetch.spec.whatwg.org/#port-blocking)
# and the databases, queues and remote shells that stand beside web servers.
_NOT_WEB: Final = """
    0 1 7 9 11 13 15 17 19 20 21 22 23 25 37 42 43 53 69 77 79 87 95 101 102 103 104 109 110 111 113
    115 117 119 123 135 137 139 143 161 179 389 427 445 465 512 513 514 515 526 530 531 532 540 548 554
    556 563 587 601 636 873 989 990 993 995 1433 1521 1719 1720 1723 2049 2375 2376 2379 2380 3306 3389
    3659 4045 4190 5060 5061 5432 5672 5900 5985 5986 6000 6379 6566 6665 6666 6667 6668 6669 6679 6697
    9042 9092 9300 10080 10250 11211 27017 27018
"""
NOT_WEB_PORTS: Final = frozenset(int(port) for port in _NOT_WEB.split())


@dataclass(frozen=True, slots=True)
class Target:
    """Where one request goes."""

    url: str
    """Canonical, without fragment."""
    scheme: str
    host: str
    """Lower case, in ASCII, without trailing dot; an IPv6 address stands in brackets."""
    port: int
    path: str
    """What stands in the request line: path and query."""

    @property
    def endpoint(self) -> str:
        """Return `host:port`, as grants spell it."""
        return f"{self.host}:{self.port}"

    @property
    def authority(self) -> str:
        """Return what the Host header says."""
        return self.host if self.port == DEFAULT_PORTS[self.scheme] else self.endpoint

    @property
    def origin(self) -> str:
        """Return `scheme://host:port`."""
        return f"{self.scheme}://{self.endpoint}"

    @property
    def address(self) -> Address | None:
        """Return the address the host spells, or None when it is a name."""
        return read_address(self.host)

    @property
    def is_loopback_name(self) -> bool:
        """Say whether the host is `localhost` or below it: the machine itself, never asked of DNS (RFC 6761)."""
        return self.host == "localhost" or self.host.endswith(".localhost")


def parse_target(url: str, *, base: str | None = None) -> Target:
    """Return the target a URL names.

    Args:
        url: Absolute, or relative to `base`.
        base: The page it stood on.

    Raises:
        Refused: `egress.bad_url`, `egress.scheme`.
    """
    if len(url) > MAX_URL:
        raise _bad(url, f"longer than {MAX_URL} characters")
    try:
        parsed = ada_url.URL(url, base)
        host = parsed.hostname
        explicit_port = parsed.port
    except (ValueError, UnicodeError) as exc:
        raise _bad(url, "no URL") from exc
    scheme = parsed.protocol.rstrip(":")
    if scheme not in DEFAULT_PORTS:
        raise Refused(
            "egress.scheme", f"only http and https are fetched, not {scheme[:40]!r}", where=shown(url)
        )
    if parsed.username or parsed.password:
        raise _bad(url, "it carries a user name or password")
    host = host.removesuffix(".")
    if not host or host.startswith(".") or host.endswith(".") or ".." in host or len(host) > 253:
        raise _bad(url, f"{host[:80]!r} is no host name")
    port = int(explicit_port) if explicit_port else DEFAULT_PORTS[scheme]
    path = (parsed.pathname or "/") + parsed.search
    authority = host if port == DEFAULT_PORTS[scheme] else f"{host}:{port}"
    return Target(f"{scheme}://{authority}{path}", scheme, _canonical(host), port, path)


def parse_endpoint(text: str) -> Target | None:
    """Return the target of a `host:port`, or None when it is none."""
    try:
        return parse_target(f"http://{text}") if text.isprintable() and "/" not in text else None
    except Refused:
        return None


def shown(url: str) -> str:
    """Return a URL short enough to stand in an error."""
    return url if len(url) <= 200 else f"{url[:160]}…{url[-39:]}"


def _canonical(host: str) -> str:
    address = read_address(host)
    if address is None:
        return host
    return f"[{address}]" if address.version == 6 else str(address)


def _bad(url: str, why: str) -> Refused:
    return Refused("egress.bad_url", f"{shown(url)!r} is refused: {why}", where=shown(url))
