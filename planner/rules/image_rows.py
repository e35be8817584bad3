"""Work on what was seen of several image files: sorted by width, the largest, how many are blurred."""

from __future__ import annotations

import re
from typing import Final

from planner.rules.amounts import BOUNDS, DIGITS, read_number
from planner.rules.conditions import Condition, Step, by_name, in_order, plain
from planner.rules.request import Request
from planner.rules.text import Text

COLUMNS: Final = ("url", "width", "height", "format", "bytes", "sharpness", "blurred")
"""Of an image that was looked at; what is left out is lists."""
_PIXELS: Final = "pixels"
_MEASURES: Final[dict[str, re.Pattern[str]]] = {
    "bytes": re.compile(
        r"\b(?:bytes|[km]b|kilobytes?|megabytes?|(?:file|disk) ?sizes?|heav(?:y|ier|iest)|lightest|dateigross\w*"
        r"|speicher\w*|schwerste[nr]?|leichteste[nr]?|pes[ao]d?[ao]?s?|poids|lourde?s?|leger\w*)\b"
    ),
    "width": re.compile(
        r"\b(?:width|wide|wider|widest|narrow\w*|breit\w*|schmal\w*|anchura|anch[ao]s?|estrech[ao]s?|largeurs?|larges?"
        r"|etroite?s?)\b"
    ),
    "height": re.compile(
        r"\b(?:heights?|tall|taller|tallest|hohe[nr]?|altura|alt[ao]s?|hauteurs?|hautes?|hauts?)\b"
    ),
    "sharpness": re.compile(
        r"\b(?:sharpness|sharper|sharpest|scharfe|scharfste[nr]?|nitidez|mas nitid[ao]s?|nettete|plus nettes?)\b"
    ),
    _PIXELS: re.compile(
        r"\b(?:size|resolution|pixels?|megapixels?|larger|largest|bigger|biggest|smaller|smallest|grosse|grosste[nr]?"
        r"|kleinste[nr]?|auflosung|tamano|resolucion|(?:mas|plus) (?:grande?s?|pequen[ao]s?|petite?s?)|taille)\b"
    ),
}
"""Column -> the words that measure by it."""
_FIRST: Final = r"\s+(?:first|zuerst|oben|primero|arriba|d'abord|en premier|en tete)"
_NOUN: Final = (
    r"(?:\s+(?:ones?|photos?|pictures?|images?|files?|shots?|fotos?|bild(?:er)?|imagen(?:es)?|datei))"
)
_SMALL: Final = (
    r"narrowest|shortest|lightest|smallest|schmalste[nr]?|leichteste[nr]?|kleinste[nr]?"
    r"|mas (?:estrech|pequen|liger)[ao]s?|plus (?:etroit|petit|leger)\w*"
)
_LARGE: Final = (
    r"widest|tallest|heaviest|largest|biggest|sharpest|breiteste[nr]?|hochste[nr]?|schwerste[nr]?|grosste[nr]?"
    r"|scharfste[nr]?|mas (?:anch|alt|pesad|nitid)[ao]s?|mas grandes?|plus (?:large|haut|lourd|grand|nette?)s?e?s?"
)
_MOST: Final = re.compile(
    rf"\b(?:(?P<small>{_SMALL})|{_LARGE})\b(?:(?P<first>{_FIRST})\b|{_NOUN}\b"
    r"|(?=\s*(?:[^\w\s]|$))|(?= (?:of|is|von|de|ist|es|est)\b))"
)
_WIDER: Final = (
    r"(?:wider|taller|larger|bigger|heavier|breiter|hoher|grosser|schwerer|mas (?:anch|alt|grand|pesad)[aeo]s?"
    r"|plus (?:large|haut|grand|lourd)e?s?) (?:than|als|que|de)"
)
_NARROWER: Final = (
    r"(?:narrower|shorter|smaller|lighter|schmaler|kleiner|leichter"
    r"|mas (?:estrech|pequen|liger)[ao]s?|plus (?:etroit|petit|leg)\w*) (?:than|als|que|de)"
)
_TESTS: Final = {**BOUNDS, "gt": rf"{_WIDER}|{BOUNDS['gt']}", "lt": rf"{_NARROWER}|{BOUNDS['lt']}"}
_BOUND: Final = re.compile(
    "|".join(rf"(?P<{test}>(?<![\w-])(?:{words}))" for test, words in _TESTS.items()).join(("(?:", ")"))
    + rf"\s*(?P<number>{DIGITS})\s*(?P<unit>px|pixels?|pixeles|[km]b|bytes)?\b"
)
_BYTES: Final = {"kb": 1_000, "mb": 1_000_000, "bytes": 1}
_BLURRED: Final = re.compile(r"\b(?:blur|unscharf|verschwommen|borros|desenfocad|flou)")
_SHARP: Final = re.compile(r"\b(?:sharp|scharfe?n?|nitid[ao]s|nettes?|in focus)\b")
_FORMATS: Final = re.compile(
    r"\b(?:per|by|each|je|nach|pro|por|par) (?:file )?(?:formato?s?|type|dateityp)\b"
)


def image_steps(text: Text, request: Request) -> list[Step]:
    """Return the steps over the images that were looked at; none where nothing is reckoned of what they measure.

    Args:
        text: Names the images.
        request: What is asked of them.
    """
    if len(text.images) < 2:
        return []
    folded = request.text.folded
    measured = [name for name, words in _MEASURES.items() if words.search(folded)]
    most = _MOST.search(folded)
    bounds = _bounds(folded, measured)
    tests = [*bounds, *_in_focus(folded, measured)]
    ordered = bool(request.wants & {"sort", "ascending", "descending"})
    # "The largest" of a picture may be the largest dog in it.
    statistics = [fn for fn in request.statistics if fn not in {"min", "max"} or measured != [_PIXELS]]
    by_format = _FORMATS.search(folded) is not None
    # The one that is sharpest stands in what was seen; several, or all in order, do not.
    is_order = most is not None and bool(most["first"] or (request.top or 1) > 1)
    asked = ordered or statistics or is_order or bounds
    counted = "count" in request.wants and bool(tests)
    if not (by_format or counted or (measured and asked)):
        return []
    column = measured[0] if measured else "width"
    steps: list[Step] = [{"op": "from", "table": "images"}]
    if column == _PIXELS:
        area = {"mul": [{"column": "width"}, {"column": "height"}]}
        steps.append({"op": "derive", "column": _PIXELS, "value": area})
    shown = (*COLUMNS, _PIXELS) if column == _PIXELS else COLUMNS
    steps.append({"op": "select", "columns": {name: f"/{name}" for name in shown}})
    if tests:
        steps.append({"op": "filter", "where": tests[0] if len(tests) == 1 else {"all": tests}})
    if by_format:
        return [*steps, {"op": "group", "by": ["format"], "aggregates": {"count": {"fn": "count"}}}]
    if counted and not ordered:
        return [*steps, {"op": "aggregate", "aggregates": {"count": {"fn": "count"}}}]
    if statistics and not ordered and most is None:
        return [*steps, {"op": "aggregate", "aggregates": by_name(statistics, column)}]
    return [*steps, *(_ranked(request, most, column) if ordered or most is not None else [])]


def _ranked(request: Request, most: re.Match[str] | None, column: str) -> list[Step]:
    """Return the order by a column; "the widest" is the first of it alone, "widest first" all."""
    down = most is not None and most["small"] is None
    is_one = (
        most is not None and most["first"] is None and not request.wants & {"sort", "ascending", "descending"}
    )
    by = {"column": column, "descending": True} if down else {"column": column}
    top = request.top or (1 if is_one else None)
    ordered: list[Step] = (
        [{"op": "sort", "by": [by]}] if down or most else in_order(column, request, tie=None)
    )
    return [*ordered, *([{"op": "limit", "count": top}] if top else [])]


def _bounds(folded: str, measured: list[str]) -> list[Condition]:
    """Return the tests of "wider than 800" or "over 2 MB"; a number that measures nothing is none."""
    tests: list[Condition] = []
    for match in _BOUND.finditer(folded):
        unit = match["unit"] or ""
        column = "bytes" if unit in _BYTES else next((m for m in measured if m != "bytes"), "")
        if column in {"width", "height", "bytes", "sharpness"}:
            test = next(t for t in _TESTS if match[t] is not None)
            value = read_number(match["number"]) * _BYTES.get(unit, 1)
            tests.append({"column": column, "test": test, "value": plain(value)})
    return tests


def _in_focus(folded: str, measured: list[str]) -> list[Condition]:
    """Return the test of the blurred, or of the sharp, where no order by sharpness is meant."""
    if _BLURRED.search(folded):
        return [{"column": "blurred", "test": "is_true"}]
    if _SHARP.search(folded) and "sharpness" not in measured:
        return [{"column": "blurred", "test": "is_false"}]
    return []
