"""What flows from step to step: an output that cannot be what the next one takes is refused before it runs."""

from __future__ import annotations

from typing import Any

import pytest

from contracts.card import AgentCard, read_card
from contracts.errors import Problem
from contracts.structure import seal
from planner.validation import check
from service.cards import load_cards

CODE = "plan.type_mismatch"
READ = {"url": {"literal": "https://x.test/"}}


@pytest.fixture(scope="module")
def catalogue() -> tuple[AgentCard, ...]:
    return load_cards()


def step(sid: str, agent: str, *reads: str, bind: Any = None, **more: Any) -> dict[str, Any]:
    return {
        "id": sid, "objective": "do it", "required_agent": agent, "dependencies": list(reads),
        "input_keys": [f"k_{r}" for r in reads], "bind": bind or {}, "output_key": f"k_{sid}",
    } | more  # fmt: skip


def key(sid: str, pointer: str = "") -> dict[str, str]:
    return {"key": f"k_{sid}", **({"pointer": pointer} if pointer else {})}


def problems(cards: Any, *subtasks: dict[str, Any], **more: Any) -> list[Problem]:
    return check(seal({"objective": "x", "subtasks": list(subtasks), **more}), cards)


def mismatches(cards: Any, *subtasks: dict[str, Any], **more: Any) -> list[str]:
    found = problems(cards, *subtasks, **more)
    assert {p.code for p in found} <= {CODE}
    return [p.pointer for p in found]


def taking(agent: str, name: str, pointer: str, **more: Any) -> dict[str, Any]:
    return step("b", agent, "a", bind={name: key("a", pointer)}, **more)


PAGE = step("a", "scrape", bind=READ)
ROWS = {"tables": {"literal": {"t": []}}, "steps": {"literal": [{"op": "from", "table": "t"}]}}


@pytest.mark.parametrize(
    ("agent", "name", "pointer"),
    [
        ("time", "text", "/ends_text"),
        ("time", "items", "/listings"),
        ("time", "text", "/listings/0/ends_text"),
        ("vision", "images", "/images"),
        ("vision", "images", "/listings/0/facts/photos"),
        ("scrape", "url", "/links/3/url"),
        ("scrape", "urls", "/needs_browser"),
        ("wasm:text_stats", "text", "/text"),
        ("wasm:echo", "whatever", "/tables/0/rows"),
    ],
)
def test_an_output_that_may_be_what_is_taken_is_let_pass(
    catalogue: Any, agent: str, name: str, pointer: str
) -> None:
    allowed = [] if "photos" not in pointer else ["/subtasks/1/bind/images"]  # a fact is a text
    assert mismatches(catalogue, PAGE, taking(agent, name, pointer)) == allowed


@pytest.mark.parametrize(
    ("agent", "name", "pointer", "at"),
    [
        ("time", "text", "/listings", "/subtasks/1/bind/text"),
        ("time", "text", "", "/subtasks/1/bind/text"),
        ("time", "items", "/title", "/subtasks/1/bind/items"),
        ("time", "within_hours", "/ends_text", "/subtasks/1/bind/within_hours"),
        ("vision", "images", "/title", "/subtasks/1/bind/images"),
        ("vision", "images", "/pictures", "/subtasks/1/bind/images/pointer"),
        ("scrape", "urls", "/listings", "/subtasks/1/bind/urls"),
        ("wasm:text_stats", "text", "/title/0", "/subtasks/1/bind/text/pointer"),
        ("wasm:echo", "whatever", "/nothing", "/subtasks/1/bind/whatever/pointer"),
    ],
)
def test_an_output_that_never_fits_is_refused_at_its_bind(
    catalogue: Any, agent: str, name: str, pointer: str, at: str
) -> None:
    assert mismatches(catalogue, PAGE, taking(agent, name, pointer)) == [at]


def test_the_refusal_names_both_steps_the_reason_and_what_would_fit(catalogue: Any) -> None:
    (problem,) = problems(catalogue, PAGE, taking("time", "text", "/listings"))
    assert problem.message == (
        "'b' gives time 'k_a/listings' as its 'text', which 'a' writes (scrape): a list is never a string"
    )
    assert problem.hint.startswith("It takes a string or null. Of what scrape gives, /url, /title")


def test_a_part_that_is_not_there_is_said_to_be_missing(catalogue: Any) -> None:
    (problem,) = problems(catalogue, PAGE, taking("vision", "images", "/pictures"))
    assert "it has nothing at '/pictures'" in problem.message
    assert "/images" in problem.hint


def test_a_parameter_given_in_parts_is_judged_part_by_part(catalogue: Any) -> None:
    bind = {"tables.t": key("a", "/listings"), "steps": {"literal": [{"op": "from", "table": "t"}]}}
    assert mismatches(catalogue, PAGE, step("b", "data", "a", bind=bind)) == []
    text = {"values.name": key("a", "/title"), "template": {"literal": "Dear {{ name }}"}}
    assert mismatches(catalogue, PAGE, step("b", "wasm:template", "a", bind=text)) == []
    wrong = {**text, "template": key("a", "/prices")}
    assert mismatches(catalogue, PAGE, step("b", "wasm:template", "a", bind=wrong)) == [
        "/subtasks/1/bind/template"
    ]


def test_an_input_key_no_bind_reads_is_held_against_the_parameter_of_its_name(catalogue: Any) -> None:
    listed = step("a", "data", bind=ROWS, output_key="text")
    reader = step("b", "time", dependencies=["a"], input_keys=["text"])
    assert mismatches(catalogue, listed, reader) == ["/subtasks/1/input_keys/0"]


@pytest.mark.parametrize(
    ("pointer", "is_list"), [("/listings", True), ("/title", False), ("", False), ("/gone", False)]
)
def test_a_foreach_runs_over_what_may_be_a_list(catalogue: Any, pointer: str, *, is_list: bool) -> None:
    each = {"key": "k_a"} | ({"pointer": pointer} if pointer else {})
    found = mismatches(catalogue, PAGE, step("b", "wasm:echo", "a", foreach=each))
    assert found == ([] if is_list else ["/subtasks/1/foreach"])


def test_inside_a_foreach_its_key_is_one_element(catalogue: Any) -> None:
    def each(pointer: str) -> list[str]:
        bind = {"text": key("a", pointer)}
        return mismatches(
            catalogue, PAGE, step("b", "time", "a", bind=bind, foreach={"key": "k_a", "pointer": "/listings"})
        )

    assert each("/ends_text") == []
    assert each("/facts") == ["/subtasks/1/bind/text"]
    assert each("/listings") == ["/subtasks/1/bind/text/pointer"]


def test_what_a_foreach_gives_is_a_list(catalogue: Any) -> None:
    details = step(
        "b", "scrape", "a", bind={"url": key("a", "/url")}, foreach={"key": "k_a", "pointer": "/listings"}
    )
    whole = step("c", "time", "b", bind={"items": key("b")})
    one = step("c", "time", "b", bind={"text": key("b", "/0/ends_text")})
    wrong = step("c", "time", "b", bind={"text": key("b", "/ends_text")})
    assert mismatches(catalogue, PAGE, details, whole) == []
    assert mismatches(catalogue, PAGE, details, one) == []
    assert mismatches(catalogue, PAGE, details, wrong) == ["/subtasks/2/bind/text/pointer"]


def test_what_the_caller_gives_is_known_by_its_value(catalogue: Any) -> None:
    def given(value: Any, pointer: str = "", name: str = "text") -> list[str]:
        source = {"key": "words", **({"pointer": pointer} if pointer else {})}
        return mismatches(
            catalogue, step("a", "time", bind={name: source}, input_keys=["words"]), inputs={"words": value}
        )

    assert given("Tue 5 PM") == []
    assert given(None) == []
    assert given(["a"], name="items") == []
    assert given([1]) == ["/subtasks/0/bind/text"]
    assert given({"a": "x"}, "/a") == []
    assert given({"a": "x"}, "/b") == ["/subtasks/0/bind/text/pointer"]
    assert given(["x"] * 5_000, "/4999") == []


def test_a_foreach_over_what_the_caller_gives_wants_a_list(catalogue: Any) -> None:
    def each(value: Any) -> list[str]:
        s = step("a", "time", bind={"text": {"key": "words"}}, input_keys=["words"], foreach={"key": "words"})
        return mismatches(catalogue, s, inputs={"words": value})

    assert each(["a", "b"]) == []
    assert each("a") == ["/subtasks/0/foreach"]


def test_a_step_that_falls_back_may_give_what_either_gives(catalogue: Any) -> None:
    either = step("a", "wasm:echo", bind={"text": {"literal": "x"}}, on_failure="fallback")
    bind = {"value": key("a", "/words"), "from": {"literal": "km"}, "to": {"literal": "mi"}}
    reader = step("b", "wasm:convert", "a", bind=bind)
    assert mismatches(catalogue, {**either, "fallback_agent": "wasm:text_stats"}, reader) == []
    both = {**either, "required_agent": "time", "fallback_agent": "wasm:text_stats"}
    assert mismatches(catalogue, both, taking("time", "items", "")) == ["/subtasks/1/bind/items"]


def test_what_an_agent_that_does_not_exist_gives_is_anything(catalogue: Any) -> None:
    found = problems(catalogue, step("a", "nobody"), taking("time", "text", "/x"))
    assert [p.code for p in found] == ["plan.unknown_agent"]


def test_an_output_schema_says_more_than_the_card(catalogue: Any) -> None:
    def asked(schema: dict[str, Any]) -> list[str]:
        s = step("a", "wasm:echo", bind={"x": {"literal": 1}}, output_schema=schema)
        return mismatches(catalogue, s, taking("time", "text", "/x"))

    assert asked({"properties": {"x": {"type": "string"}}}) == []
    assert asked({"properties": {"x": {"type": "array"}}}) == ["/subtasks/1/bind/text"]
    assert asked({"type": "object", "additionalProperties": False}) == ["/subtasks/1/bind/text/pointer"]


def test_an_output_schema_its_agent_can_never_keep_is_refused(catalogue: Any) -> None:
    assert mismatches(catalogue, {**PAGE, "output_schema": {"type": "array"}}) == [
        "/subtasks/0/output_schema"
    ]
    assert mismatches(catalogue, {**PAGE, "output_schema": {"required": ["title"]}}) == []


def test_a_condition_may_ask_for_what_is_not_there(catalogue: Any) -> None:
    guarded = taking("wasm:echo", "x", "/gone", when={"key": "k_a", "pointer": "/gone", "op": "exists"})
    assert mismatches(catalogue, PAGE, guarded) == []


def test_with_two_writers_nobody_guesses_what_flows(catalogue: Any) -> None:
    other = step("c", "time", bind={"text": {"literal": "x"}}, output_key="k_a")
    reader = {**taking("time", "text", "/listings"), "dependencies": ["a", "c"]}
    found = problems(catalogue, PAGE, other, reader)
    assert [p.code for p in found] == ["plan.two_writers"]


def test_schemas_with_definitions_of_the_same_name_are_each_followed_in_their_own_card() -> None:
    def agent(name: str, kind: str) -> AgentCard:
        part = {
            "$defs": {"Part": {"type": kind}},
            "type": "object",
            "properties": {"v": {"$ref": "#/$defs/Part"}},
        }
        document = {"name": name, "version": "1.0.0", "description": "d", "takes": part, "gives": part}
        return read_card(document, where=name)

    cards = (agent("one", "string"), agent("two", "array"))
    first = step("a", "one", bind={"v": {"literal": "x"}})
    assert mismatches(cards, first, taking("one", "v", "/v")) == []
    assert mismatches(cards, first, taking("two", "v", "/v")) == ["/subtasks/1/bind/v"]


def test_a_condition_on_something_else_excuses_no_wrong_pointer(catalogue: Any) -> None:
    where = {"key": "k_a", "pointer": "/title", "op": "exists"}
    assert mismatches(catalogue, PAGE, taking("wasm:echo", "x", "/gone", when=where)) == [
        "/subtasks/1/bind/x/pointer"
    ]


GATE = step("a", "wasm:schema_check", bind={"value": {"literal": 1}, "schema": {"literal": {}}})
IF_VALID = {"key": "k_a", "pointer": "/valid", "op": "eq", "value": True}


@pytest.mark.parametrize("more", [{}, {"on_failure": "fallback", "fallback_agent": "wasm:echo"}])
def test_a_step_may_depend_on_a_key_its_agent_does_not_take(catalogue: Any, more: Any) -> None:
    assert problems(catalogue, GATE, step("b", "scrape", "a", bind=READ, when=IF_VALID, **more)) == []


def test_a_key_that_only_a_condition_reads_is_given_to_an_agent_that_takes_it(catalogue: Any) -> None:
    where = {"key": "text", "op": "exists"}
    reader = step("b", "time", input_keys=["text"], when=where)
    assert problems(catalogue, reader, inputs={"text": "today"}) == []
    assert mismatches(catalogue, reader, inputs={"text": ["today"]}) == ["/subtasks/0/input_keys/0"]


@pytest.mark.parametrize(
    ("rows", "pointer", "wrong"),
    [
        ([{"t": "x"}], "/t", []),
        ([{"t": "x"}, {"u": "y"}], "/u", []),
        ([], "/t", []),
        ([{"t": "x"}], "/gone", ["/subtasks/0/bind/text/pointer"]),
        ([{"t": [1]}, {"t": {}}], "/t", ["/subtasks/0/bind/text"]),
        ([{"t": n} for n in range(90)], "/t", ["/subtasks/0/bind/text"]),
        ([{"t": n} for n in range(89)] + [{"t": "x"}], "/t", []),
    ],
)
def test_the_elements_of_a_list_the_caller_gives_are_known_by_their_value(
    catalogue: Any, rows: Any, pointer: str, wrong: list[str]
) -> None:
    each = step(
        "b",
        "time",
        bind={"text": {"key": "rows", "pointer": pointer}},
        input_keys=["rows"],
        foreach={"key": "rows"},
    )
    assert mismatches(catalogue, each, inputs={"rows": rows}) == wrong


@pytest.mark.parametrize(
    ("agent", "bind", "pointer"),
    [
        ("time", {"text": {"literal": "today"}}, "/deadline"),
        ("time", {"items": {"literal": ["today"]}}, "/items/0/time"),
        ("vision", {"images": {"literal": ["a.jpg"]}}, "/colour"),
        ("vision", {"images": {"literal": ["a.jpg"]}}, "/images/0/caption"),
    ],
)
def test_a_field_that_no_native_agent_gives_is_refused(
    catalogue: Any, agent: str, bind: Any, pointer: str
) -> None:
    reader = taking("wasm:echo", "x", pointer)
    assert mismatches(catalogue, step("a", agent, bind=bind), reader) == ["/subtasks/1/bind/x/pointer"]
