"""Literals are taken out of an objective before its words are read."""

from __future__ import annotations

import pytest

from planner.rules.text import read_text


@pytest.mark.parametrize(
    ("objective", "urls"),
    [
        ("look at http://x.test/a.", ("http://x.test/a",)),
        ("(see https://x.test/a?b=1&c=2), please", ("https://x.test/a?b=1&c=2",)),
        ("http://x.test/wiki/A_(b) and more", ("http://x.test/wiki/A_(b)",)),
        ("http://x.test/a, http://x.test/b; http://x.test/a", ("http://x.test/a", "http://x.test/b")),
        ("'http://x.test/quoted'", ("http://x.test/quoted",)),
        ("HTTP://X.test/A", ("HTTP://X.test/A",)),
        ("http://127.0.0.1:8080/x!", ("http://127.0.0.1:8080/x",)),
        ("http://[::1]:8080/x is local", ("http://[::1]:8080/x",)),
        ("ftp://x.test/a and x.test/b", ()),
    ],
)
def test_urls_are_found_without_the_punctuation_after_them(objective: str, urls: tuple[str, ...]) -> None:
    assert read_text(objective).urls == urls


@pytest.mark.parametrize(
    ("objective", "quotes"),
    [
        ("say 'hello world' twice", ("hello world",)),
        ('say "it\'s" now', ("it's",)),
        ("don't say what isn't said", ()),
        ("sage „guten Tag“ bitte", ("guten Tag",)),
        ("dis « bonjour » fort", ("bonjour",)),
        ("say \u2018yes\u2019 and `no`", ("yes", "no")),
    ],
)
def test_quoted_strings_are_found_and_apostrophes_are_not(objective: str, quotes: tuple[str, ...]) -> None:
    assert read_text(objective).quotes == quotes


@pytest.mark.parametrize(
    ("objective", "values"),
    [
        ('run it on {"a": 1}', ({"a": 1},)),
        ("sort [5, 2, 9, 4] please", ([5, 2, 9, 4],)),
        ('nested {"a": {"b": "}"}} end', ({"a": {"b": "}"}},)),
        ("the numbers 5, 2, 9 and 4.5", ([5, 2, 9, 4.5],)),
        ("the years 2015, 2016", ()),
        ("an open [1, 2", ()),
        ("not JSON {a: 1} at all", ()),
        ("NaN is refused [NaN, NaN]", ()),
    ],
)
def test_json_and_lists_of_numbers_are_found_whole(objective: str, values: tuple[object, ...]) -> None:
    assert read_text(objective).values == values


def test_a_thousands_comma_is_no_list_of_numbers() -> None:
    assert read_text("between 9,000 and 12,000").values == ()


def test_image_files_and_urls_that_end_like_one_are_images() -> None:
    text = read_text("look at a.jpg, dir/b.PNG and http://x.test/c.webp?w=1 on http://x.test/page")
    assert text.images == ("a.jpg", "dir/b.PNG", "http://x.test/c.webp?w=1")
    assert text.urls == ("http://x.test/page",)


def test_words_inside_literals_are_not_words_of_the_objective() -> None:
    text = read_text("echo 'find trucks' on http://x.test/median with {\"sort\": 1}")
    assert {"trucks", "median", "sort"}.isdisjoint(w.text for w in text.words)


def test_folding_keeps_every_place_and_drops_case_and_accents() -> None:
    text = read_text("GÜNSTIG, à côté ﬁn")
    assert len(text.folded) == len(text.plain)
    assert text.folded == "gunstig, a cote fin"


def test_a_clause_ends_at_a_full_stop_and_at_and() -> None:
    words = read_text("open it, sort 1.5 and stop").words
    assert [(w.text, w.clause) for w in words] == [
        ("open", 0),
        ("it", 0),
        ("sort", 1),
        ("1", 1),
        ("5", 1),
        ("and", 2),
        ("stop", 2),
    ]


def test_private_use_characters_cannot_pose_as_marks() -> None:
    text = read_text("\ue000 \ue001 \ue002 hello")
    assert [w.text for w in text.words] == ["hello"]


@pytest.mark.parametrize(
    "hostile", ["[" * 4000, "{" * 4000, "'" * 4000, '"a' * 2000, "http://" * 500, "1, " * 1300, "a-" * 2000]
)
def test_hostile_text_is_read_quickly(hostile: str) -> None:
    assert read_text(hostile).urls is not None


@pytest.mark.parametrize(
    ("objective", "csvs", "quotes"),
    [
        ("Lies 'a;b\n1;2' ein, bitte, danke", ("a;b\n1;2\n",), ()),
        ("CSV : « a,b\n1,2 ». Calcule", ("a,b\n1,2\n",), ()),
        ("I said 'a,b\nand that was it", (), ()),
        (
            "fill '{{#each rows}}{{ a }},{{ b }}\n{{/each}}' with it",
            (),
            ("{{#each rows}}{{ a }},{{ b }}\n{{/each}}",),
        ),
        ("as '<a href=\"{{ u }}\">x</a>' please", (), ('<a href="{{ u }}">x</a>',)),
        ("an 'open quote\nand 'another' one", (), ("another",)),
    ],
)
def test_csv_and_templates_end_where_their_quotes_close(
    objective: str, csvs: tuple[str, ...], quotes: tuple[str, ...]
) -> None:
    text = read_text(objective)
    assert (text.csvs, text.quotes) == (csvs, quotes)
