from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.plan_formats import as_json
from service.terminal import terminal_json

DRIVING = "\x7f\x80\x9b\x9f\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\ud800\udfff"


@pytest.mark.parametrize("char", DRIVING)
def test_a_character_that_drives_a_terminal_is_escaped(char: str) -> None:
    for shown in (terminal_json({f"a{char}": [f"{char}b"]}), as_json({f"a{char}": [f"{char}b"]})):
        assert char not in shown
        assert shown.count(f"\\u{ord(char):04x}") == 2


@given(
    st.recursive(
        st.none() | st.text() | st.text(DRIVING[:-2]),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_the_value_shown_is_the_value_given(value: Any) -> None:
    shown = terminal_json(value)

    assert json.loads(shown) == value
    assert not [c for c in shown if unicodedata.category(c) in {"Cc", "Zl", "Zp", "Cs"} and c != "\n"]


def test_words_of_every_tongue_are_shown_as_they_are() -> None:
    assert terminal_json("Grüße, 名前, עברית") == '"Grüße, 名前, עברית"'
