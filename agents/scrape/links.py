"""Links and images as absolute http(s) URLs, each once, in the page's order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import ada_url

from agents.scrape.outline import Element, Outline

MAX_URL: Final = 4096
_IMAGE_SOURCES: Final = ("data-src", "data-original", "data-lazy-src", "data-lazy", "data-full", "src")
_PLACEHOLDER: Final = re.compile(
    r"(?:^|[/_-])(?:spacer|blank|pixel|transparent|placeholder|loading|1x1)\b[^/]*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a page stands, for making its relative URLs absolute."""

    url: str
    base: str

    def resolve(self, reference: str) -> str | None:
        """Return an absolute http(s) URL without fragment; None for anything else."""
        text = reference.strip()
        if not text or len(text) > MAX_URL or text.startswith("#"):
            return None
        try:
            parsed = ada_url.URL(text, base=self.base)
        except (ValueError, UnicodeError):
            return None
        if parsed.protocol not in {"http:", "https:"} or parsed.username or parsed.password:
            return None
        parsed.hash = ""
        return parsed.href if len(parsed.href) <= MAX_URL else None

    def is_same_host(self, url: str) -> bool:
        """Say whether an absolute URL has this page's scheme-independent host and port."""
        return host_of(url) == host_of(self.url)


def address_of(outline: Outline, url: str) -> Address:
    """Return the page's address, with `<base href>` taken into account."""
    plain = Address(url, url)
    for element in outline.by_tag["base"][:1]:
        if base := plain.resolve(element.get("href")):
            return Address(url, base)
    return plain


def host_of(url: str) -> str:
    """Return host and port as the URL standard reads them; empty for no URL."""
    try:
        return str(ada_url.URL(url).host)
    except (ValueError, UnicodeError):
        return ""


def country_of(url: str) -> str:
    """Return the last label of a host name, lower case."""
    return host_of(url).partition(":")[0].rpartition(".")[2].lower()


def links_of(outline: Outline, address: Address, *, most: int) -> list[tuple[str, str]]:
    """Return (url, text) for each distinct link; the first text that says something is kept."""
    found: dict[str, str] = {}
    for element in outline.by_tag["a"]:
        url = address.resolve(element.get("href"))
        if url is None or (url not in found and len(found) >= most):
            continue
        found[url] = found.get(url) or link_text(outline, element)
    return list(found.items())


def link_text(outline: Outline, element: Element) -> str:
    """Return what a link says: its text, else its label, else the picture's."""
    text = outline.text(element) or element.get("aria-label") or element.get("title")
    if not text:
        text = next((i.get("alt") for i in outline.inside(element, "img") if i.get("alt")), "")
    return text[:300]


def images_of(elements: list[Element], address: Address, *, most: int) -> list[tuple[str, str]]:
    """Return (url, alternative text) for each distinct picture among the elements, drawings and pixels left out."""
    found: dict[str, str] = {}
    for element in elements:
        if element.tag != "img" or _is_pixel(element):
            continue
        url = image_url(element, address)
        if url is not None and (url in found or len(found) < most):
            found[url] = found.get(url) or element.get("alt")[:300]
    return list(found.items())


def image_url(element: Element, address: Address) -> str | None:
    """Return the picture an `<img>` shows once loaded."""
    for name in _IMAGE_SOURCES:
        value = element.get(name)
        if value and not _PLACEHOLDER.search(value.partition("?")[0]) and (url := _picture(value, address)):
            return url
    for name in ("srcset", "data-srcset"):
        first = element.get(name).partition(",")[0].split()
        if first and (url := _picture(first[0], address)):
            return url
    return None


def _picture(value: str, address: Address) -> str | None:
    if value[:5].lower() == "data:" or "{{" in value:
        return None
    url = address.resolve(value)
    return None if url is None or url.partition("?")[0].lower().endswith((".svg", ".svgz")) else url


def _is_pixel(element: Element) -> bool:
    return element.get("width") in {"0", "1"} or element.get("height") in {"0", "1"}
