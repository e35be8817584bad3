"""What pages say in words is reckoned with: facts are converted for each row and held against limits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from egress.chromium import find_chromium
from examples.auction.serve import SiteServer
from examples.auction.site import build
from tests.whole.test_bad_input import callsheet

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium: callsheet doctor --get-browser"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    build(folder, seed=3)
    with SiteServer(folder) as server:
        yield server.url


def rows(folder: Path, site: str, objective: str) -> list[dict[str, Any]]:
    host = site.removeprefix("http://").strip("/")
    done = callsheet("run", "--allow-private", host, "--json", "--", f"{objective} {site}", cwd=folder)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["result"]["rows"]
    return found


def miles(row: dict[str, Any]) -> int:
    return int(row["mileage"].removesuffix(" mi").replace(",", ""))


def test_a_limit_on_a_fact_keeps_the_rows_within_it(tmp_path: Path, site: str) -> None:
    low = rows(tmp_path, site, "trucks with less than 100,000 miles on")
    all_of_them = rows(tmp_path, site, "trucks with less than 900,000 miles on")
    assert 0 < len(low) < len(all_of_them)
    assert sorted(r["url"] for r in low) == sorted(r["url"] for r in all_of_them if miles(r) < 100_000)


def test_the_rows_are_ordered_by_what_was_converted(tmp_path: Path, site: str) -> None:
    told = rows(
        tmp_path,
        site,
        "convert the mileage of the trucks from miles to km, the three that have run the fewest on",
    )
    said = rows(tmp_path, site, "trucks with less than 900,000 miles on")
    least = sorted(said, key=miles)[:3]
    assert [r["url"] for r in told] == [r["url"] for r in least]
    assert [r["mileage_km"] for r in told] == [pytest.approx(miles(r) * 1.609344) for r in least]
