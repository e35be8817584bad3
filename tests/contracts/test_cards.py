"""An agent's card: what a manifest may say, what it must not, and what people are shown of it."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import FrozenInstanceError, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inline_snapshot import snapshot

from contracts.card import CARD_SCHEMA, AgentCard, read_card
from contracts.effect import Effect
from contracts.errors import InvalidInput

BARE: dict[str, Any] = {
    "name": "echo",
    "version": "1.2.3",
    "description": "Says it again.",
    "takes": {"type": "object"},
    "gives": {},
}
FULL: dict[str, Any] = BARE | {
    "name": "wasm:echo_2",
    "version": "1.2.3-rc.1",
    "effect": "effectful",
    "words": ["echo", "répéter"],
    "examples": [{"objective": "Echo x", "inputs": {"text": "x"}}, {"objective": "Echo"}],
    "uses": ["fuel", "requests", "bytes", "tokens", "usd"],
    "timeout_s": 0.25,
    "retries": 5,
    "entry": "agents.echo:create",
    "module": "echo.wasm",
    "sha256": "0" * 63 + "f",
}
CARDS = sorted(Path(__file__).parents[2].glob("agents/*/card.json"))


def refusal(document: dict[str, Any]) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_card(document, where="echo/card.json")
    assert caught.value.code == "agent.bad_card"
    return caught.value


def test_a_bare_card_is_pure_and_waits_a_minute_and_tries_once() -> None:
    card = read_card(BARE, where="card.json")
    assert card == AgentCard("echo", "1.2.3", "Says it again.", takes={"type": "object"}, gives={})
    assert (card.effect, card.timeout_s, card.retries, card.uses) == (Effect.PURE, 60.0, 0, ())


def test_a_full_card_keeps_every_field_it_says() -> None:
    card = read_card(FULL, where="agent.toml", extra={"limits": {"fuel": 9}})
    kept = {f.name: getattr(card, f.name) for f in fields(card)}
    lists = {name: tuple(FULL[name]) for name in ("words", "examples", "uses")}
    assert kept == {
        **FULL,
        **lists,
        "untrusted_output": True,
        "effect": Effect.EFFECTFUL,
        "extra": {"limits": {"fuel": 9}},
    }


def test_the_card_and_its_schema_have_the_same_fields_but_for_the_hosts_own() -> None:
    assert {f.name for f in fields(AgentCard)} - {"extra"} == set(CARD_SCHEMA["properties"])


def test_what_people_see_of_a_card_tells_nothing_of_the_machine() -> None:
    shown = read_card(FULL, where="x", extra={"folder": "/secret"}).as_json()
    assert shown == snapshot(
        {
            "name": "wasm:echo_2",
            "version": "1.2.3-rc.1",
            "description": "Says it again.",
            "effect": "effectful",
            "takes": {"type": "object"},
            "gives": {},
            "words": ["echo", "répéter"],
            "examples": [{"objective": "Echo x", "inputs": {"text": "x"}}, {"objective": "Echo"}],
            "untrusted_output": True,
            "timeout_s": 0.25,
            "retries": 5,
            "sha256": "000000000000000000000000000000000000000000000000000000000000000f",
        }
    )
    assert json.loads(json.dumps(shown)) == shown


def test_what_is_shown_can_be_changed_without_changing_the_card() -> None:
    card = read_card(deepcopy(FULL), where="x")
    shown: Any = card.as_json()
    shown["words"].append("more")
    shown["examples"][0]["objective"] = "another"
    shown["takes"]["type"] = "string"
    assert card == read_card(FULL, where="x")


@pytest.mark.parametrize("name", ["a", "a1_", "wasm:a", "wasm:z9_", "a" * 63, "wasm:" + "a" * 63])
def test_an_agent_is_called_by_a_short_plain_word(name: str) -> None:
    assert read_card(BARE | {"name": name}, where="x").name == name


WRONG: list[tuple[str, Any, str]] = [
    ("name", "", "/name"),
    ("name", "Echo", "/name"),
    ("name", "1echo", "/name"),
    ("name", "_echo", "/name"),
    ("name", "echo\n", "/name"),
    ("name", "echo-x", "/name"),
    ("name", "écho", "/name"),
    ("name", "a" * 64, "/name"),
    ("name", "wasm:", "/name"),
    ("name", "wasm:wasm:a", "/name"),
    ("name", "py:echo", "/name"),
    ("name", "../echo", "/name"),
    ("name", None, "/name"),
    ("version", "1.2", "/version"),
    ("version", "v1.2.3", "/version"),
    ("version", 1.2, "/version"),
    ("description", "", "/description"),
    ("description", "x" * 2001, "/description"),
    ("effect", "maybe", "/effect"),
    ("effect", None, "/effect"),
    ("takes", [], "/takes"),
    ("gives", True, "/gives"),
    ("words", "echo", "/words"),
    ("words", [1], "/words/0"),
    ("examples", [{}], "/examples/0"),
    ("examples", [{"objective": "x", "inputs": []}], "/examples/0/inputs"),
    ("examples", [{"objective": "x", "more": 1}], "/examples/0"),
    ("uses", ["fuel", "fuel"], "/uses"),
    ("uses", ["memory"], "/uses/0"),
    ("timeout_s", 0, "/timeout_s"),
    ("timeout_s", -1.5, "/timeout_s"),
    ("timeout_s", "60", "/timeout_s"),
    ("retries", 6, "/retries"),
    ("retries", -1, "/retries"),
    ("retries", 0.5, "/retries"),
    ("entry", 1, "/entry"),
    ("sha256", "F" * 64, "/sha256"),
    ("sha256", "f" * 63, "/sha256"),
    ("sha256", "", "/sha256"),
    ("extra", {}, ""),
    ("surprise", 1, ""),
]


@pytest.mark.parametrize(("field", "value", "place"), WRONG)
def test_a_field_that_is_wrong_is_named_with_its_file(field: str, value: Any, place: str) -> None:
    error = refusal(FULL | {field: value})
    assert error.where == f"echo/card.json#{place}"
    assert error.message.startswith("echo/card.json: ")
    assert len(error.message) < 400


@pytest.mark.parametrize("field", BARE)
def test_a_card_that_lacks_what_every_card_says_is_refused(field: str) -> None:
    error = refusal({k: v for k, v in FULL.items() if k != field})
    assert error.message == f'echo/card.json: "{field}" is a required property'


def test_a_megabyte_in_a_field_is_not_repeated_in_the_error() -> None:
    assert len(json.dumps(refusal(BARE | {"name": "x" * 1_000_000}).as_json())) < 1000


FIELDS = st.sampled_from([*CARD_SCHEMA["properties"], "surprise"])
JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, 1, 7, -1, 0.5, "", "a", "pure", "1.0.0", "A b", [], ["a"], ["fuel"], [{}], {}, {"x": 1}]
)


@settings(max_examples=80)
@given(st.dictionaries(FIELDS, JUNK, max_size=4))
def test_a_card_is_read_exactly_when_its_published_schema_takes_it(change: dict[str, Any]) -> None:
    document = BARE | change
    is_taken = jsonschema.Draft202012Validator(CARD_SCHEMA).is_valid(document)
    if is_taken:
        shown = read_card(document, where="x").as_json()
        assert {k: v for k, v in shown.items() if k in document} == {
            k: document[k] for k in document if k in shown
        }
    else:
        refusal(document)


def test_a_card_may_be_any_mapping_and_is_not_changed_by_reading() -> None:
    frozen = MappingProxyType(FULL)
    assert read_card(frozen, where="x") == read_card(dict(FULL), where="x")


def test_a_card_in_hand_cannot_be_changed() -> None:
    card: Any = read_card(BARE, where="x")
    with pytest.raises(FrozenInstanceError):
        card.effect = Effect.PURE


@pytest.mark.parametrize("path", CARDS, ids=[p.parent.name for p in CARDS])
def test_every_card_that_ships_is_read_under_its_folders_name(path: Path) -> None:
    card = read_card(json.loads(path.read_text(encoding="utf-8")), where=path.name)
    assert card.name == path.parent.name
    assert card.entry == f"agents.{card.name}.agent:create"
    assert all(word == word.lower() for word in card.words)
    assert len(set(card.words)) == len(card.words)
    for example in card.examples:
        jsonschema.validate(example["inputs"], card.takes)
