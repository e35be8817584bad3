"""What an objective's own words let a run reach: the hosts of the URLs it names, and nothing it did not name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from contracts.errors import Refused
from contracts.policy import FetchLimits, Grant, Policy
from egress.target import MAX_URL, parse_target

MAX_HOSTS: Final = 200
_URL: Final = re.compile(rf"https?://[^\s<>\"'`\\^{{}}|]{{1,{MAX_URL}}}", re.IGNORECASE)
_TRAILING: Final = ".,;:!?)]}»…\N{RIGHT DOUBLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}"


def hosts_in(text: str) -> tuple[str, ...]:
    """Return the hosts of the http(s) URLs in a text, in order, each once.

    `www.example.com` also gives `example.com`, whose pages it usually leads to.
    A URL that cannot be fetched gives nothing.
    """
    found: dict[str, None] = {}
    if "://" not in text:
        return ()
    for match in _URL.finditer(text):
        try:
            target = parse_target(match[0].rstrip(_TRAILING))
        except Refused:
            continue
        host = target.host.strip("[]")
        found[host] = None
        if host.startswith("www.") and host.count(".") >= 2:
            found[host.removeprefix("www.")] = None
        if len(found) >= MAX_HOSTS:
            break
    return tuple(found)


def policy_from(*texts: str, grants: Iterable[Grant] = (), limits: FetchLimits | None = None) -> Policy:
    """Return the policy of a run.

    Args:
        texts: The objective and what else its author wrote: URLs in them name the hosts.
        grants: The operator's.
        limits: The operator's, for each fetch.
    """
    hosts = dict.fromkeys(host for text in texts for host in hosts_in(text))
    return Policy(hosts=tuple(hosts), grants=tuple(grants), limits=limits or FetchLimits())
