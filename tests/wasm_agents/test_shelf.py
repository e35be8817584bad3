"""The shelf of added agents: seen whole or not at all, every change noticed, no broken one spoils another."""

from __future__ import annotations

import hashlib
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from contracts.card import AgentCard
from contracts.errors import Conflict, NotFound, Unavailable
from tests.wasm_agents.offered import ECHO, document_text, manifest
from wasm_agents.catalogue import module_path
from wasm_agents.shelf import Shelf

OTHER = ECHO + b"\0\x01\0"
"""The same module with one more custom section."""


def put(
    shelf: Shelf, name: str = "mine", *, wasm: bytes = ECHO, replace: bool = False, **more: Any
) -> AgentCard:
    document = manifest(name=name, sha256=hashlib.sha256(wasm).hexdigest(), **more)
    return shelf.add(document_text(document).encode(), wasm, name=name, replace=replace)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "state" / "agents")


def test_a_shelf_that_is_not_there_is_empty(shelf: Shelf) -> None:
    assert shelf.read() == ((), ())
    assert (shelf.names(), shelf.stamp()) == ((), None)


def test_an_added_agent_is_read_with_its_module(shelf: Shelf) -> None:
    card = put(shelf)
    assert shelf.read().cards == (card,)
    assert (card.name, card.extra["abi"]) == ("wasm:mine", "agent/1")
    assert module_path(card).read_bytes() == ECHO


def test_what_is_kept_is_the_owners_alone(shelf: Shelf) -> None:
    card = put(shelf)
    for path in (shelf.folder / "mine.toml", module_path(card)):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(module_path(card).parent.stat().st_mode) == 0o700


def test_a_name_is_taken_once_unless_it_is_replaced(shelf: Shelf) -> None:
    put(shelf)
    with pytest.raises(Conflict) as refused:
        put(shelf, version="2.0.0")
    assert (refused.value.code, shelf.read().cards[0].version) == ("agent.exists", "1.0.0")
    put(shelf, version="2.0.0", replace=True)
    assert shelf.read().cards[0].version == "2.0.0"


def test_the_module_just_let_go_of_stays_until_the_next_change(shelf: Shelf) -> None:
    before = put(shelf)
    after = put(shelf, wasm=OTHER, replace=True)
    assert module_path(before).read_bytes() == ECHO
    put(shelf, "another", wasm=OTHER)
    assert not module_path(before).exists()
    assert module_path(after).read_bytes() == OTHER


def test_removing_one_agent_leaves_the_others(shelf: Shelf) -> None:
    put(shelf)
    kept = put(shelf, "kept")
    shelf.remove("mine")
    assert shelf.read().cards == (kept,)
    assert module_path(kept).exists()


@pytest.mark.parametrize("name", ["nobody", "../mine", "", "modules", "mine.toml"])
def test_what_was_not_added_cannot_be_removed(shelf: Shelf, name: str) -> None:
    put(shelf)
    with pytest.raises(NotFound) as refused:
        shelf.remove(name)
    assert refused.value.code == "agent.unknown"
    assert shelf.names() == ("mine",)


def test_every_change_is_noticed_however_fast_they_come(shelf: Shelf) -> None:
    stamps = []
    for number in range(20):
        put(shelf, replace=True, version=f"{number}.0.0")
        stamps.append(shelf.stamp())
    shelf.remove("mine")
    assert len({*stamps, shelf.stamp()}) == 21


def test_who_looks_in_the_middle_of_a_change_notices_its_end(shelf: Shelf) -> None:
    put(shelf)
    (shelf.folder / ".mine.toml.new").write_text("")  # as a change begins
    during = shelf.stamp()
    put(shelf, replace=True)
    assert shelf.stamp() != during


@pytest.mark.parametrize(
    "text",
    [
        *("", "[", "\x00", "name = 1", "#" * 300_000),
        document_text(manifest(name="broken", colour="red")),
        document_text(manifest(name="another")),
        document_text(manifest(name="broken", takes={"type": "nonsense"})),
        document_text(manifest(name="broken", gives={"$ref": "http://127.0.0.1:9/x"})),
    ],
    ids=range(9),
)  # fmt: skip
def test_a_broken_agent_is_named_and_spoils_no_other(shelf: Shelf, text: str) -> None:
    kept = put(shelf)
    (shelf.folder / "broken.toml").write_text(text, encoding="utf-8")
    cards, broken = shelf.read()
    assert cards == (kept,)
    assert [name for name, _ in broken] == ["broken"]
    shelf.remove("broken")
    assert shelf.read().broken == ()


def test_links_folders_and_pipes_are_no_manifests(shelf: Shelf, tmp_path: Path) -> None:
    put(shelf)
    (tmp_path / "real.toml").write_text(document_text(manifest(name="link")))
    (shelf.folder / "link.toml").symlink_to(tmp_path / "real.toml")
    (shelf.folder / "folder.toml").mkdir()
    os.mkfifo(shelf.folder / "pipe.toml")
    cards, broken = shelf.read()
    assert [card.name for card in cards] == ["wasm:mine"]
    assert [name for name, _ in broken] == ["folder", "link", "pipe"]


def test_a_broken_agent_keeps_every_module_where_it_is(shelf: Shelf) -> None:
    put(shelf)
    put(shelf, wasm=OTHER, replace=True)
    (shelf.folder / "broken.toml").write_text("[")
    put(shelf, "more")
    assert len(list((shelf.folder / "modules").iterdir())) == 2


def test_a_shelf_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as refused:
        put(Shelf(tmp_path / "file" / "agents"))
    assert refused.value.code == "agent.unwritable"


def test_many_at_once_lose_no_agent_and_leave_no_trace(shelf: Shelf) -> None:
    threads = [threading.Thread(target=put, args=(shelf, f"agent_{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert shelf.read().broken == ()
    assert len(shelf.read().cards) == 8
    assert [p.name for p in shelf.folder.rglob("*.new")] == []
