"""Photographs of the dashboard for the README: the example's run, light and dark.

UPDATE_IMAGES=1 pytest tests/docs -k photograph
"""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.async_api import FloatRect, Page

from service.app import create_app
from service.compose import open_desk
from service.settings import load_settings
from tests.docs.pages import DOCS
from tests.docs.reading import PREFIX
from tests.service.serving import chromium, served

WIDTH, HEIGHT = 1280, 900
MARGIN = 48
SCHEMES: dict[Literal["light", "dark"], str] = {"light": "run.png", "dark": "run-dark.png"}


async def photograph_run(folder: Path) -> dict[str, bytes]:
    """Run the example in `folder`; return file name -> PNG of its page."""
    command = [str(PREFIX / "bin" / "callsheet"), "run", "--example", "auction", "--quiet", "--json"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: ASYNC221  # nothing else runs yet
    settings = load_settings({"storage": {"path": folder / ".callsheet" / "callsheet.db"}})
    found = {}
    async with open_desk(settings) as desk, served(create_app(desk)) as url, chromium() as browser:
        run_id = desk.runs.page(limit=1).runs[0].run_id
        for scheme, name in SCHEMES.items():
            page = await browser.new_page(
                viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme, device_scale_factor=1
            )
            await page.goto(f"{url}/ui/runs/{run_id}")
            found[name] = _smaller(await page.screenshot(full_page=True, clip=await _down_to_plan(page)))
            await page.close()
    return found


def keep(photographs: dict[str, bytes]) -> None:
    """Write them where the README looks for them."""
    for name, data in photographs.items():
        (DOCS / "images" / name).write_bytes(data)


async def _down_to_plan(page: Page) -> FloatRect:
    box = await page.locator("svg.dag").bounding_box()
    bottom = box["y"] + box["height"] if box else HEIGHT
    return {"x": 0, "y": 0, "width": WIDTH, "height": bottom + MARGIN}


def _smaller(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as image:
        few = image.convert("RGB").quantize(colors=128, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()
