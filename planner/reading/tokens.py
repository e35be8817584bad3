"""The words of a reply's JSON, read tolerantly: each token says what a strict reader would not have taken.

Every pattern is linear (possessive, no nesting); what runs into the end of the
text is truncated, whatever it is.
"""

from __future__ import annotations

import re
from typing import Any, Final, NamedTuple

from contracts.errors import InvalidInput
from planner.reading.numbers import read_number

SPACE: Final = re.compile(r"[ \t\r\n]*+")
ODD_SPACE: Final = re.compile(r"[\s\u00a0\u1680\u2000-\u200d\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]++")
COMMENT: Final = re.compile(r"//[^\n]*+|#[^\n]*+|/\*.*?\*/", re.DOTALL)
WORD: Final = re.compile(r"[A-Za-z_$][\w$-]*+|\.{2,}|…")
WORDS: Final[dict[str, tuple[Any, str]]] = {
    "true": (True, ""),
    "false": (False, ""),
    "null": (None, ""),
    "True": (True, "reply.python_literal"),
    "False": (False, "reply.python_literal"),
    "None": (None, "reply.python_literal"),
}
WIDE: Final = dict(zip("\uff5b\uff5d\uff3b\uff3d\uff1a\uff0c\u3001\u3010\u3011", "{}[]:,,[]", strict=True))
"""Full-width punctuation and what it stands for."""
_DOUBLE: Final = re.compile(r'"((?:[^"\\]|\\.)*+)"', re.DOTALL)
_SINGLE: Final = re.compile(r"'((?:[^'\\]|\\.)*+)'", re.DOTALL)
_CURLY: Final = re.compile("[\u201c\u201d\u201e\u201f]([^\u201c\u201d\u201e\u201f]*+)[\u201c\u201d\u201f]")
_CURLY_SINGLE: Final = re.compile(
    "[\u2018\u2019\u201a\u201b]([^\u2018\u2019\u201a\u201b]*+)[\u2018\u2019\u201b]"
)
_WIDE_QUOTED: Final = re.compile("\uff02([^\uff02]*+)\uff02")
QUOTED: Final = {
    '"': (_DOUBLE, ""),
    "'": (_SINGLE, "reply.single_quotes"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f", (_CURLY, "reply.smart_quotes")),
    **dict.fromkeys("\u2018\u2019\u201a\u201b", (_CURLY_SINGLE, "reply.smart_quotes")),
    "\uff02": (_WIDE_QUOTED, "reply.smart_quotes"),
}
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)", re.DOTALL)
_ESCAPES: Final = {
    '"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"
}  # fmt: skip
_CONTROL: Final = re.compile(r"[\x00-\x1f]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_LINE: Final = re.compile(r"[\n\r\t]")


class NotJson(Exception):
    """What stands here is no JSON, whatever follows."""


class Token(NamedTuple):
    """One word of JSON."""

    kind: str
    """A bracket, `:`, `,`, `string`, `value`, `name` (a word without quotes) or `end` (of the text)."""
    value: Any
    end: int
    marks: tuple[str, ...] = ()
    """What was tolerated to read it."""


def truncated() -> InvalidInput:
    """Return the refusal of a reply that ends too early."""
    return InvalidInput(
        "plan.reply_truncated",
        "the reply ends before its plan does",
        hint="Answer shorter, or raise the model's limit.",
    )


def next_token(text: str, at: int) -> Token:
    """Return the token at or after `at`.

    Raises:
        NotJson: No JSON can stand there.
        InvalidInput: `plan.reply_truncated`, the text ends inside the token.
    """
    marks: list[str] = []
    at = skip_space(text, at, marks)
    if at >= len(text):
        return Token("end", None, at)
    char = text[at]
    if char in "{}[]:,":
        return Token(char, None, at + 1, tuple(marks))
    if char in WIDE:
        return Token(WIDE[char], None, at + 1, (*marks, "reply.wide_punctuation"))
    if char in QUOTED:
        return _string(text, at, marks)
    if char in "-+.0123456789" and not text.startswith("..", at):
        value, end = read_number(text, at)
        if end == len(text):
            raise truncated()
        if value is None:
            raise NotJson(f"no number: {text[at:end][:40]!r}")
        return Token("value", value, end, tuple(marks))
    return _word(text, at, marks)


def skip_space(text: str, at: int, marks: list[str]) -> int:
    """Return where the next token begins, behind space and comments, adding what was tolerated to `marks`."""
    while True:
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing, too
        char = text[at : at + 1]
        if char in {"/", "#"} and char:
            found = COMMENT.match(text, at)
            if found is None:
                if at + 1 >= len(text) or text[at + 1] == "*":
                    raise truncated()
                raise NotJson("a slash")
            marks.append("reply.comment_dropped")
        else:
            found = ODD_SPACE.match(text, at)
            if found is None:
                return at
            marks.append("reply.odd_space")
        at = found.end()


def _string(text: str, at: int, marks: list[str]) -> Token:
    pattern, mark = QUOTED[text[at]]
    found = pattern.match(text, at)
    if found is None:
        raise truncated()
    said = [*marks, mark] if mark else marks
    return Token("string", unescape(found[1], said), found.end(), tuple(said))


def unescape(raw: str, marks: list[str]) -> str:
    """Return the text that the inside of a string spells.

    Raises:
        NotJson: An escape that no reader knows, or half of a surrogate pair.
    """
    if _CONTROL.search(raw):
        if _CONTROL.search(_LINE.sub("", raw)):
            raise NotJson("a control character in a string")
        marks.append("reply.raw_newline")
    if "\\" in raw:
        raw = _ESCAPE.sub(lambda m: _escaped(m[1], marks), raw)
    if not _SURROGATE.search(raw):
        return raw
    try:
        return raw.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as exc:
        raise NotJson("half of a surrogate pair") from exc


def _escaped(code: str, marks: list[str]) -> str:
    plain = _ESCAPES.get(code)
    if plain is not None:
        return plain
    if code[0] == "u" and len(code) == 5:
        return chr(int(code[1:], 16))
    if code in {"'", "_"}:  # Python's, and Markdown's
        marks.append("reply.escape_mended")
        return code
    if code[0] == "x" and len(code) == 3:
        marks.append("reply.escape_mended")
        return chr(int(code[1:], 16))
    raise NotJson(f"no escape: {code[:10]!r}")


def _word(text: str, at: int, marks: list[str]) -> Token:
    found = WORD.match(text, at)
    if found is None:
        raise NotJson(f"no JSON begins with {text[at]!r}")
    word, end = found[0], found.end()
    if end == len(text):
        raise truncated()
    if word in WORDS:
        value, mark = WORDS[word]
        return Token("value", value, end, (*marks, mark) if mark else tuple(marks))
    return Token("name", word, end, tuple(marks))
