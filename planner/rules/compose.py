"""An objective, taken apart into asks, and each ask into calls: pages first, then agents by their cards, then rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from contracts.errors import InvalidInput
from planner.chaining.call import Call
from planner.chaining.chain import add_call
from planner.chaining.feeding import takes_rows
from planner.chaining.handed import in_feeding_order, is_ready
from planner.chaining.literals import literal_for
from planner.chaining.outputs import outputs_of
from planner.chaining.profiles import Profile
from planner.chaining.schemas import properties_of
from planner.rules import web
from planner.rules.asks import asks_in
from planner.rules.beside import Beside, without_bounds
from planner.rules.beside_cards import called_beside
from planner.rules.beside_units import converted_beside
from planner.rules.direct import plan_images, plan_moments
from planner.rules.draft import Bind, Draft, key, literal
from planner.rules.fields import fields_in
from planner.rules.guest_names import CONVERT, SENSED
from planner.rules.hearing import Heard, hear, refuse_deeds
from planner.rules.page_facts import take_fact
from planner.rules.row_moments import plan_timed_rows, timed_rows
from planner.rules.rows import ROWS_NAMED, first_row, plan_rows, rows_of
from planner.rules.sense_lines import writes_lines
from planner.rules.text import URL_MARK, Text

_PAPER: Final = re.compile(r"\.(?:pdf|docx?|xlsx?|csv|tsv|ics|xml|zip|mp[34]|wav)(?:[?#]|$)", re.IGNORECASE)
_READS: Final = re.compile(
    r"\b(?:scrape|crawl|lies|lee|lis"
    r"|(?:texts?|contents?|words|titles?|description|body|inhalt|contenido|texto|texte|contenu)"
    r" (?:of|on|at|from|von|de|du))\b"
)
"""What is asked of a page's contents, not of its address."""
_ADDRESS: Final = re.compile(
    r"\b(?:address|page|pages|site|website|link|url|webseite|seite|adresse|pagina|sitio|enlace|lien"
    r"|site web)\b[^.;]{0,30}?"
    r"\b(?:i (?:gave|sent|supplied|provided|pasted|shared)|supplied|provided|given|gave|mitgegeben\w*"
    r"|gegeben\w*|ubergeben\w*|fournie?|donnee?|que te (?:di|pase)|dada|adjunta)"
    r"|\b(?:supplied|given|provided|mitgegebene\w*|ubergebene\w*|angegebene\w*)\s+(?:address|page|site"
    r"|website|link|url|webseite|seite|adresse|pagina|lien)\b"
)


def compose(draft: Draft, text: Text, profiles: Sequence[Profile], *, is_lenient: bool) -> str | None:
    """Add every stage asked for, and return the key of the answer, when there is one.

    Args:
        draft: Where the stages go.
        text: The objective, without what was smuggled into it.
        profiles: Of the agents no recipe knows.
        is_lenient: Whether a part nothing serves is left out with a warning rather than refused.

    Raises:
        InvalidInput: `plan.unsupported_objective`, nothing at hand does a part of it, or an agent lacks
            what it must have.
    """
    unknown_guest(text, draft)
    answers: list[str] = []
    for ask in asks_in(text, draft, [p for p in profiles if p.card.name not in SENSED]):
        heard = hear(ask, draft, profiles)
        refuse_deeds(heard, draft, is_lenient=is_lenient)
        answers += plan_heard(draft, heard)
    return answers[0] if len(answers) == 1 else None


def unknown_guest(text: Text, draft: Draft) -> None:
    """Refuse a guest that is named in full and is not there.

    Raises:
        InvalidInput: `plan.unsupported_objective`.
    """
    for said in re.findall(r"\bwasm:([a-z][a-z0-9_]{0,62})", text.folded):
        if f"wasm:{said}" not in draft:
            known = ", ".join(n for n in draft.cards if n.startswith("wasm:")) or "none"
            raise InvalidInput(
                "plan.unsupported_objective",
                f"there is no agent 'wasm:{said}'",
                hint=f"Guests at hand: {known}.",
                data={"agent": f"wasm:{said}"},
            )


def plan_heard(draft: Draft, heard: Heard) -> list[str]:
    """Add the stages of one ask, and return the keys that nothing reads."""
    since = len(draft.subtasks)
    urls = _pages(draft, heard)
    if urls:
        _plan_pages(draft, heard, urls, _besides(draft, heard))
    return _plan_calls(draft, heard, since, paged=bool(urls))


def _pages(draft: Draft, heard: Heard) -> list[Bind]:
    taken = {v for c in heard.calls for v in c.presets.values() if isinstance(v, str)} | _handed_over(heard)
    papers = any(
        {"file", "path", "pdf", "document"} & set("_".join(properties_of(c.card.takes)).split("_"))
        for c in heard.calls
    )
    urls = [u for u in heard.text.urls if u not in taken and not (papers and _PAPER.search(u))]
    found = [*map(literal, urls), *_given_urls(draft)]
    if found or not ("scrape" in draft and _ADDRESS.search(heard.text.folded)):
        return found
    name = draft.give("page", None)
    draft.warn(f"the objective speaks of a page without its address: give it with --input {name}=https://…")
    return [key(name)]


def _handed_over(heard: Heard) -> set[str]:
    """Return the addresses that agents called for take themselves: "make a QR code for https://..."."""
    request = heard.request
    if request.wants_rows or request.wants_reckoning or _READS.search(heard.text.folded):
        return set()
    found: set[str] = set()
    for call in heard.calls:
        if call.card.name in SENSED:
            continue
        properties = properties_of(call.card.takes)
        taken: set[int] = set()
        for name in (n for n in call.card.takes.get("required", ()) if n in properties):
            value = literal_for(name, properties[name], heard.text, taken=taken)
            if value is None or value.literal is None:
                return set()
            taken.add(value.literal)
            if heard.text.literals[value.literal].mark == URL_MARK:
                found.add(value.value)
    return found


def _given_urls(draft: Draft) -> list[Bind]:
    return [key(n) for n, v in draft.inputs.items() if isinstance(v, str) and re.match(r"https?://\S+$", v)]


def _plan_pages(draft: Draft, heard: Heard, urls: Sequence[Bind], besides: Sequence[Beside]) -> None:
    request = heard.request
    fields = fields_in(heard.text) if "data" in draft else None
    if besides or ("data" in draft and any(map(writes_lines, heard.calls))):
        web.listing(draft, without_bounds(request, besides), urls, besides)
        return
    if fields is not None and not (request.wants_rows or request.statistics or request.limits or heard.calls):
        web.side_by_side(draft, request, urls, fields)
        return
    only_pages = bool(heard.calls) and not any(takes_rows(c) or c.role == "writes" for c in heard.calls)
    if only_pages and not (request.wants_reckoning or request.wants_rows):
        web.pages(draft, request, urls)
    else:
        web.plan_web(draft, request, urls)


def _besides(draft: Draft, heard: Heard) -> list[Beside]:
    """Return the calls that run once for each row of a page, and whose results are columns of the report."""
    if "data" not in draft:
        return []
    ways = (
        (converted_beside if c.card.name == CONVERT else called_beside)(draft, heard, c) for c in heard.calls
    )
    return [beside for beside in ways if beside is not None]


def _plan_calls(draft: Draft, heard: Heard, since: int, *, paged: bool) -> list[str]:
    """Add the agents called for and the work on rows, in the order in which they can be fed."""
    request = heard.request
    waiting = [
        c
        for c in heard.calls
        if not any(s["required_agent"] == c.card.name for s in draft.subtasks[since:] if paged)
    ]
    reckons = _reckoning_place(heard) if not paged else None
    csv_rows = first_row(next(iter(heard.text.csvs), ""))
    may_time = not paged and "time" in draft
    timed = timed_rows(heard.text, request, draft.inputs, csv_rows) if may_time else None
    is_timed = timed is not None
    if not paged:
        waiting = in_feeding_order(waiting, heard.text, draft)
        plan_images(draft, heard.text, request, taken=_takes_images(waiting), is_given=heard.is_given)
        is_timed = is_timed or plan_moments(draft, request.text, request, is_given=heard.is_given)
    first = reckons if reckons is not None or timed is None else len(heard.text.plain)
    early = [c for c in waiting if first is not None and _comes_first(c, heard, draft, first)]
    for call in early:
        add_call(draft, call, heard.text, outputs_of(draft, since), is_given=heard.is_given)
    rows = rows_of(outputs_of(draft, since), next(iter(heard.text.csvs), "")) if early else None
    if timed is not None:
        plan_timed_rows(draft, request, timed, rows)
    elif reckons is not None and not is_timed:
        plan_rows(draft, heard.text, request, rows=rows, is_given=heard.is_given)
    for call in waiting:
        if call not in early:
            late = _after_reckoning(call) if reckons is not None else call
            if paged and call.fact:
                take_fact(draft, call, since)
            add_call(draft, late, heard.text, outputs_of(draft, since), is_given=heard.is_given)
    if len(draft.subtasks) == since and heard.is_given:
        plan_rows(draft, heard.text, request, rows=None, is_given=bool(ROWS_NAMED.search(heard.text.folded)))
    return _ends(draft, since)


def _takes_images(calls: Sequence[Call]) -> bool:
    """Say whether an agent called for looks at the images itself."""
    return any(
        {"image", "images", "photo", "photos", "picture"} & set(properties_of(c.card.takes)) for c in calls
    )


def _reckoning_place(heard: Heard) -> int | None:
    """Return where the text asks for work on rows; None when it does not."""
    request = heard.request
    if not (request.wants_reckoning or request.wants & {"ascending", "descending", "join"}):
        return None
    return request.reckoning_start


def _comes_first(call: Call, heard: Heard, draft: Draft, reckons: int) -> bool:
    """Say whether a call gives what is reckoned with, rather than waits for what was reckoned."""
    if call.role == "writes":
        return False
    if call.role == "reads":
        return True
    own = any(isinstance(v, list) for v in call.presets.values())
    if own and call.card.name == CONVERT and call.start < reckons:
        return True  # "[…] from pounds to kilograms, and the mean of these"
    return (
        not own
        and (call.start <= reckons or not any(isinstance(v, list) for v in heard.text.values))
        and is_ready(call, heard.text, draft)
    )


def _after_reckoning(call: Call) -> Call:
    """Return the call without the list that was reckoned with: what came out takes its place."""
    if "values" not in call.presets or "value" not in properties_of(call.card.takes):
        return call
    presets = {n: v for n, v in call.presets.items() if n != "values"}
    must = tuple("value" if n == "values" else n for n in call.must)
    return replace(call, presets=presets, must=must, never_said=("value",))


def _ends(draft: Draft, since: int) -> list[str]:
    """Return the keys that nothing reads."""
    read = {k for s in draft.subtasks for k in s["input_keys"]}
    return [s["output_key"] for s in draft.subtasks[since:] if s["output_key"] not in read]
