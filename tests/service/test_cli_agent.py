"""`callsheet agent inspect|add|remove`, as somebody types them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.service.commands_at_hand import Done, at_terminal, process, typed
from tests.service.test_registry import PLAN
from tests.wasm_agents.offered import ECHO, manifest, offer


def added(folder: Path, **more: Any) -> Done:
    offer(folder / "mine", manifest(**more))
    return typed(folder, "agent", "add", "mine", *(["--replace"] if more.get("version") else []))


def names(folder: Path) -> list[str]:
    return [card["name"] for card in typed(folder, "agents", "list", "--json").json]


def test_an_added_agent_is_listed_and_runs(tmp_path: Path) -> None:
    done = added(tmp_path)
    assert (done.code, done.out) == (0, "wasm:mine 1.0.0 (pure) is in .callsheet/agents\n")
    assert "wasm:mine" in names(tmp_path)
    (tmp_path / "plan.json").write_text(json.dumps(PLAN), encoding="utf-8")
    ran = typed(tmp_path, "run", "plan.json", "--quiet")
    assert (ran.code, '"x": "hello"' in ran.out) == (0, True), ran.err


def test_a_name_that_is_taken_needs_replace(tmp_path: Path) -> None:
    added(tmp_path)
    again = typed(tmp_path, "agent", "add", "mine")
    assert (again.code, "error[agent.exists]" in again.err) == (5, True)
    assert added(tmp_path, version="2.0.0").code == 0
    assert typed(tmp_path, "agents", "show", "wasm:mine", "--json").json["version"] == "2.0.0"


def test_what_comes_with_callsheet_is_neither_replaced_nor_removed(tmp_path: Path) -> None:
    offer(tmp_path / "echo", manifest(name="echo"))
    for words in (
        ("add", "echo", "--replace"),
        ("remove", "echo", "--yes"),
        ("remove", "wasm:echo", "--yes"),
    ):
        done = typed(tmp_path, "agent", *words)
        assert (done.code, "error[agent.builtin]" in done.err) == (5, True)


@pytest.mark.parametrize(
    ("document", "wasm", "code"),
    [
        (manifest(colour=1), ECHO, "load.manifest"),
        (manifest(signature="x"), ECHO, "load.manifest"),
        (manifest(sha256="0" * 64), ECHO, "load.digest"),
        (None, b"\0asm\x01\0\0\0", "load.bad_export"),
        (None, b"hello", "load.malformed"),
    ],
)
def test_an_agent_that_cannot_be_used_is_not_added(
    tmp_path: Path, document: dict[str, Any] | None, wasm: bytes, code: str
) -> None:
    offer(tmp_path / "mine", document, wasm)
    done = typed(tmp_path, "agent", "add", "mine")
    assert (done.code, f"error[{code}]" in done.err) == (3, True), done.err
    assert not (tmp_path / ".callsheet").exists()


def test_adding_says_what_the_operator_does_not_grant(tmp_path: Path) -> None:
    done = added(tmp_path, capabilities={"kv": [{"namespace": "notes", "access": "rw"}]})
    assert "(effectful, because it writes kv)" in done.out
    assert "not granted: kv notes" in done.err


def test_removing_asks_first_and_then_forgets_the_agent(tmp_path: Path) -> None:
    added(tmp_path)
    piped = process(tmp_path, "agent", "remove", "mine", stdin="y\n")
    assert (piped.code, "say --yes" in piped.err) == (2, True)
    asked = at_terminal(tmp_path, "agent", "remove", "mine", says="n")
    assert (asked.code, "Remove wasm:mine?" in asked.err) == (130, True)
    assert "wasm:mine" in names(tmp_path)
    done = typed(tmp_path, "agent", "remove", "wasm:mine", "--yes")
    assert (done.code, done.out) == (0, "wasm:mine is removed\n")
    assert "wasm:mine" not in names(tmp_path)
    again = typed(tmp_path, "agent", "remove", "mine", "--yes")
    assert (again.code, "error[agent.unknown]" in again.err) == (7, True)


def test_a_broken_added_agent_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    added(tmp_path)
    (tmp_path / ".callsheet/agents/broken.toml").write_text("[", encoding="utf-8")
    listed = typed(tmp_path, "agents", "list")
    assert (listed.code, "wasm:mine" in listed.out) == (0, True)
    assert "left out: broken (load.manifest: " in listed.err
    found = {f["part"]: f for f in json.loads(typed(tmp_path, "doctor", "--json").out)}
    assert "broken" in found["agents"]["detail"]
    assert found["agents"]["mend"].endswith("callsheet agent remove broken")


def test_inspecting_shows_the_module_and_what_would_be_granted(tmp_path: Path) -> None:
    asked = {"http": [{"host": "api.example.com", "path": "/v1/"}], "clock": "real"}
    offer(tmp_path / "mine", manifest(capabilities=asked))
    text = '[guests]\nallow_http = ["https://*.example.com"]\n'
    (tmp_path / "callsheet.toml").write_text(text, encoding="utf-8")
    shown = typed(tmp_path, "agent", "inspect", "mine", "--json").json
    assert shown["module"]["is_the_manifests"]
    assert [name for name, _ in shown["module"]["exports"]] == ["memory", "alloc", "dealloc", "execute"]
    assert [rule["host"] for rule in shown["granted"]["http"]] == ["api.example.com"]
    assert shown["granted"]["denied"] == ["real: the operator does not allow it, so it is virtual"]
    page = typed(tmp_path, "agent", "inspect", "mine/agent.toml").out
    assert "granted   http GET https://api.example.com/v1/" in page
    assert "denied    real" in page


@pytest.mark.parametrize("name", ["mine", "wasm:mine"])
def test_an_agent_at_hand_is_inspected_by_name(tmp_path: Path, name: str) -> None:
    added(tmp_path)
    for path in (tmp_path / "mine").iterdir():
        path.unlink()
    (tmp_path / "mine").rmdir()
    assert typed(tmp_path, "agent", "inspect", name, "--json").json["manifest"]["name"] == "mine"


def test_inspecting_says_when_the_module_is_another(tmp_path: Path) -> None:
    offer(tmp_path / "mine", manifest(sha256="0" * 64))
    done = typed(tmp_path, "agent", "inspect", "mine")
    assert (done.code, "NOT the manifest's" in done.out) == (3, True)


@pytest.mark.parametrize(
    ("name", "code"),
    [("nobody", "agent.unknown"), ("scrape", "agent.native"), ("wasm:nobody", "agent.unknown")],
)
def test_what_has_no_module_cannot_be_inspected(tmp_path: Path, name: str, code: str) -> None:
    assert f"error[{code}]" in typed(tmp_path, "agent", "inspect", name).err


def test_no_control_character_of_a_manifest_reaches_the_terminal(tmp_path: Path) -> None:
    offer(tmp_path / "mine", manifest(description="red \x1b[31m"))
    assert "\x1b" not in typed(tmp_path, "agent", "inspect", "mine").out
