"""What the doors open on: the network, stored values, models; the service makes them once for all guests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from egress.fetch_door import GuardedFetcher
from memory.kv import GuestValues
from providers.chat import ChatProvider

Chats = Callable[[str], ChatProvider | None]
"""Gives the model of a name; None where there is none."""


@dataclass(frozen=True, slots=True)
class Outside:
    """What there is; what is absent answers `capability.unavailable`."""

    fetch: GuardedFetcher | None = None
    values: GuestValues | None = None
    chats: Chats | None = None
