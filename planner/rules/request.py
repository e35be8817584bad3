"""What an objective asks for, read once; the recipes look only here."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
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
    DUPLICATE,
    ECHO_LIKE,
    GROUP,
    NOUN_TRIGGERS,
    PHOTO,
    RECKON,
    SORT,
    STARTS,
    STATISTICS,
    TEXT,
    UNDERPRICED,
    WORDING,
)
from planner.rules.nouns import Sought, column_of, sought_in
from planner.rules.orderings import ORDERS, STATED, is_newest, is_spread, stated_orders
from planner.rules.phrases import A_LINE, GROUP_BY, PHRASES, SAY_WHICH, SORT_BY
from planner.rules.pictured import pictured_in
from planner.rules.repeats import DROPS, drops_repeats
from planner.rules.text import Text, read_text
from planner.rules.word_senses import is_clock, is_end, is_photo

_RECKONED: Final = frozenset(
    [
        "underpriced",
        "reckon",
        "count",
        "cheap",
        "dear",
        "sort",
        "group",
        "join",
        "newest",
        "oldest",
        "alphabetical",
    ]
)
NO_GROUP: Final = frozenset(
    [
        "voudrais",
        "veux",
        "souhaite",
        "cherche",
        "hour",
        "hours",
        "day",
        "week",
        "month",
        "year",
        "cent",
        "se",
        "price",
        "hand",
        "default",
    ]
)


@dataclass(frozen=True)
class Request:
    """One objective, read."""

    text: Text
    sought: Sought
    wants: frozenset[str]
    """Of photos, blur, colour, duplicates, deadline, zone, dates, underpriced, wording, reckon, count,
    ascending, descending, alphabetical, newest, oldest, starts, soonest, cheap, dear, difference, sort, group,
    text_check."""
    statistics: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    window: Window | None = None
    keeps_only_window: bool = False
    """Whether rows outside the window are dropped rather than told apart."""
    top: int | None = None
    sort_by: str | None = None
    group_by: str | None = None
    pictured: bool | None = None
    """Whether only rows that have a picture are wanted, or only those that have none."""

    @property
    def wants_photos(self) -> bool:
        """Whether any photo must be looked at."""
        return bool(self.wants & {"photos", "blur", "duplicates"}) or bool(self.text.images)

    @property
    def wants_clock(self) -> bool:
        """Whether any time must be understood."""
        dated = "dates" in self.wants and bool(self.wants & {"soonest", "sort", "zone"})
        return (
            bool(self.wants & {"deadline", "zone", "soonest", "between_dates"})
            or self.window is not None
            or dated
        )

    @property
    def reckoning_start(self) -> int:
        """Where the text begins to ask for work on rows."""
        listed = (SORT, GROUP, RECKON, CHEAP, DEAR, *STATISTICS.values())
        places = [w.start for words in listed for _, w in self.text.having(words)]
        phrased = ("sum", "reckon", "count", "descending", "ascending", "join", "difference")
        patterns = [DROPS, *(PHRASES[name] for name in phrased), *ORDERS.values(), *STATED.values()]
        places += [m.start() for pattern in patterns if (m := pattern.search(self.text.folded))]
        return min(places, default=len(self.text.folded))

    @property
    def wants_reckoning(self) -> bool:
        """Whether rows or numbers must be worked on beyond listing them."""
        asked = self.wants & _RECKONED or self.pictured is not None
        return bool(asked or self.statistics or self.limits or self.top or self.group_by or self.sort_by)

    @property
    def wants_rows(self) -> bool:
        """Whether the answer is rows of a listing page."""
        return (
            self.sought.rows
            or bool(self.limits)
            or bool(self.wants & {"underpriced", "duplicates"})
            or self.top is not None
            or self.pictured is not None
        )


def read_request(objective: str | Text) -> Request:
    """Return what an objective, or a part of one, asks for."""
    text = objective if isinstance(objective, Text) else read_text(objective)
    sort_by, group_by = _first(SORT_BY, text), _first(GROUP_BY, text)
    window, sought = window_of(text), sought_in(text)
    pictured, spans = pictured_in(text)
    top = top_of(text) or (1 if sought.is_one or PHRASES["one_row"].search(text.folded) else None)
    is_lined = A_LINE.search(text.folded) is not None
    wants = {*_wants(text.without(spans)), *stated_orders(text.folded)}
    if top is not None and is_newest(text.folded):
        wants |= {"newest", "descending"}
    statistics = tuple(_statistics(text, wants))
    if is_spread(wants):
        wants -= {"cheap", "dear"}
    if is_lined and not statistics and "count" not in wants:
        group_by, sought = None, replace(sought, rows=sought.rows or bool(text.urls))
    return Request(
        text,
        sought,
        frozenset(wants),
        statistics=statistics,
        limits=tuple(limits_of(text)),
        window=window,
        keeps_only_window=window is not None and not _is_told_apart(text, window),
        top=top,
        sort_by=sort_by,
        group_by=None if group_by in NO_GROUP else group_by,
        pictured=pictured,
    )


def _statistics(text: Text, wants: Collection[str]) -> Iterator[str]:
    """Yield each statistic asked for; the span of prices is their least and greatest."""
    for name, words in STATISTICS.items():
        phrased = STATED.get(name)
        if (
            text.has(words)
            or _is_phrased(name, text)
            or (phrased is not None and phrased.search(text.folded))
            or (name in {"min", "max"} and is_spread(wants))
        ):
            yield name


def _wants(text: Text) -> Iterator[str]:
    named = {
        "photos": PHOTO, "blur": BLUR, "colour": COLOUR, "dates": DATE, "underpriced": UNDERPRICED, "reckon": RECKON,
        "cheap": CHEAP, "dear": DEAR, "sort": SORT, "group": GROUP, "wording": WORDING, "guest": ECHO_LIKE,
    }  # fmt: skip
    yield from (name for name, words in named.items() if name != "photos" and text.has(words))
    if any(is_photo(text, i) for i, _ in text.having(PHOTO)):
        yield "photos"
    if drops_repeats(text.folded) and not (text.urls or text.images):
        yield "reckon"
    yield from (n for n in PHRASES if n != "against_text" and PHRASES[n].search(text.folded))
    if text.has(DEADLINE) and any(is_end(text, i) for i, _ in text.having(DEADLINE)):
        yield "deadline"
    if any(is_clock(text, i) for i, _ in text.having(CLOCK)):
        yield "deadline"
    elif text.has(STARTS) and not text.has(DEADLINE):
        yield "starts"
    if text.has(DUPLICATE) and (text.has(PHOTO) or text.images):
        yield "duplicates"
    if text.has(COMPARE) and text.has(TEXT) and (text.has(PHOTO) or text.images):
        yield "text_check"
        # A bargain's text is looked at for itself too: few words are a sign. Elsewhere photos are held against it.
        if text.has(UNDERPRICED) and PHRASES["against_text"].search(text.folded):
            yield "wording"


def _is_told_apart(text: Text, window: Window) -> bool:
    """Say whether the sentence asks which rows end in time, of rows it has asked for before."""
    said = [m for m in SAY_WHICH.finditer(text.folded) if m.start() < window.start]
    if not said:
        return False
    asked = said[-1].start()
    return any(
        w.end <= asked for _, w in text.having(NOUN_TRIGGERS) if w.text not in {"which", "what", "welche"}
    ) or any(w.end <= asked for _, w in text.having(UNDERPRICED))


def _is_phrased(name: str, text: Text) -> bool:
    return name in PHRASES and PHRASES[name].search(text.folded) is not None


def _first(pattern: re.Pattern[str], text: Text) -> str | None:
    match = pattern.search(text.folded)
    if match is None:
        return None
    return next((g for g in match.groups() if g), None)


def sort_column(request: Request) -> str | None:
    """Return the row column to sort by, or `ends_at`, or a fact's name; None when nothing was said."""
    if "alphabetical" in request.wants:
        return "title"
    if request.wants & {"newest", "oldest"}:
        return "dated_at"
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
