"""A model's endpoint that says back whatever it was sent, wherever an answer has room for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from typing_extensions import override

HOW: Final = (
    "refuses", "breaks", "limits", "writes_an_error", "stops", "is_no_api", "leads_away", "breaks_off", "answers",
    "names_itself", "calls_tools", "has_no_stream",
)  # fmt: skip
"""The first that answers at all is the ninth: nobody asks the others in its stead."""


class _Endpoint(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, how: str) -> None:
        super().__init__(("127.0.0.1", 0), _Echo)
        self.how = how
        self.heard: list[str] = []

    @override
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""


class _Echo(BaseHTTPRequestHandler):
    server: _Endpoint  # type: ignore[mutable-override]  # the server that made it

    def do_GET(self) -> None:
        key = self._key()
        self._json(200, {"object": "list", "data": [{"id": key, "owned_by": key, "object": "model"}]})

    def do_POST(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        self.body = self.rfile.read(size).decode()
        self.server.heard.append(self.body)
        getattr(self, self.server.how)(self._key())

    def _key(self) -> str:
        return str(self.headers.get("authorization") or "none").removeprefix("Bearer ")

    def refuses(self, key: str) -> None:
        error = {"message": f"{key} {self.body}", "type": key, "code": key, "param": key}
        self._json(401, {"error": error}, **{"www-authenticate": f"Bearer realm={key}", "x-request-id": key})

    def breaks(self, key: str) -> None:
        self._text(
            500, f"Authorization: Bearer {key}\n{self.body}", f"text/{key}", **{"retry-after": key, key: key}
        )

    def limits(self, key: str) -> None:
        self._json(429, {"error": {"code": key, "type": key}, "detail": self.body}, **{"retry-after": "0"})

    def writes_an_error(self, key: str) -> None:
        self._events({"error": {"message": self.body, "code": key, "type": key}}, key)

    def stops(self, key: str) -> None:
        self._events(_chunk({"content": f"{key} {self.body}"}))

    def names_itself(self, key: str) -> None:
        odd = {"model": key, "id": key, "system_fingerprint": key, "usage": {key: key, "prompt_tokens": key}}
        self._events(_chunk({"content": "no plan"}, finish_reason=key, **odd))

    def calls_tools(self, key: str) -> None:
        call = {"index": 0, "id": key, "function": {"name": key, "arguments": f"{key}{self.body}"}}
        self._events(_chunk({"tool_calls": [call]}), _chunk({}, finish_reason="tool_calls"))

    def is_no_api(self, key: str) -> None:
        self._text(200, f"<title>{key}</title>{self.body}", "text/html")

    def leads_away(self, key: str) -> None:
        self._text(302, "", "text/plain", location=f"http://{key}@127.0.0.1:9/?key={key}")

    def breaks_off(self, key: str) -> None:
        self._text(200, '{"choices": [{"message": {"content": "' + key, "application/json")

    def has_no_stream(self, key: str) -> None:
        message = {"role": "assistant", "content": f"{key}"}
        self._json(200, {"model": key, "choices": [{"message": message, "finish_reason": key}]})

    def answers(self, key: str) -> None:
        self._events(_chunk({"content": f"{key} {self.body}"}, model=key), _chunk({}, finish_reason="stop"))

    def _events(self, *events: Any) -> None:
        lines = [f"data: {json.dumps(event)}\n\n" for event in events]
        self._text(200, "".join(lines), "text/event-stream")

    def _json(self, status: int, body: Any, **headers: str) -> None:
        self._text(status, json.dumps(body), "application/json", **headers)

    def _text(self, status: int, text: str, kind: str, **headers: str) -> None:
        raw = text.encode()
        self.send_response(status, self._key()[:40])
        for name, value in {"Content-Type": kind, "Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test's output clean."""


def _chunk(delta: dict[str, Any], *, finish_reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"object": "chat.completion.chunk", "model": "m", "choices": [choice], **more}


@contextmanager
def endpoints() -> Iterator[dict[str, _Endpoint]]:
    """Serve one of each kind on loopback; give them by how they answer."""
    with ExitStack() as stack:
        made = {how: stack.enter_context(_Endpoint(how)) for how in HOW}
        for each in made.values():
            threading.Thread(target=each.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            stack.callback(each.shutdown)
        yield made
