"""`callsheet models bench`, as typed: an endpoint on loopback is asked, and what it took is told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from tests.service.commands_at_hand import BIN, Done, typed

CHUNKS = (
    {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "four"}}]},
    {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
    {"choices": [], "usage": {"prompt_tokens": 150, "completion_tokens": 1}},
)


class Endpoint(ThreadingHTTPServer):
    """Answers every question in one word; from the `holds_from`th on it waits."""

    daemon_threads = True

    def __init__(self, *, status: int = 200, holds_from: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.status, self.holds_from = status, holds_from
        self.asked: list[dict[str, Any]] = []
        self.released = threading.Event()


class _Answering(BaseHTTPRequestHandler):
    server: Endpoint  # type: ignore[mutable-override]  # the server that made it

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        if self.server.holds_from and len(self.server.asked) >= self.server.holds_from:
            self.server.released.wait(60)
        body = b"".join(b"data: " + json.dumps({"model": "m", **c}).encode() + b"\n\n" for c in CHUNKS)
        self.send_response(self.server.status)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        self.wfile.write(body + b"data: [DONE]\n\n")

    @override
    def log_message(self, *_: object) -> None:
        return


@contextmanager
def endpoint(folder: Path, **how: int) -> Iterator[Endpoint]:
    with Endpoint(**how) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        settings = f'[model]\nurl = "http://127.0.0.1:{server.server_port}/v1"\nname = "m"\n'
        (folder / "callsheet.toml").write_text(settings)
        try:
            yield server
        finally:
            server.released.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Done]:
    return lambda *words: typed(tmp_path, "models", "bench", *words)


def test_every_setting_is_measured_and_told_as_json(bench: Callable[..., Done], tmp_path: Path) -> None:
    with endpoint(tmp_path) as server:
        found = bench("--runs", "2", "--agents", "1,2", "--temperature", "0,0.5", "--json").json
    assert found["complete"] is True
    assert [(s["setting"]["agents"], s["setting"]["temperature"]) for s in found["settings"]] == [
        (1, 0.0), (2, 0.0), (1, 0.5), (2, 0.5),
    ]  # fmt: skip
    assert [s["calls"] for s in found["settings"]] == [2, 4, 2, 4]
    assert len(found["calls"]) == len(server.asked) == 12 + 4  # with one warm-up each
    ttft = found["settings"][0]["metrics"]["ttft_ms"]
    assert 0 < ttft["least"] <= ttft["p50"] <= ttft["p99"] <= ttft["most"]
    assert found["settings"][0]["metrics"]["prompt_tokens"]["mean"] == 150
    assert {asked["temperature"] for asked in server.asked} == {0, 0.5}


def test_a_table_is_printed_a_picture_drawn_and_calls_kept(
    bench: Callable[..., Done], tmp_path: Path
) -> None:
    with endpoint(tmp_path):
        done = bench(
            "--runs", "2", "--picture", str(tmp_path / "b.svg"), "--calls", str(tmp_path / "c.jsonl")
        )
    assert done.code == 0, done.err
    assert "default" in done.out
    assert "150 · 1" in done.out
    assert "default: agent 1, run 2: " in done.err
    assert (tmp_path / "b.svg").read_text().startswith("<svg ")
    kept = [json.loads(line) for line in (tmp_path / "c.jsonl").read_text().splitlines()]
    assert [call["is_warmup"] for call in kept] == [True, False, False]


def test_a_prompt_of_the_users_own_is_asked(bench: Callable[..., Done], tmp_path: Path) -> None:
    (tmp_path / "ask.txt").write_text("Name a river.")
    with endpoint(tmp_path) as server:
        assert bench("--runs", "1", "--warmups", "0", "--prompt", str(tmp_path / "ask.txt")).code == 0
    assert server.asked[0]["messages"][0]["content"].endswith("Name a river.")


def test_a_model_that_answers_no_call_is_an_error_with_its_code(
    bench: Callable[..., Done], tmp_path: Path
) -> None:
    with endpoint(tmp_path, status=500) as server:
        done = bench("--runs", "1", "--warmups", "0")
    assert done.code == 1
    assert "error[eval.nothing_measured]" in done.err
    assert "provider.http_status" in done.err
    assert len(server.asked) == 1  # nobody tries again: what is measured is one call


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["nobody-knows-it"], "model.unknown"),
        (["--threads", "2"], "eval.unsupported_sweep"),
        (["--num-ctx", "4096"], "eval.unsupported_sweep"),
        (["--prompt", "absent.txt"], "eval.bad_prompt"),
        (["--prompt", "empty.txt"], "eval.bad_prompt"),
    ],
)
def test_what_cannot_be_measured_is_refused_before_anything_is_asked(
    bench: Callable[..., Done], tmp_path: Path, words: list[str], code: str
) -> None:
    (tmp_path / "empty.txt").write_text("\n")
    with endpoint(tmp_path) as server:
        done = bench(*words)
    assert f"error[{code}]" in done.err
    assert done.code in {3, 7}
    assert server.asked == []


def test_without_a_model_the_next_step_is_named(bench: Callable[..., Done]) -> None:
    done = bench()
    assert "error[model.unknown]" in done.err
    assert "callsheet models list" in done.err


def test_a_list_takes_each_value_once_and_refuses_what_is_none(bench: Callable[..., Done]) -> None:
    done = bench("--agents", "1,x")
    assert done.code == 2
    assert "'x'" in done.err


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_measurement_tells_what_it_has(tmp_path: Path, ending: signal.Signals) -> None:
    command = [str(BIN / "callsheet"), "models", "bench", "--runs", "9", "--warmups", "0", "--json"]
    with endpoint(tmp_path, holds_from=3):
        process = subprocess.Popen(
            command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ
        )
        assert process.stderr is not None
        for run in (1, 2):
            assert f"run {run}" in process.stderr.readline()
        process.send_signal(ending)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    found = json.loads(out)
    assert found["complete"] is False
    assert [call["run"] for call in found["calls"]] == [1, 2]
    assert "interrupted" in err


@pytest.mark.parametrize("option", ["--picture", "--calls"])
def test_what_could_not_be_written_is_refused_before_anything_is_asked(tmp_path: Path, option: str) -> None:
    with endpoint(tmp_path) as server:
        done = typed(tmp_path, "models", "bench", option, str(tmp_path / "absent" / "file"))
    assert (done.code, server.asked) == (2, [])
    assert "cannot be written" in done.err
