"""`http.request`: one request through egress, every hop held against what was granted to the guest.

What a guest was granted only narrows what its run may reach: egress enforces
the run's policy on every hop by itself.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from functools import partial
from typing import Final

from pydantic import JsonValue

from contracts.errors import CallsheetError, Refused, Unavailable
from contracts.policy import FetchLimits, Policy
from egress.fetch_door import Fetched, GuardedFetcher
from egress.target import MAX_URL
from wasm_agents.doors.asked import MAX_ASKED_BYTES, Asked
from wasm_agents.doors.headers import answer_headers, is_header_value, request_headers
from wasm_agents.doors.secrets import Secrets
from wasm_agents.doors.spending import Spending, over_egress
from wasm_agents.grants import DENIED, Granted

METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
FIELDS: Final = ("method", "url", "headers", "body", "body_base64", "timeout_ms")
MAX_TIMEOUT_MS: Final = 600_000
BODILESS: Final = frozenset({"GET", "HEAD"})

_UNPRINTABLE: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Six bytes each in JSON: such a body goes as base64."""


class HttpDoor:
    """The requests of one call.

    Args:
        granted: What the guest may ask for.
        fetch: The way out.
        policy: What the run may reach.
        spending: Counts them.
        secrets: Taken out of answers.
    """

    def __init__(
        self,
        granted: Granted,
        fetch: GuardedFetcher | None,
        *,
        policy: Policy,
        spending: Spending,
        secrets: Secrets,
    ) -> None:
        self._granted = granted
        self._fetch = fetch
        self._policy = policy
        self._spending = spending
        self._secrets = secrets

    async def request(self, raw: bytes) -> JsonValue:
        """Return what the URL answers.

        Raises:
            InvalidInput: `capability.bad_input`.
            Refused: `capability.denied`, `egress.*`.
            Unavailable: `capability.unavailable`.
            AttemptFailed: `limit.egress`, `egress.*`.
        """
        asked = Asked("http.request", raw, known=FIELDS, most=MAX_ASKED_BYTES)
        method, url = (
            asked.word("method", of=METHODS, default="GET"),
            asked.text("url", most=MAX_URL, least=1),
        )
        headers, body = request_headers(asked.texts("headers")), asked.content("body")
        if body is not None and method in BODILESS:
            raise asked.bad(f"a {method} request has no body")
        most_s = self._policy.limits.timeout_s
        timeout_s = most_s
        if asked.has("timeout_ms"):
            timeout_s = min(most_s, asked.whole("timeout_ms", least=1, most=MAX_TIMEOUT_MS) / 1000)
        self._check(method, url)  # before anything else is looked at, or said to be missing
        if self._fetch is None:
            raise Unavailable("capability.unavailable", "there is no network here")
        size = len(url) + sum(len(k) + len(v) for k, v in headers.items()) + len(body or b"")
        try:
            found = await self._fetch.fetch(
                url,
                policy=self._policy,
                method=method,
                headers=headers,
                body=body,
                limits=self._limits(size, timeout_s),
                guard=partial(self._pass_hop, size=size, in_part="range" in headers),
            )
        except CallsheetError as exc:
            self._spending.egress_bytes += _received(exc)
            raise self._told(exc) from exc
        self._spending.receive(found.wire_bytes)
        return self._answer(found)

    def _check(self, method: str, url: str) -> None:
        if why := self._granted.allows_http(method, url):
            raise Refused(DENIED, why, hint="Ask for it under capabilities.http; the operator allows it.")

    def _limits(self, size: int, timeout_s: float) -> FetchLimits:
        """Return the run's limits, within what is left to this call."""
        left = self._spending.left() - size
        if left <= 0:
            raise over_egress(self._spending.egress_most)
        most = self._policy.limits
        return FetchLimits(
            wire_bytes=min(most.wire_bytes, left),
            decoded_bytes=min(most.decoded_bytes, left),
            timeout_s=timeout_s,
            redirects=most.redirects,
        )

    def _pass_hop(self, method: str, url: str, *, size: int, in_part: bool) -> Mapping[str, str]:
        """Count one hop that is allowed, and return the secret headers it carries."""
        self._check(method, url)
        headers = self._granted.headers_for(url)
        if headers and in_part:
            # A server that says what it was sent would give a secret away piece by piece, and no piece is known.
            raise Refused(
                DENIED, "a request that carries a secret is answered whole", hint="Leave `range` out."
            )
        self._spending.send(size)
        for name, value in headers.items():
            if not is_header_value(value):
                # Said here, without the value: whoever sends it would quote it.
                raise Unavailable("capability.unavailable", f"the secret for {name!r} is no header's value")
        return headers

    def _told(self, exc: CallsheetError) -> CallsheetError:
        if exc.code == "egress.too_large" and self._spending.left() < self._policy.limits.wire_bytes:
            return over_egress(self._spending.egress_most)
        if exc.code == "egress.private_address":
            # What a name resolves to inside is no guest's business.
            return Refused(exc.code, "the host is not on the public internet and is not granted to the run")
        return exc

    def _answer(self, found: Fetched) -> JsonValue:
        clean = self._secrets.out_of
        headers: dict[str, JsonValue] = {clean(k): clean(v) for k, v in answer_headers(found.headers).items()}
        answer: dict[str, JsonValue] = {"status": found.status, "url": clean(found.url), "headers": headers}
        return answer | _body(self._secrets.out_of_bytes(found.body))


def _body(raw: bytes) -> dict[str, JsonValue]:
    if not _UNPRINTABLE.search(raw):
        try:
            return {"body": raw.decode()}
        except UnicodeDecodeError:
            pass
    return {"body_base64": base64.b64encode(raw).decode()}


def _received(exc: CallsheetError) -> int:
    found = exc.data.get("wire_bytes", 0)
    return found if isinstance(found, int) else 0
