"""Where an image comes from: data: URIs in every form, granted folders and no way out of them."""

from __future__ import annotations

import base64
import os
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agents.vision.sources import MAX_BYTES, read_source, shown
from contracts.errors import AttemptFailed, CallsheetError, Refused
from contracts.policy import Grant, Policy
from egress.fetch import Egress


@pytest.fixture
async def egress() -> AsyncIterator[Egress]:
    async with Egress() as found:
        yield found


@pytest.mark.parametrize(
    ("uri", "body"),
    [
        ("data:,", b""),
        ("data:,a%20b+c", b"a b+c"),
        ("data:image/png;base64,", b""),
        ("data:image/png;base64,AAEC", b"\0\1\2"),
        ("DATA:image/png;BASE64,AAEC", b"\0\1\2"),
        ("data:;base64,AA EC\n", b"\0\1\2"),
        ("data:;base64,AA%45C", b"\0\1\2"),
        ("data:x;charset=a,b,,c", b"b,,c"),
    ],
)
async def test_a_data_uri_is_read_in_each_of_its_forms(egress: Egress, uri: str, body: bytes) -> None:
    assert await read_source(uri, egress=egress, policy=Policy()) == body


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("data:", "vision.bad_data_uri"),
        ("data:image/png;base64", "vision.bad_data_uri"),
        ("data:;base64,A", "vision.bad_data_uri"),
        ("data:;base64,AAE=EC", "vision.bad_data_uri"),
        ("data:;base64,ÄÖ", "vision.bad_data_uri"),
        ("data:;base64," + "A" * (MAX_BYTES // 3 * 4 + 8), "vision.too_many_bytes"),
        ("data:," + "a" * (MAX_BYTES + 1), "vision.too_many_bytes"),
        ("data:," + "%41" * (MAX_BYTES + 1), "vision.too_many_bytes"),
        ("ftp://a.test/x", "vision.bad_source"),
        ("javascript:alert(1)", "vision.bad_source"),
        ("FILE:///etc/passwd", "vision.bad_source"),
        ("/etc/passwd", "vision.path_not_granted"),
        ("../x", "vision.path_not_granted"),
        ("a\0b", "vision.path_not_granted"),
        ("c:\\x", "vision.path_not_granted"),
        ("", "vision.path_not_granted"),
    ],
)
async def test_a_source_that_names_no_image_says_why_by_code(egress: Egress, source: str, code: str) -> None:
    with pytest.raises(CallsheetError) as caught:
        await read_source(source, egress=egress, policy=Policy())
    assert caught.value.code == code
    assert len(caught.value.message) < 400


@pytest.fixture
def granted(tmp_path: Path) -> Policy:
    folder = tmp_path / "in"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "x").write_bytes(b"another folder that begins alike")
    (folder / "a.jpg").write_bytes(b"photo")
    (folder / "sub" / "ü b.jpg").write_bytes(b"deeper")
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "away").symlink_to(tmp_path)
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "link.jpg").symlink_to(folder / "a.jpg")
    os.mkfifo(folder / "pipe")
    with (folder / "huge").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    return Policy(grants=(Grant(kind="folder", value=str(folder), by="test"),))


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("a.jpg", b"photo"),
        ("./a.jpg", b"photo"),
        ("sub/../a.jpg", b"photo"),
        ("sub/ü b.jpg", b"deeper"),
        ("link.jpg", b"photo"),
        ("{folder}/a.jpg", b"photo"),
    ],
)
async def test_a_file_in_a_granted_folder_is_read_by_any_path_to_it(
    egress: Egress, granted: Policy, source: str, body: bytes
) -> None:
    path = source.format(folder=granted.folders()[0])
    assert await read_source(path, egress=egress, policy=granted) == body


@pytest.mark.parametrize(
    "source", ["../secret", "out", "away/secret", "{folder}/../secret", "../inside/x", ".", "sub/../..", "/"]
)
async def test_no_path_or_link_leads_out_of_a_granted_folder(
    egress: Egress, granted: Policy, source: str
) -> None:
    with pytest.raises(Refused) as caught:
        await read_source(source.format(folder=granted.folders()[0]), egress=egress, policy=granted)
    assert caught.value.code == "vision.path_not_granted"


@pytest.mark.parametrize("source", ["gone.jpg", "sub", "pipe", "a.jpg/x", "sub/" + "x" * 300])
async def test_what_is_no_file_in_a_granted_folder_says_so_at_once(
    egress: Egress, granted: Policy, source: str
) -> None:
    with pytest.raises(AttemptFailed) as caught:
        await read_source(source, egress=egress, policy=granted)
    assert caught.value.code == "vision.no_such_file"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    parts=st.lists(
        st.sampled_from(["..", ".", "sub", "away", "out", "a.jpg", "secret", "in", "loop", "", "~"]),
        max_size=6,
    )
)
async def test_no_walk_through_a_granted_folder_ever_reads_the_secret_beside_it(
    egress: Egress, granted: Policy, parts: list[str]
) -> None:
    with suppress(CallsheetError):
        assert await read_source("/".join(parts), egress=egress, policy=granted) in {b"photo", b"deeper"}


async def test_a_file_larger_than_any_image_is_not_read(egress: Egress, granted: Policy) -> None:
    with pytest.raises(AttemptFailed) as caught:
        await read_source("huge", egress=egress, policy=granted)
    assert caught.value.code == "vision.too_many_bytes"


def test_a_long_source_is_shown_by_its_two_ends() -> None:
    uri = "data:image/png;base64," + base64.b64encode(bytes(range(256)) * 40).decode()
    assert len(shown(uri)) < 120
    assert shown(uri).startswith("'data:image/png;base64,")
    assert shown("a.jpg") == "'a.jpg'"
