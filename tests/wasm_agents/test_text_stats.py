"""The C guest text_stats against a plain Python reading of what it promises."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import reduce
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import AttemptFailed
from contracts.jsonvalue import parse_json
from wasm_agents.catalogue import guest_cards, module_path
from wasm_agents.envelope import open_envelope
from wasm_agents.guest import Guest
from wasm_agents.host import Host
from wasm_agents.limits import GuestLimits

CARD = next(card for card in guest_cards() if card.name == "wasm:text_stats")


def stats_of(text: str) -> dict[str, Any]:
    words = [w.lower() for w in re.findall("[A-Za-z]+", text)]
    top = Counter(words).most_common(5)  # stable: equal counts in order of first appearance
    return {
        "words": len(words),
        "unique": len(set(words)),
        "sentences": len(re.findall("[.!?]+", text)),
        "chars": len(text),
        "letters": sum(map(len, words)),
        "top": [list(pair) for pair in top],
    }


@pytest.fixture(scope="module")
def guest() -> Iterator[Guest]:
    host = Host()
    yield host.load(module_path(CARD), GuestLimits(**CARD.extra["limits"]), sha256=CARD.sha256)
    host.close()


@pytest.fixture(scope="module")
def stats(guest: Guest) -> Callable[[bytes], Any]:
    return lambda data: open_envelope(guest.call(data, 30.0).output)


def encoded(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "Hello, HELLO world!",
        "a b c d e f g f g",
        "one... two?! three.",
        "don't e-mail naïve café",
        "日本語 text 😀😀",
        "x" * 5000,
        "ab " * 20_000,
    ],
)
def test_stats_of_plain_texts_are_as_counted_in_python(stats: Callable[[bytes], Any], text: str) -> None:
    assert stats(f'{{"text":{encoded(text)}}}'.encode()) == stats_of(text)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(
        alphabet=st.sampled_from("aAbBzZ .!?'é😀\n\t\"\\/") | st.characters(exclude_categories=["Cs"])
    )
)
def test_stats_of_any_text_are_as_counted_in_python(stats: Callable[[bytes], Any], text: str) -> None:
    escaped = "".join(f"\\u{u:04x}" for u in _utf16(text))
    assert stats(b'{"text":"' + escaped.encode() + b'"}') == stats_of(text)


def _utf16(text: str) -> list[int]:
    raw = text.encode("utf-16-be")
    return [raw[i] << 8 | raw[i + 1] for i in range(0, len(raw), 2)]


def cleaned_in_python(text: str, step: str) -> str:
    match step:
        case "strip_control":
            return re.sub("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x9f\\ufeff]", "", text)
        case "normalize_newlines":
            return re.sub("\\r\\n?", "\\n", text)
        case "collapse_spaces":
            return re.sub("[ \\t]+", " ", text)
        case "trim":
            return text.strip(" \t\r\n")
        case _:
            return re.sub("[A-Z]+", lambda found: found[0].lower(), text)


STEPS = ["strip_control", "normalize_newlines", "collapse_spaces", "trim", "lower"]
DIRTY = st.sampled_from("aZ \t\r\n\x00\x07\x7f\x85\x9f\xa0\ufeffé😀.") | st.characters(
    exclude_categories=["Cs"]
)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(alphabet=DIRTY), steps=st.lists(st.sampled_from(STEPS), max_size=6))
def test_a_text_is_cleaned_step_by_step_and_then_counted(
    stats: Callable[[bytes], Any], text: str, steps: list[str]
) -> None:
    wanted = reduce(cleaned_in_python, steps, text)
    found = stats(json.dumps({"text": text, "clean": steps}).encode())
    assert found == stats_of(wanted) | {"cleaned": wanted}


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("<p>one<br/>two</p>", " one two "),
        ('<a href="x>y">one</a>', " one "),
        ("<!-- <b> --> a <!DOCTYPE html>b<?xml ?>", "  a  b "),
        ("1 < 2 and <3 > 2", "1 < 2 and <3 > 2"),
        ("<p unclosed <b>x</b>", "<p unclosed  x "),
        ("<!-- open <b>x</b>", "<!-- open  x "),
        ("<", "<"),
        ("a<", "a<"),
        ("<a " + "x" * 3000 + ">", "<a " + "x" * 3000 + ">"),
    ],
)
def test_markup_becomes_a_space_and_other_signs_stay(
    stats: Callable[[bytes], Any], text: str, cleaned: str
) -> None:
    assert stats(json.dumps({"text": text, "clean": ["strip_tags"]}).encode())["cleaned"] == cleaned


def test_a_megabyte_of_tags_that_never_end_is_cleaned_within_the_limits(guest: Guest) -> None:
    for bomb in ("<!--", '<b ="', "<a x=' ", "<"):
        text = bomb * (1_000_000 // len(bomb))
        result = guest.call(json.dumps({"text": text, "clean": ["strip_tags"]}).encode(), 30.0)
        assert isinstance(open_envelope(result.output), dict)


def test_no_step_leaves_the_text_and_null_means_none(stats: Callable[[bytes], Any]) -> None:
    assert stats(b'{"text":"A b","clean":[]}')["cleaned"] == "A b"
    assert "cleaned" not in stats(b'{"text":"A b","clean":null}')


@pytest.mark.parametrize(
    "clean", ['"trim"', '["polish"]', "[1]", '["trim",{"a":[]}]', "[" + '"trim",' * 16 + '"trim"]']
)
def test_a_step_nobody_knows_is_an_error_of_the_guest(stats: Callable[[bytes], Any], clean: str) -> None:
    with pytest.raises(AttemptFailed) as raised:
        stats(f'{{"text":"a","clean":{clean}}}'.encode())
    assert raised.value.data["guest_code"] == "bad_input"


def test_every_escape_stands_for_one_character(stats: Callable[[bytes], Any]) -> None:
    found = stats(rb'{"text":"\"\\\/\b\f\n\r\ta\u0041\ud83d\ude00"}')
    assert (found["chars"], found["letters"], found["words"]) == (11, 2, 1)


def test_other_members_and_spaces_are_passed_over(stats: Callable[[bytes], Any]) -> None:
    given_ = b' { "a" : [ 1 , -2.5e3 , { "text" : "no" } , [ ] , { } ] , "t\\u0065xt" : "yes it is" , "b" : null } \n'
    assert stats(given_)["words"] == 3


@pytest.mark.parametrize(
    ("data", "guest_code"),
    [
        (b"{}", "bad_input"),
        (b'{"text":5}', "bad_input"),
        (b'{"Text":"a"}', "bad_input"),
        (b"", "bad_json"),
        (b"[]", "bad_json"),
        (b'{"text":"a"', "bad_json"),
        (b'{"text":"a', "bad_json"),
        (b'{"text":"a"}x', "bad_json"),
        (b'{"text":"a"}\0', "bad_json"),
        (b'{"text":"a",}', "bad_json"),
        (b'{"text" "a"}', "bad_json"),
        (b'{"text":}', "bad_json"),
        (b'{"text":"\\x"}', "bad_json"),
        (b'{"text":"\\u12g4"}', "bad_json"),
        (b'{"text":"\\u12', "bad_json"),
        (b'{"text":"\\ud83d"}', "bad_json"),
        (b'{"text":"\\ud83d\\u0041"}', "bad_json"),
        (b'{"text":"\\ude00"}', "bad_json"),
        (b'{"text":"a\nb"}', "bad_json"),
        (b'{"a":' + b"[" * 5000 + b"]" * 5000 + b',"text":"a"}', "bad_json"),
    ],
)
def test_input_that_is_no_object_with_a_text_is_an_error_of_the_guest(
    stats: Callable[[bytes], Any], data: bytes, guest_code: str
) -> None:
    with pytest.raises(AttemptFailed) as raised:
        stats(data)
    assert (raised.value.code, raised.value.data["guest_code"]) == ("guest.error", guest_code)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: b'{"text":"' + b))
def test_no_bytes_make_the_guest_trap(guest: Guest, data: bytes) -> None:
    envelope = parse_json(guest.call(data, 10.0).output)
    assert isinstance(envelope, dict)
    assert len(envelope) == 1


def test_a_text_of_four_megabytes_is_counted_within_the_limits(guest: Guest) -> None:
    text = " ".join(
        f"{chr(97 + i % 26)}{chr(97 + i // 26 % 26)}{chr(97 + i // 676 % 26)}" for i in range(1_000_000)
    )
    result = guest.call(b'{"text":"' + text.encode() + b'"}', 30.0)
    found = open_envelope(result.output)
    assert isinstance(found, dict)
    assert (found["words"], found["unique"]) == (1_000_000, 26**3)


def test_a_guest_out_of_memory_says_so(host: Host) -> None:
    guest = host.load(module_path(CARD), GuestLimits(memory_bytes=3 * 65536))
    with pytest.raises(AttemptFailed) as raised:
        open_envelope(guest.call(b'{"text":"' + b"a " * 20_000 + b'"}', 5.0).output)
    assert raised.value.data["guest_code"] == "out_of_memory"


def test_an_input_larger_than_the_guests_memory_is_a_memory_limit(host: Host) -> None:
    guest = host.load(module_path(CARD), GuestLimits(memory_bytes=2 * 65536))
    with pytest.raises(AttemptFailed) as raised:
        guest.call(b'{"text":"' + b"a" * 70_000 + b'"}', 5.0)
    assert raised.value.code == "limit.memory"
