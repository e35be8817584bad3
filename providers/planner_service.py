"""A planner that is somebody else's service: it gets an objective and names of keys, and answers a plan as JSON.

What it answers is held to be no better than what a model writes: bounded here,
checked where plans are checked. Values of keys are never sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pydantic import JsonValue, SecretStr

from contracts.clock import Clock, SystemClock
from contracts.errors import AttemptFailed, InvalidInput
from contracts.jsonvalue import canonical_json, parse_json
from contracts.policy import FetchLimits
from egress.fetch_door import Fetched, Fetcher
from providers.chat import Completion, Timings
from providers.endpoint_url import policy_of
from providers.faults import answered, in_our_words
from providers.way import TIMEOUT_S, check_key, key_header

MAX_PLAN_BYTES: Final = 1024 * 1024
MAX_KEYS: Final = 1000


class PlannerService:
    """One planner at one URL, asked as `POST {"objective", "context_keys"}`; it answers a plan, or `{"plan": …}`.

    Args:
        door: The way out.
        url: Of the service, as it is.
        api_key: Sent as a bearer token.
        timeout_s: For one plan.
        clock: For durations.

    Raises:
        InvalidInput: `provider.bad_url`, `provider.bad_key`.
    """

    def __init__(
        self,
        door: Fetcher,
        *,
        url: str,
        api_key: SecretStr | None = None,
        timeout_s: float = TIMEOUT_S,
        clock: Clock | None = None,
    ) -> None:
        self.url = url
        self._door = door
        self._policy = policy_of(url)
        check_key(api_key)
        self._api_key = api_key
        self._limits = FetchLimits(
            wire_bytes=MAX_PLAN_BYTES, decoded_bytes=MAX_PLAN_BYTES, timeout_s=timeout_s, redirects=0
        )
        self._clock = clock or SystemClock()

    async def reply(self, objective: str, context_keys: Sequence[str]) -> Completion:
        """Return the plan as JSON text.

        Raises:
            Unavailable: `provider.unreachable`, `provider.http_status`, `provider.rate_limited`,
                `provider.timeout`.
            AttemptFailed: `provider.bad_reply`, it is no JSON object; `provider.too_large`.
        """
        begun = self._clock.monotonic()
        keys: list[JsonValue] = [*context_keys[:MAX_KEYS]]
        asked = canonical_json({"objective": objective, "context_keys": keys})
        with in_our_words():
            found = await self._post(asked.encode())
            if not 200 <= found.status < 300:
                raise answered(found.status, found.body.decode("utf-8", "replace"), found.headers)
            text = _plan(found.body)
        total_ms = (self._clock.monotonic() - begun) * 1000
        return Completion(text, "stop", model="planner-service", timings=Timings(total_ms=total_ms))

    async def _post(self, body: bytes) -> Fetched:
        headers = {"content-type": "application/json", "accept": "application/json"}
        headers |= key_header(self._api_key, "authorization", "Bearer ")
        return await self._door.fetch(
            self.url, policy=self._policy, method="POST", headers=headers, body=body, limits=self._limits
        )


def _plan(body: bytes) -> str:
    try:
        found = parse_json(body, max_bytes=MAX_PLAN_BYTES)
    except InvalidInput as exc:
        raise AttemptFailed("provider.bad_reply", f"the planner's answer is no JSON: {exc.code}") from None
    plan = found.get("plan", found) if isinstance(found, dict) else found
    if not isinstance(plan, dict):
        raise AttemptFailed(
            "provider.bad_reply", f"the planner's answer is no plan but {type(plan).__name__}"
        )
    return canonical_json(plan)
