"""The catalogue's fingerprint, which agents are near, and which of many fit an objective."""

from __future__ import annotations

import dataclasses
import random
import time
from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from planner.catalogue import catalogue_sha256, near_names, nearest_agents, scores, shortlist
from planner.catalogue_index import Index, index_of
from planner.catalogue_terms import stem, terms
from service.cards import load_cards


def card(name: str, description: str, **more: Any) -> AgentCard:
    document = {
        "name": name,
        "version": "1.0.0",
        "description": description,
        "takes": {},
        "gives": {},
        **more,
    }
    return read_card(document, where=name)


def many(count: int) -> tuple[AgentCard, ...]:
    rng = random.Random(7)
    words = ["".join(rng.choices("abcdefghijklmnoprstuvwz", k=rng.randint(4, 9))) for _ in range(8_000)]
    weights = [1 / (n + 1) for n in range(len(words))]

    def said(length: int) -> list[str]:
        return rng.choices(words, weights, k=length)

    return tuple(
        card(f"a{n}", " ".join(said(30)), words=said(6), takes={"properties": {name: {} for name in said(4)}})
        for n in range(count)
    )


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


@pytest.mark.parametrize(
    ("objective", "first"),
    [
        ("convert 26 miles into kilometres", "wasm:convert"),
        ("convertir kilomètres en miles", "wasm:convert"),
        ("validate the answer against a JSON schema", "wasm:schema_check"),
        ("fill in the tempalte", "wasm:template"),
        ("count teh wrods in a text", "wasm:text_stats"),
        ("which Fotos look blurry?", "vision"),
        ("read the rows of a CSV file", "wasm:table"),
        ("Preise sortieren und filtern", "data"),
        ("WASM:ECHO", "wasm:echo"),
        ("use text_stats", "wasm:text_stats"),
    ],
)
def test_words_in_any_form_lead_to_the_agent(objective: str, first: str) -> None:
    assert scores(objective, load_cards())[0][0].name == first


def test_scores_fall_and_are_above_nothing() -> None:
    found = [score for _, score in scores("sort the prices of the photos", load_cards())]
    assert found == sorted(found, reverse=True)
    assert all(score > 0 for score in found)


def test_a_rare_word_weighs_more_than_a_common_one() -> None:
    cards = (card("a", "reads pages"), card("b", "reads mail"), card("c", "reads maps"))
    assert scores("reads maps", cards)[0][0].name == "c"


def test_the_same_score_is_told_in_the_order_of_names() -> None:
    cards = (card("b", "reads pages"), card("a", "reads pages"))
    assert [c.name for c, _ in scores("pages", cards)] == ["a", "b"]


def test_a_shortlist_is_as_long_as_asked_and_begins_with_what_fits() -> None:
    cards = load_cards()
    found = shortlist("convert miles", cards, most=4)
    assert len(found) == 4
    assert found[0].name == "wasm:convert"
    assert len({c.name for c in found}) == 4
    assert len(shortlist("convert miles", cards)) == len(cards)


def test_of_nothing_there_is_no_shortlist() -> None:
    assert shortlist("anything", ()) == []
    assert scores("anything", ()) == []


@pytest.mark.parametrize(
    "forms",
    [
        ("price", "prices", "Price"),
        ("convert", "converts", "converted", "converting", "konvertieren"),
        ("photo", "photos", "Foto", "fotos"),
        ("sum", "sums", "summed", "summing"),
        ("query", "queries"),
        ("table", "tables"),
        ("filter", "filters", "filtern", "filtering", "filtered"),
        ("kilometre", "kilometres", "kilómetros", "kilomètre"),
        ("canal", "canaux"),
        ("Straße", "strasse"),
    ],
)
def test_forms_of_a_word_meet(forms: tuple[str, ...]) -> None:
    assert len({tuple(terms(form)) for form in forms}) == 1


@pytest.mark.parametrize(
    ("one", "other"), [("data", "date"), ("time", "tim"), ("text", "test"), ("row", "ro")]
)
def test_other_words_stay_apart(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_words_that_say_nothing_are_left_out_and_names_are_taken_apart() -> None:
    assert list(terms("the und les for with")) == []
    assert list(terms("endsText ends_text")) == ["end", "text", "end", "text"]


def test_a_misspelling_is_forgiven_but_no_other_word_of_the_same_length() -> None:
    cards = (card("a", "looks at photos"), card("b", "checks spelling"))
    assert [c.name for c, _ in scores("spleling", cards)] == ["b"]
    assert scores("book", cards) == []


def test_the_same_cards_are_indexed_once_and_others_anew() -> None:
    cards = load_cards()
    assert index_of(cards) is index_of(list(cards))
    assert index_of(cards) is not index_of(load_cards())


def test_five_thousand_cards_are_indexed_and_searched_without_looking_through_all() -> None:
    cards = many(5_000)
    begun = time.process_time()
    index = Index(cards)
    assert time.process_time() - begun < 30, "each card was held against each other"
    asked = [f"{c.description[:100]} spleling Preisliste" for c in cards[:20]]
    begun = time.process_time()
    for objective in asked:
        assert index.scores(objective)
    assert (time.process_time() - begun) / len(asked) < 1, "every card was looked through"


def test_a_long_objective_costs_no_more_than_its_telling_words() -> None:
    cards = many(1_000)
    whole = " ".join(c.description for c in cards)
    begun = time.process_time()
    assert scores(whole, cards)
    assert time.process_time() - begun < 20
