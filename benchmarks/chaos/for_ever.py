"""What never ends: a guest that loops, a page that says nothing, a page whose script hangs the browser."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

from wasmtime import wat2wasm

from contracts.agent import Agent
from contracts.card import AgentCard
from wasm_agents.agent import create
from wasm_agents.catalogue import read_manifest

GUEST: Final = "wasm:chaos_endless"
_WAT: Final = """(module (memory (export "memory") 1)
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "dealloc") (param i32 i32))
  (func (export "execute") (param i32 i32) (result i64) (loop (br 0)) (i64.const 0)))"""
_MANIFEST: Final = """name = "chaos_endless"
version = "1.0.0"
description = "Loops for ever."
abi = "agent/1"
module = "endless.wasm"
sha256 = "{sha256}"
effect = "pure"
timeout_s = 600
[takes]
type = "object"
[gives]
type = "object"
[limits]
wall_ms = 600_000
fuel = 1_000_000_000_000
"""
_HANGING: Final = b"""<html><title>hangs</title><body><p>wait</p>
<script>fetch("/never").then(() => {}); for (;;) { }</script></body></html>"""


def endless_guest(folder: Path) -> Agent:
    """Return a WASM agent that loops for ever; its module and manifest are written under `folder`."""
    return create(_guest_card(folder / "endless"))


def _guest_card(folder: Path) -> AgentCard:
    folder.mkdir(exist_ok=True)
    wasm = bytes(wat2wasm(_WAT))
    (folder / "endless.wasm").write_bytes(wasm)
    manifest = folder / "agent.toml"
    manifest.write_text(_MANIFEST.format(sha256=sha256(wasm).hexdigest()), encoding="utf-8")
    return read_manifest(manifest)


@dataclass(slots=True)
class SilentSite:
    """A server on loopback: `/hang` answers with a script that never ends, everything else with nothing at all."""

    visits: int = 0
    _server: asyncio.Server | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._visit, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        for writer in self._open:
            writer.transport.abort()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    @property
    def address(self) -> str:
        """`host:port`."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return f"127.0.0.1:{port}"

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            self.visits += 1
            if head.startswith(b"GET /hang"):
                writer.write(
                    b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n"
                    + f"content-length: {len(_HANGING)}\r\n\r\n".encode()
                    + _HANGING
                )
                await writer.drain()
            await reader.read()
        except (OSError, EOFError):
            return
        finally:
            self._open.discard(writer)
            writer.transport.abort()
