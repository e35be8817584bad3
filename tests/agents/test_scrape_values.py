"""What a page says as data: tables, labelled facts, scripts of JSON, properties in its markup."""

from __future__ import annotations

import html as htmllib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.scrape.facts import line_facts
from agents.scrape.outline import outline_of, squeeze
from agents.scrape.page import Page, read_page
from agents.scrape.structured import MAX_STRING, microdata_of, nodes_of, read_data_scripts
from agents.scrape.tables import MAX_CELL_CHARS, MAX_COLUMNS, tables_of
from agents.scrape.tidying import tidy

URL = "https://site.test/a/b?page=1"


WORDS = st.text(st.characters(categories=["L", "N"], codec="utf-8"), min_size=1, max_size=8)


TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)


def page(source: str, url: str = URL) -> Page:
    return read_page(source, url)


CELLS = st.lists(st.lists(WORDS, min_size=2, max_size=4), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None)
@given(CELLS, st.booleans(), st.booleans())
def test_a_table_comes_back_as_the_cells_it_was_made_of(rows: Any, with_head: Any, closed: Any) -> None:
    def row(cells: list[str], tag: str) -> str:
        end = f"</{tag}>" if closed else ""
        return "<tr>" + "".join(f"<{tag}>{htmllib.escape(c)}{end}" for c in cells)

    head = ["Head", "of", "it"] if with_head else []
    source = "<table>" + (row(head, "th") if head else "") + "".join(row(r, "td") for r in rows) + "</table>"
    (table,) = tables_of(outline_of(tidy(source)))
    assert (table.headers, table.rows) == (head, [[squeeze(c) for c in r] for r in rows])


def test_a_table_is_bounded_in_width_and_in_each_cell() -> None:
    (table,) = tables_of(outline_of(tidy("<table><tr>" + f"<td>{'x' * 2000}" * 100 + "</table>")))
    assert [len(cell) for cell in table.rows[0]] == [MAX_CELL_CHARS] * MAX_COLUMNS


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("Colour: dark red", ("Colour", "dark red")),
        ("Baujahr : 2014", ("Baujahr", "2014")),
        ("走行距離\uff1a 12,000 km", ("走行距離", "12,000 km")),
        ("Price: $5: a bargain", ("Price", "$5: a bargain")),
        ("See: it works", ("See", "it works")),
        ("https: //x", None),
        ("at 10: 30", None),
        ("Well. That is it: yes", None),
        ("one two three four five six seven: no", None),
        ("x" * 61 + ": no", None),
        ("Label:no space", None),
        (": empty", None),
        ("Label: ", None),
        ("5: five", None),
    ],
)
def test_a_line_is_a_fact_when_a_short_label_stands_before_a_colon(
    line: str, fact: tuple[str, str] | None
) -> None:
    assert list(line_facts([line])) == ([fact] if fact else [])


@settings(max_examples=50)
@given(st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | TEXTS, lambda x: st.lists(x, max_size=3) | st.dictionaries(WORDS, x, max_size=3), max_leaves=6))  # fmt: skip
def test_a_value_a_page_states_for_machines_comes_through_unchanged(value: Any) -> None:
    script = json.dumps(value).replace("</", "<\\/")
    found = page(f"<script type='application/ld+json'>{script}</script><p>x")
    assert (found.jsonld, found.warnings) == ([value], [])


@pytest.mark.parametrize("kind", ["text/javascript", "", "module", "text/template", "application/x"])
def test_a_script_that_is_no_data_is_not_read_as_any(kind: str) -> None:
    assert page(f'<script type=\'{kind}\'>{{"@type": "Product"}}</script><p>x').jsonld == []


def test_a_long_string_is_cut_and_its_neighbours_kept() -> None:
    values, unread = read_data_scripts([json.dumps({"long": "x" * 100_000, "after": [1]})])
    assert (unread, values[0]["after"], len(values[0]["long"])) == (0, [1], MAX_STRING)


def test_graphs_that_nest_without_end_give_a_bounded_number_of_nodes() -> None:
    deep: Any = {"name": "innermost"}
    for _ in range(50):
        deep = {"@graph": [deep, deep]}
    assert len(list(nodes_of([deep]))) < 200


@pytest.mark.parametrize(
    ("source", "nodes"),
    [
        ("<p itemprop=name>x</p>", []),
        ("<div itemscope><b itemprop=name>x</b></div>", [{"@type": "", "name": "x"}]),
        (
            "<div itemscope itemtype='https://schema.org/Car More'></div>",
            [{"@type": "https://schema.org/Car"}],
        ),
        (
            "<div itemscope><a itemprop='url name' href=/x>y</a></div>",
            [{"@type": "", "url": "/x", "name": "/x"}],
        ),
        (
            "<div itemscope><b itemprop=a>1</b><b itemprop=a>2</b><b itemprop=a>3</b></div>",
            [{"@type": "", "a": ["1", "2", "3"]}],
        ),
        (
            "<div itemscope><p itemprop=o itemscope><b itemprop=n>1</b></p><b itemprop=n>2</b></div>",
            [{"@type": "", "o": {"@type": "", "n": "1"}, "n": "2"}],
        ),
        ("<div itemscope><div itemscope></div></div>", [{"@type": ""}, {"@type": ""}]),
        (
            "<div itemscope><meta itemprop=x content=5><time itemprop=t datetime=2026>y</time></div>",
            [{"@type": "", "x": "5", "t": "2026"}],
        ),
    ],
)
def test_microdata_is_read_by_who_owns_each_property(source: str, nodes: Any) -> None:
    assert microdata_of(outline_of(tidy(source))) == nodes
