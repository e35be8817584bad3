from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import InvalidInput
from service.grants import grants_of

NONE: dict[str, Any] = {"allow_private": (), "allow_host": (), "allow_folder": ()}


@pytest.mark.parametrize(
    ("url", "granted"),
    [
        ("http://127.0.0.1:8000/x", ["127.0.0.1:8000"]),
        ("http://localhost/", ["localhost:80"]),
        ("https://[::1]/", ["[::1]:443"]),
        ("http://192.168.0.7/", ["192.168.0.7:80"]),
        ("https://auction.example/", []),
        ("http://8.8.8.8/", []),
        ("http://intranet:8080/", []),
    ],
)
def test_a_url_grants_an_address_only_where_it_is_private_as_written(url: str, granted: list[str]) -> None:
    assert [g.value for g in grants_of({**NONE, "url": url})] == granted


@pytest.mark.parametrize("url", ["http://[::1", "http://a:99999/", "ftp://a/", "auction", "http://"])
def test_a_url_that_is_none_is_refused_by_its_code(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        grants_of({**NONE, "url": url})
    assert caught.value.code == "input.bad_url"


@pytest.mark.parametrize("given", ["nonsense", "127.0.0.1", "a:b", "a@b:1", "http://a:1", "a:1/x", ":80"])
def test_an_address_without_host_and_port_is_refused(given: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        grants_of({**NONE, "allow_private": (given,)})
    assert caught.value.code == "input.bad_address"
