"""Manifests: what a guest's card says, and what is refused."""

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import InvalidInput
from wasm_agents.catalogue import GUESTS, guest_cards, module_path

GOOD = """
name = "mine"
version = "1.0.0"
description = "for tests"
abi = "agent/1"
module = "mine.wasm"
sha256 = "{digest}"
{more}
[takes]
type = "object"
[gives]
{table}
""".replace("{digest}", "a" * 64)


def write(folder: Path, text: str, *, guest: str = "mine") -> Path:
    (folder / guest).mkdir()
    path = folder / guest / "agent.toml"
    path.write_text(text, encoding="utf-8")
    return path


def manifest(more: str = "", table: str = "", **replaced: str) -> str:
    text = GOOD.replace("{more}", more).replace("{table}", table)
    for old, new in replaced.items():
        lines = [new if line.startswith(f"{old} =") else line for line in text.splitlines()]
        text = "\n".join(lines)
    return text


def test_the_projects_guests_come_by_name() -> None:
    names = [card.name for card in guest_cards()]
    assert names == sorted(f"wasm:{path.parent.name}" for path in GUESTS.glob("*/agent.toml"))
    assert {"wasm:echo", "wasm:text_stats"} <= set(names)


def test_every_module_lies_beside_its_manifest() -> None:
    for card in guest_cards():
        assert module_path(card).is_file()
        assert module_path(card).parent.parent == GUESTS


def test_a_manifest_becomes_a_card_with_its_limits(tmp_path: Path) -> None:
    write(tmp_path, manifest(more='words = ["a"]', table="[limits]\nfuel = 5"))
    (card,) = guest_cards(tmp_path)
    assert (card.name, card.words, card.extra["limits"]) == ("wasm:mine", ("a",), {"fuel": 5})
    assert module_path(card) == tmp_path / "mine" / "mine.wasm"


def test_a_folder_without_manifest_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    assert guest_cards(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("name = ", "load.manifest", id="no TOML"),
        pytest.param("\udcff", "load.manifest", id="no UTF-8"),
        pytest.param("", "load.manifest", id="empty"),
        pytest.param("#" * 300_000, "load.manifest", id="too long"),
        pytest.param(f"a = {'[' * 3000}", "load.manifest", id="deep"),
        pytest.param(manifest(abi='abi = "agent/2"'), "load.manifest", id="another abi"),
        pytest.param(manifest(module='module = "../mine.wasm"'), "load.manifest", id="module elsewhere"),
        pytest.param(manifest(module='module = "/etc/passwd"'), "load.manifest", id="module anywhere"),
        pytest.param(manifest(sha256=""), "load.manifest", id="no digest"),
        pytest.param(manifest(sha256='sha256 = "xyz"'), "load.manifest", id="digest of another form"),
        pytest.param(manifest(name='name = "wasm:mine"'), "load.manifest", id="name with prefix"),
        pytest.param(manifest(version=""), "load.manifest", id="no version"),
        pytest.param(manifest(more='entry = "os:system"'), "load.manifest", id="entry"),
        pytest.param(manifest(more="colour = 1"), "load.manifest", id="unknown field"),
        pytest.param(manifest(more="timeout_s = nan"), "load.manifest", id="not a number"),
        pytest.param(manifest(more="words = [2026-01-01]"), "load.manifest", id="a date"),
        pytest.param(manifest(table="[limits]\ntime = 5"), "load.manifest", id="unknown limit"),
        pytest.param(manifest(table="[limits]\nfuel = 0"), "load.manifest", id="limit too low"),
        pytest.param(
            manifest(table="[limits]\nmemory_bytes = 99999999999"), "load.manifest", id="limit too high"
        ),
        pytest.param(manifest(table='[limits]\nfuel = "5"'), "load.manifest", id="limit is a string"),
    ],
)
def test_a_manifest_that_cannot_be_used_names_its_file(tmp_path: Path, text: str, code: str) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "agent.toml").write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InvalidInput) as raised:
        guest_cards(tmp_path)
    assert raised.value.code == code
    assert "agent.toml" in raised.value.where
    assert len(raised.value.message) < 600


def test_two_guests_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path, manifest(), guest="one")
    write(tmp_path, manifest(), guest="two")
    with pytest.raises(InvalidInput, match="a second guest"):
        guest_cards(tmp_path)


def test_reading_the_cards_imports_neither_engine_nor_pydantic() -> None:
    script = (
        "import sys; from wasm_agents.catalogue import guest_cards; guest_cards();"
        "print([m for m in ('wasmtime', 'pydantic', 'httpx', 'asyncio') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
