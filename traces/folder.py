"""A folder of trace files: their names, and the order in which they must have been written."""

from __future__ import annotations

import os
import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from contracts.errors import NotFound
from contracts.trace import ExecutionTrace
from traces.files import trace_stem

END: Final = ".json"

_SUFFIXED: Final = re.compile(r"(.+)_([1-9][0-9]*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Filed:
    """A file and as much of its trace as its place among others needs."""

    name: str
    stem: str
    """What its trace calls for, without suffix."""
    trace_id: str
    run_id: str
    timestamp: int

    @classmethod
    def of(cls, name: str, trace: ExecutionTrace) -> Filed:
        """Return the file of that name, which holds the trace."""
        return cls(name, trace_stem(trace), trace.trace_id, trace.task_id, trace.timestamp)

    @property
    def number(self) -> int:
        """The suffix, 1 without one; 0 for a name its trace does not call for."""
        if self.name == self.stem + END:
            return 1
        prefix, number = split_suffix(self.name)
        return number if prefix == self.stem and number > 1 else 0


def trace_file_names(folder: Path) -> list[str]:
    """Return the names of the JSON files in a folder, `_2` before `_10`.

    Raises:
        NotFound: `trace.no_folder`.
    """
    try:
        with os.scandir(folder) as entries:
            names = [e.name for e in entries if e.name.endswith(END) and not e.name.startswith(".")]
    except (OSError, ValueError) as exc:
        message = f"there is no folder {str(folder)[:300]!r}"
        raise NotFound("trace.no_folder", message, where=str(folder), hint="Check its path.") from exc
    return sorted(names, key=natural)


def natural(name: str) -> list[tuple[int, str]]:
    """Return what sorts a file's name by its numbers, and the name without a suffix first."""
    parts = re.split(r"([0-9]+)", name.removesuffix(END))
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)]


def split_suffix(name: str) -> tuple[str, int]:
    """Return a file's name without its suffix, and the suffix; 0 where it has none."""
    found = _SUFFIXED.fullmatch(name.removesuffix(END))
    return (found[1], int(found[2])) if found else (name.removesuffix(END), 0)


def in_written_order(files: Iterable[Filed]) -> list[Filed]:
    """Return files so that, written again in that order, each gets the name it has.

    That is by time, then by name; but a file with a suffix comes after those
    that must have lain there when it was named.
    """
    known = {filed.name: filed for filed in files}
    numbers = _numbers(known)
    placed: dict[str, Filed] = {}
    for filed in sorted(known.values(), key=lambda f: (f.timestamp, natural(f.name))):
        if filed.name not in placed:
            waiting = [filed, *_before(filed, known, numbers, placed)]
            placed |= {f.name: f for f in reversed(waiting)}
    return list(placed.values())


def _numbers(names: Iterable[str]) -> dict[str, Sequence[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for name in names:
        found[name.removesuffix(END)].add(1)
        prefix, number = split_suffix(name)
        if number > 1:
            found[prefix].add(number)
    return {prefix: sorted(numbers) for prefix, numbers in found.items()}


def _before(
    filed: Filed, known: dict[str, Filed], numbers: dict[str, Sequence[int]], placed: dict[str, Filed]
) -> Iterator[Filed]:
    """Yield what lay there when a file was named and is not placed yet, the last first.

    A suffix is also passed over where another stem's own name stands on it.
    """
    taken = numbers.get(filed.stem, ())
    for place in range(bisect_left(taken, filed.number) - 1, -1, -1):
        number = taken[place]
        other = known.get(f"{filed.stem}{END}" if number == 1 else f"{filed.stem}_{number}{END}")
        if other is not None and other.name not in placed:
            yield other
        elif other is not None and other.stem == filed.stem:
            return  # what lay there before that one is placed with it
