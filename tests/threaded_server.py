"""A small HTTP server on loopback in a thread of its own: it answers whoever asks from another loop or process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def answering(answer: Answer) -> Iterator[str]:
    """Give the address, `http://127.0.0.1:PORT`, where every GET and POST is answered so."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def do_POST(self) -> None:
            answer(self)

        @override
        def log_message(self, *_: object) -> None:
            return

        @override
        def handle(self) -> None:
            with suppress(ConnectionError):  # whoever asked went away
                super().handle()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def send(asking: BaseHTTPRequestHandler, body: bytes, *, status: int = 200, **headers: Any) -> None:
    """Answer with a body and its length; `content_type="text/html"` is a header."""
    asking.send_response(status)
    for name, value in headers.items():
        asking.send_header(name.replace("_", "-"), str(value))
    asking.send_header("content-length", str(len(body)))
    asking.end_headers()
    asking.wfile.write(body)
