"""What `agent test` looks at, on a small agent that is changed a little."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.errors import InvalidInput, NotFound
from wasm_agents.host import Host
from wasm_agents.kits.building import build
from wasm_agents.kits.languages import BY_NAME, LanguageName
from wasm_agents.kits.scaffold import new_agent
from wasm_agents.kits.toolchains import find_tool
from wasm_agents.kits.trying import GARBAGE, Check, try_agent

Try = Callable[[], dict[str, Check]]


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = new_agent("greet", "c", into=tmp_path_factory.mktemp("agents"))
    build(folder)
    return folder


@pytest.fixture
def agent(ready: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ready, tmp_path / "greet"))


@pytest.fixture
def tried(agent: Path, host: Host) -> Try:
    return lambda: {check.name: check for check in try_agent(agent, host)}


def failed(checks: dict[str, Check]) -> dict[str, str]:
    return {check.name: check.detail for check in checks.values() if not check.is_ok}


def put_case(agent: Path, **case: Any) -> None:
    (agent / "tests.json").write_text(json.dumps({"cases": [{"name": "mine", **case}]}))


def change(agent: Path, old: str, new: str) -> None:
    text = (agent / "agent.toml").read_text()
    assert old in text
    (agent / "agent.toml").write_text(text.replace(old, new))


def test_a_fresh_agent_passes_everything(tried: Try) -> None:
    checks = tried()
    assert failed(checks) == {}
    assert next(iter(checks)) == "it loads"
    assert sum(name.startswith("case: ") for name in checks) == 4
    assert checks["case: counts words and characters"].fuel > 0
    said = checks["what is no input harms nobody"].detail
    assert sum(int(word) for word in said.split() if word.isdigit()) == len(GARBAGE)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["zig", "js"])
def test_a_fresh_agent_passes_in_other_languages_too(
    language: LanguageName, tmp_path: Path, host: Host
) -> None:
    if find_tool(BY_NAME[language].tool) is None and not os.environ.get("CI"):
        pytest.skip(f"nothing here builds {language}: callsheet doctor")
    folder = new_agent("greet", language, into=tmp_path)
    build(folder)
    checks = list(try_agent(folder, host))
    assert [check for check in checks if not check.is_ok] == []
    assert len(checks) == 9


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"input": {"text": "a"}, "ok": {"words": 2, "characters": 1}}, 'wanted {"words": 2'),
        ({"input": {"text": "a"}, "error": "bad_input"}, "wanted the refusal bad_input"),
        ({"input": {}, "error": "other"}, "wanted the refusal other, got bad_input"),
        ({"input": {}, "ok": None}, "wanted null, got bad_input"),
        ({"input": {"text": "a"}, "error": "wasm.bad_input"}, "[takes] allows it"),
    ],
)
def test_a_case_that_fails_says_what_was_wanted(
    case: dict[str, Any], said: str, agent: Path, tried: Try
) -> None:
    put_case(agent, **case)
    problems = failed(tried())
    assert list(problems) == ["case: mine"]
    assert said in problems["case: mine"]


@pytest.mark.parametrize("code", ["guest.error", "bad_input", "wasm.bad_input"])
def test_a_refusal_may_be_named_by_agent_or_by_host(code: str, agent: Path, tried: Try) -> None:
    put_case(agent, input={}, error=code)
    assert failed(tried()) == {}


def test_an_answer_the_manifest_does_not_give_fails_the_case_and_the_example(agent: Path, tried: Try) -> None:
    change(agent, 'required = ["words", "characters"]', 'required = ["words", "letters"]')
    problems = failed(tried())
    assert any(name.startswith("example 1") and "[gives]" in text for name, text in problems.items())
    assert "[gives]" in problems["case: counts words and characters"]


def test_an_example_the_manifest_does_not_take_fails(agent: Path, tried: Try) -> None:
    change(agent, 'inputs = { text = "to be or not to be" }', "inputs = { text = 3 }")
    (problem,) = failed(tried()).values()
    assert "[takes]" in problem


def test_a_limit_that_is_met_is_named(agent: Path, tried: Try) -> None:
    change(agent, "fuel = 100_000_000", "fuel = 1_000")
    problems = failed(tried())
    assert "limit.fuel" in problems["it stays within its limits"]
    assert "limit.fuel" in problems["case: counts words and characters"]


def test_a_limit_that_a_case_means_to_meet_is_no_fault(agent: Path, tried: Try) -> None:
    put_case(agent, input={"text": "x" * 5000}, error="limit.input")
    change(agent, "[limits]", "[limits]\ninput_bytes = 1_000")
    assert failed(tried()) == {}


def test_a_module_its_manifest_does_not_name_is_not_tried(agent: Path, tried: Try) -> None:
    (agent / "greet.wasm").write_bytes(b"\0asm\1\0\0\0")
    checks = tried()
    assert list(checks) == ["it loads"]
    assert checks["it loads"].detail.startswith("load.digest")


def test_an_agent_that_is_not_built_says_how_to_build_it(agent: Path, tried: Try) -> None:
    (agent / "greet.wasm").unlink()
    with pytest.raises(NotFound) as caught:
        tried()
    assert (caught.value.code, caught.value.hint) == ("load.missing", "callsheet agent build FOLDER")


def test_cases_that_cannot_be_read_stop_before_anything_runs(agent: Path, tried: Try) -> None:
    (agent / "tests.json").write_text("{")
    with pytest.raises(InvalidInput) as caught:
        tried()
    assert caught.value.code == "kit.bad_cases"
