"""Tables of data and labelled facts."""

from __future__ import annotations

from agents.scrape.facts import MAX_FACTS, facts_of
from agents.scrape.outline import Outline, outline_of
from agents.scrape.tables import MAX_ROWS, Table, tables_of
from agents.scrape.tidying import tidy


def outline(source: str) -> Outline:
    return outline_of(tidy(source))


def facts(source: str) -> dict[str, str]:
    page = outline(source)
    return facts_of(page, page.elements, page.lines_without([]))


def test_a_table_gives_its_headers_and_rows() -> None:
    source = "<table><tr><th>Lot<th>Bid<tr><td>1<td><b>$5</b> now<tr><td>2<td></table>"
    assert tables_of(outline(source)) == [Table(["Lot", "Bid"], [["1", "$5 now"], ["2", ""]])]


def test_a_table_that_lays_out_the_page_is_left_alone() -> None:
    source = "<table><tr><td>menu<td><table><tr><td>a<td>b</table></table><table><tr><td>one cell</table>"
    assert tables_of(outline(source)) == [Table([], [["a", "b"]])]


def test_a_hidden_table_is_left_alone() -> None:
    assert tables_of(outline("<div hidden><table><tr><td>a<td>b</table></div>")) == []


def test_the_rows_of_a_table_are_bounded() -> None:
    table = tables_of(outline("<table>" + "<tr><td>a<td>b" * (MAX_ROWS + 10) + "</table>"))[0]
    assert len(table.rows) == MAX_ROWS


def test_terms_rows_labels_and_lines_are_facts() -> None:
    source = (
        "<dl><dt>Make<dd>Ford<dt>Model:<dd>F-150</dl>"
        "<table><tr><th>VIN<td>1FT<tr><td>Miles:<td>90,000<tr><td>no label<td>x</table>"
        "<p><span class='spec-label'>Fuel</span><span>Diesel</span></p>"
        "<p>Colour: dark red</p><div data-lot-number='17'></div>"
    )
    assert facts(source) == {
        "Make": "Ford",
        "Model": "F-150",
        "VIN": "1FT",
        "Miles": "90,000",
        "Fuel": "Diesel",
        "Colour": "dark red",
        "lot number": "17",
    }


def test_a_sentence_with_a_colon_is_no_fact() -> None:
    assert facts("<p>It is known. And so on: yes</p><p>see https://x.test</p><p>at 10: 30</p>") == {}


def test_the_first_value_of_a_label_stands() -> None:
    assert facts("<p>Colour: red</p><p>Colour: blue</p>") == {"Colour": "red"}


def test_facts_of_the_navigation_are_nobody_s() -> None:
    assert facts("<nav><dl><dt>Phone<dd>1</dl></nav>") == {}


def test_the_number_of_facts_is_bounded() -> None:
    source = "".join(f"<dt>k{i}<dd>v" for i in range(MAX_FACTS * 2))
    assert len(facts(f"<dl>{source}</dl>")) == MAX_FACTS
