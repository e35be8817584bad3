"""What the vision agent takes, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from agents.vision.duplicates import Print
from contracts.errors import InvalidInput

MAX_IMAGES: Final = 64
MAX_ITEMS: Final = 2_000
MAX_PRINTS: Final = 2_000
"""Photos compared in one call; each is held against each."""
_HASH: Final = re.compile(r"[0-9a-f]{16}")

Source = Annotated[str, Field(min_length=1, max_length=14 * 1024 * 1024)]


class ImageRef(BaseModel):
    """An image and where it is."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    url: Source
    """http(s) URL, data: URI, or path in a granted folder."""
    alt: str | None = None


class VisionInputs(BaseModel):
    """Inputs of the vision agent: `inspect` takes images, `duplicates` takes items."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    op: Literal["inspect", "duplicates"] = "inspect"
    images: Annotated[list[Source | ImageRef], Field(max_length=MAX_IMAGES)] | None = None
    """inspect: http(s) URLs, data: URIs or paths in a granted folder, plain or as {url, alt}."""
    text: Annotated[str, Field(max_length=200_000)] | None = None
    """inspect: the listing's words, searched for a stated colour."""
    stated_colour: Annotated[str, Field(max_length=200)] | None = None
    """inspect: the colour the listing states; comes before any in the text."""
    ref: JsonValue = None
    """inspect: given back as it is."""
    items: Annotated[list[JsonValue], Field(max_length=MAX_ITEMS)] | None = None
    """duplicates: outputs of inspect, one a listing; null for a listing without."""

    @model_validator(mode="after")
    def _op_has_its_own(self) -> Self:
        needed, foreign = ("images", ("items",)) if self.op == "inspect" else ("items", ("images", "text"))
        if getattr(self, needed) is None:
            raise ValueError(f"{self.op} needs {needed}")
        for name in foreign:
            if getattr(self, name) is not None:
                raise ValueError(f"{self.op} takes no {name}")
        return self


def read_inputs(inputs: Mapping[str, JsonValue]) -> VisionInputs:
    """Return the inputs, a null counting as absent.

    Raises:
        InvalidInput: `vision.bad_input`, naming the field and why.
    """
    given = {name: value for name, value in inputs.items() if value is not None}
    try:
        return VisionInputs.model_validate(given)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        at = "/".join(str(part) for part in first["loc"]) or "inputs"
        raise InvalidInput("vision.bad_input", f"{at[:200]}: {first['msg'][:300]}", where=at[:200]) from exc


def read_prints(items: list[JsonValue]) -> list[Print]:
    """Return the fingerprints in inspect's outputs; nulls and images that failed have none.

    Raises:
        InvalidInput: `vision.bad_input`, an item is no output of inspect, or there are too many photos.
    """
    prints = [found for i, item in enumerate(items) if item is not None for found in _prints_of(i, item)]
    if len(prints) > MAX_PRINTS:
        raise InvalidInput(
            "vision.bad_input",
            f"items: {len(prints)} photos, at most {MAX_PRINTS} are compared",
            where="items",
        )
    return prints


def _prints_of(index: int, item: Any) -> list[Print]:
    images = item.get("images") if isinstance(item, dict) else None
    if not isinstance(images, list) or len(images) > MAX_IMAGES:
        raise _not_inspected(index)
    return [_print_of(index, image) for image in images if not _failed(image)]


def _failed(image: Any) -> bool:
    return isinstance(image, dict) and image.get("error") is not None


def _print_of(index: int, image: Any) -> Print:
    match image:
        case {"url": str(url), "phash": str(phash), **rest} if _HASH.fullmatch(phash):
            dhash = rest.get("dhash")
            second = dhash if isinstance(dhash, str) and _HASH.fullmatch(dhash) else None
            return Print(index, url, phash, second, _shares(rest.get("colours")))
        case _:
            raise _not_inspected(index)


def _shares(colours: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for colour in colours if isinstance(colours, list) else ():
        match colour:
            case {"name": str(name), "share": int() | float() as share} if 0 <= share <= 1:
                found[name] = float(share)
            case _:
                pass
    return found


def _not_inspected(index: int) -> InvalidInput:
    return InvalidInput(
        "vision.bad_input",
        f"items/{index}: no output of inspect",
        where=f"items/{index}",
        hint="Give what inspect returned, or null.",
    )
