"""The stages a plan over web pages is made of; each adds its subtasks and names the key it gives.

Every stage takes what the stage before gives, empty or not: a page without
listings, a listing without photos and a failed fetch all flow through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from planner.rules.amounts import Window
from planner.rules.conditions import Step, in_order, of_kind, with_picture, within_limits
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.request import Request

MAX_PAGES: Final = 20
WORDING: Final = "wasm:text_stats"


def listing_site(draft: Draft, url: Bind) -> str:
    """Read the listing pages over HTTP, following their next links."""
    bind = {"url": url, "max_pages": literal(MAX_PAGES), "render": literal("never")}
    return draft.add("scrape", "Read the listing pages over HTTP, page after page", bind, gives="site")


def rendered_pages(draft: Draft, site: str) -> str:
    """Read in the browser what the listing pages only show with JavaScript."""
    return draft.add(
        "scrape",
        "Open in the browser each page that needs JavaScript",
        {"url": key(site), "render": literal("auto")},
        gives="rendered",
        foreach=key(site, "/needs_browser"),
    )


def gathered_rows(
    draft: Draft, request: Request, sites: Sequence[tuple[str, str]], more: Sequence[Step]
) -> str:
    """Gather every listing once, and keep those asked for.

    Args:
        draft: Where the subtask goes.
        request: What rows are asked for.
        sites: (what the HTTP pages gave, what the browser gave), per site.
        more: Steps after the rows are gathered.
    """
    tables = {f"tables.{name}": key(name) for pair in sites for name in pair}
    names = [name.partition(".")[2] for name in tables]
    steps: list[Step] = [
        {"op": "concat", "tables": names},
        {"op": "flatten", "column": "listings"},
        {"op": "distinct", "by": ["url"]},
        *of_kind(request.sought),
        *with_picture(request),
        *more,
    ]
    asked = " or ".join(" ".join(words) for words in request.sought.kinds) or "listings"
    return draft.add(
        "data", f"Gather the {asked}, each once", {**tables, "steps": literal(steps)}, gives="lots"
    )


def details_of(draft: Draft, lots: str) -> str:
    """Read each listing's own page."""
    return draft.add(
        "scrape",
        "Read the page of each listing",
        {"url": key(lots, "/url")},
        gives="details",
        foreach=key(lots, "/rows"),
    )


def details_of_pages(draft: Draft, pages: Bind) -> str:
    """Read each page the objective names."""
    return draft.add("scrape", "Read each page", {"url": key(pages["key"])}, gives="details", foreach=pages)


def photos_of(draft: Draft, details: str) -> str:
    """Look at the photos of each page beside its words."""
    return draft.add(
        "vision",
        "Look at the photos of each and hold them against its text",
        {"images": key(details, "/images"), "text": key(details, "/text")},
        gives="photos",
        foreach=key(details),
    )


def reuse_of(draft: Draft, photos: str) -> str:
    """Find photos that stand in more than one listing."""
    bind = {"op": literal("duplicates"), "items": key(photos)}
    return draft.add("vision", "Find photos used by more than one listing", bind, gives="reuse")


def deadlines_of(draft: Draft, items: Bind, *, pointer: str, window: Window | None) -> str:
    """Read when each ends, in UTC."""
    bind = {"items": items, "pointer": literal(pointer)}
    if window is not None:
        bind["within_hours"] = literal(window_hours(window))
        if window.is_loose:
            draft.warn(
                f"a day named in words is read as within {window_hours(window)} hours of the run's now"
            )
    return draft.add("time", "Tell when each ends, in UTC", bind, gives="deadlines")


def dates_of(draft: Draft, details: str) -> str:
    """Read the date of each page, the first it names, in UTC."""
    bind = {"items": key(details), "pointer": literal("/dates/0")}
    return draft.add("time", "Read the date of each, in UTC", bind, gives="dated")


def wording_of(draft: Draft, details: str) -> str:
    """Measure each description's words."""
    return draft.add(
        WORDING,
        "Count the words of each description",
        {"text": key(details, "/description")},
        gives="wording",
        foreach=key(details),
    )


def simple_report(request: Request, column: str | None) -> list[Step]:
    """Return the steps that finish rows which need nothing but the listing pages."""
    keep = within_limits(request.limits)
    return [*keep, *in_order(column, request)]


def window_hours(window: Window) -> int | float:
    """Return the window in hours, to a hundredth."""
    hours = round(window.hours, 2)
    return int(hours) if hours == int(hours) else hours


def window_column(window: Window) -> str:
    """Return the name of the column that says whether a row ends in time."""
    hours = window_hours(window)
    if isinstance(hours, int):
        return f"ends_within_{hours}h"
    return f"ends_within_{round(window.hours * 60)}min"
