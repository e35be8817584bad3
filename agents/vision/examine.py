"""Everything one photo says, and what a listing's photos say together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from agents.vision.colours import Palette, palette
from agents.vision.decode import decode
from agents.vision.focus import BLURRED_BELOW, sharpness
from agents.vision.hashes import dhash, phash


@dataclass(frozen=True, slots=True)
class Photo:
    """What one photo shows."""

    width: int
    height: int
    format: str
    bytes: int
    palette: Palette
    sharpness: float
    phash: str
    dhash: str

    @property
    def blurred(self) -> bool:
        """Whether nothing in it is in focus."""
        return self.sharpness < BLURRED_BELOW

    def as_json(self) -> dict[str, JsonValue]:
        """Return it as it stands in the output."""
        return {
            "width": self.width,
            "height": self.height,
            "format": self.format,
            "bytes": self.bytes,
            "colours": [{"name": c.name, "hex": c.hex, "share": c.share} for c in self.palette.colours],
            "subject_colour": self.palette.subject,
            "sharpness": self.sharpness,
            "blurred": self.blurred,
            "phash": self.phash,
            "dhash": self.dhash,
        }


def examine(data: bytes) -> Photo:
    """Return what an encoded image shows; takes a fraction of a second of CPU.

    Raises:
        AttemptFailed: As `decode`.
    """
    found = decode(data)
    picture = found.picture
    return Photo(
        width=found.width,
        height=found.height,
        format=found.format,
        bytes=len(data),
        palette=palette(picture),
        sharpness=sharpness(picture),
        phash=phash(picture),
        dhash=dhash(picture),
    )


def seen_colour(photos: Sequence[Photo]) -> str | None:
    """Return the subject's colour by vote.

    A photo's vote counts as much as it is certain, a blurred one's half of that; no majority is no colour.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    for photo in photos:
        if photo.palette.subject is not None:
            votes[photo.palette.subject] += photo.palette.certainty * (0.5 if photo.blurred else 1.0)
    if not votes:
        return None
    best = max(votes, key=lambda name: votes[name])
    return best if votes[best] > sum(votes.values()) / 2 else None
