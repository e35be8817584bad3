"""How a client asks: each question is written down when it is asked, and again when it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from contracts.errors import CallsheetError
from simulation.history import History, Request

if TYPE_CHECKING:
    from simulation.life import Life


class Asking:
    """Writes questions and answers down.

    Args:
        history: Where.
    """

    def __init__(self, history: History) -> None:
        self._history = history

    def ask(self, life: Life, verb: str, run_id: str, **fields: Any) -> Request:
        """Note a question."""
        found = Request(self._history.next_number(), life.number, life.world_s, verb, run_id, fields)
        self._history.requests.append(found)
        self._history.note(life.number, life.world_s, "ask", verb, run_id, *fields.values())
        return found

    def answered(self, life: Life, asked: Request, answer: str) -> None:
        """Note an answer."""
        asked.answer, asked.answered_s = answer, life.world_s
        asked.answered_number = self._history.next_number()
        self._history.note(life.number, life.world_s, "told", asked.verb, asked.run_id, answer)

    async def tell(self, life: Life, asked: Request, door: Callable[[], Awaitable[object]]) -> None:
        """Go through a door and note what it says: yes, or the error's code."""
        try:
            await door()
        except CallsheetError as exc:
            self.answered(life, asked, exc.code)
        else:
            self.answered(life, asked, "ok")
