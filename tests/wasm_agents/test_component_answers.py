"""What a component says becomes one envelope, and never another than the host made."""

import pytest

from contracts.errors import AttemptFailed
from tests.wasm_agents.components import ECHO, answer_of, spell
from wasm_agents.envelope import open_envelope


@pytest.mark.parametrize("content", [b'{"a":"\\u00e4\xc3\xa4"}', b"[]", b'"' + b"x" * 40_000 + b'"'])
def test_an_ok_comes_back_in_the_envelope_and_read(content: bytes) -> None:
    answer = answer_of(spell(execute=ECHO, memory='(memory (export "memory") 2)'), content)
    assert answer.output == b'{"ok":' + content + b"}"
    assert open_envelope(answer.output) == answer.value
    assert answer.is_ok


@pytest.mark.parametrize(
    ("said", "code", "retryable"),
    [
        (b"no such city", "guest_error", False),
        (b"", "guest_error", False),
        (b'{"code":"mine","message":"no"}', "mine", False),
        (b'{"code":"mine","message":"no","retryable":true}', "mine", True),
        (b'{"code":"mine","message":"no","retryable":1}', "guest_error", False),
        (b'{"code":"a","code":"b","message":"no"}', "guest_error", False),
        (b'{"code":7,"message":"no"}', "guest_error", False),
        (b"[" * 5000, "guest_error", False),
        (b"\xc3\xa4" * 40_000, "guest_error", False),
    ],
)
def test_an_error_keeps_its_code_or_is_only_words(said: bytes, code: str, *, retryable: bool) -> None:
    memory = '(memory (export "memory") 2)'
    answer = answer_of(spell(answer=said, is_error=1, memory=memory))
    with pytest.raises(AttemptFailed) as raised:
        open_envelope(answer.output)
    assert (raised.value.code, raised.value.data["guest_code"]) == ("guest.error", code)
    assert raised.value.retryable is retryable
    assert len(answer.output) < 70_000


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b'1},"x":{', "output.json"),
        (b'1,"error":null', "output.json"),
        (b'1,"ok":2', "output.json"),
        (b'1},"error":{"code":"a","message":"b"', "output.json"),
        (b"", "output.json"),
        (b"NaN", "output.json"),
        (b"[" * 65 + b"]" * 65, "output.json"),
        (b'"\\ud800"', "output.utf8"),
    ],
)
def test_no_answer_forges_another_envelope(text: bytes, code: str) -> None:
    with pytest.raises(AttemptFailed) as raised:
        answer_of(spell(answer=text))
    assert raised.value.code == code
