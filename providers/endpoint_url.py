"""A model's URL: what it grants, and what it must look like."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from contracts.errors import InvalidInput
from contracts.policy import Grant, Policy


def policy_of(url: str) -> Policy:
    """Return the policy that reaches a model's URL and nothing else.

    Raises:
        InvalidInput: `provider.bad_url`.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad_url(url) from None  # it quotes the URL
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.query:
        raise _bad_url(url)
    shown = f"[{host}]" if ":" in host else host
    address = f"{shown}:{port or (443 if parts.scheme == 'https' else 80)}"
    return Policy(hosts=(host,), grants=(Grant(kind="private_host", value=address, by="model.url"),))


def _bad_url(url: str) -> InvalidInput:
    # what stands before an @, or in a query, may be a secret
    shown = re.split("[?#]", url.rpartition("@")[2])[0][:120]
    return InvalidInput(
        "provider.bad_url",
        f"the model's url {shown!r} is no http(s) address",
        hint="Give it like http://127.0.0.1:11434/v1, the key apart.",
    )
