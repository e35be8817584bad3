from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from contracts.errors import Unavailable
from contracts.run import RunState
from service.idempotency import HEADER
from tests.service.desk_at_hand import PLAN, DeskAtHand

BODY = {"objective": "find trucks"}
NAMED = {HEADER: "a-key"}


async def test_a_request_sent_twice_makes_one_run(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    first = await client.post("/objectives", json=BODY, headers=NAMED)
    again = await client.post("/objectives", json=BODY, headers=NAMED)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["run_id"] == again.json()["run_id"]
    assert (first.headers.get("idempotency-replayed"), again.headers["idempotency-replayed"]) == (
        None,
        "true",
    )
    assert desk.made == 1


async def test_a_replay_tells_how_the_run_stands_now(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    first = await client.post("/objectives", json=BODY, headers=NAMED)
    desk.scripted.end(desk.runs.get(first.json()["run_id"]), RunState.FAILED)
    again = await client.post("/objectives", json=BODY, headers=NAMED)
    assert (again.status_code, again.json()["state"]) == (200, "failed")
    assert again.headers["location"] == first.headers["location"]


async def test_a_replay_may_wait_for_the_end_too(client: httpx.AsyncClient) -> None:
    await client.post("/objectives", json=BODY, headers=NAMED)
    again = await client.post("/objectives", json=BODY, headers={**NAMED, "Prefer": "wait=0"})
    assert (again.status_code, again.headers["preference-applied"]) == (202, "wait=0")


async def test_the_same_key_for_another_body_is_refused(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    await client.post("/objectives", json=BODY, headers=NAMED)
    other = await client.post("/objectives", json={"objective": "find boats"}, headers=NAMED)
    assert (other.status_code, other.json()["code"]) == (422, "request.key_mismatch")
    assert desk.made == 1


async def test_a_body_spelled_in_another_order_is_the_same(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    await client.post("/objectives", json={"objective": "x", "plan": PLAN}, headers=NAMED)
    turned = {"plan": dict(reversed(PLAN.items())), "objective": "x"}
    assert (await client.post("/objectives", json=turned, headers=NAMED)).status_code == 202
    assert desk.made == 1


async def test_a_request_whose_first_sending_is_under_way_is_409(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    desk.scripted.gate.clear()
    first = asyncio.ensure_future(client.post("/objectives", json=BODY, headers=NAMED))
    await desk.scripted.asked.wait()
    second = await client.post("/objectives", json=BODY, headers=NAMED)
    assert (second.status_code, second.json()["code"]) == (409, "request.key_in_flight")
    other = await client.post("/objectives", json={"objective": "y"}, headers=NAMED)
    assert (other.status_code, other.json()["code"]) == (422, "request.key_mismatch")
    desk.scripted.gate.set()
    assert (await first).status_code == 202
    assert desk.made == 1


async def test_a_replay_is_answered_though_nothing_more_is_taken_in(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    first = await client.post("/objectives", json=BODY, headers=NAMED)
    desk.scripted.refusal = Unavailable("engine.full", "1000 runs are under way or waiting")
    again = await client.post("/objectives", json=BODY, headers=NAMED)
    fresh = await client.post("/objectives", json=BODY, headers={HEADER: "another"})
    assert again.json()["run_id"] == first.json()["run_id"]
    assert (fresh.status_code, fresh.json()["code"]) == (503, "engine.full")


async def test_a_key_is_forgotten_after_a_day(
    client: httpx.AsyncClient, desk: DeskAtHand, clock: Any
) -> None:
    desk.clock = desk.once._clock = clock
    await client.post("/objectives", json=BODY, headers=NAMED)
    clock.at += timedelta(hours=25)
    later = await client.post("/objectives", json={"objective": "find boats"}, headers=NAMED)
    assert later.status_code == 202
    assert desk.made == 2
    assert "idempotency-replayed" not in later.headers


@pytest.mark.parametrize("key", ["", " ", "a" * 256, " a", "a ", "a\tb", "\u00e9"])
async def test_a_key_that_is_none_is_refused(client: httpx.AsyncClient, desk: DeskAtHand, key: str) -> None:
    headers = {HEADER.encode(): key.encode()}
    answer = await client.post("/objectives", json=BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.bad_key")
    assert desk.made == 0


async def test_without_a_key_two_requests_are_two(client: httpx.AsyncClient, desk: DeskAtHand) -> None:
    for _ in range(2):
        assert (await client.post("/objectives", json=BODY)).status_code == 202
    assert desk.made == 2


async def test_a_refused_request_may_be_mended_under_its_key(
    client: httpx.AsyncClient, desk: DeskAtHand
) -> None:
    assert (await client.post("/objectives", json={"objective": ""}, headers=NAMED)).status_code == 422
    assert (await client.post("/objectives", json=BODY, headers=NAMED)).status_code == 202
    assert desk.made == 1
