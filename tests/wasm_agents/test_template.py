"""The guest template: places filled, blocks taken, and everything else refused by its line."""

import html
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wasm_agents.shipped import answers_in_an_envelope, ask, refusal, shipped
from wasm_agents.guest import Guest

TEXTS = st.text(alphabet=st.sampled_from("a<>&\"',;\n {}") | st.characters(exclude_categories=["Cs"]))
PIECES = ["{{", "}}", "#each a", "#if a", "#unless b", "/each", "/if", "else", "a", "this", "@index", " | html", '"', ".", "\n", "x"]  # fmt: skip
VALUES: dict[str, Any] = {
    "name": "Ada",
    "n": 2.5,
    "yes": True,
    "zero": 0.0,
    "none": None,
    "empty": [],
    "rows": [{"id": 1, "tags": ["x", "y"]}, {"id": 2, "tags": []}],
    "by": {"k": 1, "l": 2},
    "odd key": {"a.b": 5},
}


@pytest.fixture(scope="module")
def template() -> Iterator[Guest]:
    with shipped("template") as guest:
        yield guest


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Dear {{ name }}, {{n}} {{yes}} {{zero}}!", "Dear Ada, 2.5 true 0.0!"),
        ("{{ rows.1.id }} {{ by.l }} {{ this.by.k }} {{ @root.n }}", "2 2 1 2.5"),
        ('{{ this."odd key"."a.b" }} {{"{{"}} name }}', "5 {{ name }}"),
        ("a{{! a note }}b", "ab"),
        ("{{#if yes}}y{{else}}n{{/if}}{{#if zero}}y{{else}}n{{/if}}{{#if nowhere}}y{{else}}n{{/if}}", "ynn"),
        ("{{#unless empty}}none{{/unless}}{{#unless name}}x{{else}}some{{/unless}}", "nonesome"),
        ("{{#each rows}}{{@number}}/{{id}}:{{#each tags}}{{this}}{{id}}{{#unless @last}},{{/unless}}{{else}}-{{/each}};{{/each}}", "1/1:x1,y1;2/2:-;"),
        ("{{#each by}}{{#if @first}}^{{/if}}{{@key}}={{.}} {{/each}}", "^k=1 l=2 "),
        ("{{#each empty}}x{{else}}nothing{{/each}}", "nothing"),
        ("a\n  {{#if yes}}\n  b\n  {{/if}}\nc", "a\n  b\nc"),
        ("a\r\n{{#each rows}}\r\n{{id}}\r\n{{/each}}\r\nc", "a\r\n1\r\n2\r\nc"),
        ("{{ by | json }} {{ none | json }} {{ name|json }}", '{"k":1,"l":2} null "Ada"'),
        ("{{#each rows}}{{name}}{{/each}}", "AdaAda"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_template_is_filled_as_it_says(template: Guest, source: str, text: str) -> None:
    assert ask(template, {"template": source, "values": VALUES}) == {"text": text, "missing": []}


@settings(max_examples=100, deadline=None)
@given(text=TEXTS)
def test_each_escape_writes_what_its_reader_reads_back(template: Guest, text: str) -> None:
    source = "{{ t }}\x00{{ t | html }}\x00{{ t | json }}\x00{{ t | csv }}"
    found = ask(template, {"template": source, "values": {"t": text.replace("\x00", "")}})["text"].split(
        "\x00"
    )
    plain, escaped, as_json, cell = found
    assert plain == text.replace("\x00", "")
    assert html.unescape(escaped) == html.unescape(html.escape(plain))
    assert not set("<>\"'") & set(escaped)
    assert json.loads(as_json) == plain
    assert cell == plain or cell == '"' + plain.replace('"', '""') + '"'


@pytest.mark.parametrize(
    ("policy", "text"), [("empty", "Hi ! 1"), ("keep", "Hi {{ a.b }}! {{none|html}}1{{ a.b }}")]
)
def test_what_is_missing_is_empty_or_kept_when_told_so(template: Guest, policy: str, text: str) -> None:
    source = "Hi {{ a.b }}! {{none|html}}1{{ a.b }}"
    found = ask(template, {"template": source, "values": VALUES, "missing": policy})
    assert found == {"text": text, "missing": ["a.b", "none"]}


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        ("a\n{{ b.c }}", "missing_value", "line 2: the values have no 'b.c'"),
        ("{{ none }}", "missing_value", "line 1: the values have no 'none'"),
        ("{{#each nowhere}}{{/each}}", "missing_value", "line 1: the values have no 'nowhere'"),
        ("{{ rows.7.id }}", "missing_value", "line 1: the values have no 'rows.7.id'"),
        ("\n\n{{ rows }}", "not_text", "line 3: 'rows' is an array; print its parts, or all of it with | json"),
        ("{{#each name}}{{/each}}", "not_a_list", "line 1: 'name' is a string; #each takes a list or an object"),
        ("{{", "bad_template", "line 1: {{ without }}"),
        ("\n{{}}", "bad_template", "line 2: an empty tag"),
        ("{{#each rows}}", "bad_template", "line 1: {{#each}} does not end"),
        ("{{/if}}", "bad_template", "line 1: {{/if}} closes nothing that is open"),
        ("{{#if yes}}{{/each}}", "bad_template", "line 1: {{/each}} closes nothing that is open"),
        ("{{else}}", "bad_template", "line 1: {{else}} outside a block"),
        ("{{#if yes}}{{else}}{{else}}{{/if}}", "bad_template", "line 1: a second {{else}} in one block"),
        ("{{#with by}}{{/with}}", "bad_template", "line 1: no block is called '#with'; #each, #if or #unless"),
        ("{{ name | shout }}", "bad_template", "line 1: no escape is called 'shout'; none, html, json or csv"),
        ("{{ a b }}", "bad_template", "line 1: 'a b' is no path like a.b.0"),
        ("{{ a..b }}", "bad_template", "line 1: 'a..b' is no path like a.b.0"),
        ("{{#if yes}}" * 40, "bad_template", "line 1: blocks nested deeper than 32"),
    ],
)  # fmt: skip
def test_a_template_that_cannot_be_filled_is_refused_by_its_line(
    template: Guest, source: str, code: str, message: str
) -> None:
    assert refusal(template, {"template": source, "values": VALUES}) == (code, message)


def test_a_text_that_grows_without_end_is_refused(template: Guest) -> None:
    nested = "{{#each a}}" * 5 + "xxxx" + "{{/each}}" * 5
    values = {"a": list(range(200))}
    assert refusal(template, {"template": nested, "values": values})[0] == "too_large"
    assert refusal(template, {"template": nested.replace("xxxx", ""), "values": values})[0] == "too_much_work"
    assert refusal(template, {"template": "abc", "values": {}, "max_bytes": 2})[0] == "too_large"


def test_a_megabyte_of_values_is_printed_within_the_limits(template: Guest) -> None:
    rows = [{"id": i, "name": f"lot <{i}>", "price": i * 1.5} for i in range(25_000)]
    asked = {
        "template": "{{#each rows}}{{id}} {{name}} {{price}}\n{{/each}}",
        "values": {"rows": rows},
        "escape": "html",
    }
    found = ask(template, asked)["text"]
    assert found.splitlines()[-1] == "24999 lot &lt;24999&gt; 37498.5"


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=20))
def test_no_template_makes_the_guest_trap(template: Guest, pieces: list[str]) -> None:
    asked = {"template": "".join(pieces), "values": {"a": [1, {"a": 2}], "b": ""}, "missing": "empty"}
    assert answers_in_an_envelope(template, json.dumps(asked).encode())
