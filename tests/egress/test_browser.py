from __future__ import annotations

import asyncio
import os
import signal
from asyncio import DatagramProtocol, StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from typing_extensions import override

from contracts.errors import CallsheetError, Unavailable
from contracts.policy import FetchLimits, Policy
from egress.browser import Browser
from egress.chromium import find_chromium
from tests.egress.site import Answers, ScriptedResolver, Site, answer, granted, pause, redirect

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(find_chromium() is None, reason="needs a Chromium"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with Browser(resolver=ScriptedResolver([["127.0.0.1"]])) as found:
        yield found


class Sites:
    """Sites that end with the test."""

    def __init__(self) -> None:
        self.all: list[Site] = []

    async def start(self, answers: Answers) -> Site:
        site = Site(answers)
        await site.start()
        self.all.append(site)
        return site


@pytest_asyncio.fixture(loop_scope="module")
async def sites() -> AsyncIterator[Sites]:
    found = Sites()
    yield found
    for site in found.all:
        await site.stop()


async def failure(browser: Browser, url: str, policy: Policy) -> CallsheetError:
    with pytest.raises(CallsheetError) as caught:
        await browser.render(url, policy=policy)
    return caught.value


def page(script: str, body: str = "") -> bytes:
    return answer(f"<!doctype html><title>t</title><body>{body}<script>{script}</script>".encode())


@dataclass(frozen=True)
class Seen:
    """A living process, as /proc tells it."""

    pid: int
    uid: int
    words: list[str]


def processes(of: Path) -> list[Seen]:
    """Return every living process whose command line or environment names `of`."""
    found = []
    for entry in (e for e in Path("/proc").iterdir() if e.name.isdigit()):
        with suppress(OSError):
            words = (entry / "cmdline").read_text(encoding="utf-8", errors="replace").split("\0")
            if str(of).encode() in (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes():
                found.append(Seen(int(entry.name), entry.stat().st_uid, words))
    return found


def main_process(of: Path | None) -> Seen:
    """Return the one that Playwright talks to."""
    assert of is not None
    (found,) = [p for p in processes(of) if "--remote-debugging-pipe" in p.words]
    return found


async def test_what_scripts_insert_is_in_the_html(browser: Browser, sites: Sites) -> None:
    late = "fetch('/data').then(r => r.text()).then(t => setTimeout(() => { document.body.append(t) }, 100))"
    site = await sites.start({"/": page(late + ";document.title='made'"), "/data": answer(b"loaded later")})
    shown = await browser.render(site.url(), policy=site.policy())
    assert (shown.status, shown.url, shown.refused) == (200, site.url(), ())
    assert shown.html.startswith("<!DOCTYPE html><html>")
    assert "<title>made</title>" in shown.html
    assert "loaded later" in shown.html
    assert shown.wire_bytes > 100


async def test_a_script_from_a_host_nobody_named_is_refused_and_named(browser: Browser, sites: Sites) -> None:
    site = await sites.start({"/": page("", "<script src='http://tracker.example/t.js'></script>")})
    shown = await browser.render(site.url(), policy=site.policy())
    assert shown.refused == ("tracker.example",)


async def test_a_page_cannot_reach_another_port_of_this_machine(browser: Browser, sites: Sites) -> None:
    other = await sites.start({"/": answer(b"secret", Access_Control_Allow_Origin="*")})
    script = f"""
      const tell = t => document.body.append(t);
      for (const url of ['{other.url()}', '{other.url(host="localhost")}', '{other.url(host="[::1]")}'])
        fetch(url).then(r => r.text()).then(tell, () => tell('stopped '));
      new WebSocket('ws://127.0.0.1:{other.port}/');
      const f = document.createElement('iframe'); f.src = '{other.url()}'; document.body.append(f);
      const l = document.createElement('link'); l.rel = 'preconnect'; l.href = '{other.url()}'; document.head.append(l);
      navigator.sendBeacon('{other.url()}', 'x');
    """
    site = await sites.start({"/": page(script)})
    shown = await browser.render(site.url(), policy=site.policy())
    assert other.connections == 0
    assert "127.0.0.1" in shown.refused
    assert "secret" not in shown.html


class _Ear(DatagramProtocol):
    def __init__(self) -> None:
        self.heard = 0

    @override
    def datagram_received(self, data: bytes, addr: object) -> None:
        self.heard += 1


async def test_a_page_sends_no_datagram_past_the_proxy(browser: Browser, sites: Sites) -> None:
    loop = asyncio.get_running_loop()
    transport, ear = await loop.create_datagram_endpoint(_Ear, local_addr=("127.0.0.1", 0))
    port = transport.get_extra_info("sockname")[1]
    script = f"""
      const p = new RTCPeerConnection({{iceServers: [{{urls: 'stun:127.0.0.1:{port}'}}]}});
      p.createDataChannel('x'); p.createOffer().then(o => p.setLocalDescription(o));
      try {{ new WebTransport('https://127.0.0.1:{port}/') }} catch (e) {{}}
      document.body.append('ran to its end');
    """
    site = await sites.start({"/": page(script)})
    shown = await browser.render(site.url(), policy=site.policy())
    transport.close()
    assert ("ran to its end</body>" in shown.html, ear.heard) == (True, 0)


@pytest.mark.parametrize("how", ["http", "script", "meta"])
async def test_a_page_that_leads_to_a_private_address_is_refused_as_a_fetch_is(
    browser: Browser, sites: Sites, how: str
) -> None:
    other = await sites.start({"/": answer(b"secret")})
    ways = {
        "http": redirect(other.url()),
        "script": page(f"location.href = '{other.url()}'"),
        "meta": answer(f"<meta http-equiv=refresh content='0;url={other.url()}'>".encode()),
    }
    site = await sites.start({"/": ways[how]})
    refused = await failure(browser, site.url(), site.policy())
    assert (refused.code, other.connections) == ("egress.private_address", 0)


async def test_a_first_url_out_of_reach_is_refused_as_a_fetch_is(browser: Browser, sites: Sites) -> None:
    site = await sites.start({})
    anywhere = Policy(hosts=("*",))
    assert (await failure(browser, site.url(), anywhere)).code == "egress.private_address"
    assert (
        await failure(browser, "http://elsewhere.example/", site.policy())
    ).code == "egress.host_not_allowed"
    assert (await failure(browser, "file:///etc/passwd", anywhere)).code == "egress.scheme"
    assert (
        await failure(browser, site.url(host="rebind.example"), anywhere)
    ).code == "egress.private_address"
    assert (await failure(browser, "https://rebind.example/", anywhere)).code == "egress.private_address"
    assert site.connections == 0


async def test_a_status_is_an_answer_when_rendered_too(browser: Browser, sites: Sites) -> None:
    site = await sites.start({"/": answer(b"<p>not here", status="404 Not Found")})
    shown = await browser.render(site.url(), policy=site.policy())
    assert (shown.status, "not here" in shown.html) == (404, True)


async def test_pictures_and_fonts_are_not_loaded(browser: Browser, sites: Sites) -> None:
    body = "<style>@font-face{font-family:f;src:url(/f.woff)} p{font-family:f}</style><p>x<img src=/i.png><video src=/v>"
    site = await sites.start({"/": page("", body)})
    await browser.render(site.url(), policy=site.policy())
    assert set(site.paths) <= {"/", "/favicon.ico"}


async def test_no_cookie_or_storage_outlives_its_render(browser: Browser, sites: Sites) -> None:
    script = "document.body.append('was:' + document.cookie + localStorage.x); document.cookie='a=1'; localStorage.x=1"
    site = await sites.start({"/": page(script)})
    for _ in range(2):
        shown = await browser.render(site.url(), policy=site.policy())
        assert "was:undefined" in shown.html


async def test_dialogs_popups_and_downloads_hold_nothing_up(browser: Browser, sites: Sites) -> None:
    script = """alert(1); confirm(2); open('/popup'); const a = document.createElement('a');
      a.href = '/file'; a.download = 'f'; a.click(); document.body.append('went on')"""
    file = answer(b"x", kind="application/zip", Content_Disposition="attachment")
    site = await sites.start({"/": page(script), "/popup": answer(b"p"), "/file": file})
    assert "went on" in (await browser.render(site.url(), policy=site.policy())).html


@pytest.mark.parametrize(
    ("said", "limits", "code"),
    [
        (page("document.body.append('x'.repeat(3e6))"), {"decoded_bytes": 1_000_000}, "egress.too_large"),
        (answer(b"x" * 3_000_000), {"wire_bytes": 500_000}, "egress.too_large"),
        (page("while (true) {}"), {"timeout_s": 1.5}, "egress.timeout"),
        (redirect("/"), {}, "egress.redirects"),
        (b"SSH-2.0-no\r\n", {}, "egress.protocol"),
        (answer(b"x", kind="application/zip", Content_Disposition="attachment"), {}, "egress.protocol"),
    ],
    ids=["grows", "floods", "spins", "circles", "no-http", "download"],
)
async def test_a_page_beyond_its_bounds_fails_by_the_code_of_a_fetch(
    browser: Browser, sites: Sites, said: bytes, limits: dict[str, float], code: str
) -> None:
    site = await sites.start({"/": said})
    bounds = FetchLimits.model_validate({"timeout_s": 20.0} | limits)
    assert (await failure(browser, site.url(), site.policy(limits=bounds))).code == code


async def test_a_page_that_never_answers_ends_at_the_deadline(browser: Browser, sites: Sites) -> None:
    async def silence(reader: StreamReader, _: StreamWriter) -> None:
        await reader.read()

    site = await sites.start({"/": silence})
    failed = await failure(browser, site.url(), site.policy(limits=FetchLimits(timeout_s=1)))
    assert (failed.code, failed.retryable) == ("egress.timeout", True)


async def test_a_script_that_never_comes_does_not_cost_the_page(browser: Browser, sites: Sites) -> None:
    async def silence(reader: StreamReader, _: StreamWriter) -> None:
        await reader.read()

    site = await sites.start({"/": page("", "<p>here<script async src=/never></script>"), "/never": silence})
    shown = await browser.render(site.url(), policy=site.policy(limits=FetchLimits(timeout_s=4)))
    assert "here" in shown.html


async def test_renders_side_by_side_do_not_mix(browser: Browser, sites: Sites) -> None:
    pair = [await sites.start({"/": page(f"document.body.append('site {n}')")}) for n in range(2)]
    policy = granted(pair[0].endpoint(), pair[1].endpoint())
    shown = await asyncio.gather(*(browser.render(s.url(), policy=policy) for s in pair))
    assert ["site 0" in shown[0].html, "site 1" in shown[1].html] == [True, True]


async def test_a_cancelled_render_leaves_the_browser_usable(browser: Browser, sites: Sites) -> None:
    asked = asyncio.Event()

    async def wait(reader: StreamReader, _: StreamWriter) -> None:
        asked.set()
        await reader.read()

    site = await sites.start({"/": answer(b"fine"), "/wait": wait})
    task = asyncio.create_task(browser.render(site.url("/wait"), policy=site.policy()))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert "fine" in (await browser.render(site.url(), policy=site.policy())).html


async def test_a_cancelled_render_is_not_kept_waiting_by_its_page(browser: Browser, sites: Sites) -> None:
    asked = asyncio.Event()

    async def wait(reader: StreamReader, _: StreamWriter) -> None:
        asked.set()
        await reader.read()

    site = await sites.start({"/wait": wait})
    task = asyncio.create_task(browser.render(site.url("/wait"), policy=site.policy()))
    await asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert browser._behind, "the page is closed behind it"
    await asyncio.wait(browser._behind)
    assert browser._running is not None
    assert browser._running.chromium.contexts == []


async def test_a_page_keeps_its_turn_until_it_is_closed(sites: Sites) -> None:
    asked = asyncio.Event()

    async def wait(reader: StreamReader, _: StreamWriter) -> None:
        asked.set()
        await reader.read()

    site = await sites.start({"/": answer(b"next"), "/wait": wait})
    async with Browser(at_once=1) as browser:
        task = asyncio.create_task(browser.render(site.url("/wait"), policy=site.policy()))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert browser._turn.locked()
        assert "next" in (await browser.render(site.url(), policy=site.policy())).html
        assert not browser._turn.locked()


async def test_a_render_cancelled_while_chromium_starts_leaves_nothing_behind(sites: Sites) -> None:
    site = await sites.start({"/": answer(b"x")})
    browser = Browser()
    task = asyncio.create_task(browser.render(site.url(), policy=site.policy()))
    await asyncio.sleep(0)
    assert browser._behind, "Chromium is being started"
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await browser.aclose()
    assert (browser._behind, browser._running, browser.folder) == (set(), None, None)
    assert not browser._turn.locked()


async def test_chromium_is_sandboxed_and_owns_nothing(browser: Browser, sites: Sites) -> None:
    site = await sites.start({"/": answer(b"x")})
    await browser.render(site.url(), policy=site.policy())
    seen = main_process(browser.folder)
    assert seen.uid == (os.geteuid() or 65534)
    words = seen.words
    assert not any(
        w.startswith(("--no-sandbox", "--disable-setuid-sandbox", "--remote-debugging-port")) for w in words
    )
    assert "--proxy-bypass-list=<-loopback>" in words


async def test_a_killed_chromium_is_started_anew_and_none_outlives_its_door(sites: Sites) -> None:
    site = await sites.start({"/": answer(b"again")})
    async with Browser() as browser:
        await browser.render(site.url(), policy=site.policy())
        first = browser.folder
        os.kill(main_process(first).pid, signal.SIGKILL)
        await pause(0.3)
        assert "again" in (await browser.render(site.url(), policy=site.policy())).html
        second = browser.folder
    await pause(0.1)
    assert first is not None
    assert second is not None
    assert [p for f in (first, second) for p in processes(f)] == []
    assert not any(f.exists() for f in (first, second))


async def test_a_machine_without_chromium_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_CHROMIUM", "/no/such/file")
    async with Browser() as browser:
        with pytest.raises(Unavailable) as caught:
            await browser.render("http://a.example/", policy=Policy(hosts=("*",)))
    assert caught.value.code == "egress.no_browser"
