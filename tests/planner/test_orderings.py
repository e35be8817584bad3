"""Orders, spans and pictures that rows of a page are asked for by, in four languages, and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from planner.rules.request import read_request

Called = Callable[..., list[tuple[str, dict[str, Any]]]]
PAGE = "https://x.test/l"


@pytest.mark.parametrize(
    ("objective", "want"),
    [
        ("headlines + dates, newest first", "newest"),
        ("posts with the latest on top", "newest"),
        ("die neuesten zuerst", "newest"),
        ("du plus récent au plus ancien", "newest"),
        ("de la más nueva a la más antigua", "newest"),
        ("the ten newest", "newest"),
        ("oldest first", "oldest"),
        ("titles alphabetically", "alphabetical"),
        ("par ordre alphabétique", "alphabetical"),
        ("names A-Z", "alphabetical"),
        ("Hotels von billig nach teuer", "ascending"),
        ("de la moins chère à la plus chère", "ascending"),
        ("from dearest to cheapest", "descending"),
        ("le moins cher", "cheap"),
        ("la moto más cara", "dear"),
        ("le prix le plus bas", "cheap"),
    ],
)
def test_an_order_is_heard(objective: str, want: str) -> None:
    assert want in read_request(f"{objective} {PAGE}").wants


@pytest.mark.parametrize(
    "objective",
    ["the latest prices of", "first read", "höchstens 500 Euro, von", "all in my price range on"],
)
def test_a_word_of_age_or_height_alone_is_no_order(objective: str) -> None:
    wants = read_request(f"{objective} {PAGE}").wants
    assert not wants & {"newest", "oldest", "ascending", "descending", "dear", "spread"}


def test_the_newest_are_known_by_the_date_of_their_own_pages(called: Called) -> None:
    agents = [name for name, _ in called(f"headlines from {PAGE}, newest first")]
    assert agents == ["scrape", "scrape", "data", "scrape", "time", "data"]


@pytest.mark.parametrize(
    ("objective", "pictured"),
    [
        ("drop the listings that have no image", True),
        ("skip lots without a photo", True),
        ("nur die Angebote mit Bild, nach Preis sortiert", True),
        ("anuncios que tengan foto, ordenados por precio", True),
        ("keep only lots with an image", True),
        ("how many listings have no picture", False),
        ("les annonces sans photo", False),
        ("lots lacking photos, cheapest first", False),
        ("lots with a photo that is blurred", None),
        ("lots with photos of a red car", None),
        ("which lots share a photo", None),
    ],
)
def test_whether_a_row_has_a_picture_is_a_filter(objective: str, pictured: object) -> None:
    request = read_request(f"{objective} {PAGE}")
    assert request.pictured is pictured
    assert request.wants_photos is (pictured is None)


@pytest.mark.parametrize(
    "objective",
    [
        f"drop the listings that have no image from {PAGE} and count those that remain",
        f"lo que queda en {PAGE} por debajo de 300 €",
        f"links to the images on {PAGE}",
    ],
)
def test_what_remains_is_no_time_and_a_link_is_no_photo(called: Called, objective: str) -> None:
    assert {name for name, _ in called(objective)} <= {"scrape", "data"}


@pytest.mark.parametrize(
    "objective",
    [
        "How many words are in 'a b a', and which one is the most frequent?",
        "Welches Wort kommt am häufigsten vor in „der der die“?",
        "Cuál es la palabra más repetida en «sí sí no»",
    ],
)
def test_the_most_frequent_word_of_a_text_is_no_work_on_rows(called: Called, objective: str) -> None:
    assert {name for name, _ in called(objective)} == {"wasm:text_stats"}
