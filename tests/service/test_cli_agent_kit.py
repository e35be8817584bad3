from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from service.doctor import examine
from tests.service.commands_at_hand import Done, typed


@pytest.fixture
def greet(tmp_path: Path) -> Path:
    made = typed(tmp_path, "agent", "new", "greet", "--lang", "c")
    assert made.code == 0, made.err
    return tmp_path / "greet"


def beside(agent: Path, *words: str) -> Done:
    return typed(agent.parent, "agent", *words)


def test_an_agent_goes_from_its_name_to_passed_cases(greet: Path) -> None:
    built = beside(greet, "build", "greet")
    assert built.code == 0
    digest = hashlib.sha256((greet / "greet.wasm").read_bytes()).hexdigest()
    assert built.out.startswith("greet/greet.wasm: ")
    assert f"sha256 {digest}" in built.out
    assert "building greet.wasm from main.c with zig" in built.err
    tested = beside(greet, "test", "greet")
    assert tested.code == 0
    assert "ok      case: counts words and characters" in tested.out
    assert tested.out.splitlines()[-1] == "9 checks, none failed"


def test_the_folder_one_is_in_is_the_one_that_is_meant(greet: Path) -> None:
    assert typed(greet, "agent", "build").out.startswith("greet.wasm: ")
    assert typed(greet, "agent", "test").code == 0


def test_json_says_what_was_built_and_what_was_checked(greet: Path) -> None:
    built = beside(greet, "build", "greet", "--json").json
    assert (built["module"], built["language"], built["tool"]) == ("greet/greet.wasm", "c", "zig")
    assert built["bytes"] == (greet / "greet.wasm").stat().st_size
    tested = beside(greet, "test", "greet", "--json").json
    assert (tested["passed"], tested["failed"]) == (9, 0)
    assert {check["is_ok"] for check in tested["checks"]} == {True}


def test_a_failed_check_ends_with_one_and_is_named(greet: Path) -> None:
    beside(greet, "build", "greet")
    case = {"name": "mine\x1b[31m", "input": {"text": "a"}, "ok": 1}
    (greet / "tests.json").write_text(json.dumps({"cases": [case]}))
    tested = beside(greet, "test", "greet")
    assert tested.code == 1
    assert "FAILED  case: mine\\x1b[31m  wanted 1" in tested.out
    assert "1 failed" in tested.out


def test_a_source_that_does_not_build_shows_the_compilers_words(greet: Path) -> None:
    (greet / "main.c").write_text("int x = ;\n")
    built = beside(greet, "build", "greet")
    assert built.code == 3
    assert "main.c:1:9: error" in built.err
    assert "error[build.failed]" in built.err
    assert built.out == ""


def test_a_missing_compiler_says_how_to_get_it(greet: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_ZIG", "/nowhere")
    built = beside(greet, "build", "greet")
    assert built.code == 5
    assert "error[build.no_toolchain]" in built.err
    assert "hint: pip install 'callsheet[guests]'" in built.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("new", "Bad", "--lang", "c"), 3, "kit.bad_name"),
        (("new", "greet", "--lang", "c"), 5, "kit.exists"),
        (("new", "x", "--lang", "c", "--into", "nowhere"), 7, "kit.no_folder"),
        (("new", "x", "--lang", "cobol"), 2, "cobol"),
        (("new", "x"), 2, "--lang"),
        (("build", "nowhere"), 7, "kit.no_folder"),
        (("build", "."), 3, "load.manifest"),
        (("test", "nowhere"), 7, "kit.no_folder"),
        (("test", "greet"), 7, "callsheet agent build"),
        (("build", "greet", "--timeout", "0"), 2, "--timeout"),
    ],
)
def test_what_cannot_be_done_ends_with_its_code(
    words: tuple[str, ...], code: int, said: str, greet: Path
) -> None:
    done = beside(greet, *words)
    assert done.code == code
    assert said in done.err


def test_doctor_names_every_compiler_and_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable in ("CALLSHEET_COMPONENTIZE_PY", "CALLSHEET_COMPONENTIZE_QJS"):
        monkeypatch.setenv(variable, "/nowhere")
    found = {finding.part: finding for finding in examine()}
    assert found["zig"].is_ok
    for part, command in (("componentize-py", "pip install"), ("componentize-qjs", "npm install")):
        assert not found[part].is_ok
        assert not found[part].is_needed
        assert found[part].mend.startswith(command)
