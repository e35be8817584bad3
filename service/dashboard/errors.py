"""Errors as pages."""

from __future__ import annotations

from http import HTTPStatus

from contracts.errors import CallsheetError
from service.dashboard.render import Page, page
from service.problems import headers_of


def error_page(error: CallsheetError) -> Page:
    """Return the page that tells a person what went wrong and what to do."""
    status = error.http_status
    return page(
        "error.html",
        status=status,
        headers=headers_of(error),
        here="",
        error=error,
        number=status,
        phrase=HTTPStatus(status).phrase,
    )
