"""The documents the pages show are documents the project reads."""

from __future__ import annotations

import ast
import json
import tomllib
from pathlib import Path

import pytest

from contracts.card import read_card
from contracts.errors import InvalidPlan
from contracts.plan import load_plan
from contracts.trace import ExecutionTrace
from planner.validation import check
from service.cards import load_cards
from service.settings import load_settings
from tests.docs.pages import PAGES, Block, blocks_of
from tests.wasm_agents.offered import manifest
from wasm_agents.catalogue import problems_of, read_manifest
from wasm_agents.manifest_capabilities import Capabilities

BLOCKS = [(page, block) for page in PAGES for block in blocks_of(page)]


def shown(language: str, word: str = "") -> list[Block]:
    return [b for _, b in BLOCKS if b.language == language and (not word or word in b.words)]


@pytest.mark.parametrize("block", shown("json"), ids=lambda b: str(b.line))
def test_what_is_shown_as_json_is_json(block: Block) -> None:
    assert isinstance(json.loads(block.text), dict)


@pytest.mark.parametrize("block", shown("json", "plan"), ids=lambda b: str(b.line))
def test_a_shown_plan_passes_every_check(block: Block) -> None:
    plan = load_plan(block.text)
    assert check(plan.as_json(), load_cards()) == []


def test_the_plan_shown_as_wrong_is_refused() -> None:
    wrong = next(b for b in shown("json") if b.option("file") == "wrong.json")
    with pytest.raises(InvalidPlan):
        load_plan(wrong.text)


@pytest.mark.parametrize("block", shown("json", "trace"), ids=lambda b: str(b.line))
def test_a_shown_trace_is_read_as_one(block: Block) -> None:
    assert ExecutionTrace.model_validate_json(block.text).metadata.error is not None


@pytest.mark.parametrize("block", shown("json", "card"), ids=lambda b: str(b.line))
def test_a_shown_card_is_read_as_one(block: Block) -> None:
    assert read_card(json.loads(block.text), where="docs").name == "greet"


@pytest.mark.parametrize("block", shown("toml", "guest"), ids=lambda b: str(b.line))
def test_a_shown_manifest_is_read_as_one(block: Block, tmp_path: Path) -> None:
    path = tmp_path / "agent.toml"
    path.write_text(block.text)
    assert read_manifest(path).name == "wasm:mirror"


@pytest.mark.parametrize("block", shown("toml", "capabilities"), ids=lambda b: str(b.line))
def test_shown_capabilities_are_what_a_manifest_may_ask_for(block: Block) -> None:
    asked = tomllib.loads(block.text)["capabilities"]
    assert set(asked) == set(Capabilities.model_fields)
    assert list(problems_of(manifest(capabilities=asked))) == []


@pytest.mark.parametrize("block", shown("toml", "guests"), ids=lambda b: str(b.line))
def test_shown_guest_settings_are_read_whole(in_empty_folder: Path, block: Block) -> None:
    Path("callsheet.toml").write_text(block.text)
    policy = load_settings().guests.policy({"EXAMPLE_TOKEN": "Bearer x"})
    assert policy.http
    assert policy.secrets["example_token"].value == "Bearer x"


@pytest.mark.parametrize("block", shown("toml", "models"), ids=lambda b: str(b.line))
def test_shown_models_are_read_with_their_chain(in_empty_folder: Path, block: Block) -> None:
    Path("callsheet.toml").write_text(block.text)
    settings = load_settings()
    assert settings.model.then == tuple(settings.models)


def test_the_shown_settings_file_is_read_whole(in_empty_folder: Path) -> None:
    blocks = [b for b in shown("toml") if b.option("file") == "callsheet.toml"]
    for block in blocks:
        Path("callsheet.toml").write_text(block.text)
        settings = load_settings().model_dump()
        for group, fields in tomllib.loads(block.text).items():
            assert set(fields) <= set(settings[group])
        assert load_settings().run.home_zone == "America/Chicago"
    assert len(blocks) == 1


@pytest.mark.parametrize("block", shown("python"), ids=lambda b: str(b.line))
def test_shown_python_is_python(block: Block) -> None:
    assert ast.parse(block.text).body
