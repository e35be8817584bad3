"""The Python and JavaScript agents that are measured: what `agent new` writes, built from source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from benchmarks.durable.report import Report
from contracts.errors import CallsheetError
from wasm_agents.kits.building import build
from wasm_agents.kits.languages import LanguageName
from wasm_agents.kits.scaffold import new_agent

LANGUAGES: Final[tuple[LanguageName, ...]] = ("python", "js")


def components(report: Report, folder: Path, *, built: Path | None) -> Iterator[tuple[LanguageName, Path]]:
    """Yield each language with its component, and say which are left out.

    Args:
        report: Told what is missing.
        folder: Where they are built.
        built: Holds `python.wasm` and `js.wasm` from before; nothing is built then.
    """
    for language in LANGUAGES:
        if built is not None:
            path = built / f"{language}.wasm"
            if path.is_file():
                yield language, path.resolve()
            else:
                report.say(f"no {language}: {path} is not there. Its figures are left out.")
            continue
        try:
            yield (
                language,
                build(new_agent(f"words_{language}", language, into=folder), say=report.say).module,
            )
        except CallsheetError as exc:
            report.say(f"no {language}: {exc.message}. {exc.hint} Its figures are left out.")
