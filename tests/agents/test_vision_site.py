"""The vision agent on generated auctions: it must find what the generator hid."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from agents.vision.agent import VisionAgent
from contracts.agent import AgentCall
from contracts.policy import Grant, Policy
from egress.fetch import Egress
from examples.auction.lots import Auction, Lot, choose
from examples.auction.photos import photo_name
from examples.auction.serve import SiteServer
from examples.auction.site import build


@dataclass
class Seen:
    """What the agent made of every truck of one site."""

    auction: Auction
    trucks: list[Lot]
    inspected: list[Any]
    duplicates: Any


def call(inputs: dict[str, Any], policy: Policy) -> AgentCall:
    return AgentCall(inputs, "look", datetime(2026, 1, 1, tzinfo=UTC), 60.0, policy)


@pytest.fixture(scope="module", params=[1, 2026, 1320])
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder: Path = tmp_path_factory.mktemp("site")
    build(folder, seed=request.param)
    auction = choose(request.param)
    trucks = [lot for lot in auction.lots if lot.is_truck]
    inspected, duplicates = asyncio.run(look(folder, trucks))
    return Seen(auction, trucks, inspected, duplicates)


async def look(folder: Path, trucks: list[Lot]) -> tuple[list[Any], Any]:
    async with Egress() as egress:
        agent = VisionAgent(egress)
        with SiteServer(folder) as site:
            grant = Grant(kind="private_host", value=urlsplit(site.url).netloc, by="test")
            policy = Policy(grants=(grant,))
            inspected = [
                (await agent.run(call(inputs_for(site, folder, lot), policy))).output for lot in trucks
            ]
        found = await agent.run(call({"op": "duplicates", "items": inspected}, Policy()))
        return inspected, found.output


def inputs_for(site: SiteServer, folder: Path, lot: Lot) -> dict[str, Any]:
    page = (folder / "public" / lot.path.lstrip("/")).read_text()
    sources = re.findall(r'<img src="([^"]+)"', page)
    assert len(sources) == lot.photos
    images = [{"url": urljoin(site.url, src), "alt": lot.title} for src in sources]
    return {"images": images, "text": lot.description, "ref": lot.number}


def test_the_colour_of_every_truck_is_seen(seen: Seen) -> None:
    assert [found["seen_colour"] for found in seen.inspected] == [lot.colour for lot in seen.trucks]


def test_the_colour_every_description_states_is_read(seen: Seen) -> None:
    assert [found["stated_colour"] for found in seen.inspected] == [lot.stated for lot in seen.trucks]


def test_misstated_colours_and_no_others_are_told(seen: Seen) -> None:
    told = [found["colour_matches"] for found in seen.inspected]
    assert told == [lot.stated == lot.colour for lot in seen.trucks]


def test_blurred_photos_and_no_others_are_told(seen: Seen) -> None:
    told = [[image["blurred"] for image in found["images"]] for found in seen.inspected]
    assert told == [[i == lot.blurred_photo for i in range(lot.photos)] for lot in seen.trucks]
    assert [f["blurred"] for f in seen.inspected] == [lot.blurred_photo is not None for lot in seen.trucks]


def test_reused_photos_and_no_others_are_told(seen: Seen) -> None:
    told = [item["reused"] for item in seen.duplicates["items"]]
    assert told == [lot.lent or lot.borrowed_from is not None for lot in seen.trucks]


def test_the_group_names_lender_and_borrower(seen: Seen) -> None:
    borrower = next(lot for lot in seen.trucks if lot.borrowed_from is not None)
    lender = next(lot for lot in seen.trucks if lot.number == borrower.borrowed_from)
    (group,) = seen.duplicates["groups"]
    shown = {urlsplit(image["url"]).path for image in group["images"]}
    assert shown == {
        f"/photos/{photo_name(lender, 0)}",
        f"/photos/{photo_name(borrower, borrower.photos - 1)}",
    }


def test_what_was_given_as_ref_comes_back(seen: Seen) -> None:
    assert [found["ref"] for found in seen.inspected] == [lot.number for lot in seen.trucks]
