"""`callsheet models`, as a person types it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.models.smallest import smallest_model
from tests.service.commands_at_hand import BIN, process, typed
from tests.threaded_server import answering, send

NAME = "smollm2-135m"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """Have a `models serve` run in a folder; give the process and what it said on stdout."""
    command = [str(BIN / "callsheet"), "models", "serve", NAME, "--json"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            line = process.stdout.readline()
            assert line, process.communicate()[1]
            said += line
        try:
            yield process, json.loads(said)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)


@contextmanager
def offering(body: bytes) -> Iterator[str]:
    """Have an endpoint on loopback answer every GET alike."""
    with answering(lambda asking: send(asking, body, content_type="application/json")) as url:
        yield f"{url}/v1"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALLSHEET_EMBEDDED__FOLDER", str(tmp_path / "models"))
    return tmp_path


@pytest.fixture
def model(folder: Path) -> Path:
    """Return a folder in which the smallest model is pulled and chosen."""
    done = typed(folder, "models", "pull", NAME, "--file", str(smallest_model()), "--use")
    assert done.code == 0, done.err
    return folder


def listed(folder: Path) -> dict[str, str]:
    found = json.loads(typed(folder, "models", "list", "--json").out)
    return {row["name"]: row["state"] for row in found["embedded"]}


def test_known_models_are_listed_before_anything_is_pulled(folder: Path) -> None:
    assert set(listed(folder).values()) == {"known"}
    assert not (folder / "models").exists()
    assert "Apache-2.0" in typed(folder, "models", "list").out


def test_a_model_is_pulled_used_and_removed(model: Path) -> None:
    assert listed(model)[NAME] == "chosen"
    assert typed(model, "models", "use", "--none").code == 0
    assert listed(model)[NAME] == "pulled"
    again = typed(model, "models", "pull", NAME, "--json")
    assert (again.code, json.loads(again.out)["name"]) == (0, NAME)
    typed(model, "models", "use", NAME)
    assert typed(model, "models", "rm", NAME, "--yes").code == 0
    assert listed(model)[NAME] == "known"
    assert [p.name for p in (model / "models").iterdir()] == []


def test_what_a_pull_that_was_cut_off_left_is_deleted_too(folder: Path) -> None:
    (folder / "models").mkdir(mode=0o700)
    left = folder / "models" / f".{NAME}-{'0' * 16}.part"
    other = folder / "models" / f".{NAME}-too-{'0' * 16}.part"
    for part in (left, other):
        part.write_bytes(b"GGUF")
    with left.open("rb") as pulling:
        fcntl.flock(pulling, fcntl.LOCK_EX)
        assert typed(folder, "models", "rm", NAME, "--yes").code == 7
    assert typed(folder, "models", "rm", NAME, "--yes").code == 0
    assert (left.exists(), other.exists()) == (False, True)


def test_a_wrong_file_is_refused_and_leaves_nothing(folder: Path) -> None:
    (folder / "wrong.gguf").write_bytes(b"GGUF")
    done = typed(folder, "models", "pull", NAME, "--file", "wrong.gguf")
    assert (done.code, "model.digest_mismatch" in done.err) == (1, True)
    assert list((folder / "models").iterdir()) == []


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pull", "nobody"), 7, "model.unknown"),
        (("pull", "../x"), 3, "model.bad_name"),
        (("pull", "mine", "--file", "some.gguf"), 3, "model.digest_needed"),
        (("pull", "mine", "--file", "some.gguf", "--sha256", "12"), 3, "model.digest_needed"),
        (("pull", NAME, "--file", "some.gguf", "--sha256", "0" * 64), 3, "another digest"),
        (("pull", NAME, "--file", "absent.gguf"), 1, "model.pull_failed"),
        (("use", NAME), 7, "model.not_pulled"),
        (("use",), 2, "NAME"),
        (("rm", NAME, "--yes"), 7, "model.not_pulled"),
        (("ping",), 7, "model.unknown"),
        (("ping", NAME), 7, "model.not_pulled"),
        (("ping", NAME, "--deep"), 7, "model.not_pulled"),
        (("serve",), 7, "model.not_pulled"),
    ],
)
def test_what_cannot_be_done_says_why_and_what_next(
    folder: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    (folder / "some.gguf").write_bytes(b"GGUF")
    done = typed(folder, "models", *words)
    assert (done.code, said in done.err) == (code, True), done.err


def test_a_port_that_is_taken_is_said_before_the_model_starts(model: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = typed(model, "models", "serve", "--port", str(taken.getsockname()[1]))
    assert (done.code, "server.port_in_use" in done.err) == (5, True)


def test_a_model_of_ones_own_is_taken_by_its_digest(folder: Path) -> None:
    (folder / "some.gguf").write_bytes(b"GGUF")
    digest = hashlib.sha256(b"GGUF").hexdigest()
    assert (
        typed(folder, "models", "pull", "mine", "--file", "some.gguf", "--sha256", digest.upper()).code == 0
    )
    assert listed(folder)["mine"] == "pulled"


def test_a_choice_that_is_outranked_says_so(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSHEET_MODEL__URL", "http://127.0.0.1:1/v1")
    assert "comes first" in typed(model, "models", "use", NAME).err


def test_ping_asks_for_one_reply_and_tells_how_long_it_took(model: Path) -> None:
    done = typed(model, "models", "ping", "--deep", "--json")
    found = json.loads(done.out)
    assert (done.code, found["model"]) == (0, NAME)
    assert all(
        found[key] > 0
        for key in ("load_duration_ms", "ttft_ms", "total_ms", "memory_mib", "completion_tokens")
    )
    assert "digest is right" in done.err


def test_a_damaged_model_is_found_before_it_is_asked(model: Path) -> None:
    path = model / "models" / f"{NAME}.gguf"
    before = path.stat()
    with path.open("r+b") as file:
        file.seek(-100, os.SEEK_END)
        file.write(b"\0\1" * 50)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = typed(model, "models", "ping", "--deep")
    assert (done.code, "model.digest_mismatch" in done.err) == (1, True)


def test_a_served_model_answers_programs_that_have_its_key(model: Path) -> None:
    with serving(model) as (process, told):
        key = Path(told["key_file"]).read_text().strip()
        assert Path(told["key_file"]).stat().st_mode & 0o777 == 0o600
        asked = {"model": NAME, "max_tokens": 2, "messages": [{"role": "user", "content": "Hello"}]}
        without = httpx.post(f"{told['url']}/chat/completions", json=asked)
        keyed = httpx.post(
            f"{told['url']}/chat/completions",
            json=asked,
            headers={"authorization": f"Bearer {key}"},
            timeout=60,
        )
        assert (without.status_code, keyed.status_code) == (401, 200)
        assert keyed.json()["model"] == NAME
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, key in err, str(told["key_file"]) in err) == (0, False, True)
    with serving(model) as (_, again):
        assert Path(again["key_file"]).read_text().strip() == key


def test_a_served_model_that_dies_ends_the_command(model: Path) -> None:
    with serving(model) as (process, told):
        os.kill(int(told["pid"]), signal.SIGKILL)
        _, err = process.communicate(timeout=20)
        assert (process.returncode, "model.died" in err) == (5, True)


def test_what_a_configured_endpoint_offers_is_listed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with offering(b'{"object": "list", "data": [{"id": "big-one"}, {"id": "other\\u001b[2J"}]}') as url:
        monkeypatch.setenv("CALLSHEET_MODEL__URL", url)
        done = typed(folder, "models", "list")
    assert "configured default: openai" in done.out
    assert "offers big-one" in done.out
    assert "\x1b" not in done.out


def test_an_endpoint_that_says_nothing_is_named_with_its_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALLSHEET_MODEL__URL", "http://127.0.0.1:1/v1")
    done = typed(folder, "models", "list")
    assert (done.code, "provider.unreachable" in done.out) == (0, True)
    found = json.loads(typed(folder, "models", "list", "--json").out)
    assert found["configured"][0]["error"]["code"] == "provider.unreachable"


def test_the_plan_command_has_the_chosen_model_at_hand(model: Path) -> None:
    done = process(model, "plan", 'count the words in "to be or not to be"')
    assert done.json["subtasks"][0]["required_agent"] == "wasm:text_stats"
    (model / "models" / f"{NAME}.gguf").write_bytes(b"GGUF")
    refused = process(model, "plan", 'count the words in "to be or not to be"')
    assert (refused.code, "model.digest_mismatch" in refused.err) == (1, True)


def test_doctor_says_whether_models_can_run_here(model: Path) -> None:
    found = {part["part"]: part for part in json.loads(typed(model, "doctor", "--json").out)}
    assert found["embedded models"]["is_ok"]
    assert NAME in found["embedded models"]["detail"]
    assert found["model"]["detail"] == f"embedded {NAME}"


@pytest.mark.parametrize(
    ("kind", "is_ok", "said"),
    [
        ("ollama", True, "(not asked: callsheet models ping)"),
        ("embedded", False, "callsheet models use NAME"),
    ],
)
def test_doctor_says_of_a_model_what_it_has_not_tried(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str, said: str, *, is_ok: bool
) -> None:
    monkeypatch.setenv("CALLSHEET_MODEL__KIND", kind)
    found = {part["part"]: part for part in json.loads(typed(folder, "doctor", "--json").out)}["model"]
    assert (found["is_ok"], said in found["detail"] + found["mend"]) == (is_ok, True)
