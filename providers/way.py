"""How one endpoint is reached: its policy, its bounds and its key, made into a client for one call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from pydantic import SecretStr

from contracts.errors import InvalidInput
from contracts.policy import FetchLimits, Policy
from egress.fetch_door import SdkDoor
from providers.chat import Options
from providers.endpoint_url import policy_of

TIMEOUT_S: Final = 120.0
MAX_LIST_BYTES: Final = 4 * 1024 * 1024
MAX_REPLY_BYTES: Final = 16 * 1024 * 1024
MAX_KEY: Final = 8192
_BYTES_A_TOKEN: Final = 2048
"""Streams spend some hundred bytes on each token."""


def reply_bytes(max_tokens: int) -> int:
    """Return how many bytes a reply may have, on the wire and unpacked."""
    return min(MAX_REPLY_BYTES, 512 * 1024 + _BYTES_A_TOKEN * max_tokens)


@dataclass(frozen=True, slots=True)
class Way:
    """The way to one endpoint."""

    door: SdkDoor
    url: str
    """Without a slash at its end."""
    policy: Policy
    timeout_s: float
    api_key: SecretStr | None

    @classmethod
    def to(cls, door: SdkDoor, url: str, *, timeout_s: float, api_key: SecretStr | None) -> Self:
        """Return the way to a URL.

        Raises:
            InvalidInput: `provider.bad_url`, `provider.bad_key`.
        """
        check_key(api_key)
        return cls(door, url.rstrip("/"), policy_of(url), timeout_s, api_key)

    def limits(self, options: Options, *, at_most: int) -> FetchLimits:
        """Return what one call may use, its answer `at_most` bytes."""
        asked = options.timeout_s
        timeout_s = self.timeout_s if asked is None else max(min(asked, self.timeout_s), 0.001)
        return FetchLimits(wire_bytes=at_most, decoded_bytes=at_most, timeout_s=timeout_s, redirects=0)

    def key_header(self, name: str, prefix: str = "") -> Mapping[str, str]:
        """Return the header that carries the key; none where there is no key."""
        return key_header(self.api_key, name, prefix)


def key_header(api_key: SecretStr | None, name: str, prefix: str = "") -> Mapping[str, str]:
    """Return the header that carries a key; none where there is no key."""
    key = "" if api_key is None else api_key.get_secret_value().strip()
    return {name: prefix + key} if key else {}


def check_key(api_key: SecretStr | None) -> None:
    """Refuse a key that no header can carry: whoever found that out later would show it.

    Raises:
        InvalidInput: `provider.bad_key`.
    """
    key = "" if api_key is None else api_key.get_secret_value().strip()
    if not all("!" <= char <= "~" for char in key) or len(key) > MAX_KEY:
        raise InvalidInput(
            "provider.bad_key",
            f"the model's api_key has characters that no key has, or more than {MAX_KEY}",
            hint="Give the key alone, without spaces, quotes or line ends in it.",
        )
