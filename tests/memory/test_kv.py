"""What guests keep is on the disk before it is answered, within its quota, and comes back by prefix and in order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.clock import SystemClock
from contracts.errors import CallsheetError, Damaged
from memory.kv import MAX_VALUE_BYTES, GuestValues
from storage.database import Database, Reader
from storage.guest_rows import GuestValueRow, guest_keys, set_guest_value
from storage.statement import Statement

BIG = 10**6


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kv.db"


@pytest.fixture
def database(path: Path) -> Iterator[Database]:
    with Database.open(path) as database:
        yield database


@pytest.fixture
def values(database: Database) -> GuestValues:
    return GuestValues(database, database.reader(), SystemClock())


async def put(
    values: GuestValues, key: str, value: Any = 1, *, namespace: str = "n", quota: int = BIG
) -> None:
    await values.put(namespace, key, value, quota_bytes=quota, by="wasm:test")


async def code_of(values: GuestValues, key: str, value: Any, **more: Any) -> str:
    with pytest.raises(CallsheetError) as caught:
        await put(values, key, value, **more)
    return caught.value.code


@pytest.mark.parametrize("value", [None, 0, "", [], {"é": [1.5, True, None]}, "x" * 60_000])
async def test_a_value_comes_back_as_it_was_put(values: GuestValues, value: Any) -> None:
    await put(values, "k", value)
    assert values.get("n", "k") == (True, value)


async def test_an_absent_key_is_not_found_and_no_error(values: GuestValues) -> None:
    assert values.get("n", "k") == (False, None)
    assert await values.delete("n", "k") is False


async def test_a_value_is_on_the_disk_when_put_returns(values: GuestValues, path: Path) -> None:
    await put(values, "k", "kept")
    with Reader.open(path) as another:
        rows = another.query("SELECT value, written_by, size FROM guest_kv")
    assert [tuple(row) for row in rows] == [('"kept"', "wasm:test", 7)]


async def test_namespaces_do_not_see_each_other(values: GuestValues) -> None:
    await put(values, "k", 1, namespace="a")
    await put(values, "k", 2, namespace="b")
    await values.delete("a", "k")
    assert (values.get("a", "k"), values.get("b", "k")) == ((False, None), (True, 2))


async def test_a_deleted_value_gives_its_room_back(values: GuestValues) -> None:
    await put(values, "k", "x" * 50, quota=60)
    assert await code_of(values, "l", "y" * 20, quota=60) == "kv.quota"
    assert await values.delete("n", "k")
    await put(values, "l", "y" * 20, quota=60)


async def test_a_value_in_place_of_another_counts_once(values: GuestValues) -> None:
    for n in range(5):
        await put(values, "k", "x" * 40 + str(n), quota=50)
    assert await code_of(values, "k", "x" * 60, quota=50) == "kv.quota"
    assert values.get("n", "k") == (True, "x" * 40 + "4")


async def test_a_quota_counts_bytes_and_keys_too(values: GuestValues) -> None:
    assert await code_of(values, "ééé", 1, quota=6) == "kv.quota"
    await put(values, "ééé", 1, quota=7)


async def test_a_quota_holds_for_what_an_earlier_process_kept(
    values: GuestValues, database: Database
) -> None:
    await put(values, "k", "x" * 50)
    again = GuestValues(database, database.reader(), SystemClock())
    assert await code_of(again, "l", "y" * 50, quota=100) == "kv.quota"


async def test_writes_at_once_do_not_pass_the_quota_together(values: GuestValues) -> None:
    puts = (put(values, f"k{n}", "x" * 8, quota=60) for n in range(20))
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 5
    assert len(values.keys("n").keys) == 5


async def test_a_caller_that_gives_up_does_not_lose_its_write(values: GuestValues) -> None:
    task = asyncio.ensure_future(put(values, "k", "kept"))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await put(values, "l")  # its turn comes after the one before
    assert values.get("n", "k") == (True, "kept")


@pytest.mark.parametrize("key", ["", "x" * 257, "a\nb", "\x00", "\x85", "\ud800"])
async def test_a_key_that_cannot_be_kept_is_refused(values: GuestValues, key: str) -> None:
    assert await code_of(values, key, 1) == "kv.bad_key"


async def test_a_value_that_is_too_large_is_refused(values: GuestValues) -> None:
    await put(values, "k", "x" * (MAX_VALUE_BYTES - 2))
    assert await code_of(values, "k", "x" * (MAX_VALUE_BYTES - 1)) == "kv.too_large"


async def test_keys_come_in_order_and_a_page_at_a_time(values: GuestValues) -> None:
    for key in ("b", "a/2", "a/1", "a", "\U0010ffff", "é"):
        await put(values, key)
    found: list[str] = []
    after = ""
    while True:
        page = values.keys("n", after=after, limit=2)
        found += page.keys
        if page.next is None:
            break
        after = page.next
    assert found == ["a", "a/1", "a/2", "b", "é", "\U0010ffff"]
    assert values.keys("n", prefix="a/").keys == ("a/1", "a/2")
    assert values.keys("n", prefix="a/", after="a/1").keys == ("a/2",)
    assert values.keys("n", prefix="\U0010ffff").keys == ("\U0010ffff",)


TEXT = st.text(st.sampled_from("ab\ud7ff\ue000\U0010ffff"), max_size=3)


@given(keys=st.lists(TEXT.filter(bool), max_size=12, unique=True), prefix=TEXT)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_a_prefix_gives_the_keys_that_begin_with_it(database: Database, keys: list[str], prefix: str) -> None:
    rows = [set_guest_value(GuestValueRow("n", key, "w", 1, 1, "1")) for key in keys]
    database.commit([Statement("DELETE FROM guest_kv"), *rows]).result(30)
    with database.reader() as reader:
        found = [row["key"] for row in reader.query(*guest_keys("n", prefix=prefix, after="", limit=100))]
    assert found == sorted(key for key in keys if key.startswith(prefix))


async def test_a_value_somebody_changed_in_the_file_is_not_served(
    values: GuestValues, database: Database
) -> None:
    await put(values, "k", "kept")
    database.commit([Statement("UPDATE guest_kv SET value = '\"other\"'")]).result(30)
    with pytest.raises(Damaged):
        values.get("n", "k")
