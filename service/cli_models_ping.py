"""`callsheet models ping`: one short reply, and how long each part of it took."""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any, Final

import click

from contracts.clock import SystemClock
from contracts.errors import NotFound
from egress.fetch import Egress
from providers.chat import Completion, Message, Options, StreamingProvider
from providers.embedded.model import EmbeddedModel
from providers.embedded.server import runtime_version
from service.console import print_json, printable
from service.embedded import STATES, how_to_run
from service.models import Models
from service.settings import Settings, load_settings
from service.settings_models import DEFAULT, ModelSettings
from traces.cleaning import Cleaner

ASKED: Final = (Message("user", "Say hello in one word."),)
TOKENS: Final = 16
MIB: Final = 1024 * 1024


@click.command(
    "ping",
    epilog="""\b
Examples:
  callsheet models ping
  callsheet models ping qwen2.5-coder-1.5b --deep""",
)
@click.argument("name", required=False)
@click.option(
    "--deep", is_flag=True, help="First hold the whole file of an embedded model against its digest."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ping_model(*, name: str | None, deep: bool, as_json: bool) -> None:
    """Ask the model NAME, configured or pulled, for one short reply; the default one without a NAME."""
    settings = load_settings()
    if deep:
        _check(settings, name)
    # A reply may say anything, the key it was asked with too.
    found = Cleaner(settings.secrets()).values(asyncio.run(_ping(settings, name)))
    if as_json:
        print_json(found)
        return
    for key, value in found.items():
        click.echo(f"{key.replace('_', ' ')}: {printable(str(value))}")


def _check(settings: Settings, name: str | None) -> None:
    model = settings.named_models().get(name or DEFAULT) or ModelSettings(kind="embedded", name=name)
    if model.kind == "embedded":
        folder = settings.embedded.models()
        found = folder.check(how_to_run(model, settings.embedded).model.name)
        click.echo(f"{found.name}: {found.bytes} bytes, and their digest is right", err=True)


async def _ping(settings: Settings, name: str | None) -> dict[str, Any]:
    clock = SystemClock()
    async with Egress() as egress:
        configured = settings.named_models()
        model = configured.get(name or DEFAULT)
        if model is not None and model.is_set and model.kind != "embedded":
            rng = random.Random(os.urandom(16))  # noqa: S311  # for the jitter of tries
            models = Models(configured, egress, clock=clock, rng=rng, embedded=settings.embedded)
            provider = models.get(name or DEFAULT)
            assert provider is not None
            return _told(await _reply(provider))
        if name is None and (model is None or not model.is_set):
            raise NotFound(
                "model.unknown",
                "no model is configured or chosen",
                hint="callsheet models pull smollm2-135m --use",
            )
        asked = model if model is not None and model.is_set else ModelSettings(kind="embedded", name=name)
        how = how_to_run(asked, settings.embedded)
        states = settings.embedded.models().path / STATES
        embedded = EmbeddedModel(how, door=egress, clock=clock, states=states)
        try:
            reply = await _reply(embedded)
            memory = embedded.memory_bytes
        finally:
            await embedded.aclose()
        more = {"memory_mib": round(memory / MIB)} if memory else {}
        return _told(reply) | more | {"runtime": f"xllamacpp {runtime_version()}", "context": how.ctx}


async def _reply(provider: StreamingProvider) -> Completion:
    end: Completion | None = None
    async for piece in provider.stream(ASKED, max_tokens=TOKENS, options=Options(temperature=0.0)):
        end = piece.end or end
    assert end is not None
    return end


def _told(reply: Completion) -> dict[str, Any]:
    timings = reply.timings
    figures = {
        "load_duration_ms": timings.load_duration_ms,
        "ttft_ms": timings.ttft_ms,
        "total_ms": timings.total_ms,
        "throughput_tok_s": timings.throughput_tok_s,
    }
    said: dict[str, Any] = {
        "model": reply.model,
        "reply": reply.text.strip()[:200],
        "finish_reason": reply.finish_reason,
    }
    said |= {key: round(value, 1) for key, value in figures.items() if value is not None}
    return said | {
        "prompt_tokens": reply.usage.prompt_tokens,
        "completion_tokens": reply.usage.completion_tokens,
    }
