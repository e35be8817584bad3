"""Refusals that only HTTP knows, in the tree of errors; imports no framework, so that the service starts fast."""

from __future__ import annotations

from contracts.errors import CallsheetError, Conflict, InvalidInput, Refused


class ForeignHost(Refused):
    """The request was meant for another host name."""

    http_status = 421


class Unauthenticated(Refused):
    """The request carries no valid key."""

    http_status = 401


class MethodNotAllowed(InvalidInput):
    """The path exists, not with this method."""

    http_status = 405


class TooSlow(InvalidInput):
    """The request did not arrive in time."""

    http_status = 408


class PlanChanged(Conflict):
    """The plan the caller has seen is no longer the one in force."""


class PreconditionFailed(PlanChanged):
    """Likewise, where the caller said so by `If-Match`."""

    http_status = 412


class TooLarge(InvalidInput):
    """The request is bigger than what is read."""

    http_status = 413


class WrongMediaType(InvalidInput):
    """The body is of a kind that is not read here."""

    http_status = 415


class PreconditionMissing(InvalidInput):
    """The request must say what its caller has seen."""

    http_status = 428


class InternalError(CallsheetError):
    """A defect of ours; the log has the rest under the same id."""
