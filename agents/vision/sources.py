"""Fetch an image's bytes from where a call names it: the web, the call itself, or a granted folder."""

from __future__ import annotations

import asyncio
import base64
import binascii
import os
import stat
from pathlib import Path
from typing import Final
from urllib.parse import unquote_to_bytes

from contracts.errors import AttemptFailed, InvalidInput, Refused
from contracts.policy import Policy
from egress.fetch_door import Fetcher

MAX_BYTES: Final = 10 * 1024 * 1024
"""Encoded, whatever the source; a policy may allow less."""
_RETRYABLE: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


async def read_source(source: str, *, egress: Fetcher, policy: Policy) -> bytes:
    """Return the encoded image a URL, `data:` URI or path names.

    Raises:
        Refused: `vision.path_not_granted`, or egress's.
        AttemptFailed: `vision.http_status`, `vision.bad_data_uri`, `vision.no_such_file`,
            `vision.too_many_bytes`, or egress's.
        InvalidInput: `vision.bad_source`.
    """
    scheme, colon, _ = source[:16].partition(":")
    match scheme.lower() if colon else "":
        case "http" | "https":
            return await _fetch(source, egress, policy)
        case "data":
            return _from_data_uri(source)
        case "":
            return await asyncio.to_thread(_from_folder, source, policy)
        case _ if len(scheme) > 1 and scheme.isalnum():
            raise InvalidInput(
                "vision.bad_source",
                f"cannot read {shown(source)}",
                hint="Give an http(s) URL, a data: URI or a path.",
            )
        case _:
            return await asyncio.to_thread(_from_folder, source, policy)


def shown(source: str) -> str:
    """Return a source as an error or a result may show it: quoted and short."""
    return repr(source if len(source) <= 120 else f"{source[:80]} … {source[-20:]}")


async def _fetch(url: str, egress: Fetcher, policy: Policy) -> bytes:
    limits = policy.limits.model_copy(
        update={
            "wire_bytes": min(policy.limits.wire_bytes, MAX_BYTES),
            "decoded_bytes": min(policy.limits.decoded_bytes, MAX_BYTES),
        }
    )
    fetched = await egress.fetch(url, policy=policy, limits=limits)
    if fetched.status >= 400:
        raise AttemptFailed(
            "vision.http_status",
            f"{shown(url)} answered {fetched.status}",
            retryable=fetched.status in _RETRYABLE,
            where=url[:300],
            data={"status": fetched.status},
        )
    return fetched.body


def _from_data_uri(uri: str) -> bytes:
    head, comma, body = uri.partition(",")
    if not comma:
        raise AttemptFailed("vision.bad_data_uri", f"no comma in {shown(uri)}")
    # The longest spelling of a byte, %XX, takes three characters.
    _check_bytes(len(body) // 4 * 3 if head.endswith(";base64") else len(body) // 3)
    raw = unquote_to_bytes(body)
    if not head.lower().endswith(";base64"):
        _check_bytes(len(raw))
        return raw
    try:
        return base64.b64decode(raw.translate(None, b" \t\r\n"), validate=True)
    except (binascii.Error, ValueError) as exc:
        raise AttemptFailed("vision.bad_data_uri", f"no base64 in {shown(uri)}") from exc


def _from_folder(source: str, policy: Policy) -> bytes:
    path = _granted(source, policy)
    try:
        # Never waits: a pipe or device in a granted folder is opened and then refused.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as exc:
        raise AttemptFailed("vision.no_such_file", f"cannot read {shown(source)}: {exc.strerror}") from exc
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise AttemptFailed("vision.no_such_file", f"{shown(source)} is no regular file")
        _check_bytes(found.st_size)
        with open(handle, "rb", closefd=False) as file:
            data = file.read(MAX_BYTES + 1)
    finally:
        os.close(handle)
    _check_bytes(len(data))
    return data


def _granted(source: str, policy: Policy) -> Path:
    """Return the real path, links resolved, if it lies in a granted folder."""
    for folder in policy.folders():
        try:
            root = Path(folder).resolve()
            path = (root / source).resolve()
        except (OSError, ValueError, RuntimeError):
            continue
        if path != root and path.is_relative_to(root):
            return path
    raise Refused(
        "vision.path_not_granted",
        f"{shown(source)} lies in no granted folder",
        hint="Ask the operator to grant its folder.",
    )


def _check_bytes(count: int) -> None:
    if count > MAX_BYTES:
        raise AttemptFailed(
            "vision.too_many_bytes", f"an image of {count} bytes, at most {MAX_BYTES} are read"
        )
