"""A fact of a page that a call is about, taken out of it before the call."""

from __future__ import annotations

from planner.chaining.call import Call
from planner.rules.conditions import number_of
from planner.rules.draft import Draft, key, literal


def take_fact(draft: Draft, call: Call, since: int) -> None:
    """Take the fact that a call is about out of the page: a page's prices are no mileage."""
    pages = [s for s in draft.subtasks[since:] if s["required_agent"] == "scrape"]
    if "data" not in draft or any(s["required_agent"] == "data" for s in draft.subtasks[since:]):
        return
    steps = [
        {"op": "from", "table": "page"},
        {"op": "select", "columns": {"said": f"/facts/{call.fact}"}},
        number_of("value", "said"),
    ]
    bind = {"tables.page": key(pages[-1]["output_key"]), "steps": literal(steps)}
    draft.add("data", f"Take the {call.fact.lower()} from the page", bind, gives="amount")
    draft.warn(f"the first number of the page's fact {call.fact!r} is taken")
