"""The provider through the real egress, to an endpoint on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr
from typing_extensions import override

from contracts.errors import AttemptFailed, CallsheetError, Unavailable
from egress.fetch import Egress
from providers.chat import Message
from providers.openai_compatible import MAX_REPLY_BYTES, OpenAICompatible

ASK = (Message("user", "hello"),)
Answer = Callable[[BaseHTTPRequestHandler, bytes], None]


@contextmanager
def endpoint(answer: Answer) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer(self, self.rfile.read(int(self.headers["content-length"])))

        @override
        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()


def send(handler: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, **headers: str) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


async def ask(url: str) -> str:
    async with Egress() as egress:
        provider = OpenAICompatible(egress, url=url, model="m", api_key=SecretStr("key"), timeout_s=20)
        return (await provider.complete(ASK, max_tokens=9)).text


async def test_a_model_on_loopback_is_reached_by_the_grant_of_its_own_url() -> None:
    seen: list[tuple[str, str | None]] = []

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        seen.append((handler.path, handler.headers["authorization"]))
        said = json.loads(body)["messages"][0]["content"]
        send(handler, json.dumps({"choices": [{"message": {"content": said.upper()}}]}).encode())

    with endpoint(answer) as url:
        assert await ask(url) == "HELLO"
    assert seen == [("/v1/chat/completions", "Bearer key")]


async def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else() -> None:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        send(handler, b"", status=307, location="http://127.0.0.2:1/v1/chat/completions")

    with endpoint(answer) as url, pytest.raises(Unavailable):
        await ask(url)


async def test_a_reply_without_end_is_cut_off_by_its_size() -> None:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        send(handler, b" " * (MAX_REPLY_BYTES + 100_000))

    with endpoint(answer) as url, pytest.raises(AttemptFailed) as caught:
        await ask(url)
    assert caught.value.code == "provider.bad_reply"


async def test_nobody_at_the_address_is_told_with_the_next_step() -> None:
    with endpoint(lambda handler, _: send(handler, b"")) as url:
        pass
    with pytest.raises(CallsheetError) as caught:
        await ask(url)
    assert caught.value.code == "provider.unreachable"
    assert "--no-model" in caught.value.hint
