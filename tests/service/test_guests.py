"""What guests are given is what the operator's settings say, and no model where none is set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contracts.clock import SystemClock
from egress.fetch_door import FetchDoor
from memory.kv import GuestValues
from service.guests import around_guests
from service.models_of import models_of
from service.settings import load_settings
from storage.database import Database
from wasm_agents.agent import Around
from wasm_agents.grants import OperatorPolicy


def around(**flags: Any) -> Around:
    with Database.open(Path("c.db")) as database:
        values = GuestValues(database, database.reader(), SystemClock())
        settings, clock = load_settings(flags), SystemClock()
        door = FetchDoor(clock)
        return around_guests(settings, door, values, models=models_of(settings, door, clock=clock))


def test_without_settings_guests_are_allowed_nothing_and_have_no_model(in_empty_folder: Path) -> None:
    given = around()
    assert given.operator == OperatorPolicy()
    assert given.outside.chats is None


def test_the_default_model_is_the_one_the_settings_name(in_empty_folder: Path) -> None:
    chats = around(model={"url": "http://127.0.0.1:9/v1", "name": "small"}).outside.chats
    assert chats is not None
    assert chats("default") is chats("default")
    assert chats("large") is None


def test_a_secrets_value_comes_from_its_variable(
    in_empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "Bearer of-some-length")
    secret = {"token": {"variable": "MY_TOKEN", "hosts": ["api.example.com"]}}
    operator = around(guests={"secrets": secret}).operator
    assert operator.secrets["token"].value == "Bearer of-some-length"
