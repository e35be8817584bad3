from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

import pytest

from contracts.errors import AttemptTimedOut, CallsheetError, InvalidInput, NotFound, Unavailable
from wasm_agents.catalogue import read_manifest
from wasm_agents.kits import building
from wasm_agents.kits.building import build, compile_folder
from wasm_agents.kits.languages import BY_NAME, LanguageName
from wasm_agents.kits.scaffold import new_agent
from wasm_agents.kits.toolchains import JS_HOME, MENDING, VARIABLES, Tool, ToolName, find_tool, need_tool

KEPT = JS_HOME / "node_modules" / ".bin" / "componentize-qjs"
TOOLS: tuple[ToolName, ...] = ("zig", "componentize-py", "componentize-qjs")


def program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def compiler(tmp_path: Path, script: str) -> Tool:
    """Return a compiler that is a shell script, called in the staged folder."""
    return Tool("zig", (str(program(tmp_path / "bin" / "cc", script)),), "a script")


@pytest.fixture
def agent(tmp_path: Path) -> Path:
    return new_agent("greet", "c", into=tmp_path)


def compiled(agent: Path, tmp_path: Path, script: str, **bounds: float) -> bytes:
    return compile_folder(agent, BY_NAME["c"], compiler(tmp_path, script), **bounds)


@pytest.mark.parametrize("name", TOOLS)
def test_a_variable_names_the_compiler_before_anything_else(
    name: ToolName, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = program(tmp_path / "mine", "true")
    monkeypatch.setenv(VARIABLES[name], str(mine))
    found = need_tool(name)
    assert found.command == (str(mine),)
    assert VARIABLES[name] in found.origin


@pytest.mark.parametrize("name", TOOLS)
def test_a_variable_that_names_nothing_is_said_with_the_mending_command(
    name: ToolName, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLES[name], "/nowhere/at/all")
    with pytest.raises(Unavailable) as caught:
        need_tool(name)
    assert (caught.value.code, caught.value.hint) == ("build.no_toolchain", MENDING[name])
    assert "/nowhere/at/all" in caught.value.message


def test_a_package_of_this_python_is_found_without_the_folder_it_is_called_in() -> None:
    found = find_tool("zig")
    assert found is not None
    assert found.command[:2] == (sys.executable, "-P")
    assert found.origin[0].isdigit()


def test_a_program_of_nodes_counts_only_where_node_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLES["componentize-qjs"], raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    program(tmp_path / "componentize-qjs", "true")
    assert find_tool("componentize-qjs") is None
    program(tmp_path / "node", "true")
    found = find_tool("componentize-qjs")
    assert found is not None
    assert found.command[0] in {str(tmp_path / "componentize-qjs"), str(KEPT)}


def test_a_program_in_an_agents_own_folder_is_never_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = new_agent("greet", "js", into=tmp_path)
    theirs = program(folder / "node_modules" / ".bin" / "componentize-qjs", "touch ../../ran")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    found = find_tool("componentize-qjs")
    assert found is None or found.command != (str(theirs),)


def test_only_the_sources_of_the_language_are_staged(agent: Path, tmp_path: Path) -> None:
    for name in ("node_modules/x.c", ".git/x.c", "part/more.c", "main.py", "secret.pem", "greet.wasm"):
        (agent / name).parent.mkdir(exist_ok=True)
        (agent / name).write_text("x")
    (agent / "linked.c").symlink_to(agent / "secret.pem")
    # A listing that is taken whole before the file it is written to exists.
    staged = compiled(agent, tmp_path, 'files="$(find . -type f)"; echo "$files" | sort > agent.wasm')
    assert staged.decode().split() == ["./agent.h", "./json.h", "./main.c", "./part/more.c"]


def test_a_header_of_the_folder_comes_before_the_kits(agent: Path, tmp_path: Path) -> None:
    (agent / "json.h").write_text("/* mine */")
    assert compiled(agent, tmp_path, "cp json.h agent.wasm") == b"/* mine */"
    (agent / "json.h").unlink()
    kits = BY_NAME["c"].support["json.h"].read_bytes()
    assert compiled(agent, tmp_path, "cp json.h agent.wasm") == kits


def test_what_does_not_build_says_the_compilers_last_lines(agent: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        compiled(agent, tmp_path, "seq 1 100000; echo 'main.c:1: wrong' >&2; exit 3")
    assert caught.value.code == "build.failed"
    lines = caught.value.data["lines"]
    assert lines[-1] == "main.c:1: wrong"
    assert len(lines) == building.TAIL_LINES


def test_a_compiler_that_ends_well_without_a_module_has_failed(agent: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        compiled(agent, tmp_path, "true")
    assert caught.value.code == "build.failed"


def test_a_compiler_that_does_not_end_is_stopped_with_its_children(agent: Path, tmp_path: Path) -> None:
    # The child holds the pipe that is read to its end, so this comes back only once the child is gone.
    with pytest.raises(AttemptTimedOut) as caught:
        compiled(agent, tmp_path, "(while :; do :; done) & wait", timeout_s=0.5)
    assert caught.value.code == "build.timeout"


def test_a_module_that_is_too_large_is_not_kept(agent: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        compiled(agent, tmp_path, f"truncate -s {building.MAX_BUILT_BYTES + 1} agent.wasm")
    assert caught.value.code == "build.too_large"


@pytest.mark.parametrize("what", ["many", "large"])
def test_sources_without_bound_are_refused_before_they_are_copied(
    what: str, agent: Path, tmp_path: Path
) -> None:
    if what == "many":
        for number in range(building.MAX_SOURCES):
            (agent / f"{number}.c").touch()
    else:
        with (agent / "large.c").open("wb") as file:
            file.truncate(building.MAX_SOURCE_BYTES + 1)
    with pytest.raises(InvalidInput) as caught:
        compiled(agent, tmp_path, "touch agent.wasm")
    assert caught.value.code == "build.too_large"


def test_a_source_that_is_a_link_is_none(agent: Path, tmp_path: Path) -> None:
    (agent / "main.c").rename(tmp_path / "main.c")
    (agent / "main.c").symlink_to(tmp_path / "main.c")
    with pytest.raises(NotFound) as caught:
        build(agent)
    assert caught.value.code == "build.no_source"


@pytest.mark.parametrize(("sources", "error"), [((), NotFound), (("main.c", "main.py"), InvalidInput)])
def test_a_folder_has_exactly_one_source(
    sources: tuple[str, ...], error: type[CallsheetError], agent: Path
) -> None:
    (agent / "main.c").unlink()
    for name in sources:
        (agent / name).touch()
    with pytest.raises(error) as caught:
        build(agent)
    assert caught.value.code == "build.no_source"


@pytest.mark.parametrize("language", ["c", "zig"])
def test_the_same_source_gives_the_same_bytes_in_any_folder(language: LanguageName, tmp_path: Path) -> None:
    folder = new_agent("greet", language, into=tmp_path)
    made = build(folder)
    assert made.sha256 == hashlib.sha256(made.module.read_bytes()).hexdigest()
    assert read_manifest(folder / "agent.toml").sha256 == made.sha256
    elsewhere = tmp_path / "a longer" / "path"
    shutil.copytree(folder, elsewhere)
    assert build(elsewhere).sha256 == made.sha256
    assert str(tmp_path).encode() not in made.module.read_bytes()


def test_a_real_compiler_names_the_line_that_is_wrong(agent: Path) -> None:
    (agent / "main.c").write_text('#include "agent.h"\nstatic void answer( {\n')
    before = (agent / "agent.toml").read_bytes()
    with pytest.raises(InvalidInput) as caught:
        build(agent)
    assert any("main.c:2:" in line for line in caught.value.data["lines"])
    assert (agent / "agent.toml").read_bytes() == before
    assert not (agent / "greet.wasm").exists()
