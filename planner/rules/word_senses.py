"""Words with several senses: a photo or photo paper, an end or an end table."""

from __future__ import annotations

from typing import Final

from planner.rules.lexicon import (
    COMPARE,
    NOUN_FILLERS,
    NOUN_TRIGGERS,
    PHOTO,
    STOPS,
    UNITS_TIME,
    Words,
)
from planner.rules.text import MARKS, Text

LEFT_BEFORE: Final = frozenset(
    ["that", "which", "what", "who", "those", "these", "they", "que", "qui", "die"]
)
LEFT_AFTER: Final = frozenset(["ones", "one", "rows", "listing", "entry", "item", "lot"])
NOT_AN_END: Final = frozenset(
    ["front", "rear", "low", "high", "back", "dead", "either", "week", "weeks", "front-", "to"]
)
NO_PHOTO_BEFORE: Final = Words(
    "url urls link links address addresses frame frames paper papers album albums editor editors printer "
    "printers"
)
AFTER_PHOTO: Final = Words(
    "i we you he she they it ich wir du er je nous yo show shows shown showing look looks depict depicts "
    "differ differs agree agrees correspond* quality "
    "sharpness colour color size resolution "
    "dimensions blur blurred blurry sharp stolen reused used taken vs versus really actually not de du "
    "des der die das del "
    "zeigt zeigen passt passen stimmt stimmen unscharf verschwommen muestra muestran esta estan es son "
    "coincide* correspond* montre montrent est sont "
    "borros* flou* nette* duplicate* check comparison match* damage"
)
_WHERE: Final = Words("url urls link links address addresses adressen enlaces enlace lien liens urls")
_LEADS: Final = Words("to of the all for from zu den der des von aller a de las los todas les la du")
MAX_LEAD: Final = 4
AFTER_END: Final = Words(
    "today tomorrow tonight soon soonest first last next this monday tuesday wednesday thursday friday "
    "saturday sunday early earlier late later "
    "sooner before after until exactly here there now it they heute morgen bald hoy manana demain about "
    "around between during"
)


def is_photo(text: Text, place: int) -> bool:
    """Say whether a photo is meant rather than photo paper or a picture frame, or where an image is found."""
    after = text.after(place)
    if after in NO_PHOTO_BEFORE or _is_named(text, place):
        return False
    word = text.words[place]
    is_joined = place + 1 < len(text.words) and text.words[place + 1].clause == word.clause
    if (
        not is_joined
        or after in MARKS
        or after in AFTER_PHOTO
        or after in STOPS
        or after in NOUN_FILLERS
        or after in PHOTO
        or after in COMPARE
    ):
        return True
    singular = word.text in {"photo", "picture", "image", "pic", "foto", "screenshot"}
    return not singular or after in UNITS_TIME or after in NOUN_TRIGGERS or not after.isalpha()


def _is_named(text: Text, place: int) -> bool:
    """Say whether only where a photo stands is asked: "links to the images"."""
    here = place - 1
    while here > 0 and place - here < MAX_LEAD and text.words[here].text in _LEADS:
        here -= 1
    return here >= 0 and here < place - 1 and text.words[here].text in _WHERE


def is_end(text: Text, place: int) -> bool:
    """Say whether a word of ending means that something ends, rather than an end table or a place close to another."""
    word, before, after = text.words[place].text, text.before(place), text.after(place)
    if word == "deadline" and _is_kind_of(text, place):
        return False
    if word == "end" and not (
        after in STOPS or after in AFTER_END or after in MARKS or _is_last(text, place)
    ):
        return False  # end tables, end mills
    if word in {"end", "ends"}:
        return (
            before not in NOT_AN_END
            and after not in {"loader", "loaders", "user"}
            and not (before == "the" and after == "of")
        )
    return not (word == "close" and (after == "to" or before in NOT_AN_END))


def is_clock(text: Text, place: int) -> bool:
    """Say whether a word of remaining is of time, rather than of the rows that are left: "check those that remain"."""
    word, before, after = text.words[place].text, text.before(place), text.after(place)
    if not word.startswith(("remain", "restant", "quedan", "verbleib")):
        return True
    return before not in LEFT_BEFORE and not (after in LEFT_AFTER or _is_plural_noun(after))


def _is_kind_of(text: Text, place: int) -> bool:
    """Say whether a word only says of what kind the next thing is: "deadline trackers"."""
    after = text.after(place)
    return not _is_last(text, place) and _is_plural_noun(after)


def _is_plural_noun(word: str) -> bool:
    return (
        word.isalpha()
        and len(word) > 4
        and word.endswith("s")
        and word not in STOPS
        and word not in AFTER_END
    )


def _is_last(text: Text, place: int) -> bool:
    """Say whether the word ends its clause."""
    return place + 1 == len(text.words) or text.words[place + 1].clause != text.words[place].clause
