"""One endpoint, behind a scripted door: what is sent, what is read, what is never told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import SecretStr

from contracts.errors import (
    AttemptFailed,
    AttemptTimedOut,
    CallsheetError,
    InvalidInput,
    Refused,
    Unavailable,
)
from contracts.policy import FetchLimits, Policy
from egress.fetch_door import Fetched
from providers.chat import Message
from providers.openai_compatible import OpenAICompatible, policy_of

KEY = "sk-canary-2b1f"
ASK = (Message("user", "hello"),)


class Door:
    """Answers one way and keeps what went through."""

    def __init__(self, answer: bytes | CallsheetError = b"", *, status: int = 200) -> None:
        self._answer = answer
        self._status = status
        self.url = ""
        self.sent: dict[str, Any] = {}
        self.headers: dict[str, str] = {}
        self.policy = Policy()
        self.limits: FetchLimits | None = None

    async def fetch(
        self,
        url: str,
        *,
        policy: Policy,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: FetchLimits | None = None,
    ) -> Fetched:
        assert method == "POST"
        self.url, self.policy, self.limits = url, policy, limits
        self.headers, self.sent = dict(headers or {}), json.loads(body or b"{}")
        if isinstance(self._answer, CallsheetError):
            raise self._answer
        return Fetched(
            url, self._status, {}, self._answer, "application/json", "utf-8", (url,), len(self._answer)
        )


def completion(content: Any = "hi", **fields: Any) -> bytes:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"} | fields
    usage = {"prompt_tokens": 7, "completion_tokens": 2}
    return json.dumps({"model": "answering-model", "choices": [choice], "usage": usage}).encode()


def provider(door: Door, url: str = "http://127.0.0.1:11434/v1/") -> OpenAICompatible:
    return OpenAICompatible(door, url=url, model="m", api_key=SecretStr(KEY), timeout_s=9)


async def test_a_completion_is_read_with_its_usage_and_model() -> None:
    found = await provider(Door(completion())).complete(ASK, max_tokens=5)
    assert (found.text, found.finish_reason, found.model) == ("hi", "stop", "answering-model")
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (7, 2)


async def test_the_request_is_bounded_and_goes_to_chat_completions() -> None:
    door = Door(completion())
    await provider(door).complete(ASK, max_tokens=5)
    assert door.url == "http://127.0.0.1:11434/v1/chat/completions"
    assert door.sent["messages"] == [{"role": "user", "content": "hello"}]
    assert (door.sent["model"], door.sent["max_tokens"]) == ("m", 5)
    assert door.limits is not None
    assert (door.limits.timeout_s, door.limits.redirects) == (9, 0)


async def test_the_key_goes_into_one_header_and_nowhere_else() -> None:
    door = Door(completion())
    model = provider(door)
    await model.complete(ASK, max_tokens=5)
    assert door.headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in json.dumps(door.sent)
    assert KEY not in repr(vars(model))


async def test_without_a_key_no_header_is_sent() -> None:
    door = Door(completion())
    await OpenAICompatible(door, url="https://model.test/v1", model="m").complete(ASK, max_tokens=5)
    assert "authorization" not in door.headers


@pytest.mark.parametrize(
    ("url", "host", "address"),
    [
        ("http://127.0.0.1:11434/v1", "127.0.0.1", "127.0.0.1:11434"),
        ("https://model.test/v1", "model.test", "model.test:443"),
        ("http://model.test", "model.test", "model.test:80"),
        ("http://[::1]:8080/v1", "::1", "[::1]:8080"),
    ],
)
def test_a_model_url_grants_its_own_address_and_no_other(url: str, host: str, address: str) -> None:
    policy = policy_of(url)
    assert policy.hosts == (host,)
    assert policy.private_hosts() == {address}


@pytest.mark.parametrize(
    "url",
    [
        "",
        "model.test/v1",
        "ftp://model.test",
        "http://",
        "http://user:pw@model.test/v1",
        "http://h:99999/",
        "http://h/?k=1",
    ],
)
def test_a_url_that_is_no_endpoint_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        provider(Door(), url=url)
    assert caught.value.code == "provider.bad_url"
    assert "pw" not in caught.value.message


@pytest.mark.parametrize(
    ("status", "retryable"), [(401, False), (404, False), (429, True), (500, True), (503, True), (302, False)]
)
async def test_an_answer_that_is_no_success_is_named_by_its_status(status: int, *, retryable: bool) -> None:
    with pytest.raises(Unavailable) as caught:
        await provider(Door(f"no, {KEY}".encode(), status=status)).complete(ASK, max_tokens=5)
    assert (caught.value.code, caught.value.data) == ("provider.http_status", {"status": status})
    assert caught.value.retryable is retryable
    assert KEY not in json.dumps(caught.value.as_json())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [{"message": {}}]}',
        completion(None),
        completion(["parts"]),
        completion("x", finish_reason=7),
        b"\xff\xfe",
        b"[" * 1000,
    ],
)
async def test_an_answer_that_is_no_completion_is_a_bad_reply(body: bytes) -> None:
    with pytest.raises(AttemptFailed) as caught:
        await provider(Door(body)).complete(ASK, max_tokens=5)
    assert caught.value.code == "provider.bad_reply"


async def test_a_reply_cut_off_at_its_limit_is_said_to_be() -> None:
    with pytest.raises(AttemptFailed) as caught:
        await provider(Door(completion('{"subtasks": [', finish_reason="length"))).complete(ASK, max_tokens=5)
    assert caught.value.code == "provider.truncated"


async def test_missing_usage_and_model_are_no_failure() -> None:
    body = json.dumps({"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": "7"}}).encode()
    found = await provider(Door(body)).complete(ASK, max_tokens=5)
    assert (found.model, found.usage.prompt_tokens, found.finish_reason) == ("m", 0, "stop")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AttemptFailed("egress.connect", "refused"), "provider.unreachable"),
        (AttemptTimedOut("egress.timeout", "too slow"), "provider.unreachable"),
        (Refused("egress.private_address", "no"), "provider.unreachable"),
        (AttemptFailed("egress.too_large", "50 MB"), "provider.bad_reply"),
    ],
)
async def test_what_breaks_on_the_way_is_told_in_the_providers_words(
    error: CallsheetError, code: str
) -> None:
    with pytest.raises(CallsheetError) as caught:
        await provider(Door(error)).complete(ASK, max_tokens=5)
    assert caught.value.code == code
    assert caught.value.__cause__ is error
