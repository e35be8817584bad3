from __future__ import annotations

import subprocess
import sys

import pytest

from contracts.clock import SystemClock
from contracts.errors import Refused
from contracts.policy import Policy
from egress.browser_door import BrowserDoor


def test_the_way_to_the_browser_does_not_lead_through_playwright() -> None:
    code = "import sys, egress.browser_door, agents.doors; sys.exit('playwright' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_a_page_out_of_reach_is_refused_as_the_browser_refuses_it() -> None:
    async with BrowserDoor(SystemClock()) as door:
        with pytest.raises(Refused) as refused:
            await door.render("http://nowhere.example/", policy=Policy())
    assert refused.value.code.startswith("egress.")


async def test_a_door_nobody_went_through_closes_without_a_browser() -> None:
    async with BrowserDoor(SystemClock()) as door:
        assert door._browser is None
