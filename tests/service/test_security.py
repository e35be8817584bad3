from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from contracts.errors import CallsheetError, Refused
from service.dashboard.login import own_path
from service.security import HostRule, KeyRule, check_bind, is_loopback
from service.settings import ServerSettings
from tests.service.desk_at_hand import BASE, KEY, DeskAtHand, FixedClock

OWN = {"Origin": BASE}
BEARER = {"Authorization": f"Bearer {KEY}"}


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        ("127.0.0.1:8765", True),
        ("localhost:8765", True),
        ("LOCALHOST:8765", True),
        ("[::1]:8765", True),
        ("127.0.0.1", False),
        ("127.0.0.1:8766", False),
        ("localhost.evil.example:8765", False),
        ("evil.example:8765", False),
        ("127.0.0.1:8765@evil.example", False),
        ("localhost:8765:8765", False),
        ("127.1:8765", False),
        ("", False),
    ],
)
async def test_only_our_own_names_are_answered_to(
    client: httpx.AsyncClient, host: str, *, is_ours: bool
) -> None:
    for path in ("/objectives", "/healthz", "/ui/runs", "/ui/static/style.css"):
        answer = await client.get(path, headers={"Host": host})
        assert (answer.status_code == 200) is is_ours
        if not is_ours and not path.startswith("/ui"):
            assert (answer.status_code, answer.json()["code"]) == (421, "request.foreign_host")


async def test_two_host_headers_are_refused(client: httpx.AsyncClient) -> None:
    headers = [("Host", "127.0.0.1:8765"), ("Host", "evil.example")]
    assert (await client.get("/objectives", headers=headers)).status_code == 421


async def test_a_configured_name_is_answered_to_on_any_port(talk: Any) -> None:
    async with talk(server={"allowed_hosts": ["sheet.example", "other.example:99"]}) as client:
        for host, status in (
            ("sheet.example", 200),
            ("sheet.example:443", 200),
            ("other.example:99", 200),
            ("other.example:98", 421),
        ):
            assert (await client.get("/objectives", headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://localhost:8765"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "file://"},
        {"Origin": f"{BASE}.evil.example"},
        {"Origin": f"http://evil.example@{BASE[7:]}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": BASE, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"},
    ],
)
async def test_a_foreign_page_can_start_nothing(
    client: httpx.AsyncClient, desk: DeskAtHand, headers: dict[str, str]
) -> None:
    answer = await client.post("/objectives", json={"objective": "x"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "request.foreign_origin")
    form = await client.post("/ui/objectives", data={"objective": "x"}, headers=headers)
    assert form.status_code == 403
    assert desk.made == 0


@pytest.mark.parametrize("headers", [{}, OWN, {**OWN, "Sec-Fetch-Site": "same-origin"}])
async def test_our_own_pages_and_programs_may_start(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.post("/objectives", json={"objective": "x"}, headers=headers)
    assert answer.status_code == 202


async def test_reading_from_a_foreign_page_is_refused_and_a_link_followed(client: httpx.AsyncClient) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}
    assert (await client.get("/traces", headers=foreign)).status_code == 403
    assert (await client.get("/traces", headers={"Origin": "http://evil.example"})).status_code == 403
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert (await client.get("/ui/runs", headers=link)).status_code == 200


async def test_every_answer_carries_the_strict_headers(client: httpx.AsyncClient) -> None:
    for path in ("/objectives", "/ui/runs", "/nowhere", "/ui/static/style.css", "/openapi.json"):
        headers = (await client.get(path)).headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none';")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == ("max-age=3600" if "static" in path else "no-store")
        assert "server" not in headers


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (f"Bearer {KEY}", 200),
        (f"bearer {KEY}", 200),
        (None, 401),
        ("Bearer", 401),
        (f"Bearer {KEY}x", 401),
        (f"Basic {KEY}", 401),
        (KEY, 401),
        ("Bearer \u00e9", 401),
    ],
)
async def test_a_key_is_asked_of_every_request(talk: Any, authorization: str | None, status: int) -> None:
    headers = {"Authorization": authorization.encode()} if authorization else {}
    async with talk(server={"api_key": KEY}) as client:
        for path in ("/objectives", "/traces/none", "/agents", "/readyz", "/openapi.json", "/nowhere"):
            answer = await client.get(path, headers=headers)
            if status == 401:
                assert (answer.status_code, answer.json()["code"]) == (401, "request.unauthenticated")
                assert answer.headers["www-authenticate"].startswith("Bearer")
            else:
                assert answer.status_code in {200, 404}
        assert (await client.get("/healthz")).status_code == 200


async def test_a_browser_without_a_session_is_led_to_the_door(talk: Any) -> None:
    async with talk(server={"api_key": KEY}) as client:
        answer = await client.get("/ui/traces")
        assert (answer.status_code, answer.headers["location"]) == (303, "/ui/login?next=/ui/traces")
        assert "API key" in (await client.get(answer.headers["location"])).text
        assert (await client.get("/ui/static/style.css")).status_code == 200


async def test_the_key_buys_a_session_that_ends(talk: Any, clock: FixedClock) -> None:
    async with talk(server={"api_key": KEY}) as client:
        wrong = await client.post("/ui/login", data={"key": "guess", "next": "/ui/agents"}, headers=OWN)
        assert (wrong.status_code, "set-cookie" in wrong.headers) == (401, False)
        right = await client.post("/ui/login", data={"key": KEY, "next": "/ui/agents"}, headers=OWN)
        assert (right.status_code, right.headers["location"]) == (303, "/ui/agents")
        cookie = right.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert KEY not in cookie
        assert (await client.get("/ui/agents")).status_code == 200
        assert (await client.get("/traces")).status_code == 200
        clock.at += timedelta(hours=13)
        assert (await client.get("/ui/agents")).status_code == 303


async def test_a_forged_session_opens_nothing(talk: Any, clock: FixedClock) -> None:
    other = KeyRule(SecretStr(KEY), clock).new_session()
    async with talk(server={"api_key": KEY}) as client:
        for value in (other, "9999999999.", "9999999999.00", "x", "\u00b2.x", ""):
            headers = {"Cookie": f"callsheet_session={value}".encode()}
            assert (await client.get("/traces", headers=headers)).status_code == 401


async def test_without_a_key_the_door_stands_open(client: httpx.AsyncClient) -> None:
    answer = await client.get("/ui/login?next=//evil.example")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/runs")


@pytest.mark.parametrize(
    "path",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil",
        "/ui/\\..",
        "/ui/login",
        "ui/runs",
        "/ui/a\r\nX: y",
        "",
    ],
)
def test_the_door_leads_nowhere_foreign(path: str) -> None:
    assert own_path(path) == "/ui/runs"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "[::]", "127.0.0.1.nip.io"])
def test_beyond_loopback_a_key_is_a_must(host: str) -> None:
    with pytest.raises(Refused) as refused:
        check_bind(ServerSettings(host=host))
    assert refused.value.code == "server.key_required"
    check_bind(ServerSettings(host=host, api_key=SecretStr(KEY)))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "[::1]", "127.5.5.5"])
def test_on_loopback_no_key_is_needed(host: str) -> None:
    assert is_loopback(host)
    check_bind(ServerSettings(host=host))


@pytest.mark.parametrize(
    ("host", "origin", "is_ours"),
    [
        ("sheet.example", "https://sheet.example", True),
        ("sheet.example", "https://sheet.example:443", True),
        ("sheet.example:443", "https://sheet.example", True),
        ("sheet.example", "https://sheet.example:8443", False),
        ("sheet.example", "ftp://sheet.example", False),
        ("[::1]:8765", "http://[::1]:8765", True),
    ],
)
def test_an_origin_is_ours_when_it_names_our_host_and_port(host: str, origin: str, *, is_ours: bool) -> None:
    rule = HostRule(ServerSettings())
    try:
        rule.check_origin({"origin": [origin]}, host=host, method="POST")
    except CallsheetError:
        assert not is_ours
    else:
        assert is_ours


@pytest.mark.parametrize(
    "foreign",
    [
        'a={"x":[1,2]}',
        "bad name=1",
        "=",
        "a",
        'q="',
        "b=\u00e9\x80".encode("latin-1"),
        "c=" + "x" * 20_000,
        ";;",
    ],
)
async def test_a_foreign_cookie_does_not_hide_our_session(talk: Any, foreign: str | bytes) -> None:
    async with talk(server={"api_key": KEY}) as client:
        answer = await client.post("/ui/login", data={"key": KEY}, headers=OWN)
        own = answer.headers["set-cookie"].partition(";")[0].encode()
        client.cookies.clear()
        theirs = foreign if isinstance(foreign, bytes) else foreign.encode()
        for cookie in (theirs + b"; " + own, own + b"; " + theirs):
            assert (await client.get("/objectives", headers={"Cookie": cookie})).status_code == 200
        assert (await client.get("/objectives", headers={"Cookie": theirs})).status_code == 401
