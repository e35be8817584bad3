"""What the agent gives."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Amount = int | float


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PageRow(_Part):
    """One page that was read."""

    url: str
    status: int
    title: str
    rendered: bool
    """Whether a browser ran its scripts."""
    bytes: int
    """Of its source, decoded."""


class Listing(_Part):
    """One of the things a page lists."""

    url: str | None = None
    title: str = ""
    price: Amount | None = None
    currency: str | None = None
    """ISO 4217."""
    price_text: str | None = None
    image: str | None = None
    text: str = ""
    ends_text: str | None = None
    """The phrase that says when it ends."""
    facts: dict[str, str] = {}


class Link(_Part):
    """Where a page leads."""

    url: str
    text: str


class Image(_Part):
    """A picture a page shows."""

    url: str
    alt: str


class PriceRow(_Part):
    """One amount of money."""

    amount: Amount
    currency: str | None
    text: str


class TableRow(_Part):
    """One table of data."""

    headers: list[str]
    rows: list[list[str]]


class ScrapeOutput(_Part):
    """Everything read, lists in page order."""

    url: str
    """The first page's, after redirects."""
    title: str = ""
    description: str = ""
    text: str = ""
    """What a reader sees, a line for each block; cut at 20,000 characters."""
    pages: list[PageRow] = []
    listings: list[Listing] = []
    links: list[Link] = []
    images: list[Image] = []
    prices: list[PriceRow] = []
    """The page's own first, then those it lists."""
    dates: list[str] = []
    tables: list[TableRow] = []
    jsonld: list[Any] = []
    facts: dict[str, str] = {}
    ends_text: Annotated[str | None, Field(description="the text that says when it ends")] = None
    needs_browser: list[str] = []
    """Pages that look as if they need JavaScript and were not rendered."""
    warnings: list[str] = []
