"""What a context keeps, refuses and says."""

from __future__ import annotations

import math
from typing import Any

import pytest

from contracts.errors import AttemptTimedOut, CallsheetError, Conflict, InvalidInput, NotFound
from contracts.trace import TraceStatus
from memory.context import SharedContext
from memory.encoding import MAX_DEPTH, encode


@pytest.fixture
def context() -> SharedContext:
    return SharedContext({"page": {"url": "http://x"}})


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def code_of(value: Any) -> str:
    with pytest.raises(InvalidInput) as refused:
        SharedContext().set("k", value, by="s")
    return refused.value.code


def test_what_is_set_is_got_with_who_wrote_it(context: SharedContext) -> None:
    context.set("rows", [1, {"a": None}], by="filter")

    assert context.get("rows") == [1, {"a": None}]
    assert context.written_by("rows") == "filter"
    assert context.written_by("page") == "inputs"
    assert context.has("rows")
    assert context.keys() == {"page", "rows"}


def test_a_caller_that_changes_what_it_set_changes_nothing(context: SharedContext) -> None:
    rows: Any = [{"a": [1]}]
    context.set("rows", rows, by="s")
    rows[0]["a"].append(2)

    assert context.get("rows") == [{"a": [1]}]


def test_a_caller_that_changes_what_it_got_changes_nothing(context: SharedContext) -> None:
    got: Any = context.get("page")
    whole = context.snapshot()
    got["url"] = "http://evil"
    whole["page"] = None

    assert context.get("page") == {"url": "http://x"}
    assert context.snapshot() == {"page": {"url": "http://x"}}


def test_what_the_context_began_with_is_copied_too() -> None:
    given: dict[str, Any] = {"rows": []}
    context = SharedContext(given)
    given["rows"].append(1)

    assert context.get("rows") == []


def test_a_second_writer_of_a_key_is_refused_naming_the_first(context: SharedContext) -> None:
    context.set("rows", 1, by="first")

    with pytest.raises(Conflict) as refused:
        context.set("rows", 2, by="second")
    assert refused.value.code == "context.key_taken"
    assert refused.value.data == {"key": "rows", "written_by": "first"}
    assert context.get("rows") == 1


def test_a_key_is_replaced_when_that_is_meant(context: SharedContext) -> None:
    context.set("page", None, by="again", replace=True)

    assert context.get("page") is None
    assert context.has("page")
    assert context.written_by("page") == "again"


def test_an_unknown_key_is_not_found_with_those_that_are(context: SharedContext) -> None:
    for ask in (context.get, context.written_by):
        with pytest.raises(NotFound) as missing:
            ask("pages")
        assert missing.value.code == "context.unknown_key"
        assert missing.value.data == {"known": ["page"]}


@pytest.mark.parametrize("key", ["", "A", "1a", "a-b", "a b", "a\n", "ä", "a" * 64, "__class__", "a" * 10**6])
def test_a_key_that_no_plan_could_name_is_refused(context: SharedContext, key: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        context.set(key, 1, by="s")
    assert refused.value.code == "context.bad_key"
    assert len(refused.value.message) < 300
    with pytest.raises(InvalidInput):
        context.wait(key, 0)
    assert not context.has(key)


def test_a_key_of_the_greatest_length_is_kept(context: SharedContext) -> None:
    context.set("a" * 63, 1, by="s")

    assert context.get("a" * 63) == 1


@pytest.mark.parametrize(
    "value",
    [
        *(
            math.nan,
            math.inf,
            -math.inf,
            {1: 2},
            {None: 2},
            (1,),
            {1},
            b"x",
            object(),
            "\ud800",
            {"\udfff": 1},
        ),
        *(1j, nested(MAX_DEPTH + 1), [math.nan], {"a": [b""]}),
        pytest.param(10**5000, id="5000 digits"),
    ],
)
def test_what_is_no_json_is_refused(value: Any) -> None:
    assert code_of(value) == "context.not_json"


@pytest.mark.parametrize(
    "value", [nested(MAX_DEPTH), TraceStatus.SUCCESS, -0.0, 10**300, "\x00\u2028é😀", {}, True]
)
def test_what_is_json_comes_back_equal(context: SharedContext, value: Any) -> None:
    context.set("k", value, by="s")

    assert context.get("k") == value
    assert type(context.get("k")) in {list, str, float, int, dict, bool}


def test_the_refusal_says_where_the_value_is_wrong() -> None:
    with pytest.raises(InvalidInput) as refused:
        encode({"rows": [1, {"a/b": math.nan}]}, "out")

    assert refused.value.where == "/rows/1/a~1b"
    assert "'out'" in refused.value.message
    assert "/rows/1/a~1b" in refused.value.message


def test_a_place_after_a_container_is_named_rightly() -> None:
    with pytest.raises(InvalidInput) as refused:
        encode([[1, [2]], {"x": {}}, [[], b""]], "out")

    assert refused.value.where == "/2/1"


def test_a_list_that_holds_itself_ends_quickly() -> None:
    loop: list[Any] = []
    loop += [loop, loop]

    assert code_of(loop) == "context.not_json"


def test_a_small_object_that_is_vast_when_written_is_too_large() -> None:
    value: Any = ["x" * 100]
    for _ in range(40):
        value = [value, value]

    assert code_of(value) == "context.too_large"


def test_a_text_without_end_is_too_large() -> None:
    assert code_of(["x" * 10**6] * 100) == "context.too_large"
    assert code_of("\x00" * (12 * 10**6)) == "context.too_large"  # six characters each, once escaped


def test_a_value_refused_is_not_there(context: SharedContext) -> None:
    code_of(math.nan)
    with pytest.raises(InvalidInput):
        context.set("page", math.inf, by="s", replace=True)

    assert context.get("page") == {"url": "http://x"}


def test_waiting_for_what_is_there_returns_at_once(context: SharedContext) -> None:
    assert context.wait("page", 0) == {"url": "http://x"}
    assert context.wait("page", -1) == {"url": "http://x"}


def test_waiting_for_null_is_not_waiting_for_nothing(context: SharedContext) -> None:
    context.set("nothing", None, by="s")

    assert context.wait("nothing", 0) is None


def test_waiting_in_vain_times_out(context: SharedContext) -> None:
    for timeout in (0.01, 0, -5, -math.inf):
        with pytest.raises(AttemptTimedOut) as late:
            context.wait("rows", timeout)
        assert late.value.code == "context.wait_timeout"
        assert "'rows'" in late.value.message


def test_a_timeout_that_is_no_number_is_refused(context: SharedContext) -> None:
    with pytest.raises(CallsheetError) as refused:
        context.wait("rows", math.nan)
    assert refused.value.code == "context.bad_timeout"
