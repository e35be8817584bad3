"""Where added agents lie, found without pydantic: the `plan` command asks too.

`service.settings` reads the same sources whole; here only `guests.folder` is
looked at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from service.configured_secrets import read_settings_file
from wasm_agents.shelf import Shelf

ADDED: Final = Path(".callsheet/agents")
"""Unless the settings name another folder."""
SETTINGS_FILE: Final = Path("callsheet.toml")


def shelf_at_hand(environment: Mapping[str, str] = os.environ, settings_file: Path = SETTINGS_FILE) -> Shelf:
    """Return the shelf of added agents that the environment or the settings file names.

    Raises:
        InvalidInput: `settings.invalid`, the file cannot be read.
    """
    given = {name.upper(): value for name, value in environment.items()}
    found = (
        given.get("CALLSHEET_GUESTS__FOLDER")
        or _folder_of(_parsed(given.get("CALLSHEET_GUESTS", "")))
        or _folder_of(read_settings_file(settings_file).get("guests"))
    )
    return Shelf(Path(found) if found else ADDED)


def _folder_of(group: Any) -> str | None:
    folder = group.get("folder") if isinstance(group, Mapping) else None
    return folder if isinstance(folder, str) else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
