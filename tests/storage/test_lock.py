"""One file, one writer: who is refused, what is said to them, and when the next may write."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contracts.errors import Conflict, Unavailable
from storage.database import Database, Holder
from storage.lock import lock_path, read_holder

CHILD = """
import sys
from pathlib import Path
from storage.database import Database, Holder
import os
with Database.open(Path(sys.argv[1]), holder=Holder(os.getpid(), "http://127.0.0.1:8700")):
    print("open", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def child(path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.kill()


def test_a_second_writer_is_refused_naming_the_first(path: Path, child: subprocess.Popen[str]) -> None:
    with pytest.raises(Conflict) as refused:
        Database.open(path)

    assert refused.value.code == "storage.locked"
    assert refused.value.data == {"pid": child.pid, "url": "http://127.0.0.1:8700"}
    assert "http://127.0.0.1:8700" in refused.value.hint
    assert str(child.pid) in refused.value.message


def test_the_holder_is_read_while_it_lives(path: Path, child: subprocess.Popen[str]) -> None:
    assert read_holder(path) == Holder(child.pid, "http://127.0.0.1:8700")


def test_a_dead_writers_file_is_taken_over(path: Path, child: subprocess.Popen[str]) -> None:
    child.kill()
    child.wait(10)

    assert str(child.pid) in lock_path(path).read_text()
    assert read_holder(path) is None
    with Database.open(path):
        assert read_holder(path) == Holder(os.getpid())


def test_a_second_writer_in_the_same_process_is_refused(path: Path) -> None:
    with Database.open(path), pytest.raises(Conflict) as refused:
        Database.open(path)

    assert refused.value.data["pid"] == os.getpid()
    assert refused.value.hint.startswith("Wait")


def test_a_link_to_the_file_has_the_same_lock(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "elsewhere" / "link.db"
    other.parent.mkdir()
    other.symlink_to(path)

    with Database.open(path):
        with pytest.raises(Conflict):
            Database.open(other)
        assert read_holder(other) == Holder(os.getpid())


def test_nobody_holds_what_was_never_opened(path: Path) -> None:
    assert read_holder(path) is None


def test_nobody_holds_what_was_closed(path: Path) -> None:
    Database.open(path).close()

    assert read_holder(path) is None


def test_asking_who_writes_never_refuses_a_writer(path: Path) -> None:
    for _ in range(50):
        with Database.open(path):
            assert read_holder(path) is not None
        assert read_holder(path) is None


def test_a_url_known_later_replaces_the_first_one_whole(path: Path) -> None:
    with Database.open(path, holder=Holder(7, "http://127.0.0.1:" + "9" * 100)) as database:
        database.announce(Holder(7, "http://x"))

        assert read_holder(path) == Holder(7, "http://x")


def test_a_url_without_end_is_cut(path: Path) -> None:
    with Database.open(path, holder=Holder(7, "é" * 5000)):
        found = read_holder(path)

    assert found is not None
    assert found.url == "é" * 500


@pytest.mark.parametrize("words", ["", "{", "[]", '{"pid": "x", "url": 1}', "\0" * 40])
def test_words_nobody_can_read_still_mean_that_somebody_holds_it(path: Path, words: str) -> None:
    with Database.open(path):
        lock_path(path).write_text(words)

        found = read_holder(path)
        with pytest.raises(Conflict) as refused:
            Database.open(path)

    assert found == Holder(0)
    assert refused.value.data == {"pid": None, "url": ""}


def test_a_lock_that_is_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("keep me")
    lock_path(path).symlink_to(victim)

    with pytest.raises(Unavailable) as refused:
        Database.open(path)

    assert refused.value.code == "storage.unwritable"
    assert victim.read_text() == "keep me"
