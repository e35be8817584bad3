"""The catalogue is read from files; a broken one is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidInput, NotFound
from service.cards import find_card, load_cards


def write_card(folder: Path, name: str, **fields: Any) -> Path:
    path = folder / name.replace(":", "_") / "card.json"
    path.parent.mkdir(parents=True)
    document = {"name": name, "version": "1.0.0", "description": "d", "takes": {}, "gives": {}} | fields
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_the_projects_own_cards_are_sorted_by_name() -> None:
    names = [card.name for card in load_cards()]
    assert names == sorted(names)
    assert {"scrape", "wasm:echo", "wasm:text_stats"} <= set(names)


def test_a_folder_without_a_card_is_no_agent(tmp_path: Path) -> None:
    write_card(tmp_path, "mine")
    (tmp_path / "other").mkdir()
    assert [card.name for card in load_cards(tmp_path, guests=tmp_path)] == ["mine"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": "x"}', "\x00", '"card"'])
def test_a_broken_card_is_named_by_its_file(tmp_path: Path, text: str) -> None:
    path = write_card(tmp_path, "mine")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"mine/card\.json") as caught:
        load_cards(tmp_path, guests=tmp_path)
    assert caught.value.code == "agent.bad_card"


def test_two_agents_of_one_name_are_refused(tmp_path: Path) -> None:
    write_card(tmp_path, "mine")
    write_card(tmp_path / "b", "mine").parent.rename(tmp_path / "second")
    with pytest.raises(InvalidInput, match="mine"):
        load_cards(tmp_path, guests=tmp_path)


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(NotFound) as caught:
        find_card(load_cards(), "scrap")
    assert caught.value.code == "agent.unknown"
    assert "scrape" in caught.value.hint
