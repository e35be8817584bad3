"""Templates: Jinja2 with autoescape on, strict about names, with our words as filters."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

import jinja2
from starlette.responses import HTMLResponse
from typing_extensions import override

from planner.outlook.shape import level_of
from service.dashboard import present
from service.dashboard.states import look_of

_FILTERS: Final = {
    "visible": present.visible,
    "shorten": present.shorten,
    "iso": present.iso,
    "moment": present.moment,
    "duration": present.duration,
    "pretty": present.pretty,
    "table": present.as_table,
    "facts": present.facts,
    "look": look_of,
    "level": level_of,
}


class Page(HTMLResponse):
    """HTML in UTF-8; a character UTF-8 cannot spell becomes `?`."""

    @override
    def render(self, content: Any) -> bytes:
        return str(content).encode("utf-8", "replace")


@cache
def environment() -> jinja2.Environment:
    """Return the one environment all pages are rendered in."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("service.dashboard"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(_FILTERS)
    return made


def page(template: str, *, status: int = 200, headers: Mapping[str, str] | None = None, **names: Any) -> Page:
    """Return a rendered page."""
    text = environment().get_template(template).render(**names)
    return Page(text, status_code=status, headers=dict(headers or {}))
