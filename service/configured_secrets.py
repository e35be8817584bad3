"""The configured keys without pydantic: what the `plan` command must not print.

`service.settings` reads the same sources whole; here only the fields that
hold a key are looked at.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from contracts.errors import InvalidInput

GROUPS: Final = ("server", "model")
"""Each has an `api_key`."""
FIELD: Final = "api_key"


def configured_secrets(environment: Mapping[str, str], settings_file: Path) -> tuple[str, ...]:
    """Return every key that the environment or the settings file sets, both where both do.

    Raises:
        InvalidInput: `settings.invalid`, the file cannot be read.
    """
    given = {name.upper(): value for name, value in environment.items()}
    found = [given.get(f"CALLSHEET_{group}__{FIELD}".upper()) for group in GROUPS]
    found += [_key_of(_parsed(given.get(f"CALLSHEET_{group}".upper(), ""))) for group in GROUPS]
    document = read_settings_file(settings_file)
    found += [_key_of(document.get(group)) for group in GROUPS]
    return tuple(dict.fromkeys(key for key in found if key))


def read_settings_file(path: Path) -> dict[str, Any]:
    """Return what the settings file says; nothing where there is none.

    Raises:
        InvalidInput: `settings.invalid`, it cannot be read.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as exc:
        raise InvalidInput("settings.invalid", f"{path} cannot be read: {exc}", where=str(path)) from exc


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _key_of(group: Any) -> str | None:
    key = group.get(FIELD) if isinstance(group, Mapping) else None
    return key if isinstance(key, str) else None
