"""The committed modules are what their sources build to."""

import hashlib
from pathlib import Path

import pytest
from wasmtime import Engine, Module

from wasm_agents.build import GUESTS, build, sources
from wasm_agents.catalogue import guest_cards, module_path

NAMES = sorted(sources())


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zig")


def test_every_guest_has_source_and_manifest() -> None:
    assert [f"wasm:{name}" for name in NAMES] == [card.name for card in guest_cards()]


def test_every_committed_module_hashes_as_its_manifest_says() -> None:
    for card in guest_cards():
        assert hashlib.sha256(module_path(card).read_bytes()).hexdigest() == card.sha256


def test_both_languages_are_shipped_and_echo_is_c() -> None:
    assert {path.suffix for path in sources().values()} == {".c", ".zig"}
    assert sources()["echo"].suffix == ".c"


@pytest.mark.parametrize("name", NAMES)
def test_a_module_is_small_imports_nothing_and_names_no_place(name: str) -> None:
    wasm = (GUESTS / name / f"{name}.wasm").read_bytes()
    module = Module(Engine(), wasm)
    assert len(wasm) < 120 * 1024
    assert list(module.imports) == []
    assert {export.name for export in module.exports} == {"memory", "alloc", "dealloc", "execute"}
    assert [
        sign for sign in (b".zig", b".c\0", b"/home", b"/tmp", str(GUESTS.parent).encode()) if sign in wasm
    ] == []


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_building_gives_the_committed_bytes_again(name: str, caches: Path) -> None:
    assert build(name, caches=caches) == (GUESTS / name / f"{name}.wasm").read_bytes()
