"""An objective's text, ready to be read: literals taken out, words folded, clauses told apart.

Literals (URLs, quoted strings, JSON, CSV, files) are masked by one private
character each, so that no word inside them is taken for an instruction.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from planner.rules.literals import is_csv, take_csv, take_json
from planner.rules.number_lists import take_number_lists
from planner.rules.quoting import take_templates
from planner.rules.spelling import Speller, fold

if TYPE_CHECKING:
    from pydantic import JsonValue

URL_MARK: Final = "\ue000"
QUOTE_MARK: Final = "\ue001"
JSON_MARK: Final = "\ue002"
IMAGE_MARK: Final = "\ue003"
CSV_MARK: Final = "\ue004"
FILE_MARK: Final = "\ue005"
MARKS: Final = URL_MARK + QUOTE_MARK + JSON_MARK + IMAGE_MARK + CSV_MARK + FILE_MARK
_FIRST_INDEX: Final = 0xF000
_INDEXED: Final = re.compile(rf"([{MARKS}])([\uf000-\uf8ff])")
_PADDED: Final = re.compile(rf" ?[{MARKS}]([\uf000-\uf8ff]) ?")

_PRIVATE: Final = re.compile(r"[\ue000-\uf8ff\x00-\x08\x0b-\x1f\x7f]")
_URL: Final = re.compile(
    r"https?://[^\s<>\"'`\[\]{}|\\^\ue000-\uf8ff]+|https?://\[[0-9a-f:.]+\][^\s<>\"'`{}|\\^]*", re.IGNORECASE
)
_IMAGE: Final = re.compile(r"[\w./~-]+\.(?:jpe?g|png|webp|gif|bmp|tiff?|avif|heic)\b", re.IGNORECASE)
_FILE: Final = re.compile(
    r"(?<![\w.@/])[\w./~-]*\w\.(?:csv|tsv|json|jsonl|txt|md|xlsx?|ods|ics|xml|ya?ml|pdf|docx?|odt|html?|log"
    r"|mp[34]|wav|og[ga]|m4a|flac|aac|opus|mov|mkv|webm|avi)\b(?!\.\w)",
    re.IGNORECASE,
)
_QUOTES: Final = re.compile(
    r"(?<!\w)'([^'\n]{1,2000})'(?!\w)|(?<!\d)\"([^\"]{1,2000})\"|[“„]([^”“\n]{1,2000})[”“]|«\s?([^»\n]{1,2000}?)\s?»"
    r"|\u2018([^\u2019\n]{1,2000})\u2019(?!\w)|\u201a([^\u2018\u2019\n]{1,2000})[\u2018\u2019](?!\w)"
    r"|»\s?([^«\n]{1,2000}?)\s?«|\u2039\s?([^\u203a\n]{1,2000}?)\s?\u203a|\u201d([^\u201d\n]{1,2000})\u201d|`([^`\n]{1,2000})`"
)
_WHOLE: Final = re.compile(r"\s*(?:\"([^\"]+)\"|'([^']+)'|“([^“”]+)”|„([^„“]+)“)\s*[.?!]?\s*")
_WORD: Final = re.compile(rf"[{MARKS}]|\w+(?:-\w+)*", re.UNICODE)
_BREAK: Final = re.compile(r"[;?!\n]|[.,:](?=\s|$)|\b(?:and|then|und|dann|et|puis|y|luego)\b")
_BARE_SITE: Final = re.compile(
    r"(?<![\w@/.:-])(?:[a-z0-9-]{1,63}\.)+(?:com|org|net|example|test|de|fr|es|eu|io|co|uk|us|info|shop|auction|local)"
    r"(?::\d+)?(?:/[^\s,;]*)?(?![\w@])"
)


@dataclass(frozen=True, slots=True)
class Word:
    """One folded word and where it stands in the masked text."""

    text: str
    start: int
    end: int
    clause: int
    """Counts from 0; a full stop, a comma or an `and` begins another."""


@dataclass(frozen=True, slots=True)
class Literal:
    """One piece of material: its mark and its value."""

    mark: str
    value: Any


@dataclass(frozen=True)
class Text:
    """An objective without its literals, and the literals."""

    plain: str
    """As written, masked, with slips of spelling mended."""
    literals: tuple[Literal, ...] = ()
    """One for each mark, in the order of the marks."""

    @cached_property
    def urls(self) -> tuple[str, ...]:
        """Every address once."""
        return tuple(dict.fromkeys(self._of(URL_MARK)))

    @cached_property
    def quotes(self) -> tuple[str, ...]:
        """Quoted texts."""
        return tuple(self._of(QUOTE_MARK))

    @cached_property
    def values(self) -> tuple[JsonValue, ...]:
        """JSON arrays and objects, and plain lists of numbers."""
        return tuple(self._of(JSON_MARK))

    @cached_property
    def images(self) -> tuple[str, ...]:
        """File names, and URLs that end like one, each once."""
        return tuple(dict.fromkeys(self._of(IMAGE_MARK)))

    @cached_property
    def csvs(self) -> tuple[str, ...]:
        """CSV texts."""
        return tuple(self._of(CSV_MARK))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Names of files that are no images."""
        return tuple(dict.fromkeys(self._of(FILE_MARK)))

    @cached_property
    def bare_sites(self) -> tuple[str, ...]:
        """What looks like an address without its http://."""
        return tuple(_BARE_SITE.findall(self.folded))

    @cached_property
    def folded(self) -> str:
        """The text in lower case without accents, of the same length."""
        return fold(self.plain)

    @cached_property
    def words(self) -> tuple[Word, ...]:
        """Every word, folded; a mask is a word."""
        breaks = [0, *(m.start() for m in _BREAK.finditer(self.folded)), len(self.folded) + 1]
        return tuple(
            Word(m.group(), m.start() + start, m.end() + start, number)
            for number, (start, end) in enumerate(pairwise(breaks))
            for m in _WORD.finditer(self.folded[start:end])
        )

    @cached_property
    def _said(self) -> frozenset[str]:
        """Each word once."""
        return frozenset(w.text for w in self.words)

    def having(self, words: Container[str]) -> Iterator[tuple[int, Word]]:
        """Yield the place and the word of each that is among `words`."""
        return ((i, w) for i, w in enumerate(self.words) if w.text in words)

    def has(self, words: Container[str]) -> bool:
        """Say whether any word is among `words`."""
        return any(said in words for said in self._said)

    def matches(self, pattern: str) -> bool:
        """Say whether the folded text has the phrase."""
        return re.search(pattern, self.folded) is not None

    def after(self, index: int) -> str:
        """Return the word that follows the one at `index`, or nothing."""
        return self.words[index + 1].text if index + 1 < len(self.words) else ""

    def before(self, index: int) -> str:
        """Return the word before the one at `index`, or nothing."""
        return self.words[index - 1].text if index > 0 else ""

    def parts(self, spans: Sequence[tuple[int, int]]) -> Text:
        """Return the text of some spans of `plain`, with the literals in them."""
        found: list[Literal] = []
        for start, end in spans:
            first = sum(c in MARKS for c in self.plain[:start])
            found += self.literals[first : first + sum(c in MARKS for c in self.plain[start:end])]
        return Text(" ".join(self.plain[start:end] for start, end in spans), tuple(found))

    def without(self, spans: Sequence[tuple[int, int]]) -> Text:
        """Return the text with some spans of `plain` blank; the literals stay."""
        plain = self.plain
        for start, end in spans:
            blank = "".join(c if c in MARKS else " " for c in plain[start:end])
            plain = plain[:start] + blank + plain[end:]
        return Text(plain, self.literals)

    def _of(self, mark: str) -> Iterator[Any]:
        return (piece.value for piece in self.literals if piece.mark == mark)


class _Masks:
    """What was masked so far; each mask is a mark and a number, until all are in place."""

    def __init__(self) -> None:
        self.pieces: list[tuple[Literal, str]] = []

    def put(self, mark: str, value: JsonValue, written: str) -> str:
        if len(self.pieces) >= 0xF8FF - _FIRST_INDEX:
            return written
        self.pieces.append((Literal(mark, value), written))
        return f" {mark}{chr(_FIRST_INDEX + len(self.pieces) - 1)} "

    def written(self, text: str) -> str:
        """Return the text as it was before anything in it was masked."""
        return _PADDED.sub(lambda m: self.pieces[ord(m[1]) - _FIRST_INDEX][1], text)

    def as_text(self, text: str) -> Text:
        found = tuple(self.pieces[ord(m[2]) - _FIRST_INDEX][0] for m in _INDEXED.finditer(text))
        return Text(_INDEXED.sub(lambda m: m[1], text), found)


def read_text(objective: str, speller: Speller | None = None) -> Text:
    """Return the objective with its literals taken out, and slips mended where a speller is given."""
    masks = _Masks()
    text = _PRIVATE.sub(" ", objective)
    whole = _WHOLE.fullmatch(text)
    if whole is not None and "\n" not in text.strip():
        inner = next(g for g in whole.groups() if g is not None)
        text = inner if " " in inner.strip() else text
    text = take_csv(text, lambda value, written: masks.put(CSV_MARK, value, written))
    text = take_json(text, lambda value, written: masks.put(JSON_MARK, value, written))
    text = take_templates(text, lambda inner, written: masks.put(QUOTE_MARK, masks.written(inner), written))
    text = _URL.sub(lambda m: _masked_url(m, masks), text)
    text = _QUOTES.sub(lambda m: _masked_quote(m, masks), text)
    text = _IMAGE.sub(lambda m: masks.put(IMAGE_MARK, m.group(), m.group()), text)
    text = _FILE.sub(lambda m: masks.put(FILE_MARK, m.group(), m.group()), text)
    text = take_number_lists(
        unicodedata.normalize("NFKC", text), lambda value, written: masks.put(JSON_MARK, value, written)
    )
    return masks.as_text(text if speller is None else speller.mended(text))


def _masked_url(match: re.Match[str], masks: _Masks) -> str:
    found = match.group().rstrip(".,;:!?*_")
    found = found.rstrip(")") if "(" not in found else found
    rest = match.group()[len(found) :]
    is_image = _IMAGE.fullmatch(found.partition("://")[2].partition("?")[0]) is not None
    return masks.put(IMAGE_MARK if is_image else URL_MARK, found, found) + rest


def _masked_quote(match: re.Match[str], masks: _Masks) -> str:
    inner = next(g for g in match.groups() if g is not None)
    if _INDEXED.sub("", inner).strip() == "":
        return f" {inner} "
    said = masks.written(inner)
    lines = said.replace("\\r", "").replace("\\n", "\n")
    if "\n" in lines and is_csv(lines):
        return masks.put(CSV_MARK, lines.rstrip("\n") + "\n", match.group())
    return masks.put(QUOTE_MARK, said, match.group())
