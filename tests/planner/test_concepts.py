"""Words in their forms and languages: what they are about is one."""

from __future__ import annotations

import pytest

from planner.chaining.concepts import concept, concepts, foreign


@pytest.mark.parametrize(
    "forms",
    [
        "summarise summarize summary summaries summarising summarization",
        "decode decoder decoding decoded decodes",
        "geocode geocoding geocoder",
        "translate translation translator translating",
        "recognise recognition recognize",
        "validate validation valid validity",
        "categorise categories category",
        "classify classification classifier",
        "encrypt encryption",
        "transcribe transcription",
        "convert conversion converter",
        "analyse analysis analyzer",
        "colour color colours",
        "readable readability",
        "holiday holidays",
        "photo picture images",
    ],
)
def test_the_forms_of_one_word_are_one_concept(forms: str) -> None:
    assert len({concept(word) for word in forms.split()}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("news", "new"),
        ("rate", "rating"),
        ("summary", "sum"),
        ("station", "status"),
        ("weather", "where"),
    ],
)
def test_words_that_only_look_alike_are_two_concepts(one: str, other: str) -> None:
    assert concept(one) != concept(other)


@pytest.mark.parametrize(
    ("said", "english"),
    [
        ("wetter", ["weather"]),
        ("wettervorhersage", ["weather", "forecast"]),
        ("ubersetze", ["translate"]),
        ("traduce", ["translate"]),
        ("resume", ["summarize"]),
        ("fasse", ["summarize"]),
        ("feiertage", ["holiday"]),
        ("llueve", ["rain"]),
        ("strichcode", ["barcode"]),
        ("facture", ["invoice"]),
        ("luftqualitat", ["air", "quality"]),
        ("buchstaben", []),
        ("xyzzy", []),
    ],
)
def test_a_word_of_another_language_means_the_english_one(said: str, english: list[str]) -> None:
    assert foreign(said) == tuple(map(concept, english))


def test_the_words_of_a_text_are_read_apart_where_a_name_joins_them() -> None:
    assert list(concepts("the decode_vin of parcelTracking")) == [
        concept("decode"),
        concept("vin"),
        concept("parcel"),
        concept("tracking"),
    ]
