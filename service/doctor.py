"""`callsheet doctor`: what is present, what is missing, and the command that mends it."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import click

from contracts.errors import CallsheetError
from egress.chromium import browsers_folder, find_chromium
from providers.embedded.server import RUNTIME, runtime_version
from providers.endpoint_url import policy_of
from providers.sdk import missing
from service.cards import load_catalogue
from service.console import print_json, printable
from service.embedded import how_to_run
from service.models_adapters import url_of
from service.settings import load_settings
from service.settings_models import DEFAULT
from storage.check import WHOLE_BYTES, look_over
from storage.database import Reader
from storage.lock import read_holder
from wasm_agents.catalogue import guest_cards, module_path
from wasm_agents.kits.toolchains import MENDING, ToolName, find_tool
from wasm_agents.selfcheck import why_not
from wasm_agents.shelf import Shelf

DOWNLOAD_S = 300


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of the installation."""

    part: str
    is_ok: bool
    detail: str
    mend: str = ""
    """The command, or the sentence, that mends it."""
    is_needed: bool = True
    """Whether nothing works without it."""


@click.command(
    epilog="""\b
Exit codes:
  0  everything that is needed is present
  5  something needed is missing
"""
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--get-browser", is_flag=True, help="Get a Chromium if there is none.")
@click.option("--quiet", is_flag=True, help="Only what is needed and missing.")
def doctor(*, as_json: bool, get_browser: bool, quiet: bool) -> int:
    """Say what is present, what is missing, and how to mend it."""
    if get_browser and find_chromium() is None:
        fetch_browser()
    findings = list(examine())
    if as_json:
        print_json([asdict(f) for f in findings])
    else:
        for f in findings:
            if quiet and (f.is_ok or not f.is_needed):
                continue
            mark = "ok     " if f.is_ok else "missing" if f.is_needed else "absent "
            click.echo(f"{mark}  {f.part}: {printable(f.detail)}", err=quiet)
            if f.mend and not f.is_ok:
                click.echo(f"         mend: {f.mend}", err=quiet)
    return 0 if all(f.is_ok or not f.is_needed for f in findings) else 5


def examine() -> Iterator[Finding]:
    """Yield a finding for each part of the installation."""
    yield _python()
    settings = _guarded("settings", _settings)
    yield settings
    for part, check in PARTS.items():
        found = _guarded(part, check)
        is_held_up = not settings.is_ok and found.detail == settings.detail
        yield (
            replace(found, detail="not looked at: the settings come first", mend="") if is_held_up else found
        )


def fetch_browser() -> bool:
    """Get a Chromium: Playwright's download, else (as root) the distribution's package; say what is done.

    Returns:
        Whether one is there now.
    """
    click.echo("callsheet: no Chromium found; asking Playwright for one", err=True)
    deps = ["--with-deps"] if os.geteuid() == 0 else []
    _try([sys.executable, "-m", "playwright", "install", *deps, "chromium"])
    if find_chromium() is None and os.geteuid() == 0 and shutil.which("apt-get"):
        click.echo("callsheet: installing the distribution's package: apt-get install chromium", err=True)
        _try(["apt-get", "update", "-qq"])
        _try(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"])
    if find_chromium() is None:
        click.echo("callsheet: still no Chromium; pages that need one will fail, all else runs", err=True)
    return find_chromium() is not None


def _try(command: list[str]) -> None:
    # the browser runs as another user than root, who must be able to read it
    env = {
        **os.environ,
        "DEBIAN_FRONTEND": "noninteractive",
        "PLAYWRIGHT_BROWSERS_PATH": str(browsers_folder()),
    }
    try:
        subprocess.run(  # noqa: S603  # our own words, no input
            command, env=env, check=False, timeout=DOWNLOAD_S, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, umask=0o022,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as exc:
        click.echo(f"callsheet: {command[0]} failed: {exc}", err=True)


def _guarded(part: str, check: Callable[[], str]) -> Finding:
    try:
        return Finding(part, is_ok=True, detail=check())
    except CallsheetError as exc:
        return Finding(
            part,
            is_ok=False,
            detail=f"{exc.code}: {exc.message}",
            mend=exc.hint,
            is_needed=part not in OPTIONAL,
        )
    except OSError as exc:
        return Finding(part, is_ok=False, detail=str(exc), is_needed=part not in OPTIONAL)


def _python() -> Finding:
    have = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), have, "Install Python 3.11 or newer.")


def _browser() -> str:
    found = find_chromium()
    if found is None:
        raise CallsheetError(
            "egress.no_browser",
            "no Chromium: pages that need JavaScript cannot be read",
            hint="callsheet doctor --get-browser",
        )
    return str(found)


def _settings() -> str:
    settings = load_settings()
    return (
        "callsheet.toml and environment"
        if Path("callsheet.toml").exists()
        else f"defaults ({settings.storage.path})"
    )


def _database() -> str:
    path = load_settings().storage.path
    if not path.exists():
        return f"{path} (made by the first run)"
    look_over(path).raise_if_damaged()
    is_small = path.stat().st_size <= WHOLE_BYTES
    Reader.open(path).close()
    holder = read_holder(path)
    looked_at = "" if is_small else ", its newest rows looked at; all of them: callsheet db check"
    return f"{path}{looked_at}" + (f", written by process {holder.pid} {holder.url}" if holder else "")


def _traces() -> str:
    folder = load_settings().traces.folder
    above = next(p for p in (folder, *folder.absolute().parents) if p.exists())
    with tempfile.TemporaryFile(dir=above):
        return str(folder)


def _agents() -> str:
    cards, broken = load_catalogue(Shelf(load_settings().guests.folder))
    for name, error in broken:
        raise CallsheetError(
            error.code,
            f"the added agent {name} is left out: {error.message}",
            hint=f"Mend its manifest, or: callsheet agent remove {name}",
        )
    return f"{len(cards)} agents"


def _guests() -> str:
    own = guest_cards()
    cards = (*own, *Shelf(load_settings().guests.folder).read().cards)
    for card in cards:
        if hashlib.sha256(module_path(card).read_bytes()).hexdigest() != card.sha256:
            raise CallsheetError(
                "load.digest",
                f"{card.name}: its module is not the one its manifest names",
                hint="make build-guests"
                if card in own
                else "Add it again: callsheet agent add PATH --replace",
            )
    return f"{len(cards)} modules match their manifests"


def _model() -> str:
    model = load_settings().model
    if not model.is_set:
        return "none: plans are made by rules"
    if model.kind == "embedded":
        return f"embedded {how_to_run(model, load_settings().embedded).model.name}"
    where = url_of(model) or ""
    policy_of(where)  # refuses one that holds a password, which must not be said here
    if model.kind != "planner" and find_spec(model.kind) is None:
        raise missing(model.kind)
    return f"{model.kind} {model.name or DEFAULT} at {where} (not asked: callsheet models ping)"


def _embedded() -> str:
    release = runtime_version()
    if not release:
        raise missing("embedded")
    folder = load_settings().embedded.models()
    here = [folder.get(name).name for name in folder.names()]
    return f"{RUNTIME} {release}; pulled: {', '.join(here) or 'none'}"


def _wasmtime() -> str:
    release, reason = importlib.metadata.version("wasmtime"), why_not()
    how = f"through its public API, which is slower: {reason}" if reason else "called directly"
    return f"wasmtime {release}, {how}"


def _tool(name: ToolName, languages: str) -> str:
    found = find_tool(name)
    if found is None:
        message = f"not here: agents in {languages} cannot be built"
        raise CallsheetError("build.no_toolchain", message, hint=MENDING[name])
    return found.origin


PARTS: dict[str, Callable[[], str]] = {
    "database": _database,
    "trace folder": _traces,
    "agents": _agents,
    "wasm host": _wasmtime,
    "wasm guests": _guests,
    "zig": partial(_tool, "zig", "C and Zig"),
    "componentize-py": partial(_tool, "componentize-py", "Python"),
    "componentize-qjs": partial(_tool, "componentize-qjs", "JavaScript"),
    "browser": _browser,
    "model": _model,
    "embedded models": _embedded,
}
OPTIONAL = {"browser", "model", "embedded models", "zig", "componentize-py", "componentize-qjs"}
