"""Slips of spelling, mended against the words the rules know; what is not plainly a slip stays as it is."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Final

from planner.rules.lexicon import Words

MIN_LETTERS: Final = 5
MAX_MENDED: Final = 60
"""Unknown words looked at in one text."""
SHORTEST: Final = 3
SHORT: Final = Words(
    "how many much what find sort list when ends with from this that text echo rows word time date page "
    "lots fill the and for give make price "
    "show wie viele zeit texte"
).exact
"""Words too short to have a letter wrong, and still two letters swapped."""
MISSPELT: Final = {
    "meny": "many", "mutch": "much", "wich": "which", "whitch": "which", "adn": "and", "hte": "the", "inot": "into",
    "intoo": "into",
}  # fmt: skip
"""Short words as they are often written."""
_LONG: Final = 8
_SUBSTITUTED_FROM: Final = 7
"""Shorter words that differ by one letter are mostly two words: tracks and trucks."""
_WORD: Final = re.compile(r"[^\W\d_]+")
LOOKALIKES: Final = Words(
    "form lost tiles tile county counter counters counts counting country plates tablet tablets cables stables courts "
    "mounts endless pricey princes prizes prices photons photon wording listed lister sorted sorter sorting "
    "sports grouper loots slots lotus pages pagers sites suites datum dating updates states rates gates "
    "minimal maximal media medial means meaning meant total totally summer summit first thirst there these "
    "those where were which while their other others about after again being below could would should might "
    "every never until since under over white black green brown trailer trailers tracker trackers stocks "
    "truce price priced image imaged please unter unten alles alle eines einen einer nicht auction action "
    "actions auctioned caption station ration sellers seller smaller taller caller letter better later latter "
    "matter watch catch match batch patch close closed closer closet cloths clothes chosen unique antique "
    "boutique textile textiles texture title titles ending sending lending bending vending trend trends end- "
    "user tools stools pools spools deals seals meals reports resorts exports imports ports parts carts "
    "charts starts chart start store stores stories story combine combines convertible converter converters "
    "templates template temple temples words swords sword world worlds photo photos poster posters color "
    "colors colour colours collar dollars collars sailor sailors tailor schema schemas scheme schemes check "
    "checks cheek cheque cheques chick valid valued value values valley volley"
).exact
"""Words of their own that stand near one of ours."""


def fold(text: str) -> str:
    """Return the text in lower case without accents, of the same length."""
    return text.lower() if text.isascii() else "".join(map(_fold, text))


class Speller:
    """Mends words of five letters and more that are one slip (two, in long words) from a word it knows.

    Args:
        words: Folded words that slips are mended to.
        others: Folded words that are no slips.
    """

    def __init__(self, words: Iterable[str], *, others: Iterable[str] = ()) -> None:
        known = {w for w in words if len(w) >= MIN_LETTERS and w.isalpha()}
        self._known = known | LOOKALIKES | frozenset(others)
        self._by_letter: dict[str, list[str]] = defaultdict(list)
        for word in sorted(known):
            self._by_letter[word[0]].append(word)
        self._found: dict[str, str | None] = {}

    def mended(self, text: str) -> str:
        """Return the text with each plain slip written as the word it stands for."""
        looked = 0

        def mend(match: re.Match[str]) -> str:
            nonlocal looked
            written = match.group()
            word = fold(written)
            if len(word) < SHORTEST or word in self._known or word in SHORT or looked >= MAX_MENDED:
                return written
            looked += 1
            if written[0].isupper() and match.start() > 0 and len(word) <= MIN_LETTERS:
                return written  # a name, more often than a slip
            return self._nearest(word) or written

        return _WORD.sub(mend, text)

    def _nearest(self, word: str) -> str | None:
        if word not in self._found:
            if len(self._found) > 5000:
                self._found.clear()
            self._found[word] = self._search(word)
        return self._found[word]

    def _search(self, word: str) -> str | None:
        if word in MISSPELT:
            return MISSPELT[word]
        if len(word) < MIN_LETTERS:
            return next((w for w in _swaps(word) if w in SHORT), None)
        if self._is_inflected(word):
            return None
        allowed = 2 if len(word) >= _LONG else 1
        best: tuple[int, int, str] | None = None
        for known in (*self._by_letter.get(word[0], ()), *self._by_letter.get(word[1], ())):
            if abs(len(known) - len(word)) > allowed or (known[0] != word[0] and known[:2] != word[1::-1]):
                continue
            distance = slips(word, known, allowed)
            if distance > allowed or _is_other_word(word, known):
                continue
            # a letter lost or doubled is likelier than another in its place
            rank = (distance, int(len(word) == len(known) and sorted(word) != sorted(known)), known)
            best = rank if best is None or rank < best else best
        return best[2] if best else None

    def _is_inflected(self, word: str) -> bool:
        """Say whether a word is one we know with an ending, or without its own."""
        stems = {word[:-1], word[:-2], word[:-3], word + "s", word + "e", word + "d", word + "n", word + "en"}
        return bool(stems & self._known)


def _swaps(word: str) -> Iterator[str]:
    """Yield the word with each two neighbours swapped."""
    return (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(len(word) - 1))


def slips(one: str, other: str, most: int) -> int:
    """Return how many letters are wrong, missing, too many or swapped, or `most` + 1 when more are."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        new = [i]
        for j, b in enumerate(other, 1):
            cost = min(row[j] + 1, new[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            new.append(cost)
        if min(new) > most:
            return most + 1
        before, row = row, new
    return row[-1]


def _is_other_word(word: str, known: str) -> bool:
    """Say whether two words are of one length, short, and differ by one letter: rather two words than a slip."""
    if len(word) != len(known) or len(word) >= _SUBSTITUTED_FROM:
        return False
    return sum(a != b for a, b in zip(word, known, strict=True)) == 1


def _fold(char: str) -> str:
    if char.isascii():
        return char.lower()
    folded = unicodedata.normalize("NFD", char)[0].lower()
    return folded if len(folded) == 1 else char
