from __future__ import annotations

import pytest
from playwright.async_api import expect

from egress.chromium import find_chromium
from service.app import create_app
from tests.service.desk_at_hand import DeskAtHand
from tests.service.pages_at_hand import change_it, looking, plan_it
from tests.service.serving import chromium, served

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(find_chromium() is None, reason="no Chromium on this machine: callsheet doctor"),
]


async def test_a_person_edits_a_plan_sees_what_changed_and_starts_that(desk: DeskAtHand) -> None:
    async with (
        served(create_app(desk)) as url,
        chromium() as browser,
        looking(browser, url, java_script_enabled=False) as page,
    ):
        await change_it(page)
        assert desk.made == 0
        assert await page.get_by_role("heading", name="Nothing was started").is_visible()
        assert await page.get_by_role("heading", name="What changed").is_visible()
        await page.get_by_role("button", name="Approve and start").click()
        assert page.url.startswith(f"{url}/ui/runs/run")
    assert desk.made == 1


async def test_the_editor_says_while_one_types_where_the_text_is_no_json(desk: DeskAtHand) -> None:
    async with served(create_app(desk)) as url, chromium() as browser, looking(browser, url) as page:
        await plan_it(page)
        editor, said = page.get_by_label("The plan as JSON"), page.locator("#document-said")
        right = await editor.input_value()
        await editor.fill('{\n  "objective": oops\n}')
        await said.get_by_text("Not JSON yet at line 2, column 16.").wait_for()
        await editor.fill(right.replace("find", "seek").replace("Find", "Seek"))
        await said.get_by_text("check it before you approve").wait_for()
        await editor.fill(right)
        await expect(said).to_be_empty()
