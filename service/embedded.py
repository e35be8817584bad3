"""An embedded model as settings ask for it; one that names none is the one `callsheet models use` chose.

Another choice is followed while the service runs: the new model is up before
the old one goes, and calls go on meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Final, Literal

import structlog
from typing_extensions import override

from contracts.clock import Clock
from contracts.errors import CallsheetError, NotFound
from providers.chat import PLAIN, Message, Options, Piece
from providers.embedded.folder import ModelFolder
from providers.embedded.held import Door
from providers.embedded.model import EmbeddedModel
from providers.embedded.prefix import How
from providers.embedded.server import HowToRun
from providers.pieces import closing
from providers.streamed import Streamed
from service.model_choice import chosen_in, stamp_of
from service.settings_embedded import EmbeddedSettings
from service.settings_models import ModelSettings

STATES: Final = "states"
_LOG: Final = structlog.get_logger("callsheet.embedded")


def how_to_run(
    model: ModelSettings,
    embedded: EmbeddedSettings,
    *,
    name: str | None = None,
    where: Literal["apart", "here"] = "apart",
) -> HowToRun:
    """Return how the model that settings ask for is run.

    Args:
        model: Its settings.
        embedded: Those of all embedded models.
        name: Another model than the settings'.
        where: In a process of its own, or in this one.

    Raises:
        NotFound: `model.not_pulled`, `model.unknown`.
        Damaged: `model.digest_mismatch`.
    """
    folder = embedded.models()
    wanted = name or model.name or chosen_in(folder.path)
    if wanted is None:
        raise NotFound(
            "model.not_pulled",
            "no embedded model is chosen",
            hint="callsheet models use NAME; callsheet models list",
        )
    found = folder.get(wanted)
    return HowToRun(
        found,
        ctx=model.num_ctx or found.ctx,
        slots=embedded.slots,
        threads=model.threads or 1,
        threads_batch=max(embedded.threads_batch, model.threads or 1),
        where=where,
    )


def embedded_model(
    model: ModelSettings,
    embedded: EmbeddedSettings,
    *,
    door: Door,
    clock: Clock,
    where: Literal["apart", "here"] = "apart",
) -> FollowedModel:
    """Return the embedded model that settings ask for; its process starts with its first call.

    Args:
        model: Its settings.
        embedded: Those of all embedded models.
        door: The way to its server.
        clock: For durations.
        where: In a process of its own, or in this one.

    Raises:
        NotFound: `model.not_pulled`, `model.unknown`.
        Damaged: `model.digest_mismatch`.
    """
    folder = embedded.models()
    wanted = partial(how_to_run, model, embedded, where=where)
    made = EmbeddedModel(
        wanted(),
        door=door,
        clock=clock,
        states=folder.path / STATES,
        idle_s=embedded.idle_s,
        again=wanted,
    )
    follows = folder if model.name is None else None
    return FollowedModel(made, wanted, follows)


class FollowedModel(Streamed):
    """An embedded model that becomes another when another is chosen.

    Args:
        model: The one that runs now.
        wanted: Says how the chosen one is run.
        folder: Of the choice; None to follow none.
    """

    def __init__(
        self, model: EmbeddedModel, wanted: Callable[[], HowToRun], folder: ModelFolder | None
    ) -> None:
        self.embedded = model
        self._wanted = wanted
        self._folder = folder
        self._seen = stamp_of(folder.path) if folder is not None else None
        self._swapping: asyncio.Task[None] | None = None

    @property
    def model(self) -> str:
        """Return the model's name."""
        return self.embedded.model

    @override
    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, options: Options = PLAIN
    ) -> AsyncIterator[Piece]:
        """Yield the pieces of the model's next turn; see `EmbeddedModel`."""
        self.follow()
        asked = self.embedded.stream(messages, max_tokens=max_tokens, options=options)
        async with closing(asked) as pieces:
            async for piece in pieces:
                yield piece

    async def warm(self, prefix: Sequence[Message]) -> How:
        """Start it, and have it hold what calls begin with; see `EmbeddedModel.warm`."""
        return await self.embedded.warm(prefix)

    def follow(self) -> None:
        """Look at the choice; begin to change to another one, where it is."""
        if self._folder is None or (self._swapping is not None and not self._swapping.done()):
            return
        found = stamp_of(self._folder.path)
        if found is not None and found != self._seen:
            self._seen = found
            self._swapping = asyncio.create_task(self._swap())

    async def settled(self) -> None:
        """Return when a change that has begun is done."""
        if self._swapping is not None:
            await asyncio.wait([self._swapping])
        await self.embedded.settled()

    async def aclose(self) -> None:
        """End it, calls under way with it."""
        if self._swapping is not None:
            self._swapping.cancel()
            await asyncio.wait([self._swapping])
        await self.embedded.aclose()

    async def _swap(self) -> None:
        before = self.model
        try:
            await self.embedded.swap(await asyncio.to_thread(self._wanted))
        except CallsheetError as exc:
            _LOG.warning("model_not_changed", model=before, code=exc.code)
        else:
            _LOG.info("model_changed", model=self.model, before=before)
