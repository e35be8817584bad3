"""Errors as OpenAI spells them, with our stable code.

Source: https://platform.openai.com/docs/guides/error-codes
"""

from __future__ import annotations

import re
from typing import Any, Final

from contracts.errors import CallsheetError, InvalidInput, OutOfSpace, Unavailable
from service.api.answers import JsonAnswer
from service.problems import MAX_DETAIL, headers_of

PREFIX: Final = "/v1/"
_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
}
_INDEX: Final = re.compile(r"\.(\d+)(?=\.|$)")
_RETRY_NEVER: Final = "x-should-retry"
"""Their clients send a request again that failed on the server's side, unless this header says no."""


def openai_problem(error: CallsheetError) -> JsonAnswer:
    """Return the answer that tells a client of theirs what went wrong."""
    status = status_of(error)
    headers = dict(headers_of(error))
    if "runs" in error.data or (status >= 500 and not error.retryable):
        headers[_RETRY_NEVER] = "false"  # what was run would be run a second time
    if isinstance(error, Unavailable) and "retry_after_s" in error.data:
        headers["Retry-After"] = str(max(1, round(float(error.data["retry_after_s"]))))
    return JsonAnswer(problem_body(error), status_code=status, headers=headers)


def problem_body(error: CallsheetError) -> dict[str, Any]:
    """Return an error's JSON: message and next step, kind, code, and the field it is about."""
    hint = f" {error.hint}" if error.hint else ""
    message = f"{_sentence(error.message)}{hint}"
    found: dict[str, Any] = {
        "message": message if len(message) <= MAX_DETAIL else f"{message[: MAX_DETAIL - 1]}…",
        "type": _kind(status_of(error)),
        "param": _param(error.where),
        "code": error.code,
    }
    more = {"callsheet": {"runs": error.data["runs"]}} if "runs" in error.data else {}
    return {"error": found, **more}


def status_of(error: CallsheetError) -> int:
    """Return the HTTP status: as everywhere, but 400 for what cannot be used, and 429 for too many requests."""
    if type(error) is InvalidInput or error.http_status == 422 or _is_no_fault_of_ours(error):
        return 400
    if error.code == "provider.rate_limited":
        return 429
    return 500 if isinstance(error, OutOfSpace) else error.http_status


def _is_no_fault_of_ours(error: CallsheetError) -> bool:
    """Say whether a model's endpoint would not take what was sent, as when it is longer than its context."""
    return error.code == "provider.http_status" and error.data.get("status") in {400, 413, 422}


def _kind(status: int) -> str:
    return _TYPES.get(status) or ("invalid_request_error" if status < 500 else "server_error")


def _param(where: str) -> str | None:
    """Return a JSON pointer as these clients spell it: `messages[0].content`."""
    if not where.startswith("/"):
        return None
    return _INDEX.sub(r"[\1]", where[1:].replace("/", "."))[:200]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
