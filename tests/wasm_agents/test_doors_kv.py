"""Stored values are reached by the namespaces that were granted, for what they were granted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contracts.clock import SystemClock
from memory.kv import GuestValues
from storage.database import Database
from tests.wasm_agents.doorway import Doorway, kv
from wasm_agents.doors.outside import Outside
from wasm_agents.grants import Granted

AT: dict[str, Any] = {"namespace": "notes", "key": "k"}


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[Outside]:
    with Database.open(tmp_path / "kv.db") as database:
        yield Outside(values=GuestValues(database, database.reader(), SystemClock()))


async def test_a_value_goes_in_and_comes_out_and_goes(outside: Outside) -> None:
    door = Doorway(kv(), outside)
    assert await door.ok("kv.put", **AT, value={"n": [1, None]}) == {}
    assert await door.ok("kv.get", **AT) == {"found": True, "value": {"n": [1, None]}}
    assert await door.ok("kv.list", namespace="notes", prefix="k") == {"keys": ["k"], "next": None}
    assert await door.ok("kv.delete", **AT) == {"found": True}
    assert await door.ok("kv.get", **AT) == {"found": False, "value": None}


async def test_a_list_goes_on_where_it_ended(outside: Outside) -> None:
    door = Doorway(kv(), outside)
    for key in "cab":
        await door.ok("kv.put", namespace="notes", key=key, value=None)
    first = await door.ok("kv.list", namespace="notes", limit=2)
    assert first == {"keys": ["a", "b"], "next": "b"}
    assert (await door.ok("kv.list", namespace="notes", after=first["next"]))["keys"] == ["c"]


async def test_two_guests_share_a_namespace_both_were_granted(outside: Outside) -> None:
    await Doorway(kv(), outside).ok("kv.put", **AT, value=1)
    assert (await Doorway(kv(access="r"), outside).ok("kv.get", **AT))["value"] == 1


@pytest.mark.parametrize("op", ["kv.get", "kv.put", "kv.delete", "kv.list"])
@pytest.mark.parametrize("granted", [Granted(), kv("other")], ids=["nothing", "another"])
async def test_a_namespace_that_was_not_granted_is_denied(
    outside: Outside, granted: Granted, op: str
) -> None:
    more = {"kv.list": {"namespace": "notes"}, "kv.put": {**AT, "value": 1}}.get(op, AT)
    assert await Doorway(granted, outside).refusal(op, **more) == "capability.denied"


@pytest.mark.parametrize(("op", "more"), [("kv.put", {"value": 1}), ("kv.delete", {})])
async def test_what_is_granted_for_reading_is_not_written(
    outside: Outside, op: str, more: dict[str, Any]
) -> None:
    assert await Doorway(kv(access="r"), outside).refusal(op, **AT, **more) == "capability.denied"


async def test_a_quota_is_the_granted_one(outside: Outside) -> None:
    door = Doorway(kv(quota_bytes=20), outside)
    assert await door.refusal("kv.put", **AT, value="x" * 20) == "kv.quota"
    assert await door.ok("kv.put", **AT, value="x" * 10) == {}


@pytest.mark.parametrize(
    ("op", "fields", "code"),
    [
        ("kv.get", {"namespace": "notes"}, "capability.bad_input"),
        ("kv.get", {"namespace": "notes", "key": ""}, "capability.bad_input"),
        ("kv.get", {"namespace": "notes", "key": "x" * 257}, "capability.bad_input"),
        ("kv.get", {"namespace": "notes", "key": "a\nb"}, "kv.bad_key"),
        ("kv.get", {"namespace": 1, "key": "k"}, "capability.bad_input"),
        ("kv.get", {**AT, "value": 1}, "capability.bad_input"),
        ("kv.put", AT, "capability.bad_input"),
        ("kv.put", {**AT, "value": "x" * 70_000}, "kv.too_large"),
        ("kv.list", {"namespace": "notes", "limit": 0}, "capability.bad_input"),
        ("kv.list", {"namespace": "notes", "limit": 1001}, "capability.bad_input"),
    ],
)
async def test_what_cannot_be_kept_or_read_is_refused(
    outside: Outside, op: str, fields: dict[str, Any], code: str
) -> None:
    assert await Doorway(kv(quota_bytes=10**6), outside).refusal(op, **fields) == code


async def test_without_a_store_granted_values_are_unavailable() -> None:
    assert await Doorway(kv()).refusal("kv.get", **AT) == "capability.unavailable"
