"""Hostile HTML comes out balanced and shallow; careless HTML keeps the tree a browser would make."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from agents.scrape.tidying import MAX_ATTRIBUTES, MAX_DEPTH, MAX_TAGS, tidy

TAGS = [
    "a",
    "b",
    "i",
    "font",
    "span",
    "div",
    "p",
    "li",
    "ul",
    "ol",
    "dl",
    "dd",
    "dt",
    "table",
    "tr",
    "td",
    "th",
    "tbody",
    "caption",
    "select",
    "option",
    "button",
    "form",
    "h1",
    "template",
    "svg",
    "math",
    "style",
    "script",
    "title",
    "textarea",
    "noscript",
    "section",
    "nobr",
    "ruby",
    "head",
    "body",
    "html",
    "frameset",
    "br",
    "img",
]
SHALLOW = 3 * MAX_DEPTH
"""A parser adds a body and a row to every table."""
PIECES = st.one_of(
    st.sampled_from(TAGS).map("<{}>".format),
    st.sampled_from(TAGS).map("</{}>".format),
    st.sampled_from(TAGS).map("<{} a='>' b=\"<\" c=d>".format),
    st.sampled_from(
        ["x", " ", "<!--", "-->", "<!-->", "<", "</", "<?", "<![CDATA[", "&lt;", "'", '"', ">", "\0"]
    ),
)


def shape(html: str) -> tuple[int, int]:
    """Return the depth and the number of nodes of the tree a parser makes."""
    node = LexborHTMLParser(html).root
    depth = deepest = count = 0
    while node is not None:
        count += 1
        deepest = max(deepest, depth)
        if node.first_child is not None:
            node, depth = node.first_child, depth + 1
            continue
        while node is not None and node.next is None:
            node, depth = node.parent, depth - 1
        node = node.next if node is not None else None
    return deepest, count


@settings(max_examples=150, deadline=None)
@given(unit=st.lists(PIECES, min_size=1, max_size=8), times=st.sampled_from([1, 60, 400]))
def test_any_soup_parses_to_a_shallow_tree_of_linear_size(unit: list[str], times: int) -> None:
    source = "".join(unit) * times
    depth, count = shape(tidy(source).html)
    assert depth <= SHALLOW
    assert count <= 4 * len(source) + 20


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 50_000,
        "<b>" * 50_000,
        "<dd><li>" * 25_000,
        "<table><td>" * 25_000,
        "<span><div></span>" * 25_000,
        "<b><div></b>" * 25_000,
        "<svg><style>" + "<g>" * 50_000,
        "<div\u00a0x>" * 25_000,
        "<div><!--</div>-->" * 25_000,
    ],
    ids=["div", "b", "dd-li", "tables", "span-div", "b-div", "svg", "odd-space", "hidden-end"],
)
def test_fifty_thousand_nested_elements_become_a_shallow_tree(source: str) -> None:
    assert shape(tidy(source).html)[0] <= SHALLOW


def test_unclosed_formatting_is_not_repeated_in_each_paragraph() -> None:
    source = "".join(f"<font a={i}>" for i in range(3_000)) + "<p>x" * 3_000
    assert shape(tidy(source).html)[1] < 20_000


def test_a_tag_with_too_many_attributes_loses_them() -> None:
    tidied = tidy("<p " + " ".join(f"a{i}" for i in range(20_000)) + ">x")
    assert tidied.html == "<p>x</p>"
    assert tidied.is_cut


def test_a_long_attribute_value_is_kept() -> None:
    source = f"<p title='{'word ' * 20_000}'>x</p>"
    assert tidy(source).html == source
    assert MAX_ATTRIBUTES > 1


def test_what_comes_after_the_last_allowed_tag_is_cut() -> None:
    tidied = tidy("<br>" * (MAX_TAGS + 5))
    assert tidied.html.count("<br>") == MAX_TAGS
    assert tidied.is_cut


def test_scripts_go_and_their_json_ld_is_kept() -> None:
    source = "<script>var a='<div>'</script><SCRIPT type='application/ld+json'>{}</Script >x"
    tidied = tidy(source)
    assert (tidied.html, tidied.data_scripts, tidied.scripts) == ("x", ["{}"], 2)


def test_a_script_that_never_ends_takes_the_rest_with_it() -> None:
    assert tidy("a<script>b<p>c").html == "a"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("<p>a<p>b", "<p>a</p><p>b</p>"),
        ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
        ("<dl><dt>a<dd>b<dt>c</dl>", "<dl><dt>a</dt><dd>b</dd><dt>c</dt></dl>"),
        (
            "<table><tr><td>a<td>b<tr><td>c</table>",
            "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>",
        ),
        ("<div><span>a</div>b", "<div><span>a</span></div>b"),
        ("<p>a<div>b</div></p>", "<p>a</p><div>b</div>"),
        (
            "<div><table><tr><td></div>x</td></tr></table></div>",
            "<div><table><tr><td>x</td></tr></table></div>",
        ),
        ("<html lang=en><body class=x>a</body><html y>b</html>", "<html lang=en><body class=x>ab"),
        ("a</b></p>b", "ab"),
        ("<!-- c --><!doctype html>a<?x?>b", "ab"),
        ("a < b <3 c", "a < b <3 c"),
        ("x<a href='never closed", "x"),
    ],
)
def test_careless_html_is_closed_where_a_browser_would(source: str, expected: str) -> None:
    assert tidy(source).html == expected
