from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from contracts.clock import SystemClock
from contracts.errors import Refused
from contracts.policy import FetchLimits, Policy
from egress.fetch_door import FetchDoor
from tests.egress.conftest import Serve
from tests.egress.site import answer


def test_the_way_to_the_network_does_not_lead_through_httpx() -> None:
    code = "import sys, agents.doors, service.cli_serve; sys.exit('httpx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_url_is_fetched_as_by_the_door_behind_it(serve: Serve) -> None:
    site = await serve({"/v1": answer(b"there", kind="text/plain")})
    door = FetchDoor(SystemClock())
    found = await door.fetch(
        site.url("/v1"),
        policy=site.policy(),
        method="POST",
        headers={"x-own": "1"},
        body=b"asked",
        limits=FetchLimits(timeout_s=10),
    )
    assert (found.status, found.body, found.media_type) == (200, b"there", "text/plain")
    head = site.requests[0].lower()
    assert head.startswith(b"post /v1 ")
    assert b"x-own: 1\r\n" in head


async def test_a_url_out_of_reach_is_refused_as_by_the_door_behind_it() -> None:
    with pytest.raises(Refused) as refused:
        await FetchDoor(SystemClock()).fetch("http://nowhere.example/", policy=Policy())
    assert refused.value.code == "egress.host_not_allowed"


async def test_those_who_ask_at_once_share_one_door(serve: Serve) -> None:
    site = await serve({"/": answer(b"x")})
    door = FetchDoor(SystemClock())
    asked = [door.fetch(site.url(), policy=site.policy()) for _ in range(3)]
    assert {found.body for found in await asyncio.gather(*asked)} == {b"x"}
    first = door._egress
    await door.fetch(site.url(), policy=site.policy())
    assert door._egress is first
