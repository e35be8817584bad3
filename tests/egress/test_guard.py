"""Who may reach less than the run is asked before every hop, and what it adds stays with the first origin."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from contracts.clock import SystemClock
from contracts.errors import CallsheetError, InvalidInput, Refused
from egress.fetch import Egress
from egress.fetch_door import FetchDoor
from tests.egress.conftest import Serve
from tests.egress.site import answer, granted, redirect


class Asked:
    """A guard that passes everything but some paths, and adds a header."""

    def __init__(self, *refused: str, adds: Mapping[str, str] | None = None) -> None:
        self.refused = refused
        self.adds = adds or {}
        self.hops: list[tuple[str, str]] = []

    def __call__(self, method: str, url: str) -> Mapping[str, str]:
        path = "/" + url.split("/", 3)[3]
        self.hops.append((method, path))
        if path in self.refused:
            raise Refused("capability.denied", f"{path} is not for it")
        return self.adds


async def test_a_guard_sees_every_hop_with_the_method_then_in_force(serve: Serve, egress: Egress) -> None:
    site = await serve(
        {"/": redirect("/b", status="303 See Other"), "/b": redirect("/c"), "/c": answer(b"end")}
    )
    guard = Asked()
    await egress.fetch(site.url(), policy=site.policy(), method="POST", body=b"x", guard=guard)
    assert guard.hops == [("POST", "/"), ("GET", "/b"), ("GET", "/c")]


async def test_a_hop_a_guard_refuses_is_not_connected_to(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": redirect("/b"), "/b": answer(b"inner")})
    with pytest.raises(Refused) as caught:
        await egress.fetch(site.url(), policy=site.policy(), guard=Asked("/b"))
    assert (caught.value.code, caught.value.data["hop"], site.paths) == ("capability.denied", 1, ["/"])


async def test_what_a_guard_passes_the_policy_may_still_refuse(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": redirect("http://10.0.0.1/")})
    with pytest.raises(Refused) as caught:
        await egress.fetch(site.url(), policy=site.policy(), guard=Asked())
    assert caught.value.code == "egress.private_address"


async def test_headers_a_guard_adds_stay_with_the_first_origin(serve: Serve, egress: Egress) -> None:
    other = await serve({"/": answer(b"end")})
    site = await serve({"/": redirect("/b"), "/b": redirect(other.url())})
    guard = Asked(adds={"X-Own-Key": "k3y"})
    await egress.fetch(site.url(), policy=granted(site.endpoint(), other.endpoint()), guard=guard)
    assert [b"k3y" in request for request in (*site.requests, *other.requests)] == [True, True, False]


async def test_a_header_a_guard_adds_takes_the_place_of_the_callers(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"end")})
    guard = Asked(adds={"X-Key": "its own"})
    await egress.fetch(site.url(), policy=site.policy(), headers={"x-key": "the caller's"}, guard=guard)
    assert b"the caller" not in site.requests[0]


async def test_a_guard_frames_no_message_either(serve: Serve, egress: Egress) -> None:
    site = await serve({})
    with pytest.raises(InvalidInput, match="frames the message"):
        await egress.fetch(site.url(), policy=site.policy(), guard=Asked(adds={"Content-Length": "5"}))
    assert site.connections == 0


async def test_a_fetch_that_failed_says_what_came_over_the_wire(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": redirect("/b"), "/b": redirect("http://10.0.0.1/")})
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(site.url(), policy=site.policy())
    assert caught.value.data["wire_bytes"] > 100


async def test_the_door_that_is_made_late_asks_the_guard_too(serve: Serve) -> None:
    site = await serve({"/": answer(b"inner")})
    with pytest.raises(Refused):
        await FetchDoor(SystemClock()).fetch(site.url(), policy=site.policy(), guard=Asked("/"))
    assert site.connections == 0
