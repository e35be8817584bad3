"""No model's key and no secret of a prompt leaves by any way out, whatever the models' endpoints say back.

A service in a process of its own, logging all it can, asks endpoints that
repeat every key and prompt they are sent; then everything it wrote, answered
and printed is looked through for them.
"""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest
from pydantic import SecretStr

from contracts.clock import SystemClock
from contracts.errors import CallsheetError
from egress.fetch import Egress
from providers.chat import Message
from providers.openai_compatible import OpenAICompatible
from tests.service.commands_at_hand import BIN, process, typed
from tests.whole.hostile_model import HOW, endpoints

KEYS: Final = {how: f"sk-canary-{how.replace('_', '-')}-5d1e9b7730" for how in HOW}
SHOP: Final = "shop-canary/8c41+e0=f7d2"
"""A secret the operator gave guests, which somebody wrote into an objective."""
SERVER: Final = "server-canary-77ab01c2d3"
WORD: Final = "wordcanary4417"
"""Of a prompt: it is the caller's own, and may stand where objectives stand, but nowhere else."""
OBJECTIVE: Final = f"list the titles on http://127.0.0.1:9/ for {SHOP} and {WORD}"
PAGES: Final = ("/ui/runs", "/ui/traces", "/ui/agents", "/ui/plans", "/ui/new")


def configured(folder: Path, urls: Mapping[str, str]) -> None:
    """Set every endpoint up; the default one leads through all of them."""
    first, *others = HOW
    lines = [
        '[log]\nlevel = "debug"\naccess = "on"',
        '[guests.secrets.shop]\nvariable = "SHOP_TOKEN"\nhosts = ["shop.example"]',
    ]
    for how in HOW:
        group = "model" if how == first else f"models.{how}"
        lines.append(
            f'[{group}]\nurl = "{urls[how]}"\nname = "m"\napi_key = "{KEYS[how]}"\nretries = 0\ntimeout_s = 10'
        )
        if how == first:
            lines[-1] += f"\nthen = {others!r}"
    (folder / "callsheet.toml").write_text("\n".join(lines).replace("'", '"'))


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return everything that came out, by where it did."""
    folder = tmp_path_factory.mktemp("leaks")
    with endpoints() as made, pytest.MonkeyPatch.context() as patch:
        for name, value in {"SHOP_TOKEN": SHOP, "CALLSHEET_SERVER__API_KEY": SERVER}.items():
            patch.setenv(name, value)
        urls = {how: f"http://127.0.0.1:{each.server_port}/v1" for how, each in made.items()}
        configured(folder, urls)
        found = {"commands without a server": commands(folder)}
        found |= served(folder)
        found["commands"] = commands(folder)
        found |= {
            f"raised where it {how}": asyncio.run(raised(folder, how, url)) for how, url in urls.items()
        }
        heard = {how: "".join(each.heard) for how, each in made.items()}
    assert all(SHOP.split("/")[0] in text for text in heard.values()), "each was asked, and with the secret"
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "callsheet.toml":
            found[f"file {path.relative_to(folder)}"] = path.read_bytes().decode("latin-1")
    return found


def served(folder: Path) -> dict[str, str]:
    """Drive a service through its API, its dashboard and its models' door."""
    log = folder.parent / "log.txt"
    with log.open("w") as stderr:
        server = subprocess.Popen(
            [str(BIN / "callsheet"), "serve", "--port", "0"], cwd=folder, stderr=stderr, env=os.environ
        )
        try:
            url = started(server, log)
            headers = {"authorization": f"Bearer {SERVER}"}
            with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
                found = dict(asked(client))
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=20)
    return found | {"log": log.read_text()}


def started(server: subprocess.Popen[Any], log: Path) -> str:
    """Return a service's address once it says so."""
    while "callsheet serves" not in log.read_text():
        assert server.poll() is None, log.read_text()
    line = next(line for line in log.read_text().splitlines() if "callsheet serves" in line)
    return "http://" + line.split("http://")[1].split()[0].strip('",').rstrip("/")


def asked(client: httpx.Client) -> Iterator[tuple[str, str]]:
    """Yield what each request was answered."""
    taken = client.post("/objectives", json={"objective": OBJECTIVE}, headers={"prefer": "wait=50"})
    assert taken.status_code == 200, taken.text
    yield "POST /objectives", shown(taken)
    run_id = taken.json()["run_id"]
    yield "POST /plans", shown(client.post("/plans", json={"objective": f"{OBJECTIVE} again"}))
    for how in ("default", *HOW[1:]):
        for stream in (False, True):
            body = {"model": how, "stream": stream, "messages": [{"role": "user", "content": OBJECTIVE}]}
            answer = client.post("/v1/chat/completions", json=body)
            if answer.status_code >= 400 or '"error"' in answer.text:  # else it is what the caller asked for
                yield f"error of {how}, stream {stream}", shown(answer)
    paths = [f"/objectives/{run_id}{more}" for more in ("", "/plan", "/events?follow=false", "/tasks")]
    listed = client.get("/traces", params={"run": run_id}).json()["traces"]
    assert "planner" in {t["agent_type"] for t in listed}
    paths += [f"/traces/{t['trace_id']}" for t in listed] + [f"/ui/traces/{t['trace_id']}" for t in listed]
    paths += ["/objectives", "/traces", "/metrics", "/v1/models", "/agents", "/readyz", "/openapi.json"]
    for path in (*paths, f"/ui/runs/{run_id}", f"/ui/plans?run={run_id}", *PAGES):
        yield f"GET {path.replace(run_id, 'RUN')}", shown(client.get(path))


def shown(answer: httpx.Response) -> str:
    return f"{answer.status_code} {answer.headers.raw!r} {answer.text}"


def commands(folder: Path) -> str:
    """Return what the commands print."""
    said = []
    for words in (
        ["plan", OBJECTIVE],
        ["run", OBJECTIVE],
        ["traces", "list"],
        ["traces", "export", "out.jsonl"],
        ["objectives", "list"],
        ["models", "list"],
        *(["models", "ping", name] for name in ("default", "answers", "limits")),
        ["doctor"],
    ):
        done = process(folder, *words) if words[0] == "plan" else typed(folder, *words)
        said.append(f"{words[0]}: {done.code}\n{done.out}\n{done.err}")
    return "\n".join(said)


async def raised(folder: Path, how: str, url: str) -> str:
    """Return all that an error of a model's provider says, with what it came from."""
    async with Egress(SystemClock()) as egress:
        provider = OpenAICompatible(egress, url=url, model="m", api_key=SecretStr(KEYS[how]))
        try:
            found = await provider.complete([Message("user", OBJECTIVE)], max_tokens=50)
        except CallsheetError as exc:
            return f"{exc!r} {exc} {exc.data} {''.join(traceback.format_exception(exc))}"
        return "" if how in ("answers", "names_itself", "calls_tools", "has_no_stream") else repr(found)


def spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it stands in texts of several kinds."""
    yield from {secret, quote(secret, safe=""), secret.replace("/", "\\/")}
    yield base64.b64encode(secret.encode()).decode().rstrip("=")[:-2]


@pytest.mark.parametrize("secret", [*KEYS.values(), SHOP, SERVER])
def test_no_secret_is_anywhere_it_could_come_out(evidence: dict[str, str], secret: str) -> None:
    found = {
        f"{where}: {each}" for where, text in evidence.items() for each in spellings(secret) if each in text
    }
    assert found == set()


@pytest.mark.parametrize("where", ["log", "GET /metrics"])
def test_no_word_of_a_prompt_is_in_a_log_or_a_metric(evidence: dict[str, str], where: str) -> None:
    assert WORD not in evidence[where]


def test_no_error_says_a_word_of_a_prompt(evidence: dict[str, str]) -> None:
    errors = {w for w, text in evidence.items() if w.startswith(("error of", "raised")) and WORD in text}
    assert errors == set()


def test_the_calls_are_counted_by_the_settings_names_and_our_codes(evidence: dict[str, str]) -> None:
    text = evidence["GET /metrics"]
    for how, outcome in (("refuses", "http_status"), ("limits", "rate_limited"), ("stops", "cut_off")):
        name = "default" if how == HOW[0] else how
        assert f'callsheet_model_calls_total{{model="{name}",outcome="provider.{outcome}"}}' in text


@pytest.mark.parametrize("where", ["commands without a server", "GET /traces"])
def test_what_a_model_was_asked_for_a_plan_is_traced_wherever_it_was_planned(
    evidence: dict[str, str], where: str
) -> None:
    assert "planner" in evidence[where]


@pytest.mark.parametrize(
    "url", [f"http://admin:{SERVER}@127.0.0.1:9/v1", f"http://127.0.0.1:9/v1?key={SERVER}"]
)
def test_a_secret_in_a_models_url_is_refused_and_not_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("CALLSHEET_MODEL__URL", url)
    monkeypatch.setenv("CALLSHEET_MODEL__FALLBACK", "fail")
    done = [process(tmp_path, *words) for words in (["plan", OBJECTIVE], ["serve", "--port", "0"])]
    assert [each.code for each in done] == [3, 3]
    done += [typed(tmp_path, *words) for words in (["models", "list"], ["models", "ping"], ["doctor"])]
    said = "".join(each.out + each.err for each in done)
    assert SERVER not in said
    assert said.count("provider.bad_url") >= 4
