"""The vision agent: inspect a listing's photos, or find photos that several listings share."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import JsonValue

from agents.vision.colour_words import colour_in_text, colours_agree, plain_colour
from agents.vision.duplicates import find_duplicates
from agents.vision.examine import Photo, examine, seen_colour
from agents.vision.inputs import VisionInputs, read_inputs, read_prints
from agents.vision.sources import read_source
from contracts.agent import AgentCall, AgentReply
from contracts.card import AgentCard, read_card
from contracts.errors import CallsheetError
from contracts.policy import Policy
from contracts.trace import TraceStatus
from egress.fetch_door import Fetcher

if TYPE_CHECKING:
    from agents.doors import Doors

CARD: Final = Path(__file__).parent / "card.json"
_AT_ONCE: Final = 4
"""Images of one call that are fetched or decoded together."""
_SHOWN_URL: Final = 2_000


@dataclass(frozen=True, slots=True)
class _Look:
    """One image of a call: what it shows, or why that cannot be said."""

    url: str
    photo: Photo | None = None
    error: CallsheetError | None = None

    def as_json(self) -> dict[str, JsonValue]:
        if self.photo is not None:
            return {"url": self.url, **self.photo.as_json(), "error": None}
        blank: dict[str, JsonValue] = dict.fromkeys(_FIELDS)
        error: dict[str, JsonValue] | None = None
        if self.error is not None:
            error = {"code": self.error.code, "message": self.error.message[:500]}
        return {"url": self.url, **blank, "colours": [], "error": error}


_FIELDS: Final = (
    "width", "height", "format", "bytes", "colours", "subject_colour", "sharpness", "blurred", "phash", "dhash",
)  # fmt: skip


class VisionAgent:
    """Looks at photos."""

    def __init__(self, egress: Fetcher) -> None:
        self._egress = egress

    @property
    def card(self) -> AgentCard:
        """What it takes and gives."""
        return vision_card()

    async def run(self, call: AgentCall) -> AgentReply:
        """Inspect images or compare inspected ones.

        Raises:
            InvalidInput: `vision.bad_input`.
            CallsheetError: Every image failed: the first one's error.
        """
        inputs = read_inputs(call.inputs)
        if inputs.op == "duplicates":
            items = inputs.items or []
            prints = await asyncio.to_thread(read_prints, items)
            return AgentReply(await asyncio.to_thread(find_duplicates, prints, items=len(items)))
        return await self._inspect(inputs, call.policy)

    async def _inspect(self, inputs: VisionInputs, policy: Policy) -> AgentReply:
        turn = asyncio.Semaphore(_AT_ONCE)
        sources = [image if isinstance(image, str) else image.url for image in inputs.images or []]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._look(source, policy, turn)) for source in sources]
        looks = [task.result() for task in tasks]
        errors = [look.error for look in looks if look.error is not None]
        if errors and len(errors) == len(looks):
            raise errors[0]
        photos = [look.photo for look in looks if look.photo is not None]
        return AgentReply(
            _verdict(inputs, looks, photos),
            status=TraceStatus.PARTIAL_SUCCESS if errors else TraceStatus.SUCCESS,
            score=len(photos) / len(looks) if errors else None,
            warnings=[f"{e.code}: {e.message[:300]}" for e in errors],
            usage={"images": len(photos), "bytes": sum(photo.bytes for photo in photos)},
        )

    async def _look(self, source: str, policy: Policy, turn: asyncio.Semaphore) -> _Look:
        url = source if len(source) <= _SHOWN_URL else f"{source[:60]}… ({len(source)} characters)"
        async with turn:
            try:
                data = await read_source(source, egress=self._egress, policy=policy)
                return _Look(url, photo=await asyncio.to_thread(examine, data))
            except CallsheetError as exc:
                return _Look(url, error=exc)


def _verdict(inputs: VisionInputs, looks: list[_Look], photos: list[Photo]) -> dict[str, JsonValue]:
    stated = _stated(inputs)
    seen = seen_colour(photos)
    return {
        "ref": inputs.ref,
        "images": [look.as_json() for look in looks],
        "stated_colour": stated,
        "seen_colour": seen,
        "colour_matches": colours_agree(stated, seen),
        "blurred": any(photo.blurred for photo in photos),
    }


def _stated(inputs: VisionInputs) -> str | None:
    """Return the stated colour by its plain name, or in the listing's words where it has none."""
    if inputs.stated_colour and inputs.stated_colour.strip():
        return plain_colour(inputs.stated_colour) or inputs.stated_colour.strip().lower()
    return colour_in_text(inputs.text) if inputs.text else None


@cache
def vision_card() -> AgentCard:
    """Return the agent's card."""
    return read_card(json.loads(CARD.read_text(encoding="utf-8")), where=str(CARD.name))


def create(doors: Doors) -> VisionAgent:
    """Return the agent, its fetches going through `doors`."""
    return VisionAgent(doors.egress)
