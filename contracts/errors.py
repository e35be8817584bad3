"""The error tree, named for what the caller does next.

    CallsheetError
    |-- InvalidInput      mend what was sent          HTTP 422   exit 3
    |   `-- InvalidPlan   ... with every problem      HTTP 422   exit 3
    |-- NotFound          name another                HTTP 404   exit 7
    |-- Refused           ask the operator            HTTP 403   exit 4
    |-- Conflict          end what holds it           HTTP 409   exit 5
    |   `-- Fenced        somebody else took it over
    |-- Unavailable       try later or install        HTTP 503   exit 5
    |   `-- OutOfSpace    make room                   HTTP 507   exit 5
    |-- Damaged           restore a backup            HTTP 500   exit 1
    |-- AttemptFailed     read the trace              HTTP 502   exit 1
    |   `-- AttemptTimedOut                           HTTP 504   exit 6

Each carries a stable `code` (`room.what`), where it was, and the next step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class CallsheetError(Exception):
    """Something a caller can act on.

    Args:
        code: Stable, `room.what`; documented in `docs/reference/errors.md`.
        message: What was wrong, with the value that was.
        where: A pointer, path, URL or position, when one exists.
        hint: The next step, as an imperative sentence or a command.
        data: More facts for machines; JSON values only.
    """

    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    retryable: bool = False
    """Whether the same call, made again later, may succeed."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        where: str = "",
        hint: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.hint = hint
        self.data: dict[str, Any] = dict(data or {})

    def as_json(self) -> dict[str, Any]:
        """Return code, message and whichever of where, hint and data are set."""
        found = {"code": self.code, "message": self.message, "where": self.where, "hint": self.hint}
        return {k: v for k, v in found.items() if v} | ({"data": self.data} if self.data else {})


class InvalidInput(CallsheetError):
    """What was sent cannot be used; the sender mends it."""

    http_status = 422
    exit_code = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a plan."""

    code: str
    pointer: str
    """RFC 6901, into the plan."""
    message: str
    hint: str = ""

    def as_json(self) -> dict[str, str]:
        """Return the fields that are set."""
        found = {"code": self.code, "pointer": self.pointer, "message": self.message, "hint": self.hint}
        return {k: v for k, v in found.items() if v or k == "pointer"}


class InvalidPlan(InvalidInput):
    """A plan that must not run; `problems` names every reason found, not only the first."""

    def __init__(self, problems: Sequence[Problem], *, hint: str = "") -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(
            first.code,
            f"{first.message}{more}",
            where=first.pointer,
            hint=hint or first.hint,
            data={"problems": [p.as_json() for p in problems]},
        )
        self.problems = tuple(problems)


class NotFound(CallsheetError):
    """There is nothing by that name."""

    http_status = 404
    exit_code = 7


class Refused(CallsheetError):
    """Policy denies it; only the operator can grant it."""

    http_status = 403
    exit_code = 4


class Conflict(CallsheetError):
    """Something else holds what is needed."""

    http_status = 409
    exit_code = 5


class Unavailable(CallsheetError):
    """What is needed is absent or busy now."""

    http_status = 503
    exit_code = 5
    retryable = True


class Fenced(Conflict):
    """What was written carries an older epoch: another holder has opened the run since."""


class OutOfSpace(Unavailable):
    """The disk is full; reading still works, and writing does again once there is room."""

    http_status = 507


class Damaged(CallsheetError):
    """What is stored is not what was written; it is never served as if it were."""


class AttemptFailed(CallsheetError):
    """An attempt at a subtask failed; `retryable` says whether the same call may do better."""

    http_status = 502
    exit_code = 1

    def __init__(
        self,
        code: str,
        message: str,
        *,
        retryable: bool = False,
        where: str = "",
        hint: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(code, message, where=where, hint=hint, data=data)
        self.retryable = retryable


class AttemptTimedOut(AttemptFailed):
    """An attempt was stopped at its deadline."""

    http_status = 504
    exit_code = 6
