"""Build the conformance guest in every language and put every vector to it.

    python -P wasm_agents/conformance/main.py             # all four; each must be here
    python -P wasm_agents/conformance/main.py c zig       # some

A table on stderr; the last line of stdout is one JSON object. Ends with 0 when
every vector passed and C and Zig gave the same bytes from two places.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

from contracts.errors import CallsheetError
from wasm_agents.conformance.running import GUESTS, Verdict, build_guest, run_vectors
from wasm_agents.conformance.vectors import vectors
from wasm_agents.host import Host
from wasm_agents.kits.languages import BY_NAME, LANGUAGES, LanguageName


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one language."""

    language: LanguageName
    verdicts: tuple[Verdict, ...]
    size: int = 0
    build_s: float = 0.0
    is_identical: bool | None = None
    """Whether a second build elsewhere gave the same bytes; None where that is not asked."""
    problem: str = ""
    """Why nothing could be put to it."""

    @property
    def failed(self) -> tuple[Verdict, ...]:
        """Return the vectors that did not pass."""
        return tuple(v for v in self.verdicts if v.problem)

    @property
    def is_passed(self) -> bool:
        """Whether everything is as it must be."""
        return not self.problem and bool(self.verdicts) and not self.failed and self.is_identical is not False


def main(words: list[str]) -> int:
    """Run the languages that are named, or all, and return the exit status."""
    chosen = cast("tuple[LanguageName, ...]", tuple(words) or LANGUAGES)
    if unknown := [word for word in chosen if word not in LANGUAGES]:
        sys.stderr.write(f"no language is called {unknown[0]!r}; there are {', '.join(LANGUAGES)}\n")
        return 2
    rows = []
    with closing(Host()) as host:
        for language in chosen:
            rows.append(run_language(language, host))
            _show(rows[-1])
    sys.stdout.write(json.dumps(summary(rows)) + "\n")
    return 0 if all(row.is_passed for row in rows) else 1


def run_language(language: LanguageName, host: Host) -> Row:
    """Build one language's guest and put every vector to it."""
    begun = time.monotonic()
    try:
        wasm = build_guest(language)
        build_s = time.monotonic() - begun
        is_identical = None if BY_NAME[language].is_component else wasm == build_elsewhere(language)
        verdicts = tuple(run_vectors(language, partial(host.load, wasm)))
    except CallsheetError as exc:
        return Row(language, (), problem=f"{exc.code}: {exc.message} ({exc.hint})")
    return Row(language, verdicts, len(wasm), build_s, is_identical)


def build_elsewhere(language: LanguageName) -> bytes:
    """Return the guest's module, built from a copy of its source in another folder."""
    with tempfile.TemporaryDirectory(prefix="callsheet-elsewhere-") as scratch:
        copy = Path(scratch, "a", "longer", "path", language)
        shutil.copytree(GUESTS / language, copy)
        return build_guest(language, source=copy)


def summary(rows: list[Row]) -> dict[str, object]:
    """Return what the last line says."""
    found: dict[str, object] = {
        "bar8_ok": all(row.is_passed for row in rows),
        "bar8_languages": len(rows),
        "bar8_vectors": len(vectors()),
    }
    for row in rows:
        found[f"bar8_{row.language}_passed"] = len(row.verdicts) - len(row.failed)
        found[f"bar8_{row.language}_failed"] = len(row.failed) if not row.problem else len(vectors())
        if row.is_identical is not None:
            found[f"bar8_{row.language}_byte_identical"] = row.is_identical
    return found


def _show(row: Row) -> None:
    say = sys.stderr.write
    if row.problem:
        say(f"{row.language:<7} FAILED  {row.problem}\n")
        return
    same = {None: "", True: ", byte-identical", False: ", DIFFERS when built elsewhere"}[row.is_identical]
    say(
        f"{row.language:<7} {'passed' if row.is_passed else 'FAILED'}  "
        f"{len(row.verdicts) - len(row.failed)} of {len(row.verdicts)} vectors, "
        f"{row.size:,} bytes built in {row.build_s:.1f} s{same}\n"
    )
    for verdict in row.failed:
        say(f"        {verdict.vector}: {verdict.problem}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
