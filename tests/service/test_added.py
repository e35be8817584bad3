"""Where added agents lie: found by the quick reader and by the settings alike."""

from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import InvalidInput
from service.added import ADDED, shelf_at_hand
from service.settings import load_settings


@pytest.mark.parametrize(
    ("environment", "text", "expected"),
    [
        ({}, "", ADDED),
        ({}, '[guests]\nfolder = "mine"\n', Path("mine")),
        ({"CALLSHEET_GUESTS__FOLDER": "theirs"}, '[guests]\nfolder = "mine"\n', Path("theirs")),
        ({"callsheet_guests__folder": "theirs"}, "", Path("theirs")),
        ({"CALLSHEET_GUESTS": '{"folder": "all"}'}, '[guests]\nfolder = "mine"\n', Path("all")),
        ({"CALLSHEET_GUESTS": '{"allow_kv": ["*"]}'}, '[guests]\nfolder = "mine"\n', Path("mine")),
    ],
)
def test_the_quick_reader_and_the_settings_name_one_folder(
    in_empty_folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    text: str,
    expected: Path,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (in_empty_folder / "callsheet.toml").write_text(text, encoding="utf-8")

    assert shelf_at_hand(environment, Path("callsheet.toml")).folder == expected
    assert load_settings().guests.folder == expected


def test_odd_values_name_no_folder(in_empty_folder: Path) -> None:
    odd = {"CALLSHEET_GUESTS": "[1", "CALLSHEET_GUESTS__FOLDER": ""}
    (in_empty_folder / "callsheet.toml").write_text("guests = 3\n", encoding="utf-8")
    assert shelf_at_hand(odd, Path("callsheet.toml")).folder == ADDED


def test_settings_that_cannot_be_read_are_named(in_empty_folder: Path) -> None:
    (in_empty_folder / "callsheet.toml").write_text("[guests", encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"callsheet\.toml"):
        shelf_at_hand({}, Path("callsheet.toml"))
