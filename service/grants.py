"""What flags grant. Nothing else on a command line, and nothing in an objective, can."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from contracts.errors import InvalidInput
from contracts.policy import Grant


def grants_of(given: Mapping[str, Any]) -> tuple[Grant, ...]:
    """Return the grants of `--allow-private`, `--allow-host`, `--allow-folder` and, where the command has it, `--url`.

    Raises:
        InvalidInput: `input.bad_address`, `input.bad_url`.
    """
    found = [
        Grant(kind="private_host", value=_address(v), by="--allow-private") for v in given["allow_private"]
    ]
    found += [Grant(kind="host", value=v, by="--allow-host") for v in given["allow_host"]]
    found += [
        Grant(kind="folder", value=str(Path(v).resolve()), by="--allow-folder") for v in given["allow_folder"]
    ]
    url = given.get("url")
    private = _private_address(url) if url else None
    return (*found, Grant(kind="private_host", value=private, by="--url")) if private else tuple(found)


def _address(given: str) -> str:
    try:
        parts = urlsplit(f"//{given}")
        is_usable = bool(parts.hostname) and parts.port is not None and given == parts.netloc
    except ValueError:
        is_usable = False
    if not is_usable or "@" in given:
        raise InvalidInput(
            "input.bad_address",
            f"--allow-private wants HOST:PORT, got {given[:200]!r}",
            hint="For example 127.0.0.1:8000.",
        )
    return given


def _private_address(url: str) -> str | None:
    """Return `host:port` of a URL that is private by how it is written; a name may mean another address tomorrow."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise InvalidInput(
            "input.bad_url",
            f"--url wants an http(s) address, got {url[:200]!r}",
            hint="For example https://auction.example/.",
        )
    if not _is_private(host):
        return None
    shown = f"[{host}]" if ":" in host else host
    return f"{shown}:{port or (443 if parts.scheme == 'https' else 80)}"


def _is_private(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return False
