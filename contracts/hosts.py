"""The hosts a text names, read at least as generously as those who fetch: a plan must not smuggle one in.

What the URL standard reads as an http(s) URL counts: one slash, none or
backslashes, any case, tabs and line ends inside. Two spellings of one host
are two hosts here, so an odd spelling is never taken for an allowed host.
"""

from __future__ import annotations

import re
from typing import Any, Final

from contracts.jsonvalue import texts_within

_EDGES: Final = "".join(map(chr, range(0x21)))
"""What the standard strips: https://url.spec.whatwg.org/#url-parsing."""
_DROPPED: Final = re.compile(r"[\t\n\r]")
_WHOLE: Final = re.compile(r"https?:[/\\]*([^/\\?#]*)", re.IGNORECASE)
_INSIDE: Final = re.compile(r"https?:[/\\]*(?P<host>[^\s<>\"'`^{}|/\\?#]+)(?P<more>[/\\?#]?)", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)]}*_»…\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"
"""What ends a sentence rather than a URL."""
_NEVER_IN_HOSTS: Final = re.compile(r"[ <>^|]")


def hosts_in(text: str) -> set[str]:
    """Return the host of a text that is an http(s) URL, lower case; nothing for other text."""
    match = _WHOLE.match(_DROPPED.sub("", text.strip().strip(_EDGES)))
    if match is None:
        return set()
    host = _host(match[1])
    return set() if _NEVER_IN_HOSTS.search(host) else {host}


def hosts_named(text: str) -> set[str]:
    """Return the hosts of the http(s) URLs that a text is or holds, lower case."""
    found = hosts_in(text)
    for match in _INSIDE.finditer(text):
        authority = match["host"] if match["more"] else match["host"].rstrip(_TRAILING)
        if authority:
            found.add(_host(authority))
    return found


def hosts_within(value: Any) -> set[str]:
    """Return the hosts named by any text or name in a JSON value."""
    return {host for text in texts_within(value) for host in hosts_named(text)}


def _host(authority: str) -> str:
    host = authority.rpartition("@")[2]
    if not host.endswith("]"):
        host = host.partition("]:")[0] + "]" if "]:" in host else host.partition(":")[0]
    return host.lower().removesuffix(".")
