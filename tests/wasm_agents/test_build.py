"""The committed modules are what their sources build to."""

import hashlib
from pathlib import Path

import pytest

from wasm_agents.build import GUESTS, build
from wasm_agents.catalogue import guest_cards, module_path

NAMES = sorted(path.stem for path in GUESTS.glob("*/*.c"))


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zig")


def test_every_guest_has_source_and_manifest() -> None:
    assert [f"wasm:{name}" for name in NAMES] == [card.name for card in guest_cards()]


def test_every_committed_module_hashes_as_its_manifest_says() -> None:
    for card in guest_cards():
        assert hashlib.sha256(module_path(card).read_bytes()).hexdigest() == card.sha256


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_building_gives_the_committed_bytes_again(name: str, caches: Path) -> None:
    assert build(name, caches=caches) == (GUESTS / name / f"{name}.wasm").read_bytes()
