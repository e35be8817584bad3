from __future__ import annotations

import pytest

from contracts.errors import CallsheetError
from contracts.policy import FetchLimits
from egress.fetch import Egress
from tests.egress.conftest import Serve
from tests.egress.site import ScriptedResolver, answer, granted, redirect

SECRETS = {"Authorization": "Bearer s3cret", "Cookie": "id=1", "X-Api-Key": "k", "X-Other": "kept"}


async def test_every_hop_is_named_in_order(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": redirect("b/c"), "/b/c": redirect("../d?x=1"), "/d": answer(b"end")})
    page = await egress.fetch(site.url(), policy=site.policy())
    assert page.hops == (site.url("/"), site.url("/b/c"), site.url("/d?x=1"))
    assert (page.url, page.body) == (page.hops[-1], b"end")


@pytest.mark.parametrize(
    "to", ["http://169.254.169.254/latest/", "http://[::1]:9/", "//0x7f.1:1/", "http://localhost:1/"]
)
async def test_a_redirect_to_a_private_address_is_refused_with_its_hop(
    serve: Serve, egress: Egress, to: str
) -> None:
    site = await serve({"/": redirect("/b"), "/b": redirect(to)})
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(site.url(), policy=site.policy())
    assert (caught.value.code, caught.value.data["hop"]) == ("egress.private_address", 2)


async def test_a_redirect_to_another_port_of_loopback_connects_to_nothing(
    serve: Serve, egress: Egress
) -> None:
    other = await serve({})
    site = await serve({"/": redirect(other.url())})
    with pytest.raises(CallsheetError, match="not on the public internet"):
        await egress.fetch(site.url(), policy=site.policy())
    assert other.connections == 0


async def test_a_granted_host_is_closed_to_a_page_that_is_not_it(serve: Serve) -> None:
    inner = await serve({"/": answer(b"inner")})
    outer = await serve({"/": redirect(inner.url())})
    policy = granted(outer.endpoint("outer.test"), inner.endpoint())
    egress = Egress(resolver=ScriptedResolver([["127.0.0.1"]]))
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(outer.url(host="outer.test"), policy=policy)
    assert (caught.value.code, inner.connections) == ("egress.private_address", 0)
    assert (await egress.fetch(inner.url(), policy=policy)).body == b"inner"


async def test_a_redirect_to_a_host_nobody_named_is_refused(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": redirect("https://elsewhere.example/")})
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(site.url(), policy=site.policy())
    assert (caught.value.code, caught.value.data["host"]) == ("egress.host_not_allowed", "elsewhere.example")


@pytest.mark.parametrize(
    ("to", "code"),
    [
        ("file:///etc/passwd", "egress.scheme"),
        ("http://u:p@x.example/", "egress.bad_url"),
        ("http://[", "egress.bad_url"),
    ],
)
async def test_a_redirect_to_no_web_url_is_refused(serve: Serve, egress: Egress, to: str, code: str) -> None:
    site = await serve({"/": redirect(to)})
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(site.url(), policy=site.policy())
    assert caught.value.code == code


@pytest.mark.parametrize("allowed", [0, 1, 5])
async def test_a_redirect_loop_ends_at_its_cap(serve: Serve, egress: Egress, allowed: int) -> None:
    site = await serve({"/": redirect("/")})
    with pytest.raises(CallsheetError) as caught:
        await egress.fetch(site.url(), policy=site.policy(), limits=FetchLimits(redirects=allowed))
    assert (caught.value.code, len(site.requests)) == ("egress.redirects", allowed + 1)


async def test_secrets_stay_with_the_origin_they_were_meant_for(serve: Serve) -> None:
    other = await serve({"/": answer(b"there")})
    site = await serve({"/": redirect("/same"), "/same": redirect(other.url(host="site.test"))})
    policy = granted(site.endpoint("site.test"), other.endpoint("site.test"))
    egress = Egress(resolver=ScriptedResolver([["127.0.0.1"]]))
    await egress.fetch(site.url(host="site.test"), policy=policy, headers=SECRETS)
    assert b"s3cret" in site.requests[1]
    assert not any(word in other.requests[0].lower() for word in (b"s3cret", b"cookie", b"api-key"))
    assert b"kept" in other.requests[0]


@pytest.mark.parametrize(
    ("status", "method"),
    [("301 M", "GET"), ("302 F", "GET"), ("303 S", "GET"), ("307 T", "POST"), ("308 P", "POST")],
)
async def test_a_post_is_repeated_only_where_the_status_says_so(
    serve: Serve, egress: Egress, status: str, method: str
) -> None:
    site = await serve({"/": redirect("/b", status=status), "/b": answer()})
    await egress.fetch(site.url(), policy=site.policy(), method="POST", body=b"x")
    assert site.requests[1].startswith(f"{method} /b ".encode())
    assert (b"Content-Length: 1" in site.requests[1]) is (method == "POST")


async def test_a_redirect_without_a_location_is_an_answer(serve: Serve, egress: Egress) -> None:
    site = await serve({"/": answer(b"?", status="302 Found")})
    assert (await egress.fetch(site.url(), policy=site.policy())).status == 302
