"""How many answers may be under way at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from contracts.errors import Unavailable


class Turns:
    """Counts the answers under way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.count = 0

    @contextmanager
    def take(self) -> Iterator[None]:
        """Hold a place while an answer is under way.

        Raises:
            Unavailable: `talk.too_many`.
        """
        if self.count >= self._most:
            raise Unavailable(
                "talk.too_many",
                f"{self.count} answers are under way",
                hint="Wait for some of them, or raise chat.at_once.",
            )
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1
