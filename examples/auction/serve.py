"""Serve a built site on loopback, nothing else, without a word."""

from __future__ import annotations

import threading
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, ClassVar, Self

from typing_extensions import override

from examples.auction.site import public_folder


class SiteServer:
    """One site on `127.0.0.1` and a free port, while the `with` block lasts.

    Args:
        folder: What `build` was given.
    """

    def __init__(self, folder: Path) -> None:
        self._root = public_folder(folder).resolve(strict=True)
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Return the site's address, ending in a slash."""
        if self._server is None:
            raise RuntimeError("the site is served only inside its with block")
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, directory=str(self._root)))
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.05},
            name="auction-site",
            daemon=True,
        )
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None and self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        self._server = self._thread = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a visitor who hangs up is no event."""


class _Handler(SimpleHTTPRequestHandler):
    """Files under one folder; no listings, no links out of it."""

    server_version = "auction"
    sys_version = ""
    timeout: ClassVar[float | None] = 10

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    @override
    def list_directory(self, path: str) -> BytesIO | None:  # type: ignore[override]  # the stub names a wider union
        self.send_error(HTTPStatus.NOT_FOUND)
        return None

    @override
    def send_head(self) -> BytesIO | BinaryIO | None:
        if not Path(self.translate_path(self.path)).resolve().is_relative_to(Path(self.directory)):
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        return super().send_head()
