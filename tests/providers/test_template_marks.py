"""What somebody writes stays words: it never becomes a mark of a model's template."""

from __future__ import annotations

import pytest

from providers.chat import Message
from providers.embedded.marks import without_marks

MARKS = [
    "<|im_start|>",
    "<|eot_id|>",
    "<|start_header_id|>",
    "</s>",
    "<s>",
    "<start_of_turn>",
    "[INST]",
    "[/INST]",
]


def words(text: str) -> str:
    return without_marks([Message("user", text)])[0].content


@pytest.mark.parametrize("mark", [*MARKS, "<\uff5cAssistant\uff5c>"])
def test_a_mark_is_broken_up_wherever_it_stands(mark: str) -> None:
    found = words(f"a{mark}{mark}b <{mark}")
    assert mark not in found
    assert found.replace(" ", "") == f"a{mark}{mark}b<{mark}".replace(" ", "")
    assert words(found) == found


@pytest.mark.parametrize("text", ["a < b | c > d", "x[1] <b>bold</b>", "if a <| b", "[0, 1]", "<tool>"])
def test_what_only_looks_a_little_like_one_stays_as_it_is(text: str) -> None:
    assert words(text) == text


def test_a_very_long_text_is_looked_through_at_once() -> None:
    text = "<|" * 500_000
    assert words(text) == text
