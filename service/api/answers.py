"""JSON answers, and how OpenAPI documents the ones that are refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import JSONResponse, Response
from typing_extensions import override

PROBLEM_SCHEMA: Final = {"$ref": "#/components/schemas/ProblemDocument"}

_WORDS: Final = {
    401: "An API key is set on this server and the request does not carry it.",
    403: "Refused: a foreign origin, or something only the operator can grant.",
    404: "There is nothing by that name.",
    405: "Another method is meant; `Allow` lists them.",
    408: "The body did not arrive in time.",
    409: "Something else holds what is needed, or it has already ended.",
    412: "The plan is another than the one that was looked at.",
    413: "The body is larger than what is read.",
    415: "The body is not `application/json`.",
    421: "The `Host` header names another server.",
    422: "What was sent cannot be used; `errors` says why.",
    428: "`If-Match` must say which plan was looked at.",
    500: "A defect of ours; the log has the rest.",
    503: "Busy, or something needed is absent; `Retry-After` says when to try again.",
    507: "The disk is full; reading works still.",
}
_EVERYWHERE: Final = (401, 403, 421, 500)
_WITH_BODY: Final = (408, 413, 415, 422)


class JsonAnswer(JSONResponse):
    """JSON in UTF-8; a character UTF-8 cannot spell becomes `?`."""

    @override
    def render(self, content: Any) -> bytes:
        """Return the bytes."""
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "replace")


class RawJson(Response):
    """JSON that is written out already."""

    media_type: str | None = "application/json"


def refusals(*statuses: int, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """Return the `responses` of a route: its own refusals and those every route has."""
    wanted = sorted({*_EVERYWHERE, *statuses, *(_WITH_BODY if body else ())})
    content = {"application/problem+json": {"schema": PROBLEM_SCHEMA}}
    return {status: {"description": _WORDS[status], "content": content} for status in wanted}


def next_link(path: str, query: Mapping[str, str | int | None], after: str | None) -> dict[str, str]:
    """Return the `Link` header to the page after this one, where there is one."""
    if after is None:
        return {}
    wanted = {k: v for k, v in {**query, "after": after}.items() if v is not None}
    return {"Link": f'<{path}?{urlencode(wanted)}>; rel="next"'}
