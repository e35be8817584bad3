"""The listening socket: opened where the settings say, and given up so that nobody who has connected is cut off."""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

from contracts.errors import Conflict, Unavailable
from service.settings import ServerSettings

BACKLOG: Final = 2048

_SO_ATTACH_FILTER: Final = 26
_DROP_NEW: Final = (  # code, jump if true, jump if false, operand
    (0x30, 0, 0, 13),  # load the byte of TCP's flags
    (0x54, 0, 0, 0x12),  # keep SYN and ACK of it
    (0x15, 0, 1, 0x02),  # only SYN?
    (0x06, 0, 0, 0),  # then drop the segment
    (0x06, 0, 0, 0xFFFF_FFFF),  # else take all of it
)
"""Classic BPF. Source: https://www.kernel.org/doc/html/latest/networking/filter.html"""


def listen(server: ServerSettings) -> socket.socket:
    """Return a socket that listens where the settings say.

    Raises:
        Conflict: `server.port_in_use`.
        Unavailable: `server.cannot_listen`.
    """
    host = server.host.strip("[]")
    where = f"{host}:{server.port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, server.port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as exc:
        raise Unavailable("server.cannot_listen", f"cannot listen on {where!r}: {exc}", where=where) from exc
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except OSError as exc:
        listening.close()
        if exc.errno == errno.EADDRINUSE:
            raise Conflict(
                "server.port_in_use",
                f"something else listens on {where!r}",
                where=where,
                hint="Choose another with --port, or --port 0 for any free one.",
            ) from exc
        raise Unavailable("server.cannot_listen", f"cannot listen on {where!r}: {exc}", where=where) from exc
    listening.setblocking(False)
    return listening


def address_of(server: ServerSettings, listening: socket.socket) -> str:
    """Return the URL people open."""
    everywhere = server.host in {"0.0.0.0", "::", "[::]"}  # noqa: S104  # compared, not bound
    host = "127.0.0.1" if everywhere else server.host.strip("[]")
    port: int = listening.getsockname()[1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def refuse_new(listening: socket.socket) -> None:
    """Have the kernel leave new connections unanswered; those under way still come about.

    A socket that is closed resets whoever has connected and was not accepted
    yet. Without this (on systems other than Linux) a few may still come in
    the moment before it is closed.
    """
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in _DROP_NEW))
    program = struct.pack("HL", len(_DROP_NEW), ctypes.addressof(code))
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def accept_all(listening: socket.socket) -> Iterator[socket.socket]:
    """Yield every connection that waits to be accepted."""
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # nobody waits, or no more files may be open
            return
        connection.setblocking(False)
        yield connection
