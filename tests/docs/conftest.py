from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import load_settings
from tests.service.desk_at_hand import DeskAtHand, open_desk


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def desk(in_empty_folder: Path) -> Iterator[DeskAtHand]:
    made = open_desk(in_empty_folder, load_settings())
    yield made
    made.database.close()
