"""A few settings without pydantic: where traces are kept and how wide runs go, for the `plan` command.

`service.settings` reads the same sources whole and judges them; here what
cannot be read is as if it were not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

from planner.outlook.outlook import RUN_S
from planner.outlook.timing import Width
from service.configured_secrets import read_settings_file

DATABASE: Final = Path(".callsheet/callsheet.db")


@dataclass(frozen=True, slots=True)
class PlainSettings:
    """What the outlook of a plan asks of the settings."""

    database: Path
    width: Width
    run_s: float


def plain_settings(environment: Mapping[str, str], settings_file: Path) -> PlainSettings:
    """Return the settings in force: the environment's, then the file's, then the defaults.

    Raises:
        InvalidInput: `settings.invalid`, the file cannot be read.
    """
    given = {name.upper(): value for name, value in environment.items()}
    document = read_settings_file(settings_file)

    def setting(group: str, field: str) -> Any:
        single = given.get(f"CALLSHEET_{group}__{field}".upper())
        if single is not None:
            return single
        for source in (_parsed(given.get(f"CALLSHEET_{group}".upper(), "")), document.get(group)):
            if isinstance(source, Mapping) and field in source:
                return source[field]
        return None

    path, per_agent = setting("storage", "path"), _parsed(setting("run", "per_agent"))
    limits = per_agent if isinstance(per_agent, Mapping) else {}
    whole = _number(setting("run", "concurrency"))
    return PlainSettings(
        database=Path(path) if isinstance(path, str) and path else DATABASE,
        width=Width(
            max(1, int(whole)) if whole else Width().whole,
            {str(name): int(most) for name, limit in limits.items() if (most := _number(limit)) >= 1},
        ),
        run_s=_number(setting("run", "timeout_s")) or RUN_S,
    )


def _number(value: Any) -> float:
    """Return a positive number, 0 for anything else."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return 0
    return found if isfinite(found) and found > 0 else 0


def _parsed(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None
