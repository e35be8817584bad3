"""What a slot has read, on disk: found again by what it was read with, and not when it is not whole and ours."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from contracts.errors import Unavailable
from providers.chat import Message
from providers.embedded.folder import PulledModel
from providers.embedded.server import HowToRun
from providers.embedded.states import MOST, SlotStates, key_of

HOW = HowToRun(PulledModel("m", Path("m.gguf"), "a" * 64, 9, 512, "a test"), ctx=512)
PREFIX = (Message("system", "plan"),)
KEY = key_of(HOW, PREFIX)


@pytest.fixture
def states(tmp_path: Path) -> SlotStates:
    return SlotStates(tmp_path / "states")


def put(states: SlotStates, key: str = KEY, content: bytes = b"read") -> Path:
    mark = states.mark()
    (states.folder / mark).write_bytes(content)
    states.keep(key, mark)
    return states.folder / f"{key}.state"


def test_what_was_kept_is_found_and_is_its_owners_alone(states: SlotStates) -> None:
    path = put(states)
    assert states.found(KEY) == path.name
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_says_everything_that_what_is_read_depends_on() -> None:
    other_model = replace(HOW, model=replace(HOW.model, sha256="b" * 64))
    keys = {
        KEY,
        key_of(other_model, PREFIX),
        key_of(replace(HOW, ctx=1024), PREFIX),
        key_of(replace(HOW, slots=3), PREFIX),
        key_of(HOW, (Message("user", "plan"),)),
        key_of(HOW, (*PREFIX, Message("user", ""))),
        key_of(HOW, (Message("system", "pla"), Message("n", ""))),  # type: ignore[arg-type]  # no role, on purpose
    }
    assert len(keys) == 7
    assert key_of(replace(HOW, threads=2, where="here"), PREFIX) == KEY


@pytest.mark.parametrize("content", [b"", b"rea", b"reae", b"read and more"])
def test_a_damaged_file_is_not_found_and_is_removed(states: SlotStates, content: bytes) -> None:
    put(states).write_bytes(content)
    assert states.found(KEY) is None
    assert list(states.folder.iterdir()) == []


def test_a_file_without_its_record_is_not_believed(states: SlotStates) -> None:
    path = put(states)
    path.with_suffix(".json").unlink()
    assert states.found(KEY) is None
    assert not path.exists()


def test_a_file_that_others_may_read_or_write_is_not_believed(states: SlotStates) -> None:
    put(states).chmod(0o640)
    assert states.found(KEY) is None


def test_a_link_to_another_file_is_not_followed(states: SlotStates, tmp_path: Path) -> None:
    path = put(states)
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert states.found(KEY) is None
    assert (tmp_path / "elsewhere").read_bytes() == b"read"


def test_only_the_files_used_last_are_kept(states: SlotStates) -> None:
    keys = [f"{number:064x}" for number in range(MOST + 3)]
    for number, key in enumerate(keys):
        os.utime(put(states, key), (number, number))
    put(states, keys[0])
    assert states.found(keys[0]) is not None
    assert len(list(states.folder.glob("*.state"))) == MOST
    assert len(list(states.folder.glob("*.json"))) == MOST


def test_what_a_killed_process_left_half_written_goes_in_time(states: SlotStates) -> None:
    left = states.folder / states.mark()
    left.write_bytes(b"half")
    os.utime(left, (1, 1))
    put(states)
    assert not left.exists()


def test_a_state_that_cannot_be_kept_is_no_error(states: SlotStates) -> None:
    states.keep(KEY, states.mark())
    assert states.found(KEY) is None


def test_a_folder_that_others_may_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "states").mkdir()
    (tmp_path / "states").chmod(0o777)
    with pytest.raises(Unavailable):
        SlotStates(tmp_path / "states")
