"""Recipes for objectives about web pages: listing pages, single pages, pages held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from planner.rules import stages
from planner.rules.beside import Beside, add_beside
from planner.rules.conditions import Step, within_limits
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.fields import Fields
from planner.rules.report import finished, report
from planner.rules.request import Request, sort_column

MAX_SITES: Final = 10
ROW_COLUMNS: Final = frozenset({"url", "title", "price", "text", "image", "ends_text"})


def plan_web(draft: Draft, request: Request, urls: Sequence[Bind]) -> str:
    """Add what an objective about pages asks for, and return the key of its answer."""
    if len(urls) > 1 and request.statistics and not request.sought.rows:
        return compared_pages(draft, request, urls)
    if request.wants_rows or (request.wants_reckoning and not _is_about_a_page(request)):
        return listing(draft, request, urls)
    if "dates" in request.wants and request.wants_clock and "deadline" not in request.wants:
        return dates_on_pages(draft, request, urls)
    return pages(draft, request, urls)


def listing(draft: Draft, request: Request, urls: Sequence[Bind], besides: Sequence[Beside] = ()) -> str:
    """Read listing pages, gather their rows, look closer and run what runs for each where asked, report."""
    sites = []
    for url in urls[:MAX_SITES]:
        site = stages.listing_site(draft, url)
        sites.append((site, stages.rendered_pages(draft, site)))
    if len(urls) > MAX_SITES:
        draft.warn(f"only the first {MAX_SITES} of {len(urls)} pages are read")
    closer = _needs_details(request)
    begins = not besides and not closer and _is_of_beginnings(request)
    at_once = _all_at_once(request)
    waits = (
        closer or begins or any(b.chooses(request) for b in besides) or (besides and not _keeps_rows(at_once))
    )
    lots = stages.gathered_rows(draft, request, sites, _early(request) if waits else at_once)
    if begins:
        at = stages.deadlines_of(draft, key(lots, "/rows"), pointer="/text", window=request.window)
        return report(draft, request, {"lot": key(lots, "/rows"), "deadline": key(at, "/items")})
    if not closer and not besides:
        return lots
    is_read = closer or any(b.of_details for b in besides)
    details = stages.details_of(draft, lots) if is_read else ""
    parts = {"lot": key(lots, "/rows")} | ({"detail": key(details)} if details else {})
    parts |= _looked_closer(draft, request, details) if closer else {}
    parts |= {b.part: add_beside(draft, b, lots, details) for b in besides}
    return report(draft, request, parts, besides)


def pages(draft: Draft, request: Request, urls: Sequence[Bind]) -> str:
    """Read the pages named, and look at their photos, times, words and prices where asked."""
    plainly = not (request.wants_clock or request.wants_reckoning or "wording" in request.wants)
    if len(urls) == 1 and plainly:
        page = draft.add("scrape", "Read the page", {"url": urls[0]}, gives="page")
        if not request.wants_photos:
            return page
        bind = {"images": key(page, "/images"), "text": key(page, "/text")}
        return draft.add("vision", "Look at the photos and hold them against the text", bind, gives="photos")
    details = stages.details_of_pages(draft, key(_as_list(draft, urls)))
    if plainly and not request.wants_photos:
        return details
    parts = {"detail": key(details)} | _looked_closer(draft, request, details)
    if request.wants_reckoning:
        parts["prices"] = key(page_prices(draft, details), "/rows")
    return report(draft, request, parts) if "data" in draft or len(parts) > 2 else _last(parts)


def side_by_side(draft: Draft, request: Request, urls: Sequence[Bind], fields: Fields) -> str:
    """Read each page named, and put the same fields of all in one row each."""
    details = stages.details_of_pages(draft, key(_as_list(draft, urls)))
    if fields.is_priced:
        draft.warn("the price of a page is the first that it shows")
    parts = {"detail": key(details)} | _looked_closer(draft, request, details)
    columns = {name: f"/detail{pointer}" for name, pointer in fields.columns.items()}
    return report(draft, request, parts, columns=columns)


def dates_on_pages(draft: Draft, request: Request, urls: Sequence[Bind]) -> str:
    """Read every date the pages name, in UTC."""
    bind: dict[str, Bind] = {"url": urls[0]}
    if len(urls) > 1:
        bind = {"urls": key(_as_list(draft, urls))}
    page = draft.add("scrape", "Read the page and the dates on it", bind, gives="page")
    dates = stages.deadlines_of(draft, key(page, "/dates"), pointer="", window=request.window)
    if "data" not in draft:
        return dates
    steps: list[Step] = [
        {"op": "from", "table": "dates"},
        {"op": "select", "columns": {"text": "text", "utc": "utc", "unsure": "unsure"}},
        {"op": "sort", "by": [{"column": "utc", "descending": "descending" in request.wants}]},
    ]
    tables = {"tables.dates": key(dates, "/items"), "steps": literal(steps)}
    return draft.add("data", "Sort the dates", tables, gives="report")


def compared_pages(draft: Draft, request: Request, urls: Sequence[Bind]) -> str:
    """Reckon the prices of each page and put the figures side by side."""
    fn = request.statistics[0]
    names = [f"page_{n}" for n in range(1, min(len(urls), MAX_SITES) + 1)]
    figures: dict[str, Bind] = {}
    for name, url in zip(names, urls, strict=False):
        page = draft.add("scrape", "Read one page and its prices", {"url": url}, gives=name)
        steps = [{"op": "from", "table": "prices"}, _of_amounts({f"{fn}_price": fn})]
        bind = {"tables.prices": key(page, "/prices"), "steps": literal(steps)}
        figures[name] = key(
            draft.add("data", f"The {fn} price of the page", bind, gives=f"{name}_{fn}"), "/rows"
        )
    columns = {name: f"/{name}/{fn}_price" for name in names}
    steps = [{"op": "zip", "tables": {name: name for name in names}}, {"op": "select", "columns": columns}]
    if len(names) == 2:
        sides = [{"column": names[0]}, {"column": names[1]}]
        steps.append({"op": "derive", "column": "difference", "value": {"sub": sides}})
    tables = {f"tables.{name}": figures[name] for name in names}
    return draft.add(
        "data", "Put the figures side by side", {**tables, "steps": literal(steps)}, gives="report"
    )


def page_prices(draft: Draft, details: str) -> str:
    """Reckon what the prices on the pages say of a fair one."""
    steps = [
        {"op": "from", "table": "pages"},
        {"op": "flatten", "column": "prices"},
        _of_amounts({"fair_price": "median", "lowest": "min", "highest": "max"}),
    ]
    bind = {"tables.pages": key(details), "steps": literal(steps)}
    return draft.add("data", "Work out a fair price from the prices shown", bind, gives="prices")


def _looked_closer(draft: Draft, request: Request, details: str) -> dict[str, Bind]:
    parts: dict[str, Bind] = {}
    if request.wants_photos:
        photos = stages.photos_of(draft, details)
        parts["photo"] = key(photos)
        if request.wants_rows:
            parts["reuse"] = key(stages.reuse_of(draft, photos), "/items")
    if request.wants_clock:
        at = stages.deadlines_of(draft, key(details), pointer="/ends_text", window=request.window)
        parts["deadline"] = key(at, "/items")
    if request.wants & {"newest", "oldest"}:
        parts["dated"] = key(stages.dates_of(draft, details), "/items")
    if "wording" in request.wants:
        if stages.WORDING in draft:
            parts["words"] = key(stages.wording_of(draft, details))
        else:
            draft.warn(f"the words are not counted: the catalogue lacks {stages.WORDING}")
    return parts


def _needs_details(request: Request) -> bool:
    by_fact = request.group_by is not None or any(limit.fact for limit in request.limits)
    told = request.wants & {"underpriced", "wording", "newest", "oldest"}
    timed = request.wants_clock and not _is_of_beginnings(request)
    return bool(request.wants_photos or timed or told or by_fact)


def _is_of_beginnings(request: Request) -> bool:
    """Say whether rows are asked for by when they begin or leave, which their own words say, not an end's."""
    return "starts" in request.wants and request.window is not None


def _early(request: Request) -> list[Step]:
    """Return the limits that can be kept before details are read: those on prices, unless prices are compared."""
    if "underpriced" in request.wants:
        return []
    return within_limits(request.limits)


def _all_at_once(request: Request) -> list[Step]:
    column = sort_column(request)
    if column is not None and column not in ROW_COLUMNS:
        column = f"/facts/{column}"
    steps = [*within_limits(request.limits), *finished(request, "price", sorted_by=column)]
    if not _keeps_rows(steps):
        return steps
    chosen = list(request.sought.columns)
    named = chosen if {"title", "url"} & {*chosen} else ["url", "title", "price", "currency", *chosen]
    return [*steps, {"op": "select", "columns": {c: c for c in named}}]


def _keeps_rows(steps: list[Step]) -> bool:
    return all(step["op"] not in {"aggregate", "group"} for step in steps)


def _is_about_a_page(request: Request) -> bool:
    return request.wants_photos or (request.wants_clock and "fair" in request.text.folded)


def _as_list(draft: Draft, urls: Sequence[Bind]) -> str:
    if len(urls) == 1 and "key" in urls[0]:
        value = draft.inputs[urls[0]["key"]]
        return str(urls[0]["key"]) if isinstance(value, list) else draft.give("pages", [value])
    return draft.give("pages", [u["literal"] if "literal" in u else draft.inputs[u["key"]] for u in urls])


def _of_amounts(statistics: dict[str, str]) -> Step:
    found = {name: {"fn": fn, "column": "amount"} for name, fn in statistics.items()}
    return {"op": "aggregate", "aggregates": {**found, "count": {"fn": "count"}}}


def _last(parts: dict[str, Bind]) -> str:
    return str(list(parts.values())[-1]["key"])
