"""An objective's text, ready to be read: literals taken out, words folded, clauses told apart.

Literals (URLs, quoted strings, JSON, image files) are masked by one private
character each, so that no word inside them is taken for an instruction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from contracts.errors import InvalidInput
from contracts.jsonvalue import parse_json

if TYPE_CHECKING:
    from pydantic import JsonValue

URL_MARK: Final = "\ue000"
QUOTE_MARK: Final = "\ue001"
JSON_MARK: Final = "\ue002"
IMAGE_MARK: Final = "\ue003"
MARKS: Final = URL_MARK + QUOTE_MARK + JSON_MARK + IMAGE_MARK

_PRIVATE: Final = re.compile(r"[\ue000-\uf8ff\x00-\x08\x0b-\x1f\x7f]")
_URL: Final = re.compile(
    r"https?://[^\s<>\"'`\[\]{}|\\^\ue000-\uf8ff]+|https?://\[[0-9a-f:.]+\][^\s<>\"'`{}|\\^]*", re.IGNORECASE
)
_IMAGE: Final = re.compile(r"[\w./~-]+\.(?:jpe?g|png|webp|gif|bmp|tiff?|avif)\b", re.IGNORECASE)
_QUOTES: Final = re.compile(
    r"(?<!\w)'([^'\n]{1,1000})'(?!\w)|\"([^\"\n]{1,1000})\"|[“„]([^”“\n]{1,1000})[”“]|«\s?([^»\n]{1,1000}?)\s?»"
    r"|\u2018([^\u2019\n]{1,1000})\u2019(?!\w)|`([^`\n]{1,1000})`"
)
_WORD: Final = re.compile(rf"[{MARKS}]|\w+(?:-\w+)*", re.UNICODE)
_BREAK: Final = re.compile(r"[;?!\n]|[.,:](?=\s|$)|\b(?:and|then|und|dann|et|puis|y|luego)\b")
_BRACKET: Final = re.compile(r"[\[{]")
_BARE_NUMBERS: Final = re.compile(
    r"-?\d+(?:\.\d+)?(?:\s*,\s+-?\d+(?:\.\d+)?)+(?:\s*,?\s+(?:and|und|et|y)\s+-?\d+(?:\.\d+)?)?(?![\w,])"
)


@dataclass(frozen=True, slots=True)
class Word:
    """One folded word and where it stands in the masked text."""

    text: str
    start: int
    end: int
    clause: int
    """Counts from 0; a full stop, a comma or an `and` begins another."""


@dataclass(frozen=True)
class Text:
    """An objective without its literals, and the literals."""

    plain: str
    """As written, masked."""
    urls: tuple[str, ...] = ()
    quotes: tuple[str, ...] = ()
    values: tuple[JsonValue, ...] = field(default=())
    """JSON arrays and objects, and plain lists of numbers."""
    images: tuple[str, ...] = ()
    """File names, and URLs that end like one."""

    @cached_property
    def folded(self) -> str:
        """The text in lower case without accents, of the same length."""
        return "".join(map(_fold, self.plain))

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Every word, folded; a mask is a word."""
        breaks = [0, *(m.start() for m in _BREAK.finditer(self.folded)), len(self.folded) + 1]
        return tuple(
            Word(m.group(), m.start() + start, m.end() + start, number)
            for number, (start, end) in enumerate(pairwise(breaks))
            for m in _WORD.finditer(self.folded[start:end])
        )

    def having(self, words: Container[str]) -> Iterator[tuple[int, Word]]:
        """Yield the place and the word of each that is among `words`."""
        return ((i, w) for i, w in enumerate(self.words) if w.text in words)

    def has(self, words: Container[str]) -> bool:
        """Say whether any word is among `words`."""
        return any(True for _ in self.having(words))

    def matches(self, pattern: str) -> bool:
        """Say whether the folded text has the phrase."""
        return re.search(pattern, self.folded) is not None

    def after(self, index: int) -> str:
        """Return the word that follows the one at `index`, or nothing."""
        return self.words[index + 1].text if index + 1 < len(self.words) else ""

    def before(self, index: int) -> str:
        """Return the word before the one at `index`, or nothing."""
        return self.words[index - 1].text if index > 0 else ""


def read_text(objective: str) -> Text:
    """Return the objective with its literals taken out."""
    urls: list[str] = []
    quotes: list[str] = []
    images: list[str] = []
    text, values = _take_json(_PRIVATE.sub(" ", objective))

    def url(match: re.Match[str]) -> str:
        found = match.group().rstrip(".,;:!?*_")
        found = found.rstrip(")") if "(" not in found else found
        rest = match.group()[len(found) :]
        is_image = _IMAGE.fullmatch(found.partition("://")[2].partition("?")[0]) is not None
        (images if is_image else urls).append(found)
        return f" {IMAGE_MARK if is_image else URL_MARK} {rest}"

    def quote(match: re.Match[str]) -> str:
        inner = next(g for g in match.groups() if g is not None)
        if inner.strip(f"{MARKS} ") == "":
            return f" {inner} "
        quotes.append(inner)
        return f" {QUOTE_MARK} "

    def image(match: re.Match[str]) -> str:
        images.append(match.group())
        return f" {IMAGE_MARK} "

    text = _QUOTES.sub(quote, _URL.sub(url, text))
    text = unicodedata.normalize("NFKC", _IMAGE.sub(image, text))
    text, numbers = _take_numbers(text)
    unique = tuple(dict.fromkeys(urls))
    return Text(text, unique, tuple(quotes), (*values, *numbers), tuple(dict.fromkeys(images)))


def _take_json(text: str) -> tuple[str, list[JsonValue]]:
    values: list[JsonValue] = []
    out: list[str] = []
    here = 0
    while (match := _BRACKET.search(text, here)) is not None:
        end = _closing(text, match.start())
        value = _parsed(text[match.start() : end]) if end else None
        stop = end if value is not None else match.end()
        out.append(text[here : match.start()])
        out.append(f" {JSON_MARK} " if value is not None else text[match.start() : stop])
        values += [value] if value is not None else []
        here = stop
        if len(values) > 20:
            break
    return "".join(out) + text[here:], values


def _closing(text: str, start: int) -> int:
    """Return the place after the bracket that closes the one at `start`; 0 when none does."""
    depth, quoted, skip = 0, False, False
    for i in range(start, len(text)):
        char = text[i]
        if skip:
            skip = False
        elif quoted:
            skip, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "[{":
            depth += 1
        elif char in "]}":
            depth -= 1
            if depth == 0:
                return i + 1
    return 0


def _parsed(text: str) -> JsonValue:
    try:
        return parse_json(text, max_depth=16)
    except InvalidInput:
        return None


def _take_numbers(text: str) -> tuple[str, list[JsonValue]]:
    found: list[JsonValue] = []

    def take(match: re.Match[str]) -> str:
        digits = re.findall(r"-?\d+(?:\.\d+)?", match.group())
        if len(digits) < 3 or max(map(len, digits)) > 30:
            return match.group()
        numbers: list[JsonValue] = [float(d) if "." in d else int(d) for d in digits]
        found.append(numbers)
        return f" {JSON_MARK} "

    return _BARE_NUMBERS.sub(take, text), found


def _fold(char: str) -> str:
    if char.isascii():
        return char.lower()
    folded = unicodedata.normalize("NFD", char)[0].lower()
    return folded if len(folded) == 1 else char
