"""What was changed to read a reply, kept so that nothing is mended in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pydantic import JsonValue

EACH: Final = 5
"""Of one code; a reply in single quotes would fill pages."""
MOST: Final = 60
EXCERPT: Final = 80
"""Characters of a value before and after."""


class Repairs:
    """The repairs of one reply, in the order they were made."""

    def __init__(self) -> None:
        self._made: list[dict[str, JsonValue]] = []
        self._counts: dict[str, int] = {}

    def add(self, code: str, path: str = "", **change: Any) -> None:
        """Log a repair; of many with one code the first few are kept.

        Args:
            code: `reply.what`, or `dialect.what` for an import.
            path: RFC 6901, into the plan where there is one.
            change: `before` and `after`, each cut to an excerpt.
        """
        is_kept = self.wants(code)
        self._counts[code] = self._counts.get(code, 0) + 1
        if is_kept:
            self._made.append({"code": code, "path": path, **{k: excerpt(v) for k, v in change.items()}})

    def wants(self, code: str) -> bool:
        """Say whether one more of a code would be kept."""
        return self._counts.get(code, 0) < EACH and len(self._made) < MOST

    def extend(self, other: Repairs, prefix: str = "") -> None:
        """Take over the repairs of a part that stands at `prefix`."""
        for made in other.as_json():
            rest = {k: v for k, v in made.items() if k not in {"code", "path"}}
            self.add(str(made["code"]), f"{prefix}{made['path']}", **rest)

    def codes(self) -> list[str]:
        """Return the codes, each once, in the order they were first needed."""
        return list(self._counts)

    def as_json(self) -> list[dict[str, JsonValue]]:
        """Return what `origin.repairs` holds."""
        return [dict(made) for made in self._made]


def excerpt(value: Any) -> Any:
    """Return a value short enough to be kept: numbers as they are, text cut, the rest as cut text."""
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, int) or abs(value) < 10**15 else str(value)[:EXCERPT]
    text = value if isinstance(value, str) else repr(value)[: 2 * EXCERPT]
    text = text.encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= EXCERPT else text[: EXCERPT - 1] + "…"
