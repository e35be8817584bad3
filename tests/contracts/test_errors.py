"""Errors as callers meet them: a class says what to do next, the code is stable, the JSON holds what is set."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import errors
from contracts.errors import (
    AttemptFailed,
    AttemptTimedOut,
    CallsheetError,
    Conflict,
    InvalidInput,
    InvalidPlan,
    NotFound,
    Problem,
    Refused,
    Unavailable,
)

KINDS: set[type[CallsheetError]] = {
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CallsheetError)
}


@pytest.mark.parametrize(
    ("kind", "status", "exit_code", "retryable"),
    [
        (CallsheetError, 500, 1, False),
        (InvalidInput, 422, 3, False),
        (NotFound, 404, 7, False),
        (Refused, 403, 4, False),
        (Conflict, 409, 5, False),
        (Unavailable, 503, 5, True),
        (AttemptFailed, 502, 1, False),
        (AttemptTimedOut, 504, 6, False),
    ],
)
def test_scripts_and_clients_learn_what_to_do_from_the_class(
    kind: type[CallsheetError], status: int, exit_code: int, *, retryable: bool
) -> None:
    error = kind("room.what", "m")
    assert (error.http_status, error.exit_code, error.retryable) == (status, exit_code, retryable)


def test_the_tree_in_the_reference_is_the_tree_in_force() -> None:
    drawn = str(errors.__doc__)
    for kind in KINDS:
        (line,) = [row for row in drawn.splitlines() if kind.__name__ in row.replace("-", " ").split()]
        if "HTTP" in line:
            told = line.partition("HTTP ")[2].split()
            assert (int(told[0]), int(told[2])) == (kind.http_status, kind.exit_code), kind


@pytest.mark.parametrize("kind", sorted(KINDS - {InvalidPlan}, key=str))
def test_every_error_tells_its_code_message_and_next_step(kind: type[CallsheetError]) -> None:
    error = kind("room.what", "it is 'x'", where="/a", hint="Mend it.", data={"n": 1})
    assert error.as_json() == {
        "code": "room.what",
        "message": "it is 'x'",
        "where": "/a",
        "hint": "Mend it.",
        "data": {"n": 1},
    }
    assert str(error) == "it is 'x'"


def test_what_nobody_set_is_left_out_of_the_json() -> None:
    assert NotFound("a.b", "m").as_json() == {"code": "a.b", "message": "m"}


def test_facts_given_to_an_error_are_its_own() -> None:
    facts: dict[str, Any] = {"row": 1}
    error = InvalidInput("a.b", "m", data=facts)
    error.data["step"] = 2
    assert facts == {"row": 1}


@pytest.mark.parametrize("kind", [AttemptFailed, AttemptTimedOut])
def test_only_an_attempt_says_for_itself_whether_to_try_again(kind: type[AttemptFailed]) -> None:
    assert kind("a.b", "m", retryable=True).retryable
    assert not kind("a.b", "m").retryable, "one error's answer is not the next one's"


PROBLEMS = st.lists(
    st.builds(
        Problem,
        code=st.sampled_from(["plan.shape", "plan.cycle"]),
        pointer=st.sampled_from(["", "/a", "/subtasks/0"]),
        message=st.text(min_size=1, max_size=9),
        hint=st.sampled_from(["", "Do."]),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=50)
@given(PROBLEMS, st.sampled_from(["", "Look."]))
def test_a_refused_plan_speaks_of_its_first_problem_and_lists_them_all(
    found: list[Problem], hint: str
) -> None:
    error = InvalidPlan(found, hint=hint)
    first = found[0]
    assert (error.code, error.where, error.hint) == (first.code, first.pointer, hint or first.hint)
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    assert str(error) == first.message + more
    assert error.problems == tuple(found)
    assert json.loads(json.dumps(error.as_json()))["data"]["problems"] == [p.as_json() for p in found]


def test_a_problem_always_says_where_even_if_it_is_everywhere() -> None:
    bare = Problem("plan.shape", "", "m")
    assert bare.as_json() == {"code": "plan.shape", "pointer": "", "message": "m"}
    assert replace(bare, hint="h").as_json()["hint"] == "h"
