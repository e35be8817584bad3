"""Recipes for objectives that bring their own material: image files, times in words."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Final

from planner.rules import stages
from planner.rules.conditions import Step
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.image_rows import image_steps
from planner.rules.request import Request
from planner.rules.spelling import fold
from planner.rules.text import MARKS, Text

if TYPE_CHECKING:
    from pydantic import JsonValue

_WHEN: Final = re.compile(
    r"\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?:tomorrow|today|tonight|noon|midnight|next week)\b"
    r"|\b(?:montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|morgen|heute)\b"
)
_LEAD: Final = re.compile(
    r"^.*?\b(?:until|till|convert|bis|hasta|jusqu'a|before|umrechnen|convierte|convertis|is|between)\b\s+(?:the )?",
    re.DOTALL,
)
_TAIL: Final = re.compile(r"\s+(?:to|in|into|nach|en|a)\s+(?:utc|gmt)\b.*$", re.DOTALL)
DATED: Final = re.compile(
    r"\d{1,2}:\d\d|\b\d{1,2}\s?(?:am|pm|a\.m|p\.m|uhr|h)\b|\b\d{4}\b|\b\d{9,13}\b|\d{1,2}[./]\d{1,2}"
    r"|\b(?:noon|midnight|mittag|mitternacht|mediodia|medianoche|midi|minuit)\b"
)
"""A time of day or a date, not a span."""
_DATES: Final = re.compile(
    r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}"
    r"|\b\d{1,2}\.? (?:de )?[a-z]{3,10}\.?(?: (?:de )?\d{4})?|\b[a-z]{3,10} \d{1,2}(?:st|nd|rd"
    r"|th)?,? \d{4}"
)


def plan_images(
    draft: Draft, text: Text, request: Request, *, taken: bool = False, is_given: bool = False
) -> None:
    """Look at the image files a text names or speaks of, unless another agent does."""
    images = list(text.images)
    if taken:
        return
    if not images:
        if is_given and request.wants_photos and not text.literals and not request.wants_reckoning:
            name = draft.give("photos", [])
            draft.warn(
                f"the objective speaks of photos without naming them: give them with --input {name}=[…]"
            )
            draft.add("vision", "Look at the images given", {"images": key(name)}, gives="seen")
        return
    if "duplicates" in request.wants and len(images) > 1:
        pictures = draft.give("pictures", [[image] for image in images])
        seen = draft.add(
            "vision", "Look at each image", {"images": key(pictures)}, gives="photos", foreach=key(pictures)
        )
        stages.reuse_of(draft, seen)
        return
    bind: dict[str, Bind] = {"images": literal([*images])}
    if text.quotes:
        bind["text"] = literal(text.quotes[0])
    seen = draft.add("vision", "Look at the images", bind, gives="photos")
    steps = image_steps(text, request) if "data" in draft else []
    if steps:
        found = {"tables.images": key(seen, "/images"), "steps": literal(steps)}
        draft.add("data", "Work on what was seen of each image", found, gives="report")


def plan_moments(draft: Draft, text: Text, request: Request, *, is_given: bool = False) -> bool:
    """Tell the times a text brings, in words, quoted or as a list; say whether it brought a list."""
    asked = request.wants & {"deadline", "zone", "soonest", "between_dates", "moment"}
    if not (asked or request.window is not None or (request.wants_clock and text.literals)):
        return False
    quoted = [q for q in text.quotes if _WHEN.search(fold(q))]
    listed = _listed(text, quoted, request)
    if listed:
        items = stages.deadlines_of(draft, literal(listed), pointer="", window=request.window)
        if request.wants & {"soonest", "sort"} and "data" in draft:
            _sorted_moments(draft, items)
        return True
    spoken_of = is_given and not quoted and not DATED.search(text.folded)
    if spoken_of and (text.literals or request.wants_reckoning):
        return False
    said = quoted[0] if quoted else "" if spoken_of else _when(text, request)
    if said or spoken_of:
        bind = {"text": key(_awaited(draft)) if spoken_of else literal(said)}
        if request.window is not None:
            bind["within_hours"] = literal(stages.window_hours(request.window))
        draft.add("time", "Tell the time meant, in UTC", bind, gives="moment")
    return False


def _awaited(draft: Draft) -> str:
    name = draft.give("deadline", "")
    draft.warn(f"the objective speaks of a time without naming it: give it with --input {name}=…")
    return name


def _listed(text: Text, quoted: list[str], request: Request) -> list[JsonValue]:
    """Return the several times a text brings: a JSON list, quotes, or two dates with something between."""
    for value in text.values:
        if isinstance(value, list) and value and all(isinstance(v, str) for v in value):
            return value
    if len(quoted) > 1:
        return [*quoted]
    if "between_dates" not in request.wants:
        return []
    return [text.plain[m.start() : m.end()].strip() for m in islice(_DATES.finditer(text.folded), 10)]


def _sorted_moments(draft: Draft, items: str) -> None:
    steps: list[Step] = [{"op": "from", "table": "times"}, {"op": "sort", "by": [{"column": "utc"}]}]
    bind = {"tables.times": key(items, "/items"), "steps": literal(steps)}
    draft.add("data", "Sort by time", bind, gives="report")


def _when(text: Text, request: Request) -> str:
    folded, plain = text.folded, text.plain
    lead, tail = _LEAD.match(folded), _TAIL.search(folded)
    start = lead.end() if lead else 0
    end = tail.start() if tail and tail.start() > start else len(folded)
    said = re.sub(rf"[{MARKS}\s]+", " ", plain[start:end]).strip(" ?!.,;:")
    if _WHEN.search(fold(said)):
        return said[:500]
    whole = re.sub(rf"[{MARKS}\s]+", " ", plain).strip(" ?!.,;:")
    if re.search(r"\d", whole) and _WHEN.search(fold(whole)) and not text.values and not text.urls:
        return whole[:500]
    led = lead is not None and re.search(r"\b(?:until|till|bis|hasta|jusqu'a)\b", lead.group())
    return said[:500] if led and said and request.wants & {"deadline"} else ""
