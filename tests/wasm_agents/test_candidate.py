"""An agent somebody offers is read once and safely, or refused with the exact code."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import CallsheetError
from tests.wasm_agents.offered import ECHO, manifest, offer
from wasm_agents.candidate import read_candidate, read_plain
from wasm_agents.limits import MAX_MODULE_BYTES


def refused(path: Path) -> str:
    with pytest.raises(CallsheetError) as caught:
        read_candidate(path)
    return caught.value.code


@pytest.mark.parametrize("inner", ["", "agent.toml"])
def test_a_folder_or_its_manifest_names_an_agent(tmp_path: Path, inner: str) -> None:
    found = read_candidate(offer(tmp_path / "mine") / inner)
    assert (found.card.name, found.wasm, found.digest) == ("wasm:mine", ECHO, found.card.sha256)
    assert found.manifest == (tmp_path / "mine" / "agent.toml").read_bytes()


def test_a_module_may_lie_elsewhere(tmp_path: Path) -> None:
    folder = offer(tmp_path / "mine")
    other = (folder / "mine.wasm").rename(tmp_path / "kept.wasm")
    assert read_candidate(folder, module=other).wasm == ECHO


def test_what_is_not_there_is_missing(tmp_path: Path) -> None:
    assert refused(tmp_path) == "load.missing"
    assert refused(tmp_path / "nowhere") == "load.missing"
    folder = offer(tmp_path / "mine")
    (folder / "mine.wasm").unlink()
    assert refused(folder) == "load.missing"


@pytest.mark.parametrize(
    "more",
    [
        {"colour": 1},
        {"takes": {"type": "nonsense"}},
        {"gives": {"$ref": "https://evil.test/schema"}},
        {"module": "../mine.wasm"},
        {"effect": "pure", "capabilities": {"kv": [{"namespace": "a", "access": "rw"}]}},
    ],
)
def test_a_manifest_that_cannot_be_used_is_refused(tmp_path: Path, more: dict[str, Any]) -> None:
    (tmp_path / "mine").mkdir()
    assert refused(offer(tmp_path / "mine", manifest(**more))) == "load.manifest"


@pytest.mark.parametrize("name", ["agent.toml", "mine.wasm"])
def test_neither_file_may_be_a_link_a_folder_or_a_pipe(tmp_path: Path, name: str) -> None:
    odd: tuple[Callable[[Path], None], ...] = (lambda p: p.symlink_to("/etc/passwd"), Path.mkdir, os.mkfifo)
    for number, make in enumerate(odd):
        folder = offer(tmp_path / str(number))
        (folder / name).unlink()
        make(folder / name)
        assert refused(folder) in {"load.unreadable", "load.missing"}


def test_files_of_any_size_are_read_no_further_than_they_may_be(tmp_path: Path) -> None:
    folder = offer(tmp_path / "mine")
    os.truncate(folder / "mine.wasm", MAX_MODULE_BYTES + 1)
    assert refused(folder) == "load.too_large"
    os.truncate(folder / "agent.toml", 2**40)
    assert refused(folder) == "load.too_large"


def test_a_name_no_file_can_have_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(CallsheetError) as caught:
        read_plain(tmp_path / "a\0b", most=10)
    assert caught.value.code == "load.unreadable"
