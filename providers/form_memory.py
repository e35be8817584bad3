"""What is known of the forms that endpoints take: remembered while the process lives, and in a small file.

A server may be another one tomorrow, so what is known grows old. The file is a
convenience: when it cannot be read or written, endpoints are found out anew.
What is only doubted is forgotten within minutes, and never written down.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

from contracts.clock import Clock
from contracts.errors import CallsheetError
from contracts.jsonvalue import canonical_json
from providers.chat import Form, Shape
from providers.embedded.owned import own_folder
from storage.owned import read_record, write_record

MAX_ENTRIES: Final = 100
MAX_KEY: Final = 200
MAX_AGE_S: Final = 7 * 86_400.0
DOUBT_S: Final = 600.0
_FORMS: Final[tuple[Form, ...]] = get_args(Form)


@dataclass(frozen=True, slots=True)
class Known:
    """What one model at one endpoint was found to take."""

    cannot: frozenset[Form] = field(default_factory=frozenset)
    grammar_first: bool | None = None
    """Whether its server is known to take grammars; None: not asked yet."""
    at: float = 0.0
    """When it was found out, in Unix seconds."""


class FormMemory:
    """Keeps what is known, by endpoint and model.

    Args:
        clock: For how old it is.
        path: Of the file; None keeps it in the process alone. Its folder is made, for its owner alone.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock = clock
        self._path = path
        self._known: dict[str, Known] = {}
        self._doubts: dict[str, tuple[float, frozenset[Form]]] = {}
        self._reading = asyncio.Lock()  # guards _is_read while the file is read
        self._is_read = path is None

    async def get(self, key: str) -> Known:
        """Return what is known; nothing, where it has grown old."""
        async with self._reading:
            if not self._is_read:
                self._known = await asyncio.to_thread(self._read) | self._known
                self._is_read = True
        found = self._known.get(key[:MAX_KEY], Known())
        age_s = self._clock.now().timestamp() - found.at
        return found if 0 <= age_s <= MAX_AGE_S else Known()

    async def put(self, key: str, *, cannot: frozenset[Form], grammar_first: bool | None) -> None:
        """Remember what was found out now."""
        known = Known(cannot, grammar_first, self._clock.now().timestamp())
        self._known.pop(key[:MAX_KEY], None)
        self._known[key[:MAX_KEY]] = known
        while len(self._known) > MAX_ENTRIES:
            del self._known[next(iter(self._known))]
        if self._path is not None:
            await asyncio.to_thread(self._write, key[:MAX_KEY], known)

    def doubts(self, key: str, shape: Shape) -> frozenset[Form]:
        """Return the forms that did not do for a shape lately."""
        since, forms = self._doubts.get(_name(key, shape), (0.0, frozenset()))
        return forms if self._clock.monotonic() - since <= DOUBT_S else frozenset()

    def doubt(self, key: str, shape: Shape, forms: frozenset[Form]) -> None:
        """Doubt forms for a shape from now on, beside those that are doubted."""
        if not forms:
            return
        forms |= self.doubts(key, shape)
        self._doubts.pop(_name(key, shape), None)
        self._doubts[_name(key, shape)] = (self._clock.monotonic(), forms)
        while len(self._doubts) > MAX_ENTRIES:
            del self._doubts[next(iter(self._doubts))]

    def _read(self) -> dict[str, Known]:
        assert self._path is not None
        rows = read_record(self._path).get("known")
        if not isinstance(rows, dict):
            return {}
        found = {k: known for k, row in rows.items() if (known := _known(row)) is not None}
        return dict(sorted(found.items(), key=lambda item: item[1].at)[-MAX_ENTRIES:])

    def _write(self, key: str, known: Known) -> None:
        assert self._path is not None
        # Another process may have written meanwhile: its entries stay.
        rows = self._read() | {key: known}
        kept = sorted(rows.items(), key=lambda item: item[1].at)[-MAX_ENTRIES:]
        with suppress(OSError, CallsheetError):
            own_folder(self._path.parent)
            write_record(self._path, {"known": {k: _row(row) for k, row in kept}})


def _name(key: str, shape: Shape) -> str:
    schema = canonical_json(dict(shape.schema)).encode("utf-8", "surrogatepass")
    return f"{key[:MAX_KEY]} {hashlib.sha256(schema).hexdigest()}"


def _row(known: Known) -> dict[str, Any]:
    return {"cannot": sorted(known.cannot), "grammar_first": known.grammar_first, "at": int(known.at)}


def _known(row: object) -> Known | None:
    if not isinstance(row, Mapping):
        return None
    cannot, first, at = row.get("cannot"), row.get("grammar_first"), row.get("at")
    if not isinstance(cannot, list) or not isinstance(at, int | float) or not -1e12 < at < 1e12:
        return None
    named = frozenset(form for form in _FORMS if form in cannot and form != "prompt")
    return Known(named, first if isinstance(first, bool) else None, float(at))
