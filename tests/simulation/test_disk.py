"""The disk: what was synced stays, what was not is at the mercy of the seed."""

from __future__ import annotations

import random

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.disk import LOSSES, SECTOR, Disk, Loss, SimFile

WRITES = st.lists(st.tuples(st.integers(0, 3000), st.binary(min_size=1, max_size=1500)), max_size=12)


def disk_with(*writes: tuple[int, bytes], synced: int = 0, seed: int = 0) -> tuple[Disk, SimFile]:
    disk = Disk(random.Random(seed))
    file = disk.files["f"] = SimFile(was_synced=True)
    for number, write in enumerate(writes):
        disk.write(file, write)
        if number + 1 == synced:
            disk.sync(file)
    return disk, file


@pytest.mark.parametrize("loss", LOSSES)
def test_what_was_synced_survives_every_loss(loss: Loss) -> None:
    disk, file = disk_with((0, b"kept"), (4, b"lost?"), synced=1)
    disk.cut(loss)
    assert file.content[:4] == b"kept"


def test_each_loss_keeps_as_much_as_it_says() -> None:
    kept: dict[str, set[bytes]] = {}
    for seed in range(40):
        for loss in LOSSES:
            disk, file = disk_with((0, b"a"), (1, b"b"), (2, b"c"), seed=seed)
            disk.cut(loss)
            kept.setdefault(loss, set()).add(bytes(file.content))
    assert kept["none"] == {b"abc"}
    assert kept["all"] == {b""}
    assert kept["tail"] == {b"", b"a", b"ab", b"abc"}
    assert b"\0b" in kept["some"]


def test_a_torn_write_keeps_whole_sectors_only() -> None:
    piece = b"x" * (3 * SECTOR)
    lengths = set()
    for seed in range(40):
        disk, file = disk_with((0, piece), seed=seed)
        disk.cut("torn")
        sectors = [bytes(file.content[i : i + SECTOR]) for i in range(0, len(file.content), SECTOR)]
        assert all(s in (b"x" * SECTOR, b"\0" * SECTOR) for s in sectors)
        lengths.add(bytes(file.content))
    assert len(lengths) > 4


@given(writes=WRITES, seed=st.integers(0, 100))
def test_a_sync_makes_what_is_read_what_survives(writes: list[tuple[int, bytes]], seed: int) -> None:
    disk, file = disk_with(*writes, synced=len(writes), seed=seed)
    seen = bytes(file.content)
    disk.cut("all")
    assert bytes(file.content) == seen


def test_a_cut_file_is_short_and_the_cut_may_be_lost() -> None:
    disk, file = disk_with((0, b"abcdef"), synced=1)
    disk.write(file, (2, None))
    assert bytes(file.content) == b"ab"
    disk.cut("all")
    assert bytes(file.content) == b"abcdef"


def test_a_full_disk_takes_no_more_but_changes_what_is_there() -> None:
    disk, file = disk_with((0, b"abc"))
    disk.is_full = True
    disk.write(file, (0, b"xyz"))
    with pytest.raises(apsw.FullError):
        disk.write(file, (3, b"!"))


def test_the_power_goes_after_so_many_operations() -> None:
    disk, file = disk_with()
    disk.ops_left = 2
    disk.write(file, (0, b"a"))
    with pytest.raises(apsw.IOError):
        disk.sync(file)
    assert disk.is_dead
    disk.write(file, (1, b"b"))
    disk.cut("none")
    assert bytes(file.content) == b"a"


def test_a_file_never_synced_may_be_gone() -> None:
    found = set()
    for seed in range(20):
        disk = Disk(random.Random(seed))
        disk.write(disk.files.setdefault("new", SimFile()), (0, b"a"))
        disk.cut("some")
        found.add("new" in disk.files)
    assert found == {True, False}
