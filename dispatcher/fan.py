"""The elements of one subtask on their way: what each gave, in the order of the list."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from contracts.trace import TraceStatus
from dispatcher.inputs import Element

NOTHING = "null"


@dataclass(slots=True)
class Fan:
    """One subtask's elements; one element without an index where it has no foreach."""

    elements: Sequence[Element]
    is_list: bool
    load: Callable[[str], JsonValue]
    """Returns the output of an attempt kept earlier, by its trace."""
    running: int = 0
    left: int = field(init=False)
    _statuses: list[TraceStatus | None] = field(init=False)
    _texts: list[str | None] = field(init=False)
    _kept: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.left = len(self.elements)
        self._statuses = [None] * self.left
        self._texts = [None] * self.left

    def finish(self, index: int | None, status: TraceStatus, text: str) -> None:
        """Note how an element ended; its output as JSON text, where it has one."""
        place = index or 0
        if self._statuses[place] is not None:
            raise AssertionError(f"element {place} has ended before")
        self._statuses[place] = status
        self._texts[place] = text if status.has_output else NOTHING
        self.left -= 1

    def finished_before(self, index: int | None, status: TraceStatus, trace_id: str) -> None:
        """Note an element that had ended before a restart."""
        self.finish(index, status, NOTHING)
        if status.has_output:
            self._kept[index or 0] = trace_id

    def status(self) -> TraceStatus:
        """Return the subtask's status: partial success when some elements have an output and some have none."""
        found = {status or TraceStatus.CANCELLED for status in self._statuses}
        if len(found) == 1:
            return next(iter(found))
        if TraceStatus.CANCELLED in found:
            return TraceStatus.CANCELLED
        return TraceStatus.PARTIAL_SUCCESS if any(s.has_output for s in found) else TraceStatus.FAILURE

    def text(self) -> str:
        """Return the subtask's output as JSON text."""
        for place, trace_id in self._kept.items():
            self._texts[place] = json.dumps(self.load(trace_id), ensure_ascii=False, separators=(",", ":"))
        self._kept.clear()
        texts = [text or NOTHING for text in self._texts]
        return f"[{','.join(texts)}]" if self.is_list else texts[0]
