"""What is known of endpoints: kept in a small file of its owner's, believed while it is young."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typing_extensions import override

from contracts.clock import SystemClock
from providers.form_memory import MAX_ENTRIES, FormMemory, Known


class Calendar(SystemClock):
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.today = datetime(2026, 3, 4, tzinfo=UTC)

    @override
    def now(self) -> datetime:
        return self.today


@pytest.fixture
def clock() -> Calendar:
    return Calendar()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "own" / "forms.json"


async def remember(memory: FormMemory, key: str = "k") -> None:
    await memory.put(key, cannot=frozenset({"json_schema"}), grammar_first=True)


async def test_what_one_process_found_out_the_next_knows(clock: Calendar, path: Path) -> None:
    await remember(FormMemory(clock, path))
    found = await FormMemory(clock, path).get("k")
    assert (found.cannot, found.grammar_first) == (frozenset({"json_schema"}), True)


async def test_the_file_is_its_owners_alone(clock: Calendar, path: Path) -> None:
    await remember(FormMemory(clock, path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("days", [8, -1])
async def test_what_is_old_or_of_tomorrow_is_not_believed(clock: Calendar, path: Path, days: int) -> None:
    memory = FormMemory(clock, path)
    await remember(memory)
    clock.today += timedelta(days=days)
    assert await memory.get("k") == Known()


async def test_two_processes_do_not_forget_for_each_other(clock: Calendar, path: Path) -> None:
    one, other = FormMemory(clock, path), FormMemory(clock, path)
    await one.get("x")
    await remember(other, "theirs")
    await remember(one, "ours")
    assert set(json.loads(path.read_text())["known"]) == {"ours", "theirs"}


async def test_no_more_is_kept_than_fits(clock: Calendar, path: Path) -> None:
    memory = FormMemory(clock, path)
    for number in range(MAX_ENTRIES + 5):
        clock.today += timedelta(seconds=1)
        await remember(memory, f"key {number}")
    assert await FormMemory(clock, path).get("key 0") == Known()
    assert await memory.get("key 0") == Known()
    assert (await FormMemory(clock, path).get(f"key {MAX_ENTRIES + 4}")).grammar_first


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"known": []}',
        '{"known": {"k": 7}}',
        '{"known": {"k": {"cannot": "all", "at": 1}}}',
        '{"known": {"k": {"cannot": [], "at": 1e300}}}',
        '{"known": {"k": {"cannot": ["prompt", "?", {}], "at": 1772582400}}}',
        "[" * 60_000,
        " " * 100_000,
    ],
)
async def test_a_file_that_is_none_of_ours_is_as_if_it_were_not_there(
    clock: Calendar, path: Path, text: str
) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_text(text)
    path.chmod(0o600)
    memory = FormMemory(clock, path)
    assert (await memory.get("k")).cannot == frozenset()
    await remember(memory)
    assert (await FormMemory(clock, path).get("k")).grammar_first


async def test_a_file_that_others_may_write_is_not_read(clock: Calendar, path: Path) -> None:
    await remember(FormMemory(clock, path))
    path.chmod(0o666)
    assert await FormMemory(clock, path).get("k") == Known()


async def test_a_place_that_cannot_be_written_costs_nothing_but_the_file(
    clock: Calendar, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    memory = FormMemory(clock, tmp_path / "file" / "forms.json")
    await remember(memory)
    assert (await memory.get("k")).grammar_first
