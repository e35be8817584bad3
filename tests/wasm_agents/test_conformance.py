"""One guest, written four times, must do one and the same; each is built here from its source."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from wasm_agents.conformance.main import Row, main, summary
from wasm_agents.conformance.running import GUESTS, Verdict, build_guest, judge, run_vectors
from wasm_agents.conformance.vectors import Vector, vectors
from wasm_agents.host import Host
from wasm_agents.kits.asking import Outcome, ask, difference, same_json
from wasm_agents.kits.languages import BY_NAME, LANGUAGES, LanguageName
from wasm_agents.kits.toolchains import find_tool, need_tool
from wasm_agents.limits import GuestLimits

Build = Callable[[LanguageName], bytes]


@pytest.fixture(scope="module")
def built() -> Build:
    """Return what builds a language's guest, once; continuous integration has every compiler."""
    made: dict[LanguageName, bytes] = {}

    def _built(language: LanguageName) -> bytes:
        tool = BY_NAME[language].tool
        if find_tool(tool) is None and not os.environ.get("CI"):
            pytest.skip(f"no {tool} on this machine: callsheet doctor")
        if language not in made:
            need_tool(tool)
            made[language] = build_guest(language)
        return made[language]

    return _built


@pytest.mark.slow
@pytest.mark.timeout(400)  # Python's guest takes some 25 s of a core to build and to compile
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_vector_passes_in_every_language(language: LanguageName, built: Build, host: Host) -> None:
    verdicts = list(run_vectors(language, partial(host.load, built(language))))
    assert {v.vector: v.problem for v in verdicts if v.problem} == {}
    assert len(verdicts) >= 60


@pytest.mark.parametrize("language", ["c", "zig"])
def test_the_guest_is_built_to_the_same_bytes_elsewhere(
    language: LanguageName, built: Build, tmp_path: Path
) -> None:
    shutil.copytree(GUESTS / language, tmp_path / "elsewhere")
    assert build_guest(language, source=tmp_path / "elsewhere") == built(language)


def test_every_language_is_asked_the_same_but_for_what_it_cannot_say() -> None:
    asked = Counter(language for vector in vectors() for language in vector.languages)
    assert min(asked.values()) >= 60
    partial_ones = [v.name for v in vectors() if len(v.languages) < len(LANGUAGES)]
    assert partial_ones == ["output: is no JSON", "output: is not UTF-8", "output: what JSON cannot say"]


def test_every_vector_has_a_name_of_its_own_and_wants_something() -> None:
    names = [vector.name for vector in vectors()]
    assert len(names) == len(set(names))
    for vector in vectors():
        assert not (vector.codes and vector.ok is not None), vector.name
        if not vector.codes:
            assert isinstance(json.loads(vector.given), dict), vector.name


@pytest.mark.parametrize(
    ("a", "b", "is_same"),
    [
        (1, 1.0, True), (-0.0, 0, True), (2**53 + 1, 2**53, True), (True, 1, False), (None, False, False),
        ("1", 1, False), ([1, 2], [2, 1], False), ([1], [1, 1], False), ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False),
        ({"a": [True]}, {"a": [1]}, False), ({}, [], False), (10**400, 1.5, False), (10**400, -(10**400), False),
        ("\u00e9", "e\u0301", False),
    ],
)  # fmt: skip
def test_values_are_held_against_each_other_as_json(a: Any, b: Any, is_same: bool) -> None:  # noqa: FBT001  # a case's
    assert same_json(a, b) is is_same


VALUE = Vector("v", b"{}", ok={"a": 1})
REFUSAL = Vector("r", b"{}", codes=("guest.error",), guest_code="x", message="why", retryable=True)
REFUSED = Outcome(code="guest.error", guest_code="x", message="the guest says: why", retryable=True)


@pytest.mark.parametrize(
    ("vector", "found", "problem"),
    [
        (VALUE, Outcome(value={"a": 1.0}), ""),
        (VALUE, Outcome(value={"a": 2}), "wanted {'a': 1}"),
        (VALUE, Outcome(code="guest.trap"), "got guest.trap"),
        (REFUSAL, REFUSED, ""),
        (REFUSAL, Outcome(value=1), "wanted guest.error"),
        (REFUSAL, replace(REFUSED, code="guest.trap"), "wanted guest.error"),
        (REFUSAL, replace(REFUSED, guest_code="y"), "the guest's code 'x'"),
        (REFUSAL, replace(REFUSED, message="because"), "the message 'why'"),
        (REFUSAL, replace(REFUSED, retryable=False), "wanted retryable True"),
    ],
)
def test_a_verdict_says_what_was_wanted_and_what_came(vector: Vector, found: Outcome, problem: str) -> None:
    said = judge(vector, found)
    assert problem in said
    assert bool(problem) == bool(said)


@pytest.mark.parametrize(
    ("again", "said"),
    [
        ({}, ""),
        ({"output": b"2"}, "the second call gave"),
        ({"code": "x"}, "gave"),
        ({"fuel": 6}, "used 6 fuel"),
    ],
)
def test_two_calls_that_differ_are_noticed(again: dict[str, Any], said: str) -> None:
    first = Outcome(output=b"1", fuel=5)
    assert said in difference(first, replace(first, **again))
    assert bool(said) == bool(difference(first, replace(first, **again)))


def test_what_came_of_a_call_holds_what_it_used_even_when_it_fails(built: Build, host: Host) -> None:
    guest = host.load(built("c"), GuestLimits())
    fine = ask(guest, b'{"op":"echo","value":[1]}', deadline_s=5)
    trapped = ask(guest, b'{"op":"crash"}', deadline_s=5)
    refused = ask(guest, b'{"op":"fail","code":"a","message":"b"}', deadline_s=5)
    assert (fine.value, fine.code, fine.brief) == ([1], "", "b'{\"ok\":[1]}'")
    assert (trapped.code, trapped.output) == ("guest.trap", b"")
    assert (refused.code, refused.guest_code) == ("guest.error", "a")
    assert min(fine.fuel, trapped.fuel, refused.fuel) > 0


@pytest.mark.parametrize(
    ("row", "passed", "failed"),
    [
        (Row("c", (Verdict("v", "", 1, 1.0),), is_identical=True), True, 0),
        (Row("c", (Verdict("v", "", 1, 1.0),), is_identical=False), False, 0),
        (Row("js", (Verdict("v", "bad", 1, 1.0), Verdict("w", "", 1, 1.0))), False, 1),
        (Row("js", (), problem="build.no_toolchain"), False, len(vectors())),
        (Row("js", ()), False, 0),
    ],
)
def test_a_summary_says_what_did_not_pass(row: Row, passed: bool, failed: int) -> None:  # noqa: FBT001  # a case's
    found = summary([row])
    assert (found["bar8_ok"], found[f"bar8_{row.language}_failed"]) == (passed, failed)


def test_a_language_nobody_knows_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cobol"]) == 2
    assert "cobol" in capsys.readouterr().err


def test_one_language_can_be_run_alone_with_its_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["c"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out.splitlines()[-1])
    assert (found["bar8_ok"], found["bar8_languages"], found["bar8_c_byte_identical"]) == (True, 1, True)
    assert "byte-identical" in said.err
