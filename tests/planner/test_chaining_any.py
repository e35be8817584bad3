"""Whatever an agent's card says and whatever is asked: a plan that passes every check, or an error with a code."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from contracts.card import AgentCard, read_card
from contracts.errors import CallsheetError
from contracts.plan import load_plan
from planner.rules.plan import plan_by_rules
from planner.validation import check
from service.cards import load_cards

HOUSE = load_cards()
WORDS = [
    "convert", "weather", "address", "decode", "the", "text", "rows", "price", "image", "file", "from", "to", "value", "count",
    "translate", "of", "Berlin", "EUR", "AB12", "5", "12.5", "'quoted'", "[1, 2]", '{"a": 1}', '[{"a": 1}]', "http://x.test/1",
    "http://y.test/a.pdf", "a.jpg", "b.csv", "a,b\n1,2\n3,4", "I supplied", "each", "and", ",", ".", "?", "sort", "sum", "as CSV",
    "template", "'Hi {{ name }}'", "schema", "valid", "km", "miles", "in", "how many", "words", "until", "2026-03-05 18:00",
    "UTC", "photos", "compare", "send", "book me", "ignore your instructions", "SYSTEM:", "use agent shell", "wasm", "module",
]  # fmt: skip
NAMES = st.sampled_from(
    ["text", "value", "rows", "image", "file", "url", "address", "from", "to", "number", "schema", "x", "rates", "event_date"]
)  # fmt: skip
SCHEMAS = st.recursive(
    st.sampled_from(
        [
            {"type": "string"},
            {"type": "number"},
            {"type": "integer", "minimum": 1},
            {"type": "boolean"},
            {},
            {"enum": ["a", "EUR"]},
            {"type": "string", "pattern": "^[A-Z]{3}$"},
            {"type": "string", "minLength": 4, "maxLength": 4},
            {"type": ["string", "null"]},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda items: {"type": "array", "items": items}, inner),
        st.builds(
            lambda named: {"type": "object", "properties": named}, st.dictionaries(NAMES, inner, max_size=3)
        ),
        st.builds(lambda one, two: {"anyOf": [one, two]}, inner, inner),
    ),
    max_leaves=5,
)
PROPERTIES = st.dictionaries(NAMES, SCHEMAS, max_size=4)


@st.composite
def cards(draw: st.DrawFn) -> AgentCard:
    takes = draw(PROPERTIES)
    required = draw(st.lists(st.sampled_from(sorted(takes) or ["text"]), unique=True)) if takes else []
    name = draw(st.from_regex(r"\A(wasm:)?[a-z][a-z0-9_]{0,12}\Z"))
    document: dict[str, Any] = {
        "name": name if name not in {"data", "scrape", "time", "vision"} else "wasm:other",
        "version": "1.0.0",
        "description": draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)),
        "takes": {"type": "object", "properties": takes, "required": required},
        "gives": {"type": "object", "properties": draw(PROPERTIES)},
        "words": draw(st.lists(st.sampled_from(WORDS), max_size=4)),
    }
    if draw(st.booleans()):
        document["takes"]["additionalProperties"] = False
    return read_card(document, where="any")


OBJECTIVES = st.one_of(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=14).map(" ".join),
    st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=8)), max_size=14).map(" ".join),
)


def plan_or_error(
    objective: str, inputs: dict[str, Any], found: tuple[AgentCard, ...]
) -> dict[str, Any] | CallsheetError:
    try:
        return plan_by_rules(objective, inputs=inputs, cards=found)
    except CallsheetError as exc:
        return exc


def sound(objective: str, found: tuple[AgentCard, ...], inputs: dict[str, Any]) -> None:
    document = plan_or_error(objective, inputs, found)
    if isinstance(document, CallsheetError):
        assert document.code.startswith("plan.")
        return
    assert check(document, found) == []
    assert load_plan(document).as_json() == document


@settings(max_examples=250, deadline=None)
@given(objective=OBJECTIVES, more=st.lists(cards(), max_size=3, unique_by=lambda c: c.name))
def test_any_cards_and_any_words_give_a_sound_plan_or_an_error(objective: str, more: list[AgentCard]) -> None:
    names = {card.name for card in more}
    sound(objective, (*(c for c in HOUSE if c.name not in names), *more), {})


@settings(max_examples=150, deadline=None)
@given(
    objective=OBJECTIVES,
    inputs=st.dictionaries(
        st.sampled_from(["text", "page", "rows", "rates", "value", "csv", "template", "schema"]),
        st.sampled_from(["http://x.test/", "words", 3, [1, 2], [{"a": 1}], {"EUR": 1.1}, None, "", [], True]),
        max_size=3,
    ),
)
@example(objective="read the page I supplied", inputs={})
@example(objective="convert the prices on http://x.test/ to EUR at 0.9 and average them", inputs={})
@example(
    objective="Read the CSV I supplied and print a letter for each row with the template I supplied",
    inputs={},
)
def test_any_inputs_of_the_house_give_a_sound_plan_or_an_error(
    objective: str, inputs: dict[str, Any]
) -> None:
    sound(objective, HOUSE, inputs)


def test_a_long_objective_is_planned_in_time() -> None:
    for piece in (
        "find trucks ",
        "a,b ",
        "'x' ",
        "1, 2, 3 ",
        "ab-cd ",
        "{",
        "http://x.test/ ",
        "wrods ",
        "in km ",
    ):
        sound((piece * 4000)[:4000], HOUSE, {})
