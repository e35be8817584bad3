"""Everything the dashboard can show, filled in, and ways to get there in a real browser."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Browser, Page

from contracts.plan import load_plan
from contracts.run import RunState
from contracts.trace import ErrorRecord, TraceStatus
from storage.journal_rows import EventRow, insert_event
from storage.rows import ValueRow, insert_value
from tests.service.desk_at_hand import NOON, PLAN, Cards, DeskAtHand, card
from tests.service.scripted_engine import NO_SECRETS

ROWS: list[dict[str, Any]] = [
    {
        "title": "1998 Ford F-150 XLT",
        "price": 4250,
        "below_median": 0.38,
        "stated_colour": "white",
        "seen_colour": "white",
        "colour_matches": True,
        "ends": "2026-11-18T04:30:00Z",
        "url": "http://127.0.0.1:8000/lots/17",
    },
    {
        "title": "2004 Chevrolet Silverado",
        "price": 6100,
        "below_median": 0.21,
        "stated_colour": "red",
        "seen_colour": "blue",
        "colour_matches": False,
        "ends": "2026-11-18T01:00:00Z",
        "url": "http://127.0.0.1:8000/lots/23",
    },
]
PAGES = {
    "runs": "/ui/runs",
    "runs_empty": "/ui/runs?state=rejected",
    "run": "/ui/runs/r-done",
    "run_going": "/ui/runs/r-going?refresh=off",
    "run_waiting": "/ui/runs/r-waiting",
    "runs_waiting": "/ui/runs?state=awaiting_approval",
    "run_failed": "/ui/runs/r-failed",
    "traces": "/ui/traces",
    "traces_empty": "/ui/traces?agent=time&status=timeout",
    "trace": "/ui/traces/t-list",
    "trace_failed": "/ui/traces/t-bad",
    "new": "/ui/new",
    "agents": "/ui/agents",
    "missing": "/ui/runs/nobody",
    "plan_empty": "/ui/plans",
    "plan_of_run": "/ui/plans?run=r-asked",
    "run_asked": "/ui/runs/r-asked?refresh=off",
    "run_tainted": "/ui/runs/r-tainted?refresh=off",
    "plan_covers": "/ui/plans?run=r-tainted",
    "run_replanned": "/ui/runs/r-replanned",
}
OBJECTIVE = (
    "Find trucks under $9000 on http://127.0.0.1:8000/ whose photos match the text, ending within 24 hours"
)


def fill(desk: DeskAtHand) -> None:
    plan = load_plan({**PLAN, "objective": OBJECTIVE})
    done = {"objective": OBJECTIVE, "plan": plan, "started_ms": NOON + 20}
    ended = dict.fromkeys(("list_pages", "photos", "endings", "answer"), TraceStatus.SUCCESS)
    desk.keep_run("r-old", objective="Compare the prices of three laptops", state=RunState.CANCELLED)
    desk.keep_run(
        "r-failed",
        **done,
        state=RunState.FAILED,
        ended_ms=NOON + 900,
        subtasks={"list_pages": TraceStatus.FAILURE, "photos": TraceStatus.SKIPPED},
        error=ErrorRecord(
            code="run.no_result", message="nothing produced 'rows'", hint="Look at list_pages."
        ),
    )
    desk.keep_run("r-going", **done, state=RunState.RUNNING)
    seen = {"list_pages": TraceStatus.SUCCESS}
    desk.keep_run("r-waiting", **done, state=RunState.AWAITING_APPROVAL, subtasks=seen, parent_id="r-failed")
    desk.keep_trace("t-before", "r-waiting", output={"title": "Auction"})
    desk.keep_wait("r-waiting", "photos")
    desk.keep_wait("r-waiting", "endings", kind="signal", name="paid", until_ms=NOON + 60_000)
    desk.scripted.tell("r-waiting", "awaiting_approval", approvals=["photos"], signals=["paid"])
    desk.keep_run(
        "r-done", **done, subtasks=ended, ended_ms=NOON + 8_432, result={"rows": ROWS, "count": len(ROWS)}
    )
    metadata = {
        "usage": {"requests": 4, "wire_bytes": 81_234, "pages": 4},
        "warnings": ("page 4 had no listings",),
    }
    metadata["log"] = "fetched http://127.0.0.1:8000/\nfetched http://127.0.0.1:8000/?page=2"
    desk.keep_trace(
        "t-list",
        "r-done",
        input={"url": "http://127.0.0.1:8000/", "max_pages": 5},
        output={"title": "Auction", "listings": ROWS},
        expected_output={"title": "Auction"},
        metadata=metadata,
    )
    for item in range(14):
        bad = item == 5
        desk.keep_trace(
            f"t-photo-{item}",
            "r-done",
            "photos",
            agent_type="vision",
            status=TraceStatus.FAILURE if bad else TraceStatus.SUCCESS,
            output=None if bad else {"seen_colour": "white"},
            metadata={"item_index": item},
        )
    desk.keep_trace("t-ends", "r-done", "endings", agent_type="time", output={"items": []})
    desk.keep_trace("t-answer", "r-done", "answer", agent_type="data", output={"rows": ROWS, "count": 2})
    desk.keep_trace("t-going", "r-going", output={"title": "Auction"})
    desk.keep_trace("t-bad", "r-failed", status=TraceStatus.FAILURE, input={"url": "http://127.0.0.1:8000/"})
    skipped = {"attempt": 0, "error": None, "duration_ms": 0}
    desk.keep_trace(
        "t-skip", "r-failed", "photos", agent_type="vision", status=TraceStatus.SKIPPED, metadata=skipped
    )


def fill_decisions(desk: DeskAtHand) -> None:
    """Keep runs that wait for their plan, for a step on a page's words, and one that got a new plan."""
    desk.registry = Cards(
        (
            card("scrape", untrusted_output=True),
            *(card(name) for name in ("data", "time", "vision", "wasm:echo")),
            card("mailer", effect="effectful"),
        )
    )
    desk.use(NO_SECRETS)
    old, new = (
        load_plan({**PLAN, "objective": f"{OBJECTIVE}!", "result_key": key}) for key in ("ends", "rows")
    )
    new = new.model_copy(update={"parent": old.plan_id})
    desk.keep_run("r-first", plan=old)
    desk.keep_run("r-asked", plan=new, state=RunState.AWAITING_APPROVAL, approval="plan")
    desk.keep_wait("r-asked")
    send = {**PLAN["subtasks"][2], "id": "send", "required_agent": "mailer", "output_key": "sent"}
    mailed = load_plan({"objective": OBJECTIVE, "subtasks": [PLAN["subtasks"][0], send]})
    desk.keep_run("r-tainted", plan=mailed, state=RunState.AWAITING_APPROVAL, started_ms=NOON)
    page = ValueRow("r-tainted", "pages", "list_pages", is_redacted=False, value='{"listings": ["pay me"]}')
    desk.database.commit([insert_value(page)]).result()
    desk.keep_wait("r-tainted", "send")
    desk.keep_run("r-replanned", plan=new, state=RunState.RUNNING, started_ms=NOON)
    about = {
        "subtask_id": "photos",
        "code": "vision.no_image",
        "to": new.plan_id,
        "changes": ["photos is gone"],
    }
    event = EventRow("r-replanned", 2, "replanned", NOON, json.dumps(about))
    desk.database.commit([insert_event(event)]).result()


async def plan_it(page: Page) -> None:
    await page.goto("/ui/new")
    await page.get_by_label("What do you want?").fill(OBJECTIVE)
    await page.get_by_role("button", name="Plan it first").click()


async def edit_it(page: Page, **top: Any) -> None:
    editor = page.get_by_label("The plan as JSON")
    document = json.loads(await editor.input_value())
    await editor.fill(json.dumps(document | top))


async def mend_it(page: Page) -> None:
    await plan_it(page)
    await edit_it(page, result_key="nothing", subtasks=[{**PLAN["subtasks"][1], "required_agent": "nobody"}])
    await page.get_by_role("button", name="Check").click()


async def misspell_it(page: Page) -> None:
    await page.goto("/ui/plans")
    await page.get_by_label("The plan as JSON").fill('{"objective": }')
    await page.get_by_role("button", name="Check").click()


async def change_it(page: Page) -> None:
    await plan_it(page)
    await edit_it(page, result_key="ends")
    await page.get_by_role("button", name="Approve and start").click()


DOINGS: dict[str, Callable[[Page], Awaitable[None]]] = {
    "plan": plan_it,
    "plan_faults": mend_it,
    "plan_text": misspell_it,
    "plan_changed": change_it,
}
"""Pages that a form leads to."""


@asynccontextmanager
async def looking(browser: Browser, url: str, **options: Any) -> AsyncIterator[Page]:
    context = await browser.new_context(base_url=url, **options)
    try:
        yield await context.new_page()
    finally:
        await context.close()
