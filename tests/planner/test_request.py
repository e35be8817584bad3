"""What an objective is after: its nouns, its wishes, and traps in its words."""

from __future__ import annotations

import pytest

from planner.rules.nouns import sought_in, spellings
from planner.rules.request import read_request, sort_column
from planner.rules.text import read_text


@pytest.mark.parametrize(
    ("objective", "kinds"),
    [
        ("Find underpriced trucks on http://x.test/", (("trucks",),)),
        ("find trucks under $9000", (("trucks",),)),
        ("list all red pickup trucks from http://x.test/", (("red", "pickup", "trucks"),)),
        ("list trucks and tractors on http://x.test/", (("trucks",), ("tractors",))),
        ("find trucks and say which end", (("trucks",),)),
        ("top 5 cheapest tractors on http://x.test/", (("tractors",),)),
        ("trucks under 5000 at http://x.test/", (("trucks",),)),
        ("average price of excavators at http://x.test/", (("excavators",),)),
        ("Finde günstige Traktoren auf http://x.test/", (("traktoren",),)),
        ("Trouve des camions sur http://x.test/", (("camions",),)),
        ("Busca camiones en http://x.test/", (("camiones",),)),
        ("which lots end today", ()),
        ("return all titles", ()),
        ("find duplicate product photos", ()),
        ("open http://x.test/", ()),
        ("find out which ones end", ()),
    ],
)
def test_the_kind_of_thing_sought_is_the_noun(objective: str, kinds: tuple[tuple[str, ...], ...]) -> None:
    assert sought_in(read_text(objective)).kinds == kinds


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("trucks", ("truck",)),
        ("lorries", ("lorry", "lorries")),
        ("boxes", ("box",)),
        ("bus", ("bus",)),
        ("glass", ("glass",)),
        ("camiones", ("camion", "camiones")),
        ("traktoren", ("traktor", "traktoren")),
    ],
)
def test_a_plural_is_sought_by_what_its_singular_shares(word: str, found: tuple[str, ...]) -> None:
    assert spellings(word) == found


@pytest.mark.parametrize(
    ("objective", "wish"),
    [
        ("find underpriced trucks", "underpriced"),
        ("trucks below market value", "underpriced"),
        ("unterbewertete Traktoren", "underpriced"),
        ("which one is blurry", "blur"),
        ("find reused photos", "duplicates"),
        ("trucks with the same photo", "duplicates"),
        ("say when bidding stops", "deadline"),
        ("how long is left", "deadline"),
        ("every date in UTC", "zone"),
        ("earliest first", "soonest"),
        ("how many trucks", "count"),
        ("count the words of the text", "wording"),
        ("compare the photos with the text", "text_check"),
        ("from low to high", "ascending"),
    ],
)
def test_a_wish_is_heard(objective: str, wish: str) -> None:
    assert wish in read_request(objective).wants


@pytest.mark.parametrize(
    ("objective", "wish"),
    [
        ("a front end loader", "deadline"),
        ("sites close to Berlin", "deadline"),
        ("at the end of the page", "deadline"),
        ("weekend trips", "deadline"),
        ("find a duplicate key", "duplicates"),
        ("how many hours remain", "count"),
        ("the serial number of the truck", "count"),
        ("compare the photos to the listing text", "wording"),
        ("read the text in photo1.jpg", "wording"),
        ("count the words", "count"),
    ],
)
def test_a_word_in_another_sense_is_no_wish(objective: str, wish: str) -> None:
    assert wish not in read_request(objective).wants


@pytest.mark.parametrize(
    ("objective", "keeps"),
    [
        ("find trucks on http://x.test/ ending within 24 hours", True),
        ("open http://x.test/ and tell me which auctions close in the next 2 hours", True),
        ("which lots on http://x.test/ end today", True),
        ("find trucks on http://x.test/ which end within a day", True),
        ("find trucks on http://x.test/, and say which end within a day", False),
        ("find trucks on http://x.test/; which ones end within 24 h?", False),
        ("find trucks under $900 on http://x.test/ and tell me whether they end within 2 hours", False),
    ],
)
def test_rows_outside_the_window_go_unless_they_are_only_told_apart(objective: str, *, keeps: bool) -> None:
    assert read_request(objective).keeps_only_window is keeps


@pytest.mark.parametrize(
    ("objective", "column"),
    [
        ("sort the trucks by title", "title"),
        ("sort them by their price", "price"),
        ("order all of them by year", "Year"),
        ("sortiere die Angebote nach Preis", "price"),
        ("the cheapest trucks", "price"),
        ("lots ending soonest", "ends_at"),
        ("which end within 2 hours", "ends_at"),
        ("list the trucks", None),
    ],
)
def test_the_order_is_by_what_was_said(objective: str, column: str | None) -> None:
    assert sort_column(read_request(objective)) == column


@pytest.mark.parametrize(
    ("objective", "group"),
    [
        ("group them by make", "make"),
        ("sum the bids per seller", "seller"),
        ("the average price for each model", "model"),
        ("gruppiere die Traktoren nach Marke", "marke"),
        ("dollars per hour", None),
        ("list them", None),
    ],
)
def test_the_group_is_by_what_was_said(objective: str, group: str | None) -> None:
    assert read_request(objective).group_by == group
