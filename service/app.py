"""The application: API, dashboard, and the gate before both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from contracts.clock import Clock, SystemClock
from contracts.errors import CallsheetError
from service.api import (
    agents,
    events,
    health,
    lifecycle,
    metrics,
    objectives,
    outlook,
    plans,
    starting,
    traces,
)
from service.api.ollama import routes as ollama
from service.api.openai import problems as openai_problems
from service.api.openai import routes as openai
from service.api.openapi import with_problems
from service.api.turns import Turns
from service.chat.forced import Forcing
from service.chat.hiding import Hiding
from service.dashboard import pages
from service.dashboard.errors import error_page
from service.desk_protocol import Desk
from service.gate import Gate
from service.problems import as_error, problem_answer
from service.security import KeyRule
from traces.cleaning import Cleaner

VERSION: Final = "0.1.0"

ROUTES: Final = (
    starting, objectives, lifecycle, events, plans, outlook, traces, agents, health, metrics, openai, ollama,
)  # fmt: skip

LANES: Final = {("POST", "/objectives"): starting.start_objective}
"""Asked so often that the framework's layers would cost more than the answer."""

Lifespan = Callable[[], AbstractAsyncContextManager[None]]


def create_app(desk: Desk, *, clock: Clock | None = None, lifespan: Lifespan | None = None) -> FastAPI:
    """Return the application that serves a desk.

    Args:
        desk: Where objectives are taken in and looked up.
        clock: For sessions and durations; the machine's by default.
        lifespan: Entered before the first request, left after the last.
    """
    time = clock or SystemClock()
    log = desk.settings.log
    logs_all = log.access == "on" or log.level == "debug"
    keys = KeyRule(desk.settings.server.api_key, time)

    @asynccontextmanager
    async def living(_app: FastAPI) -> AsyncIterator[None]:
        if lifespan is None:
            yield
            return
        async with lifespan():
            yield

    app = FastAPI(
        title="Callsheet",
        version=VERSION,
        summary="Plan an objective, run it on sandboxed agents, keep the receipts.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=living,
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.desk = desk
    app.state.keys = keys
    app.state.clock = time
    app.state.cleaner = Cleaner(desk.settings.secrets(), finds="told")
    app.state.forcing = Forcing()
    app.state.hiding = Hiding(desk.settings.secrets())
    app.state.turns = Turns(desk.settings.chat.at_once)
    app.state.closing = asyncio.Event()  # set when the server ends; whoever waits then answers at once
    app.state.close = lambda: _close(app, desk)
    for each in ROUTES:
        app.include_router(each.router)
    pages.mount(app)
    for kind in (CallsheetError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, _handle)
    app.add_middleware(
        Gate,
        server=desk.settings.server,
        keys=keys,
        clock=time,
        answer=_answer,
        logs_all=logs_all,
        lanes=LANES,
    )
    with_problems(app)
    return app


def _close(app: FastAPI, desk: Desk) -> None:
    desk.is_draining = True
    app.state.closing.set()
    desk.hub.close()


async def _handle(request: Request, exc: Exception) -> Response:
    return _answer(request.scope, as_error(exc, request))


def _answer(scope: Scope, error: CallsheetError) -> Response:
    path: str = scope["path"]
    if path.startswith(openai_problems.PREFIX):
        return openai_problems.openai_problem(error)
    if path.startswith(ollama.PREFIX):
        return ollama.ollama_problem(error)
    if path == "/" or path.startswith("/ui"):
        return error_page(error)
    return problem_answer(error, instance=path)
