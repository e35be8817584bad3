"""The words of a text as a search sees them: no case, no accents, no endings, no words that say nothing.

Endings are cut the same way from what is searched and from what is asked, in
English, German, Spanish and French alike: two forms of one word should meet;
that a stem is no word of any of them does not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

MAX_TEXT: Final = 8_000
MAX_WORD: Final = 40
_WORD: Final = re.compile(r"[^\W\d_]+\d*|\d+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LETTERS: Final = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l"})
_CUT: Final = """
    ations:at ation:at ierungen: ierung: ieren: ingly: ings: ing: edly: ies:y sses:ss xes:x ches:ch shes:sh zes:z
    eaux:eau aux:al iones:ion ones:on ungen:ung iert: iere: ern: ers: ed: es: en: em: er: ez: ar: ir: os: as: s:
    e: n: o: a:
"""
_SHORT: Final = frozenset({"s", "ies", "sses", "xes", "ches", "shes", "zes"})
_ENDINGS: Final = tuple(
    (ending, instead, 3 if ending in _SHORT else 4)
    for ending, _, instead in (pair.partition(":") for pair in _CUT.split())
)
"""What is cut, what stands in its place, and how many letters must be left: `dates` is not `data`."""
_STEPS: Final = 2
"""Endings cut from one word, at most: `filterings` -> `filter` -> `filt`."""

_SAYS_NOTHING: Final = """
    a about all also am an and any are as at be been but by can could do does each every for from get give had
    has have how if in into is it its just let like may me more most my need no not of on once one only or our
    out over please same should so some such than that the their them then there these they this those to too
    under up us use used using want was we were what when where which who will with would you your
    aber als am an auch auf aus bei bis bitte da dann das dass dem den der des die dies diese dieser dieses doch
    du ein eine einem einen einer eines er es fur haben hat ich ihr im in ist jede jeden jeder jedes kann kein
    mein mir mit nach nicht noch nur ob oder sein sich sie sind so soll uber um und uns von vom vor war was wenn
    wer wie wir wird zu zum zur
    al como con cual cuando de del el en es esta este esto hay la las le lo los mas mi muy no o para pero por que
    se si sin sobre son su sus tu un una uno unos y ya
    au aux avec ce ces cette chaque dans des donc du elle en est et il ils je la le les leur lui mais me mes moi
    mon ne nos notre nous ou par pas plus pour qu que qui sa se ses son sont sur ta te tes toi ton tous tout un
    une vos votre vous
    """
COMMON: Final = frozenset(_SAYS_NOTHING.split())


def folded(text: str) -> str:
    """Return the text in lower case without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LETTERS))
    return "".join(c for c in plain if not unicodedata.combining(c))


def terms(text: str) -> Iterator[str]:
    """Yield the stem of each word that says something, in order; `fooBar` and `foo_bar` are two words."""
    for word in _WORD.findall(folded(_HUMP.sub(" ", text[:MAX_TEXT]))):
        if word not in COMMON and (len(word) > 1 or not word.isascii()):
            yield stem(word[:MAX_WORD])


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return a folded word without its endings, `photo` and `Foto`, `konvert` and `convert` spelled alike."""
    word = word.replace("ph", "f").replace("k", "c")
    for _ in range(_STEPS):
        for ending, instead, least in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) + len(instead) >= least:
                word = word[: len(word) - len(ending)] + instead
                break
        else:
            break
    if len(word) > 3 and word[-1] == word[-2] and word[-1] not in "aeiou":
        word = word[:-1]  # `summed` is cut to `summ`
    return word
