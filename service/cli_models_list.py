"""`callsheet models list`: what is known, what lies here, what is configured, and what its endpoints offer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

import click

from contracts.clock import SystemClock
from contracts.errors import CallsheetError
from egress.fetch import Egress
from providers.chat import ModelOffer
from providers.embedded.folder import ModelFolder
from providers.embedded.shelf import known_models
from service.console import print_json, printable
from service.model_choice import chosen_in
from service.models_adapters import Around, open_adapter, url_of
from service.settings import load_settings
from service.settings_embedded import EmbeddedSettings
from service.settings_models import DEFAULT, ModelSettings
from traces.cleaning import Cleaner

ASKED_S: Final = 5.0
"""For an endpoint to say what it offers."""
MOST_OFFERS: Final = 200
MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Row:
    name: str
    state: str
    """`chosen`, `pulled`, `known`."""
    bytes: int
    licence: str
    good_for: str


@click.command(
    "list",
    epilog="""\b
Examples:
  callsheet models list
  callsheet models list --json""",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_models(*, as_json: bool) -> None:
    """List the models that are known, those that are here, and what configured endpoints offer."""
    settings = load_settings()
    rows = _rows(settings.embedded.models())
    chosen = chosen_in(settings.embedded.models().path)
    configured = {
        name: model.model_copy(update={"name": chosen})
        if model.kind == "embedded" and not model.name
        else model
        for name, model in settings.named_models().items()
        if model.is_set
    }
    found = asyncio.run(_offered(configured, settings.embedded))
    cleaner = Cleaner(settings.secrets())  # an endpoint may call a model what it likes, by the key too
    if as_json:
        offered = [cleaner.value(_as_json(*one)) for one in found]
        print_json({"embedded": [asdict(row) for row in rows], "configured": offered})
        return
    width = max(len(row.name) for row in rows)
    for row in rows:
        click.echo(
            f"{row.name:<{width}}  {row.state:<6}  {row.bytes / MIB:>5.0f} MiB  {row.licence:<10}  {row.good_for}"
        )
    for one in found:
        for line in _lines(*one):
            click.echo(printable(cleaner.text(line)) if line else "")


def _rows(folder: ModelFolder) -> list[_Row]:
    here, chosen, known = folder.names(), chosen_in(folder.path), known_models()
    rows = []
    for name in (*known, *(n for n in here if n not in known)):
        state = "known" if name not in here else "chosen" if name == chosen else "pulled"
        found = known.get(name)
        size = folder.file_of(name).stat().st_size if name in here else found.bytes if found else 0
        rows.append(
            _Row(name, state, size, found.licence if found else "", found.good_for if found else "yours")
        )
    return rows


Offered = tuple[ModelOffer, ...] | CallsheetError


async def _offered(
    configured: dict[str, ModelSettings], embedded: EmbeddedSettings
) -> list[tuple[str, ModelSettings, Offered]]:
    async with Egress() as egress:
        around = Around(egress, SystemClock(), embedded)
        asked = [_ask(model, around) for model in configured.values()]
        answers = await asyncio.gather(*asked)
    return [(name, model, answer) for (name, model), answer in zip(configured.items(), answers, strict=True)]


async def _ask(model: ModelSettings, around: Around) -> Offered:
    if model.kind in {"embedded", "planner"}:
        return ()
    short = model.model_copy(update={"timeout_s": min(model.timeout_s, ASKED_S)})
    try:
        provider: Any = open_adapter(short, around).provider
        offers: tuple[ModelOffer, ...] = await provider.models()
    except CallsheetError as exc:
        return exc
    return offers[:MOST_OFFERS]


def _lines(name: str, model: ModelSettings, offers: Offered) -> Iterator[str]:
    where = url_of(model) or "on this machine"
    yield ""
    yield f"configured {name}: {model.kind} {model.name or DEFAULT} {where}"
    if isinstance(offers, CallsheetError):
        yield f"  does not say what it offers: {offers.code}: {offers.message}"
        return
    for offer in offers:
        context = f"  {offer.context} tokens" if offer.context else ""
        yield f"  offers {offer.id}{context}"


def _as_json(name: str, model: ModelSettings, offers: Offered) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "kind": model.kind, "model": model.name, "url": url_of(model)}
    if isinstance(offers, CallsheetError):
        return {**found, "error": offers.as_json()}
    return {**found, "offers": [asdict(offer) for offer in offers]}
