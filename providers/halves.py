"""Characters that arrive in halves: an endpoint that counts as UTF-16 does may end a piece inside one."""

from __future__ import annotations


class Halves:
    """Joins the pieces of one text."""

    def __init__(self) -> None:
        self._held = ""

    def text(self, piece: str) -> str:
        """Return a piece with whole characters alone; half of one at its end is held back for the next."""
        piece = self._held + piece
        self._held = piece[-1:] if "\ud800" <= piece[-1:] <= "\udbff" else ""
        return joined(piece[: len(piece) - len(self._held)])


def joined(text: str) -> str:
    """Return a text with its halves joined, and with U+FFFD for each that has no other."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text
