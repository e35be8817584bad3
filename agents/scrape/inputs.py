"""What the agent takes."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from contracts.errors import InvalidInput
from contracts.jsonvalue import join_pointer

MAX_PAGES = 200
MAX_URLS = 200
Address = Annotated[str, Field(min_length=1, max_length=4096)]


class ScrapeInputs(BaseModel):
    """The pages to read and how."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: Annotated[Address | None, Field(description="http(s) address of the page to read")] = None
    urls: Annotated[
        list[Address] | None,
        Field(min_length=1, max_length=MAX_URLS, description="addresses of several pages, instead of url"),
    ] = None
    render: Annotated[
        Literal["never", "auto", "always"] | None,
        Field(description="run the page's JavaScript in a browser: auto does where the page needs it"),
    ] = "auto"
    max_pages: Annotated[
        int | None,
        Field(ge=1, le=MAX_PAGES, description="pages to read from each address, following its next links"),
    ] = 1

    @model_validator(mode="after")
    def _one_of_url_and_urls(self) -> Self:
        if (self.url is None) == (self.urls is None):
            raise ValueError("exactly one of url and urls is needed")
        return self

    def addresses(self) -> list[str]:
        """Return the addresses to start from, each once."""
        given = [self.url] if self.url is not None else self.urls or []
        return list(dict.fromkeys(a.strip() for a in given))


def read_inputs(inputs: dict[str, JsonValue]) -> ScrapeInputs:
    """Return the inputs, checked; a null counts as absent.

    Raises:
        InvalidInput: `scrape.bad_input`, with field and reason.
    """
    given = {name: value for name, value in inputs.items() if value is not None}
    try:
        return ScrapeInputs.model_validate(given)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_context=False)[0]
        where = join_pointer(*first["loc"])
        value = f", not {str(first['input'])[:100]!r}" if first["loc"] and first["type"] != "missing" else ""
        raise InvalidInput(
            "scrape.bad_input",
            f"{where or 'the inputs'}: {first['msg']}{value}",
            where=where,
            hint="Give url or urls; render is never, auto or always; max_pages is 1 to 200.",
        ) from exc
