"""Any endpoint that speaks `POST {url}/chat/completions`, through the same door as every page.

The URL is the operator's, so it carries its own grant, a private address
included; nothing else is reachable by it, redirects to other hosts neither.
The key is never in an error, a log or a repr.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pydantic import JsonValue, SecretStr

from contracts.errors import AttemptFailed, CallsheetError, InvalidInput, Unavailable
from contracts.jsonvalue import canonical_json, parse_json, resolve_pointer
from contracts.policy import FetchLimits, Grant, Policy
from egress.fetch_door import Fetched, Fetcher
from providers.chat import Completion, Message, Usage

TIMEOUT_S: Final = 120.0
MAX_REPLY_BYTES: Final = 2 * 1024 * 1024


class OpenAICompatible:
    """One model at one endpoint.

    Args:
        door: The way out.
        url: Of the endpoint, up to and with `/v1`.
        model: Its name there.
        api_key: Sent as a bearer token.
        timeout_s: For one completion.

    Raises:
        InvalidInput: `provider.bad_url`.
    """

    def __init__(
        self,
        door: Fetcher,
        *,
        url: str,
        model: str,
        api_key: SecretStr | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._door = door
        self._url = url.rstrip("/") + "/chat/completions"
        self.model = model
        self._api_key = api_key
        self._policy = policy_of(url)
        self._limits = FetchLimits(
            wire_bytes=MAX_REPLY_BYTES, decoded_bytes=MAX_REPLY_BYTES, timeout_s=timeout_s, redirects=0
        )

    async def complete(self, messages: Sequence[Message], *, max_tokens: int) -> Completion:
        """Return the model's next turn; see `ChatProvider`."""
        asked: JsonValue = {
            "model": self.model,
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": False,
        }
        answer = await self._post(canonical_json(asked).encode())
        if not 200 <= answer.status < 300:
            raise _refused_by_endpoint(answer.status)
        return _completion(answer.body, self.model)

    async def _post(self, body: bytes) -> Fetched:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if self._api_key is not None:
            headers["authorization"] = f"Bearer {self._api_key.get_secret_value()}"
        try:
            return await self._door.fetch(
                self._url, policy=self._policy, method="POST", headers=headers, body=body, limits=self._limits
            )
        except CallsheetError as exc:
            if exc.code == "egress.too_large":
                raise AttemptFailed(
                    "provider.bad_reply", f"the model's reply is too large: {exc.message}"
                ) from exc
            raise Unavailable(
                "provider.unreachable",
                f"the model did not answer: {exc.message[:300]}",
                hint="Check the model's url in callsheet.toml, or plan with --no-model.",
                data={"cause": exc.code},
            ) from exc


def policy_of(url: str) -> Policy:
    """Return the policy that reaches a model's URL and nothing else.

    Raises:
        InvalidInput: `provider.bad_url`.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as exc:
        raise _bad_url(url) from exc
    if parts.scheme not in {"http", "https"} or not host or parts.username is not None or parts.query:
        raise _bad_url(url)
    shown = f"[{host}]" if ":" in host else host
    address = f"{shown}:{port or (443 if parts.scheme == 'https' else 80)}"
    return Policy(hosts=(host,), grants=(Grant(kind="private_host", value=address, by="model.url"),))


def _bad_url(url: str) -> InvalidInput:
    shown = url.rpartition("@")[2][:120]  # what stands before an @ may be a secret
    return InvalidInput(
        "provider.bad_url",
        f"the model's url {shown!r} is no http(s) address",
        hint="Give it like http://127.0.0.1:11434/v1, the key apart.",
    )


def _refused_by_endpoint(status: int) -> Unavailable:
    hints = {
        401: "Check the model's api_key.",
        403: "Check the model's api_key.",
        404: "Check the model's url and name.",
    }
    error = Unavailable(
        "provider.http_status",
        f"the model's endpoint answered {status}",
        hint=hints.get(status, "Try again later, or plan with --no-model."),
        data={"status": status},
    )
    error.retryable = status in {408, 429} or status >= 500
    return error


def _completion(body: bytes, model: str) -> Completion:
    try:
        reply = parse_json(body, max_bytes=MAX_REPLY_BYTES)
        text = resolve_pointer(reply, "/choices/0/message/content")
    except InvalidInput as exc:
        raise AttemptFailed(
            "provider.bad_reply", f"the endpoint's answer is no chat completion: {exc.message[:300]}"
        ) from exc
    found: Any = reply
    reason = found["choices"][0].get("finish_reason") or "stop"
    if reason == "length":
        raise AttemptFailed("provider.truncated", "the model's reply was cut off at its token limit")
    if not isinstance(text, str) or not isinstance(reason, str):
        raise AttemptFailed("provider.bad_reply", f"the model gave no text but {type(text).__name__}")
    said = found.get("model")
    return Completion(
        text, reason[:40], _usage(found.get("usage")), said[:200] if isinstance(said, str) else model
    )


def _usage(found: Any) -> Usage:
    counts = found if isinstance(found, dict) else {}

    def count(name: str) -> int:
        value = counts.get(name)
        return value if type(value) is int and value >= 0 else 0

    return Usage(count("prompt_tokens"), count("completion_tokens"))
