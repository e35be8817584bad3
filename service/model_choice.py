"""The embedded model that `callsheet models use` chose: one small file among the models.

It stands below `callsheet.toml` and the environment: where they name a model,
the choice counts for nothing. The `plan` command reads it before it imports
any settings.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from storage.owned import read_record, write_record

if TYPE_CHECKING:
    from providers.embedded.folder import ModelFolder

FILE: Final = "choice.json"
VARIABLE: Final = "CALLSHEET_EMBEDDED__FOLDER"
MAX_NAME: Final = 80


def data_folder(environment: Mapping[str, str]) -> Path:
    """Return where models are kept unless the operator says otherwise."""
    given = environment.get("XDG_DATA_HOME", "")
    base = Path(given) if given.startswith("/") else Path("~/.local/share").expanduser()
    return base / "callsheet" / "models"


def chosen_in(folder: Path) -> str | None:
    """Return the chosen model's name; None where none is."""
    name = read_record(folder / FILE).get("model")
    return name if isinstance(name, str) and 0 < len(name) <= MAX_NAME else None


def choose(folder: ModelFolder, name: str | None) -> None:
    """Choose a model, or none; whoever follows the choice sees it at the next call."""
    path = folder.opened() / FILE
    if name is None:
        path.unlink(missing_ok=True)
    else:
        write_record(path, {"model": name})


def stamp_of(folder: Path) -> tuple[int, int] | None:
    """Return what changes when the choice does; None where there is none."""
    with suppress(OSError):
        found = (folder / FILE).stat()
        return found.st_mtime_ns, found.st_ino
    return None


def folder_of(environment: Mapping[str, str], document: Mapping[str, Any]) -> Path:
    """Return the folder of models, by the environment and the settings file alone."""
    given = {name.upper(): value for name, value in environment.items()}.get(VARIABLE)
    embedded = document.get("embedded")
    named = given or (embedded.get("folder") if isinstance(embedded, Mapping) else None)
    return Path(named) if isinstance(named, str) and named else data_folder(environment)


def is_chosen(environment: Mapping[str, str], document: Mapping[str, Any]) -> bool:
    """Say whether a model is chosen and neither the environment nor the settings file names another."""
    given = {name.upper() for name, value in environment.items() if value}
    model = document.get("model")
    if isinstance(model, Mapping) and ("url" in model or "kind" in model):
        return False
    if given & {"CALLSHEET_MODEL", "CALLSHEET_MODEL__URL", "CALLSHEET_MODEL__KIND"}:
        return False
    return chosen_in(folder_of(environment, document)) is not None


def chosen_settings(state: Mapping[str, Any], environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Return what the choice adds to settings that name no model: that an embedded one plans.

    Args:
        state: The settings so far, of every source above.
        environment: The process's, when absent.
    """
    model, embedded = state.get("model"), state.get("embedded")
    if isinstance(model, Mapping) and ("url" in model or "kind" in model):
        return {}
    folder = embedded.get("folder") if isinstance(embedded, Mapping) else None
    path = Path(folder) if folder else data_folder(os.environ if environment is None else environment)
    return {"model": {"kind": "embedded"}} if chosen_in(path) else {}
