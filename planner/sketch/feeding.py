"""A step of a sketch that no recipe serves: fed with what came before it, else with what the objective brings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from contracts.errors import InvalidInput
from planner.chaining.call import Call
from planner.chaining.chain import add_call
from planner.chaining.outputs import Output, outputs_of
from planner.rules import stages
from planner.rules.direct import plan_images, plan_moments
from planner.rules.draft import Draft, key
from planner.rules.hearing import Heard
from planner.rules.rows import plan_rows, rows_of


def add_step(draft: Draft, agent: str, heard: Heard, read: Sequence[str]) -> bool:
    """Add a step of an agent, and say whether it could be fed.

    Args:
        draft: Where it goes.
        agent: Who does it.
        heard: What is asked.
        read: Agents whose results it reads; none: what the objective brings.
    """
    since = len(draft.subtasks)
    outputs = [o for o in outputs_of(draft) if o.agent in read]
    try:
        _NATIVE.get(agent, _guest)(draft, heard, outputs, agent)
    except InvalidInput:
        return False
    return any(s["required_agent"] == agent for s in draft.subtasks[since:])


def _guest(draft: Draft, heard: Heard, outputs: Sequence[Output], agent: str) -> None:
    call = next((c for c in heard.calls if c.card.name == agent), None) or Call(draft.cards[agent], 0)
    add_call(draft, call, heard.text, outputs or outputs_of(draft), is_given=heard.is_given)


def _time(draft: Draft, heard: Heard, outputs: Sequence[Output], _: str) -> None:
    window = heard.request.window
    for output in reversed(outputs):
        if output.agent == "scrape":
            items = key(output.key) if output.is_list else key(output.key, "/dates")
            stages.deadlines_of(draft, items, pointer="/ends_text" if output.is_list else "", window=window)
            return
        if output.agent == "data":
            stages.deadlines_of(draft, key(output.key, "/rows"), pointer="/ends_text", window=window)
            return
    plan_moments(draft, heard.text, heard.request, is_given=heard.is_given)


def _vision(draft: Draft, heard: Heard, outputs: Sequence[Output], _: str) -> None:
    page = next((o for o in reversed(outputs) if o.agent == "scrape"), None)
    if page is None:
        plan_images(draft, heard.text, heard.request, is_given=heard.is_given)
    elif page.is_list:
        stages.photos_of(draft, page.key)
    else:
        bind = {"images": key(page.key, "/images"), "text": key(page.key, "/text")}
        draft.add("vision", "Look at the photos and hold them against the text", bind, gives="photos")


def _data(draft: Draft, heard: Heard, outputs: Sequence[Output], _: str) -> None:
    csv = next(iter(heard.text.csvs), "")
    plan_rows(draft, heard.text, heard.request, rows=rows_of(outputs, csv), is_given=True)


def _scrape(_draft: Draft, _heard: Heard, _outputs: Sequence[Output], _: str) -> None:
    """Add nothing: every address there is was read by the recipes."""


_NATIVE: Final[dict[str, Callable[[Draft, Heard, Sequence[Output], str], None]]] = {
    "time": _time,
    "vision": _vision,
    "data": _data,
    "scrape": _scrape,
}
