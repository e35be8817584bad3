"""What an objective asks for, read once; the recipes look only here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from planner.rules.amounts import Limit, Window, limits_of, top_of, window_of
from planner.rules.lexicon import (
    BLUR,
    CHEAP,
    CLOCK,
    COLOUR,
    COMPARE,
    DATE,
    DEADLINE,
    DEAR,
    DOING,
    DUPLICATE,
    ECHO_LIKE,
    GROUP,
    NOUN_TRIGGERS,
    PHOTO,
    RECKON,
    SORT,
    STATISTICS,
    TEXT,
    UNDERPRICED,
    WORDING,
)
from planner.rules.nouns import Sought, column_of, sought_in
from planner.rules.text import MARKS, Text, read_text

NOT_AN_END: Final = frozenset(
    ["front", "rear", "low", "high", "back", "dead", "either", "week", "weeks", "front-", "to"]
)
NO_GROUP: Final = frozenset(
    ["hour", "hours", "day", "week", "month", "year", "cent", "se", "price", "hand", "default"]
)

_PHRASES: Final[dict[str, re.Pattern[str]]] = {
    "deadline": re.compile(
        r"\b(?:bidding|auction|sale|offer)s? (?:stop|finish|is over|are over)|\btime (?:left|remaining|to go)\b"
        r"|\bhow (?:long|much time)\b|\b(?:hours?|days?|minutes?) (?:are |is )?left\b|\bwie lange\b|\bending\b"
    ),
    "zone": re.compile(r"\b(?:in|to|as|into|nach|en|a) (?:utc|gmt)\b|\btime ?zone|\bzeitzone"),
    "underpriced": re.compile(
        r"\b(?:below|under) (?:the )?(?:market|typical|usual|fair|their) (?:price|value|worth)?|\bgood deals?\b"
        r"|\bunter (?:dem )?(?:marktwert|marktpreis|wert)\b|\bbonnes? affaires?\b|\bsous le prix du marche\b"
        r"|\bpor debajo del (?:valor|precio)"
    ),
    "duplicates": re.compile(
        r"\bsame (?:photo|picture|image)|\b(?:photo|picture|image)s? (?:used|appear\w*) (?:twice|more)"
    ),
    "wording": re.compile(
        r"\b(?:how many|count|number of|anzahl|zahle|wie viele|cuantas|combien de)\W+(?:the |all |der |die |of |las )*"
        r"(?:words|sentences|letters|characters|worter|satze|palabras|mots|phrases)\b|\bword counts?\b"
        r"|\b(?:length|longest|shortest) (?:of )?(?:the |each )?(?:text|description)|\btext statistics\b"
    ),
    "against_text": re.compile(
        r"\b(?:with|to|against|and|mit|avec|con|au|y|und|et)\s+(?:the |its |their |dem |den |le |el )?"
        r"(?:text|words|wording|texts|texte|textes|texto|textos)\b"
    ),
    "count": re.compile(
        r"\bhow many (?!hours?\b|minutes?\b|days?\b|weeks?\b|words\b|sentences\b)|\bcount (?:the |all |of )*+(?!words)\w"
        r"|(?<!serial )(?<!model )(?<!lot )\bnumber of\b|\banzahl\b|\bwie viele\b|\bcuant[oa]s\b|\bcombien\b"
    ),
    "reckon": re.compile(
        r"\bwork out\b|\bkeep only\b|\bfair price\b|\bprice difference|\bdifference (?:in|between|of)\b"
        r"|\bcompare (?:the )?prices?\b|\bnur die\b"
    ),
    "soonest": re.compile(r"\b(?:earliest|soonest)(?: first)?\b|\bending soon|\bchronolog"),
    "descending": re.compile(
        r"\bdescending\b|\bhigh(?:est)? to low"
        r"|\b(?:highest|latest|newest|largest|dearest|most expensive|priciest) first\b"
        r"|\babsteigend|\bdescendente|\bdecroissant"
    ),
    "ascending": re.compile(r"\bascending\b|\blow(?:est)? to high|\baufsteigend|\bascendente|\bcroissant"),
    "difference": re.compile(r"\bdifferen(?:ce|z|cia)|\bunterschied|\bcompare\b"),
}
_SORT_BY: Final = re.compile(
    r"\b(?:sort|rank|order|orden|trie|trier|classe)\w*\s+(?:[\w\ue000-\ue003]+\s+){0,6}?(?:by|nach|por|par)\s+"
    r"(?:the |their |le |el )?([\w-]+)"
)
_GROUP_BY: Final = re.compile(
    r"\b(?:group|gruppier|agrup|regroup|count|sum|total|average|mean|median)\w*\s+(?:[\w\ue000-\ue003]+\s+){0,6}?"
    r"(?:by|per|for each|nach|pro|je|por|par)\s+(?:the |their |each )?([\w-]+)|\bper ([a-z][\w-]+)"
)
_SAY_WHICH: Final = re.compile(
    r"\b(?:say|tell(?: me| us)?|show|note|mark|flag|report|indicate|state|sage?|zeige?|di|dime|dis|indique)\s+"
    r"(?:me |us |mir )?(?:which|whether|if|when|welche|ob|wann|cuales|lesquel\w*|quel\w*)\b"
    r"|\bwhich (?:ones|of (?:them|those|these))\b"
    r"|(?:^|[;,.!?]|\band|\bund|\bet|\by)\s*(?:which|welche|cuales|lesquel\w*)\b"
)


@dataclass(frozen=True)
class Request:
    """One objective, read."""

    text: Text
    sought: Sought
    wants: frozenset[str]
    """Of photos, blur, colour, duplicates, deadline, zone, dates, underpriced, wording, reckon, count,
    ascending, descending, soonest, cheap, dear, difference, sort, group, text_check."""
    statistics: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    window: Window | None = None
    keeps_only_window: bool = False
    """Whether rows outside the window are dropped rather than told apart."""
    top: int | None = None
    sort_by: str | None = None
    group_by: str | None = None

    @property
    def wants_photos(self) -> bool:
        """Whether any photo must be looked at."""
        return bool(self.wants & {"photos", "blur", "duplicates"}) or bool(self.text.images)

    @property
    def wants_clock(self) -> bool:
        """Whether any time must be understood."""
        dated = "dates" in self.wants and bool(self.wants & {"soonest", "sort", "zone"})
        return bool(self.wants & {"deadline", "zone", "soonest"}) or self.window is not None or dated

    @property
    def wants_reckoning(self) -> bool:
        """Whether rows or numbers must be worked on beyond listing them."""
        asked = self.wants & {"underpriced", "reckon", "count", "cheap", "dear", "sort", "group"}
        return bool(asked or self.statistics or self.limits or self.top or self.group_by or self.sort_by)

    @property
    def wants_rows(self) -> bool:
        """Whether the answer is rows of a listing page."""
        return (
            self.sought.rows
            or bool(self.limits)
            or bool(self.wants & {"underpriced", "duplicates"})
            or self.top is not None
        )


def read_request(objective: str) -> Request:
    """Return what the objective asks for."""
    text = read_text(objective)
    sort_by, group_by = _first(_SORT_BY, text), _first(_GROUP_BY, text)
    window, sought = window_of(text), sought_in(text)
    return Request(
        text,
        sought,
        frozenset(_wants(text)),
        statistics=tuple(name for name, words in STATISTICS.items() if text.has(words)),
        limits=tuple(limits_of(text)),
        window=window,
        keeps_only_window=window is not None and not _is_told_apart(text, window),
        top=top_of(text) or (1 if sought.is_one else None),
        sort_by=sort_by,
        group_by=None if group_by in NO_GROUP else group_by,
    )


def deed_in(text: Text) -> str | None:
    """Return the verb of a deed no stage performs (book, buy, send), where a clause begins with one."""
    clauses: set[int] = set()
    for word in text.words:
        first = word.clause not in clauses and word.text not in {
            "and",
            "then",
            "please",
            "und",
            "dann",
            "et",
            "y",
            "puis",
        }
        if word.text in MARKS or not first:
            continue
        clauses.add(word.clause)
        if word.text in DOING:
            return word.text
    return None


def _wants(text: Text) -> Iterator[str]:
    named = {
        "photos": PHOTO, "blur": BLUR, "colour": COLOUR, "dates": DATE, "underpriced": UNDERPRICED, "reckon": RECKON,
        "cheap": CHEAP, "dear": DEAR, "sort": SORT, "group": GROUP, "wording": WORDING, "guest": ECHO_LIKE,
    }  # fmt: skip
    yield from (name for name, words in named.items() if text.has(words))
    yield from (n for n in _PHRASES if n != "against_text" and _PHRASES[n].search(text.folded))
    if text.has(DEADLINE) and any(_is_end(text, i) for i, _ in text.having(DEADLINE)):
        yield "deadline"
    if text.has(CLOCK):
        yield "deadline"
    if text.has(DUPLICATE) and (text.has(PHOTO) or text.images):
        yield "duplicates"
    if text.has(COMPARE) and text.has(TEXT) and (text.has(PHOTO) or text.images):
        yield "text_check"
        # "the text" as such asks how it is worded; "the listing text" only names what photos are held against.
        if _PHRASES["against_text"].search(text.folded):
            yield "wording"


def _is_end(text: Text, place: int) -> bool:
    word, before, after = text.words[place].text, text.before(place), text.after(place)
    if word in {"end", "ends"}:
        return (
            before not in NOT_AN_END
            and after not in {"loader", "loaders", "user"}
            and not (before == "the" and after == "of")
        )
    return not (word == "close" and (after == "to" or before in NOT_AN_END))


def _is_told_apart(text: Text, window: Window) -> bool:
    """Say whether the sentence asks which rows end in time, of rows it has asked for before."""
    said = [m for m in _SAY_WHICH.finditer(text.folded) if m.start() < window.start]
    if not said:
        return False
    asked = said[-1].start()
    return any(
        w.end <= asked for _, w in text.having(NOUN_TRIGGERS) if w.text not in {"which", "what", "welche"}
    ) or any(w.end <= asked for _, w in text.having(UNDERPRICED))


def _first(pattern: re.Pattern[str], text: Text) -> str | None:
    match = pattern.search(text.folded)
    if match is None:
        return None
    return next((g for g in match.groups() if g), None)


def sort_column(request: Request) -> str | None:
    """Return the row column to sort by, or `ends_at`, or a fact's name; None when nothing was said."""
    if request.sort_by is not None:
        column = column_of(request.sort_by)
        return "ends_at" if column == "ends_text" else column or request.sort_by.capitalize()
    if "soonest" in request.wants:
        return "ends_at"
    if (
        request.wants & {"cheap", "dear", "ascending", "descending", "underpriced"}
        or request.limits
        or request.top
    ):
        return "price"
    return "ends_at" if request.wants_clock else None
