"""A reply to a plan document: read by the ladder, its shape mended where that is certain."""

from __future__ import annotations

from collections.abc import Collection

from planner.reading.repairs import Repairs
from planner.reading.reply import Reply, read_reply
from planner.reading.shape import mend_shape


def read_plan(text: str, *, inputs: Collection[str] = ()) -> Reply:
    """Return the plan a reply holds, and everything that was mended in it.

    Args:
        text: The reply.
        inputs: The keys the caller gives.

    Raises:
        InvalidInput: See `read_reply`.
    """
    reply = read_reply(text)
    repairs = Repairs()
    document = mend_shape(reply.document, inputs, repairs)
    return Reply(document, (*reply.repairs, *repairs.as_json()))
