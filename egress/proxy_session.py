"""What one render may use of the proxy: its credentials, its reach, its bytes, and what became of them."""

from __future__ import annotations

import secrets
from asyncio import Task
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from contracts.errors import CallsheetError, Refused
from contracts.policy import FetchLimits
from egress.bounds import Meter
from egress.reach import Reach
from egress.target import Target

MAX_NAMES: Final = 200
SENT_BYTES: Final = 4 * 1024 * 1024
"""What a page's own scripts may send, in all."""


@dataclass(slots=True)
class Session:
    """One render's way through the proxy."""

    reach: Reach
    limits: FetchLimits
    user: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    mark: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    """Stands in a header of every answer that is the proxy's own."""
    refused: Counter[str] = field(default_factory=Counter)
    """Refusals by host."""
    failures: dict[str, CallsheetError] = field(default_factory=dict)
    """The last error by `host:port`."""
    requests: int = 0
    tasks: set[Task[None]] = field(default_factory=set)
    received: Meter = field(init=False)
    sent: Meter = field(init=False)

    def __post_init__(self) -> None:
        self.received = Meter(self.limits.wire_bytes)
        self.sent = Meter(SENT_BYTES)

    @property
    def credentials(self) -> bytes:
        """Return the Proxy-Authorization header that opens this session."""
        return b"Basic " + b64encode(f"{self.user}:{self.password}".encode())

    @property
    def is_spent(self) -> bool:
        """Say whether a byte cap was met."""
        return self.received.used > self.received.limit or self.sent.used > self.sent.limit

    def note(self, target: Target | None, host: str, error: CallsheetError) -> None:
        """Keep what went wrong."""
        endpoint = target.endpoint if target else host
        if isinstance(error, Refused) and (host in self.refused or len(self.refused) < MAX_NAMES):
            self.refused[host] += 1
        if endpoint in self.failures or len(self.failures) < MAX_NAMES:
            self.failures[endpoint] = error
