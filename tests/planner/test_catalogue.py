"""The catalogue's fingerprint, and which agents are near."""

from __future__ import annotations

import dataclasses

from contracts.card import AgentCard
from planner.catalogue import catalogue_sha256, near_names, nearest_agents


def test_the_fingerprint_does_not_mind_the_order(cards: tuple[AgentCard, ...]) -> None:
    assert catalogue_sha256(cards) == catalogue_sha256(cards[::-1])


def test_the_fingerprint_changes_with_any_card(cards: tuple[AgentCard, ...]) -> None:
    changed = dataclasses.replace(cards[0], description="Does something else.")
    assert catalogue_sha256((changed, *cards[1:])) != catalogue_sha256(cards)


def test_a_misspelt_name_is_near_the_right_one(cards: tuple[AgentCard, ...]) -> None:
    assert near_names("visoin", cards) == ["vision"]
    assert near_names("text_stats", cards) == ["wasm:text_stats"]
    assert near_names("q" * 10_000, cards) == []


def test_an_objective_is_near_the_agents_that_share_its_words(cards: tuple[AgentCard, ...]) -> None:
    assert nearest_agents("sell photos and images", cards) == ["vision"]
    assert nearest_agents("", cards) == []
