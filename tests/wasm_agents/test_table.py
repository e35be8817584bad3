"""The guest table: CSV text to rows, rows to CSV text, and nothing lost between."""

import csv
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wasm_agents.shipped import answers_in_an_envelope, ask, refusal, shipped
from wasm_agents.guest import Guest

CHARACTERS = st.sampled_from('aB1,;"\n\r\t e+-.0\ufeff') | st.characters(exclude_categories=["Cs"])
TEXTS = st.text(alphabet=CHARACTERS, max_size=12) | st.sampled_from(
    ["true", "null", "007", "1.50", "1e5", "-0"]
)
NUMBERS = st.integers(-(10**30), 10**30) | st.floats(-1e300, 1e300, allow_subnormal=False)
CELLS = st.none() | st.booleans() | TEXTS | NUMBERS.filter(lambda n: n == 0 or abs(n) > 1e-300)


@pytest.fixture(scope="module")
def table() -> Iterator[Guest]:
    with shipped("table") as guest:
        yield guest


def spelled(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), delimiter=st.sampled_from(",;\t| "), newline=st.sampled_from(["crlf", "lf"]))
def test_rows_that_are_written_are_read_back_the_same(
    table: Guest, data: st.DataObject, delimiter: str, newline: str
) -> None:
    names = data.draw(st.lists(TEXTS.filter(bool), min_size=1, max_size=4, unique=True))
    rows = data.draw(st.lists(st.fixed_dictionaries(dict.fromkeys(names, CELLS)), min_size=1, max_size=5))
    written = ask(table, {"rows": rows, "delimiter": delimiter, "newline": newline})
    read = ask(table, {"csv": written["csv"], "delimiter": delimiter})
    assert spelled(read["rows"]) == spelled(rows)
    assert (read["columns"], read["count"], read["blank_lines"]) == (list(rows[0]), len(rows), 0)


@settings(max_examples=100, deadline=None)
@given(rows=st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_python_reads_what_is_written_and_writes_what_is_read(table: Guest, rows: list[list[str]]) -> None:
    written = ask(table, {"rows": rows, "header": False, "types": "text"})["csv"]
    assert list(csv.reader(io.StringIO(written, newline=""))) == rows
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL).writerows(rows)
    assert ask(table, {"csv": text.getvalue(), "header": False, "types": "text"})["rows"] == rows


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("1", 1), ("-1", -1), ("0", 0), ("1.5", 1.5), ("2.0", 2.0), ("1e-07", 1e-7), ("1.5e+16", 1.5e16),
        ("true", True), ("", None), ("007", "007"), ("1.50", "1.50"), ("-0", "-0"), ("+1", "+1"), ("1e5", "1e5"),
        ("1E5", "1E5"), ("1.", "1."), (".5", ".5"), (" 1", " 1"), ("1e+999", "1e+999"), ("True", "True"),
        ("NaN", "NaN"), ("0x1", "0x1"), ("1,5", None), ('"1"', "1"), ('""', ""), ("-", "-"),
    ],
)  # fmt: skip
def test_a_cell_becomes_a_value_only_where_nothing_is_lost(table: Guest, cell: str, value: Any) -> None:
    if "," in cell:
        assert refusal(table, {"csv": f"a\n{cell}\n"})[0] == "ragged_row"
    else:
        assert ask(table, {"csv": f"a\n{cell}\n"})["rows"] == [{"a": value}]


@pytest.mark.parametrize(
    ("text", "more", "rows"),
    [
        ("\ufeffa,b\r\n1,2\r\n", {}, [{"a": 1, "b": 2}]),
        ("a,b\r1,2", {}, [{"a": 1, "b": 2}]),
        ("a,b\n1,2\n\n3,4\n\n", {}, [{"a": 1, "b": 2}, {"a": 3, "b": 4}]),
        ("a\n1\n\n2\n", {}, [{"a": 1}, {"a": None}, {"a": 2}]),
        ('a,b\n"x\r\ny, ""z""",\n', {}, [{"a": 'x\r\ny, "z"', "b": None}]),
        ("a,b\n1\n", {"ragged": "pad"}, [{"a": 1, "b": None}]),
        ("1;x\n2;y", {"header": False, "delimiter": ";"}, [[1, "x"], [2, "y"]]),
        ("1,x\n", {"header": False, "columns": ["n", "t"]}, [{"n": 1, "t": "x"}]),
        ("a,b,c\n1,2,3\n", {"columns": ["c", "a"]}, [{"c": 3, "a": 1}]),
        ("a\n1\n", {"types": "text"}, [{"a": "1"}]),
        ("", {}, []),
        ("a,b\n", {}, []),
    ],
)
def test_a_text_is_read_as_its_rows(table: Guest, text: str, more: dict[str, Any], rows: list[Any]) -> None:
    assert ask(table, {"csv": text} | more)["rows"] == rows


@pytest.mark.parametrize(
    ("rows", "more", "text"),
    [
        ([{"a": 1, "b": None}, {"a": "x,y", "b": "1"}], {}, 'a,b\r\n1,\r\n"x,y","1"\r\n'),
        ([{"a": 1}, {"b": 2}], {"ragged": "pad", "newline": "lf"}, "a,b\n1,\n,2\n"),
        ([{"a": 1, "b": 2}], {"columns": ["b"]}, "b\r\n2\r\n"),
        ([[1, True], ["", None]], {"header": False}, '1,true\r\n"",\r\n'),
        ([[1]], {"columns": ["n"]}, "n\r\n1\r\n"),
        ([], {"columns": ["a", "b"]}, "a,b\r\n"),
        ([], {}, ""),
    ],
)
def test_rows_are_written_as_their_text(
    table: Guest, rows: list[Any], more: dict[str, Any], text: str
) -> None:
    assert ask(table, {"rows": rows} | more)["csv"] == text


@pytest.mark.parametrize(
    ("inputs", "code", "message"),
    [
        ({"csv": "a,b\n1,2\n3\n"}, "ragged_row", "line 3: 1 cells where there are 2 columns"),
        ({"csv": 'a\n"x\ny"\n1,2\n'}, "ragged_row", "line 4: 2 cells where there are 1 columns"),
        ({"csv": 'a\n\n"x'}, "bad_quote", "line 3: the quoted cell that begins here does not end"),
        ({"csv": 'a\nx"y\n'}, "bad_quote", "line 2: a quote inside a cell that does not begin with one"),
        ({"csv": 'a\n"x"y\n'}, "bad_quote", "line 2: text after a closing quote"),
        ({"csv": "a,a\n"}, "bad_header", "line 1: two columns are called 'a'"),
        ({"csv": "a,,b\n"}, "bad_header", "line 1: column 2 has no name"),
        ({"csv": "a\n", "columns": ["b"]}, "no_column", "no column is called 'b'"),
        ({"rows": [{"a": 1}, {"b": 1}]}, "ragged_row", "row 1 has no 'b'"),
        ({"rows": [{"a": [1]}]}, "bad_cell", "row 1, cell 1 is an array; a cell is text, a number, true, false or null"),
        ({"rows": [{"a": 1}, [1]]}, "bad_row", "row 2 is not like the others: all are objects, or all are lists"),
        ({"rows": [[1]]}, "no_header", "lists have no names: give columns, or header false"),
        ({"rows": [{}]}, "no_columns", "rows without a column cannot be written"),
        ({}, "bad_input", "give either csv or rows"),
        ({"csv": "a", "rows": []}, "bad_input", "give either csv or rows"),
        ({"csv": "a", "quote": "'"}, "bad_input", "no parameter is called 'quote'"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_with_its_place(
    table: Guest, inputs: dict[str, Any], code: str, message: str
) -> None:
    assert refusal(table, inputs) == (code, message)


def test_a_megabyte_of_csv_is_read_and_written_within_the_limits(table: Guest) -> None:
    text = "id,name,price\r\n" + "".join(f'{i},"lot, {i}",{i}.5\r\n' for i in range(45_000))
    read = ask(table, {"csv": text})
    assert (len(text) > 1_000_000, read["count"]) == (True, 45_000)
    assert ask(table, {"rows": read["rows"]})["csv"] == text


@settings(max_examples=150, deadline=None)
@given(
    data=st.binary(max_size=120)
    | st.text(CHARACTERS, max_size=60).map(lambda t: json.dumps({"csv": t}).encode())
)
def test_no_bytes_make_the_guest_trap(table: Guest, data: bytes) -> None:
    assert answers_in_an_envelope(table, data)
