"""What a word is about, whatever its form: `summarise`, `summary` and `summarizing` are one; so are `wetter` and weather.

The root of an English word is found by its ending, British and American
spelling alike; a word of another language goes by the English one that the
glossary has for it. A root is no word of any language, and need not be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from planner.catalogue_terms import COMMON, MAX_TEXT, MAX_WORD, folded, stem
from planner.chaining.glossary import ENGLISH, ONE_THING, STARTS
from planner.rules.lexicon import Words

_WORD: Final = re.compile(r"[^\W\d_]+\d*|\d+")
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CUT: Final = """
    ability:able:3 ibility:ible:3 ization::5 isation::5 izer::5 iser::5 izing::5 ising::5 ized::5
    ised::5 ize::5 ise::5 ition::5 ification:if:3 ifier:if:3 ifying:if:3 ified:if:3 ify:if:3
    ription:rib:5 version:vert:3 ation::4 ator::4 ating::4 ated::4 ate::4 ion::5 or::5 er::5 ing::4
    ity::5 ed::4 y::5 e::4
"""
_ENDINGS: Final = tuple(
    (ending, instead, int(least)) for ending, instead, least in (part.split(":") for part in _CUT.split())
)
"""Ending, what stands in its place, and how many letters must be left."""
_AS_IT_IS: Final = Words(
    "version versions listing listings weather number numbers letter letters customer customers summer center "
    "computer computers during something anything everything morning evening string strings rating ratings "
    "building buildings meeting meetings counter counters early daily weekly monthly yearly country county "
    "company battery history factory library property delivery century director directors doctor doctors "
    "vector passion fashion million billion opinion region reason question questions mention religion "
).exact
_SAME: Final = {
    "summar": "summariz",
    "analy": "analys",
    "analyt": "analys",
    "analytic": "analys",
    "colour": "color",
}
_SPELLED: Final = (("centre", "center"), ("metre", "meter"), ("litre", "liter"), ("ogue", "og"), ("licence", "license"),
    ("our", "or"))  # fmt: skip


@lru_cache(maxsize=50_000)
def concept(word: str) -> str:
    """Return the root of a folded word, in English or a language near it."""
    if word in ONE_THING:
        word = ONE_THING[word]
    if word == "news":
        return "newz"  # none of the new
    if not word.isascii() or len(word) < 5 or word in _AS_IT_IS:
        return stem(word)
    if re.match(r"analy[sz]", word):
        return "analys"
    for british, american in _SPELLED:
        if word.endswith(british) and len(word) > 5:
            word = word.removesuffix(british) + american
    word = _singular(word)
    for ending, instead, least in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= least:
            if ending == "y" and word[-2] in "aeou":
                continue
            root = word.removesuffix(ending) + instead
            return stem(_SAME.get(root, root))
    return stem(_SAME.get(word, word))


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


@lru_cache(maxsize=50_000)
def foreign(word: str) -> tuple[str, ...]:
    """Return the concepts of what a folded German, Spanish or French word means; none where it is not known."""
    found = ENGLISH.get(word)
    if found is None:
        starts = [(word.find(s), s) for s in STARTS if s in word and (word.startswith(s) or len(s) >= 5)]
        starts = [(at, s) for at, s in starts if not any(s != o and s in o for _, o in starts)]
        found = tuple(w for _, s in sorted(starts) for w in STARTS[s]) or None
    return tuple(dict.fromkeys(map(concept, found or ())))


def concepts(text: str) -> Iterator[str]:
    """Yield the concept of each word that says something, in order; `fooBar` and `foo_bar` are two words."""
    for word in _WORD.findall(folded(_HUMP.sub(" ", text[:MAX_TEXT]))):
        if word not in COMMON and (len(word) > 1 or not word.isascii()):
            yield concept(word[:MAX_WORD])
