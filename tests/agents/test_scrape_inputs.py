"""What the agent takes, and that its card says so."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from pydantic import JsonValue

from agents.scrape.agent import CARD
from agents.scrape.inputs import ScrapeInputs, read_inputs
from agents.scrape.output import ScrapeOutput
from contracts.card import read_card
from contracts.effect import Effect
from contracts.errors import InvalidInput


def card() -> dict[str, Any]:
    """Return the card as it stands; UPDATE_CARDS=1 rewrites its schemas first."""
    document: dict[str, Any] = json.loads(CARD.read_text(encoding="utf-8"))
    if os.environ.get("UPDATE_CARDS") == "1":
        document["takes"] = ScrapeInputs.model_json_schema()
        document["gives"] = ScrapeOutput.model_json_schema(mode="serialization")
        CARD.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return document


def test_the_card_says_what_the_agent_takes_and_gives() -> None:
    document = card()
    assert document["takes"] == ScrapeInputs.model_json_schema()
    assert document["gives"] == ScrapeOutput.model_json_schema(mode="serialization")


def test_the_card_reads_and_its_examples_are_valid() -> None:
    found = read_card(card(), where="card.json")
    assert (found.name, found.effect, found.retries, found.timeout_s) == ("scrape", Effect.PURE, 2, 60)
    assert all(word == word.lower() for word in found.words)
    for example in found.examples:
        read_inputs(dict(example["inputs"]))


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({}, "exactly one of url and urls"),
        ({"url": "a", "urls": ["b"]}, "exactly one of url and urls"),
        ({"url": None, "urls": None}, "exactly one of url and urls"),
        ({"url": 7}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": "x" * 5_000}, "/url"),
        ({"urls": []}, "/urls"),
        ({"urls": ["a"] * 201}, "/urls"),
        ({"urls": ["a", 5]}, "/urls/1"),
        ({"url": "a", "render": "sometimes"}, "/render"),
        ({"url": "a", "max_pages": 0}, "/max_pages"),
        ({"url": "a", "max_pages": 201}, "/max_pages"),
        ({"url": "a", "max_pages": "5"}, "/max_pages"),
        ({"url": "a", "depth": 5}, "/depth"),
    ],
)
def test_a_bad_input_names_its_field_and_the_reason(inputs: dict[str, JsonValue], says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        read_inputs(inputs)
    assert caught.value.code == "scrape.bad_input"
    assert len(caught.value.message) < 500


def test_a_null_counts_as_absent() -> None:
    given = read_inputs({"url": " https://a.test ", "urls": None, "render": None, "max_pages": None})
    assert (given.addresses(), given.render, given.max_pages) == (["https://a.test"], "auto", 1)


def test_an_address_given_twice_is_read_once() -> None:
    assert read_inputs({"urls": ["a", "b", "a"]}).addresses() == ["a", "b"]
