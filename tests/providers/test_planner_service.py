"""Somebody else's planner behind a URL: what it is sent, and that what it answers is bounded and a plan."""

from __future__ import annotations

import json
import time

import pytest
from pydantic import SecretStr

from contracts.errors import CallsheetError, InvalidInput
from egress.fetch import Egress
from providers.chat import ReplySource
from providers.planner_service import MAX_KEYS, MAX_PLAN_BYTES, PlannerService
from tests.providers.endpoint import Endpoint, Parts, head, said, serving

PLAN = {"version": "plan/1", "objective": "Say hi", "subtasks": []}


def service(endpoint: Endpoint, *, timeout_s: float = 9) -> ReplySource:
    return PlannerService(
        Egress(), url=f"{endpoint.root}/plan", api_key=SecretStr("canary"), timeout_s=timeout_s
    )


@pytest.mark.parametrize("answer", [PLAN, {"plan": PLAN}])
async def test_an_objective_and_the_names_of_keys_are_sent_and_a_plan_comes_back(answer: object) -> None:
    async with serving(said(answer)) as endpoint:
        found = await service(endpoint).reply("Say hi", ["page", "photos"])
    assert json.loads(found.text) == PLAN
    assert (found.finish_reason, found.model) == ("stop", "planner-service")
    assert found.timings.total_ms is not None
    request = endpoint.asked[0]
    assert (request.path, request.body) == (
        "/plan",
        {"objective": "Say hi", "context_keys": ["page", "photos"]},
    )
    assert request.headers["authorization"] == "Bearer canary"


async def test_more_keys_than_a_plan_may_have_are_not_sent() -> None:
    async with serving(said(PLAN)) as endpoint:
        await service(endpoint).reply("x", [f"k{i}" for i in range(MAX_KEYS + 1)])
    assert len(endpoint.body["context_keys"]) == MAX_KEYS


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (said(b""), "provider.bad_reply"),
        (said(b"<html>"), "provider.bad_reply"),
        (said([PLAN]), "provider.bad_reply"),
        (said({"plan": "do it"}), "provider.bad_reply"),
        (said(b"[" * 100_000), "provider.bad_reply"),
        (said(b'{"a": NaN}'), "provider.bad_reply"),
        (said(b" " * (MAX_PLAN_BYTES + 1)), "provider.too_large"),
        ([head("application/json"), *[b" " * 1_000_000] * 3], "provider.too_large"),
        (said({"error": "Say hi canary"}, status="500 No"), "provider.http_status"),
        (said({}, status="429 Slow", retry_after="3"), "provider.rate_limited"),
        (head(status="302 Go", location="http://127.0.0.2:1/"), "provider.unreachable"),
        (b"", "provider.unreachable"),
    ],
)
async def test_an_answer_that_is_no_plan_is_a_typed_error(answer: Parts, code: str) -> None:
    async with serving(answer) as endpoint:
        with pytest.raises(CallsheetError) as caught:
            await service(endpoint).reply("Say hi", [])
    assert caught.value.code == code
    assert "canary" not in json.dumps(caught.value.as_json())


async def test_a_service_that_hangs_is_left_at_the_deadline() -> None:
    begun = time.monotonic()
    async with serving([head("application/json"), 30.0]) as endpoint:
        with pytest.raises(CallsheetError) as caught:
            await service(endpoint, timeout_s=0.3).reply("x", [])
    assert caught.value.code == "provider.timeout"
    assert time.monotonic() - begun < 1.3


def test_a_url_that_is_no_address_is_refused() -> None:
    with pytest.raises(InvalidInput) as caught:
        PlannerService(Egress(), url="planner.test")
    assert caught.value.code == "provider.bad_url"
