from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]  # ships no types
from playwright.async_api import ConsoleMessage, Route

from contracts.plan import load_plan
from contracts.run import RunState
from egress.chromium import find_chromium
from service.app import create_app
from tests.service.desk_at_hand import NOON, PLAN, DeskAtHand, FixedClock
from tests.service.pages_at_hand import DOINGS, PAGES, fill, fill_decisions, looking
from tests.service.serving import chromium, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine: callsheet doctor"),
]

SHOTS = os.environ.get("CALLSHEET_SHOTS")
"""A folder to leave screenshots in, for people to look at."""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
async def test_every_page_is_without_an_axe_violation(
    desk: DeskAtHand, clock: FixedClock, scheme: str, width: int
) -> None:
    fill(desk)
    fill_decisions(desk)
    faults: dict[str, str] = {}
    size = {"width": width, "height": 900}
    async with (
        served(create_app(desk, clock=clock)) as url,
        chromium() as browser,
        looking(browser, url, color_scheme=scheme, viewport=size) as page,
    ):
        for name in (*PAGES, *DOINGS):
            await (page.goto(PAGES[name]) if name in PAGES else DOINGS[name](page))
            found = await Axe().run(page)
            if found.violations_count:
                faults[name] = found.generate_report()
            overflow = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
            if overflow > 0:
                faults[f"{name} overflow"] = f"{overflow} px wider than the window"
            if SHOTS:
                shot = Path(SHOTS) / f"{name}-{scheme}-{width}.png"
                await page.screenshot(path=shot, full_page=True)
    assert faults == {}


async def test_a_person_starts_an_objective_and_is_led_to_it(desk: DeskAtHand) -> None:
    async with (
        served(create_app(desk)) as url,
        chromium() as browser,
        looking(browser, url, java_script_enabled=False) as page,
    ):
        await page.goto("/")
        await page.get_by_role("link", name="New objective").click()
        await page.get_by_label("What do you want?").fill("find trucks")
        await page.get_by_role("button", name="Plan it first").click()
        assert await page.get_by_role("link", name="photos: Waiting, vision").count() == 1
        await page.get_by_role("button", name="Approve and start").click()
        assert page.url.startswith(f"{url}/ui/runs/run")
        assert await page.get_by_role("heading", name="find trucks").is_visible()
    (signal,) = desk.scripted.signals
    assert signal.name == "approve"


async def test_a_page_follows_its_run_without_being_loaded_again(desk: DeskAtHand) -> None:
    plan = load_plan(PLAN)
    desk.keep_run("r1", plan=plan, state=RunState.RUNNING, started_ms=NOON)
    loads: list[str] = []
    async with served(create_app(desk)) as url, chromium() as browser, looking(browser, url) as page:
        page.on("framenavigated", lambda frame: loads.append(frame.url))
        await page.goto("/ui/runs/r1")
        subtasks = page.get_by_role("region", name="Subtasks")
        assert await subtasks.get_by_text("Success").count() == 0
        desk.keep_trace("t1", "r1")
        desk.scripted.tell("r1", "running")
        await subtasks.get_by_text("Success").wait_for()
        await page.get_by_role("button", name="Stop this run").focus()
        desk.keep_wait("r1", "photos")
        desk.scripted.tell("r1", "awaiting_approval")
        await page.get_by_role("button", name="Approve photos").wait_for()
        assert await page.evaluate("document.activeElement.id") == "stop"
        desk.scripted.end(desk.runs.get("r1"))
        await page.get_by_role("status").get_by_text("Succeeded").wait_for()
        assert await page.get_by_role("button", name="Stop this run").count() == 0
        assert await page.locator(".events tbody tr").count() == 5
    assert loads == [f"{url}/ui/runs/r1"]


async def test_a_page_takes_up_its_run_again_after_the_connection_broke(desk: DeskAtHand) -> None:
    desk.keep_run("r1", plan=load_plan(PLAN), state=RunState.RUNNING, started_ms=NOON)
    async with served(create_app(desk)) as url, chromium() as browser, looking(browser, url) as page:
        broken: list[str] = []

        async def refuse(route: Route) -> None:
            broken.append(route.request.url)
            await (route.abort() if len(broken) == 1 else route.continue_())

        await page.route("**/events*", refuse)
        await page.goto("/ui/runs/r1")
        desk.scripted.end(desk.runs.get("r1"))
        await page.get_by_role("status").get_by_text("Succeeded").wait_for()
    assert len(broken) >= 2


async def test_a_person_decides_on_the_page_without_a_script(desk: DeskAtHand) -> None:
    desk.keep_run("r1", plan=load_plan(PLAN), state=RunState.AWAITING_APPROVAL, started_ms=NOON)
    desk.keep_wait("r1")
    async with (
        served(create_app(desk)) as url,
        chromium() as browser,
        looking(browser, url, java_script_enabled=False) as page,
    ):
        await page.goto("/ui/runs/r1")
        await page.get_by_role("button", name="Reject the plan").click()
        assert page.url == f"{url}/ui/runs/r1"
    (signal,) = desk.scripted.signals
    assert signal.name == "reject"


async def test_a_foreign_page_in_the_same_browser_starts_nothing(desk: DeskAtHand, tmp_path: Path) -> None:
    async with served(create_app(desk)) as url, chromium() as browser, looking(browser, url) as page:
        await page.set_content(
            f'<form method="post" action="{url}/ui/objectives"><input name="objective" value="x">'
            "<button>go</button></form>"
        )
        async with page.expect_response("**/ui/objectives") as answered:
            await page.get_by_role("button").click()
        assert (await answered.value).status == 403
    assert desk.made == 0


async def test_hostile_text_runs_no_script_and_loads_nothing(desk: DeskAtHand) -> None:
    attack = '"><img src=x onerror=alert(1)><script>alert(1)</script></svg><svg onload=alert(1)>'
    plan = load_plan(
        {**PLAN, "subtasks": [{**PLAN["subtasks"][0], "objective": attack}], "result_key": "pages"}
    )
    desk.keep_run("r1", objective=attack, plan=plan, result=[{attack: attack}])
    desk.keep_trace("t1", "r1", input=attack, output={attack: [attack]}, metadata={"log": attack})
    asked: list[str] = []
    spoken: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if "status of 422" not in message.text:  # the browser's own word for a page that says what is wrong
            spoken.append(message.text)

    document = json.dumps({"objective": attack, "subtasks": [plan.as_json()["subtasks"], attack]})
    async with served(create_app(desk)) as url, chromium() as browser, looking(browser, url) as page:
        page.on("request", lambda request: asked.append(request.url.removeprefix(url)))
        page.on("console", hear)
        page.on("dialog", lambda dialog: spoken.append(dialog.message))
        for path in ("/ui/runs", "/ui/runs/r1", "/ui/traces", "/ui/traces/t1"):
            await page.goto(path)
            assert await page.locator("script, img").count() == 0
        for text in (document, json.dumps(plan.as_json())):
            await page.goto("/ui/plans")
            await page.get_by_label("The plan as JSON").fill(text)
            await page.get_by_role("button", name="Check").click()
            assert await page.locator("script:not([src='/ui/static/plan.js']), img").count() == 0
    assert spoken == []
    assert {path for path in asked if not path.startswith("/ui/")} <= {"/favicon.ico"}


async def test_the_session_cookie_is_sent_by_the_dashboards_own_forms(
    desk: DeskAtHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = "a-key-of-sixteen-or-more"
    monkeypatch.setenv("CALLSHEET_SERVER__API_KEY", key)
    desk.settings = type(desk.settings)()
    async with served(create_app(desk)) as url, chromium() as browser, looking(browser, url) as page:
        await page.goto("/ui/new")
        await page.get_by_label("API key").fill(key)
        await page.get_by_role("button", name="Sign in").click()
        assert page.url == f"{url}/ui/new"
        await page.get_by_label("What do you want?").fill("find trucks")
        await page.get_by_role("button", name="Run it").click()
        assert page.url == f"{url}/ui/runs/run1"
