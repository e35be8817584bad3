"""The phrase that says when something ends, and no other time."""

from __future__ import annotations

import pytest

from agents.scrape.dates import MAX_DATES, dates_of
from agents.scrape.endings import MAX_PHRASE, ends_line, ends_text_of, says_end
from agents.scrape.outline import Outline, outline_of
from agents.scrape.tidying import tidy


def ends(source: str) -> str | None:
    page = outline_of(tidy(source))
    return ends_text_of(page, page.elements, page.lines_without([]), {})


@pytest.mark.parametrize(
    "line",
    [
        "Ends in 2h 14m",
        "2d 04h left",
        "Time left: 3h",
        "Closing: Saturday 7th March 2026, 11am GMT",
        "Preview Mar 5 9am-5pm. Auction closes Mar 7, 2026 10:00 a.m. CT",
        "Final call 6 Mar 2026 08:00 UTC+05:30",
        "Bidding closes tomorrow at noon",
        "Noch 3 Tage",
        "Endet am 5. März 18:00",
        "Restzeit: 2 Stunden",
        "Se termine le 6 mars à 17h",
        "Termina el viernes a las 17:00",
        "Scade il 25/12/2026",
        "Slutar 6 mars 17:00",
    ],
)
def test_a_line_that_says_when_it_ends_is_found_whole(line: str) -> None:
    assert ends_line(["2015 Ford", line, "Lot 5"]) == line


@pytest.mark.parametrize(
    "line",
    [
        "Rear end damage 2019",
        "Closed on Sundays 9:00",
        "Weekend sale 5",
        "6 bids left",
        "Recommended by 97% of customers",
        "Closed length: 0.22 m",
        "Posted May 5",
        "Low-end price 5:00",
        "Front end loader 3 h",
        "Ends soonest first",
    ],
)
def test_a_line_about_something_else_is_no_end(line: str) -> None:
    assert ends_line([line]) is None


def test_a_label_takes_the_time_from_the_next_line() -> None:
    assert ends_line(["Auktionsende:", "Freitag, 6. März 2026, 17:00 Uhr"]) == (
        "Auktionsende: Freitag, 6. März 2026, 17:00 Uhr"
    )


def test_an_exact_instant_is_preferred_to_words() -> None:
    assert (
        ends("<p>Ends <time datetime='2026-03-07T01:00:00+00:00'>Fri 7pm</time></p>")
        == "Ends: 2026-03-07T01:00:00+00:00"
    )
    assert ends("<div data-end-time='1772812800'>Ends in 2h</div>") == "Ends: 1772812800"


def test_a_time_without_an_offset_leaves_the_words_their_say() -> None:
    assert (
        ends("<p>Ends <time datetime='2026-03-07'>Sat 7 March, 5 PM CT</time></p>")
        == "Ends Sat 7 March, 5 PM CT"
    )


def test_the_time_of_publication_is_no_end() -> None:
    assert ends("<p>Published <time datetime='2026-03-07T01:00:00Z'>Fri 7pm</time></p>") is None


def test_an_element_named_for_the_end_needs_no_word() -> None:
    assert ends("<span class='lot-countdown'>3d 22h 58m</span>") == "Ends: 3d 22h 58m"


def test_a_labelled_fact_is_an_end() -> None:
    assert (
        ends_text_of(Outline(), [], [], {"Colour": "red", "Closing time": "8:30 AM"})
        == "Closing time: 8:30 AM"
    )
    assert says_end("Bidding ends")
    assert not says_end("Trend")


def test_a_long_paragraph_is_clipped_to_its_sentence() -> None:
    line = "word " * 100 + ". The auction closes on 7 March at 10:00. " + "word " * 100
    phrase = ends_line([line])
    assert phrase is not None
    assert "closes on 7 March at 10:00" in phrase
    assert len(phrase) <= MAX_PHRASE


def test_dates_are_given_as_the_page_names_them() -> None:
    page = outline_of(
        tidy(
            "<meta property='article:published_time' content='2026-01-02'><time datetime='2026-03-07'>x</time>"
            "<p>Sold 5. März 2026 and Mar 6, 2026 5:00 PM, or 05/03/2026. Version 1.2.3, call 555-12-12</p>"
        )
    )
    assert dates_of(page, page.lines_without([])) == [
        "2026-03-07",
        "2026-01-02",
        "5. März 2026",
        "Mar 6, 2026 5:00 PM",
        "05/03/2026",
    ]


def test_the_number_of_dates_is_bounded() -> None:
    lines = [f"2026-01-{d:02} {h:02}:00" for d in range(1, 29) for h in range(24)]
    assert len(dates_of(Outline(), lines)) == MAX_DATES
