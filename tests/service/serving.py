"""The application over real HTTP, and a real Chromium to look at it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from playwright.async_api import Browser, async_playwright

from egress.launch import prepare_launch
from service.server import serve
from service.settings import load_settings


@asynccontextmanager
async def served(
    app: FastAPI, *, drain: Callable[[], Awaitable[None]] | None = None, **server: Any
) -> AsyncIterator[str]:
    """Serve on a free port of loopback; give the address.

    Args:
        app: The application.
        drain: Called when no more requests come.
        server: Settings of the server's group.
    """
    started = asyncio.Event()
    urls: list[str] = []

    def tell(url: str) -> None:
        urls.append(url)
        started.set()

    stop = asyncio.Event()
    settings = load_settings({"server": {"port": 0, **server}})
    more = {"drain": drain} if drain is not None else {}
    task = asyncio.create_task(serve(app, settings, on_started=tell, stop=stop, **more))
    begun = asyncio.create_task(started.wait())
    await asyncio.wait({task, begun}, return_when=asyncio.FIRST_COMPLETED)
    begun.cancel()
    if not urls:
        await task
    try:
        yield urls[0]
    finally:
        stop.set()
        await task


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the sandboxed Chromium that agents use, with pictures on and no proxy."""
    launch = prepare_launch()
    options = launch.options("http://127.0.0.1:1")
    del options["proxy"]
    options["args"] = [a for a in options["args"] if "imagesEnabled" not in a]
    try:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(**options)
            try:
                yield browser
            finally:
                await browser.close()
    finally:
        launch.remove()
