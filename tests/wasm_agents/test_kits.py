from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import Conflict, InvalidInput
from wasm_agents.catalogue import read_manifest
from wasm_agents.kits.cases import read_cases
from wasm_agents.kits.languages import BY_NAME, LANGUAGES, LanguageName
from wasm_agents.kits.manifest_text import read_names, write_digest
from wasm_agents.kits.scaffold import new_agent

DIGEST = "ab" * 32


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_new_folder_holds_a_source_a_manifest_cases_and_a_page(
    language: LanguageName, tmp_path: Path
) -> None:
    folder = new_agent("greet", language, into=tmp_path)
    kind = BY_NAME[language]
    assert {kind.source, "agent.toml", "tests.json", "README.md"} <= {p.name for p in folder.iterdir()}
    card = read_manifest(folder / "agent.toml")
    assert (card.name, card.module) == ("wasm:greet", "greet.wasm")
    assert card.extra["abi"] == ("component" if kind.is_component else "agent/1")
    cases = read_cases(folder)
    assert {bool(case.error) for case in cases} == {True, False}
    assert "$" not in (folder / "README.md").read_text()


@pytest.mark.parametrize("name", ["", "Greet", "1st", "a-b", "../up", "a/b", "a b", "ä", "x" * 64, "a\n"])
def test_a_name_that_is_none_is_refused_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        new_agent(name, "python", into=tmp_path)
    assert caught.value.code == "kit.bad_name"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "greet").mkdir()
    with pytest.raises(Conflict) as caught:
        new_agent("greet", "python", into=tmp_path)
    assert caught.value.code == "kit.exists"
    assert list((tmp_path / "greet").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name = "x"\nsha256 = "old"  # mine\n', f'sha256 = "{DIGEST}"  # mine'),
        ('name = "x"\r\nsha256="old"\r\n[a]\r\n', f'sha256="{DIGEST}"\r'),
        ("name = 'x'\n  sha256 = ''\n", f"  sha256 = '{DIGEST}'"),
        ('about = """\nsha256 = "old"\n"""\nname = "x"\nsha256 = "old"\n', f'sha256 = "{DIGEST}"'),
        (
            'name = "x"\nwords = [\n  "a",\n]\nsha256 = "old"\n[a]\nsha256 = "its own"\n',
            f'sha256 = "{DIGEST}"',
        ),
    ],
)
def test_only_the_digest_of_a_manifest_is_written(text: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_bytes(text.encode())
    write_digest(tmp_path, DIGEST)
    after = (tmp_path / "agent.toml").read_bytes().decode()
    assert line in after.split("\n")
    assert len(after) - len(text) in {len(DIGEST) - len("old"), len(DIGEST)}
    assert tomllib.loads(after) == tomllib.loads(text) | {"sha256": DIGEST}


def test_a_manifest_without_a_digest_gets_one_and_keeps_the_rest(tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_text('# mine\nname = "x"\n\n[limits]\nfuel = 1\n')
    write_digest(tmp_path, DIGEST)
    text = (tmp_path / "agent.toml").read_text()
    assert text.endswith('# mine\nname = "x"\n\n[limits]\nfuel = 1\n')
    assert tomllib.loads(text)["sha256"] == DIGEST


def test_a_digest_spelled_over_lines_is_refused_and_left(tmp_path: Path) -> None:
    text = 'name = "x"\nsha256 = """\nold"""\n'
    (tmp_path / "agent.toml").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        write_digest(tmp_path, DIGEST)
    assert caught.value.code == "load.manifest"
    assert (tmp_path / "agent.toml").read_text() == text


@pytest.mark.parametrize(
    "text",
    [
        b"", b"name = 3", b'name = "Up"', b'name = "x"\nmodule = "../../x.wasm"', b'name = "x"\nmodule = "x.so"',
        b"\xff", b"[", b"a=" + b"[" * 100_000, b" " * 300_000,
    ],
)  # fmt: skip
def test_a_manifest_that_names_nothing_usable_is_refused(text: bytes, tmp_path: Path) -> None:
    (tmp_path / "agent.toml").write_bytes(text)
    with pytest.raises(InvalidInput) as caught:
        read_names(tmp_path)
    assert caught.value.code == "load.manifest"


def test_cases_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert read_cases(tmp_path) == ()
    cases: list[dict[str, Any]] = [
        {"name": "a", "input": {"x": 1}, "ok": None},
        {"name": "b", "input": {}, "error": "bad"},
    ]
    (tmp_path / "tests.json").write_text(json.dumps({"cases": cases}))
    first, second = read_cases(tmp_path)
    assert (first.given, first.ok, first.error) == ({"x": 1}, None, "")
    assert (second.name, second.error) == ("b", "bad")


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"cases": 1}', '{"cases": [{"name": "a", "input": {}}]}',
        '{"cases": [{"name": "a", "input": [], "ok": 1}]}', '{"cases": [{"name": "", "input": {}, "ok": 1}]}',
        '{"cases": [{"name": "a", "input": {}, "ok": 1, "error": "x"}]}',
        '{"cases": [{"name": "a", "input": {}, "ok": NaN}]}', '{"cases": [], "more": 1}', "[" * 100_000,
    ],
)  # fmt: skip
def test_cases_that_say_nothing_are_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "tests.json").write_text(text)
    with pytest.raises(InvalidInput) as caught:
        read_cases(tmp_path)
    assert caught.value.code == "kit.bad_cases"
