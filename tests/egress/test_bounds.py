from __future__ import annotations

import asyncio
import gzip
import zlib
from asyncio import StreamReader, StreamWriter
from pathlib import Path

import pytest

from contracts.errors import AttemptFailed, AttemptTimedOut
from contracts.policy import FetchLimits
from egress.fetch import Egress
from tests.egress.conftest import Serve
from tests.egress.site import Behaviour, answer, granted, pause, redirect

MIB = 1024 * 1024


async def failure(egress: Egress, serve: Serve, said: bytes | Behaviour, **limits: float) -> AttemptFailed:
    site = await serve({"/": said})
    bounds = FetchLimits.model_validate({"timeout_s": 20.0} | limits)
    with pytest.raises(AttemptFailed) as caught:
        await egress.fetch(site.url(), policy=site.policy(), limits=bounds)
    return caught.value


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def peak_kib() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    zeros = bytes(MIB)
    return b"".join([*(packer.compress(zeros) for _ in range(size // MIB)), packer.flush()])


async def test_a_gzip_bomb_costs_its_cap_and_no_more(serve: Serve, egress: Egress) -> None:
    said = answer(bomb(500 * MIB), Content_Encoding="gzip")
    forget_peak()
    before = peak_kib()
    failed = await failure(egress, serve, said, decoded_bytes=8 * MIB)
    assert (failed.code, failed.data["measured"]) == ("egress.too_large", "when decoded")
    assert peak_kib() - before < 16 * 1024


async def test_a_page_of_50_megabytes_is_given_up_before_it_is_read(serve: Serve, egress: Egress) -> None:
    sent = 0

    async def flood(_: StreamReader, writer: StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _megabyte in range(50):
            writer.write(b"100000\r\n" + bytes(MIB) + b"\r\n")
            await writer.drain()
            sent += MIB

    assert (await failure(egress, serve, flood, wire_bytes=2 * MIB)).code == "egress.too_large"
    assert sent < 20 * MIB


async def test_a_promise_of_50_megabytes_is_not_waited_for(serve: Serve, egress: Egress) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 52428800\r\n\r\n"
    assert (await failure(egress, serve, said)).code == "egress.too_large"


async def test_a_page_that_never_answers_ends_at_the_deadline(serve: Serve, egress: Egress) -> None:
    async def silence(reader: StreamReader, _: StreamWriter) -> None:
        await reader.read()

    failed = await failure(egress, serve, silence, timeout_s=0.2)
    assert isinstance(failed, AttemptTimedOut)
    assert (failed.code, failed.retryable) == ("egress.timeout", True)


async def test_a_page_that_drips_ends_at_the_deadline(serve: Serve, egress: Egress) -> None:
    async def drip(_: StreamReader, writer: StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b".")
            await writer.drain()
            await pause(0.02)

    assert (await failure(egress, serve, drip, timeout_s=0.3)).code == "egress.timeout"


async def test_slow_redirects_share_one_deadline(serve: Serve, egress: Egress) -> None:
    async def slow(_: StreamReader, writer: StreamWriter) -> None:
        await pause(0.1)
        writer.write(redirect("/"))

    assert (await failure(egress, serve, slow, timeout_s=0.35, redirects=1000)).code == "egress.timeout"


class _Silent:
    async def resolve(self, host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []


async def test_a_silent_dns_server_ends_at_the_deadline() -> None:
    policy = granted("slow.test:80", limits=FetchLimits(timeout_s=0.1))
    with pytest.raises(AttemptTimedOut):
        await Egress(resolver=_Silent()).fetch("http://slow.test/", policy=policy)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(5000)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 500_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"k" * 500_000 + b"\r\n\r\n",
    ],
    ids=["many", "long", "reason"],
)
async def test_a_flood_of_headers_is_a_protocol_failure(serve: Serve, egress: Egress, said: bytes) -> None:
    failed = await failure(egress, serve, said)
    assert (failed.code, len(failed.message) < 500) == ("egress.protocol", True)


async def test_interim_answers_without_end_meet_the_cap(serve: Serve, egress: Egress) -> None:
    async def interim(_: StreamReader, writer: StreamWriter) -> None:
        while True:
            writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100)
            await writer.drain()

    assert (await failure(egress, serve, interim, wire_bytes=MIB)).code == "egress.too_large"


async def test_redirects_count_toward_the_wire_cap(serve: Serve, egress: Egress) -> None:
    said = redirect("/").replace(b"Content-Type", b"X-Pad: " + b"p" * 4000 + b"\r\nContent-Type")
    failed = await failure(egress, serve, said, wire_bytes=10_000, redirects=50)
    assert failed.code == "egress.too_large"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "banana"])
async def test_a_coding_that_was_not_asked_for_is_a_protocol_failure(
    serve: Serve, egress: Egress, coding: str
) -> None:
    said = answer(gzip.compress(b"x"), Content_Encoding=coding)
    assert (await failure(egress, serve, said)).code == "egress.protocol"


async def test_two_lengths_that_differ_are_a_protocol_failure(serve: Serve, egress: Egress) -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"
    assert (await failure(egress, serve, said)).code == "egress.protocol"
