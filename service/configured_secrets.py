"""The configured keys without pydantic: what the `plan` command must not print.

`service.settings` reads the same sources whole; here only the fields that
hold a key, or name the variable of one, are looked at.
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
NAMED: Final = "CALLSHEET_MODELS__"
KEY: Final = "__API_KEY"


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
    found += _keys_of_models(given, document.get("models"))
    guests = [
        _parsed(given.get("CALLSHEET_GUESTS__SECRETS", "")),
        _secrets_of(_parsed(given.get("CALLSHEET_GUESTS", ""))),
        _secrets_of(document.get("guests")),
    ]
    found += [environment.get(name) for group in guests for name in _variables(group)]
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


def _keys_of_models(given: Mapping[str, str], document: Any) -> list[str | None]:
    """Return the keys of further models, whose names are anybody's."""
    found = [value for name, value in given.items() if name.startswith(NAMED) and name.endswith(KEY)]
    groups = [_parsed(value) for name, value in given.items() if name.startswith(NAMED)]
    for models in (_parsed(given.get(NAMED.removesuffix("__"), "")), document):
        groups += models.values() if isinstance(models, Mapping) else ()
    return [*found, *map(_key_of, groups)]


def _secrets_of(group: Any) -> Any:
    return group.get("secrets") if isinstance(group, Mapping) else None


def _variables(secrets: Any) -> list[str]:
    """Return the variables that the guests' secrets are kept in."""
    sources = secrets.values() if isinstance(secrets, Mapping) else ()
    names = [source.get("variable") for source in sources if isinstance(source, Mapping)]
    return [name for name in names if isinstance(name, str)]


def _key_of(group: Any) -> str | None:
    key = group.get(FIELD) if isinstance(group, Mapping) else None
    return key if isinstance(key, str) else None
