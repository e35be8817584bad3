"""What asking a model for a plan leaves behind: one record for each time it was asked.

Who plans for a run listens for the time of the planning; the planner knows
nothing of runs, and tells whoever listens in its task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pydantic import JsonValue

PLANNER: Final = "planner"
"""Who made such a call, as a trace names agents; of a trace that names no subtask."""


@dataclass(frozen=True, slots=True)
class PlanningCall:
    """One question to a model and what came of it."""

    purpose: str
    """`plan` or `replan`."""
    round: int
    """1 for the first time it is asked, 2 for the correction."""
    prompt_sha256: str
    prompt_chars: int
    reply: str = ""
    """As the model wrote it; may hold anything, so it is redacted and bounded before it is kept."""
    model: str = ""
    finish_reason: str = ""
    form: str = ""
    """How the reply was held to its shape; see `providers.chat.Form`."""
    repairs: tuple[Mapping[str, JsonValue], ...] = ()
    problems: tuple[Mapping[str, JsonValue], ...] = ()
    """Why the reply could not be used; empty when it was."""
    usage: Mapping[str, JsonValue] = field(default_factory=dict)
    """`prompt_tokens`, `completion_tokens`, `cached_tokens`, `tokens` (both), and `usd` where prices are known."""
    timings: Mapping[str, JsonValue] = field(default_factory=dict)
    """Names and units as in `providers.chat.Timings`."""
    tries: int = 1
    error_code: str = ""
    """When no reply came."""
    error_message: str = ""


OnPlanningCall = Callable[[PlanningCall], None]
"""Told of each call when it has ended; must not block or raise."""

_LISTENER: Final[ContextVar[OnPlanningCall | None]] = ContextVar("planning_listener", default=None)


@contextmanager
def heard_by(listener: OnPlanningCall) -> Iterator[None]:
    """Tell a listener of every call that is made inside, in this task and those it begins."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def tell(call: PlanningCall) -> None:
    """Tell whoever listens here; nobody does where no run is planned for."""
    listener = _LISTENER.get()
    if listener is not None:
        listener(call)
