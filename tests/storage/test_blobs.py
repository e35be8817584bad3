"""Long texts: kept once, found whole or not at all, whatever became of the file."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from zstandard import ZstdCompressor

from contracts.errors import CallsheetError, Damaged, InvalidInput
from storage import blobs as blobs_module
from storage.batch import write_batch
from storage.blobs import BLOB_CHARS, Blob, blob_for, blob_text, read_blob, store_blobs, text_of
from storage.database import Database
from storage.reader import Reader
from storage.schema import migrate
from storage.statement import Statement
from storage.sums import row_sum
from storage.unit import Unit


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    found = sqlite3.connect(path, isolation_level=None)
    found.row_factory = sqlite3.Row
    migrate(found, path)
    yield found
    found.close()


@pytest.fixture
def reader(database: Database) -> Reader:
    return database.reader()


def stored(connection: sqlite3.Connection, name: str) -> sqlite3.Row:
    found: sqlite3.Row = connection.execute("SELECT * FROM blob WHERE sha256 = ?", (name,)).fetchone()
    return found


def forged(raw: bytes, *, name: str | None = None, length: int | None = None) -> dict[str, object]:
    """Return a row whose own sum is right, whatever it holds."""
    name = name or sha256(raw).hexdigest()
    length = len(raw) if length is None else length
    body = ZstdCompressor().compress(raw)
    return {"sha256": name, "length": length, "body": body, "sum": row_sum(name, length, crc32(body))}


@pytest.mark.parametrize(
    ("text", "is_long"),
    [
        ("", False),
        ("x" * BLOB_CHARS, False),
        ("x" * (BLOB_CHARS + 1), True),
        ("é" * (BLOB_CHARS // 2), False),
        ("é" * (BLOB_CHARS // 2 + 1), True),
    ],
)
def test_a_text_becomes_a_blob_above_its_bound_in_bytes(text: str, *, is_long: bool) -> None:
    assert (blob_for(text) is not None) == is_long


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=2000))
def test_a_text_comes_back_as_it_was(connection: sqlite3.Connection, text: str) -> None:
    blob = Blob(text)
    store_blobs(connection, [blob])

    assert blob_text(stored(connection, blob.sha256)) == text


def test_a_blob_is_named_by_what_it_says_and_kept_once(database: Database, reader: Reader) -> None:
    text = "word " * 100_000
    blobs = [Blob(text), Blob(text)]
    database.commit([], blobs=blobs).result(10)
    database.commit([], blobs=blobs).result(10)

    (row,) = reader.query("SELECT * FROM blob")
    assert (row["sha256"], row["length"]) == (sha256(text.encode()).hexdigest(), len(text))
    assert len(row["body"]) < 1000
    assert read_blob(reader, row["sha256"]) == text


def test_a_blob_is_there_with_its_unit_or_not_at_all(database: Database, reader: Reader) -> None:
    wrong = Statement("INSERT INTO nowhere VALUES (1)")
    refused = database.commit([wrong], blobs=[Blob("x" * 100_000)]).exception(10)

    assert isinstance(refused, CallsheetError)
    assert reader.query("SELECT * FROM blob") == []


def test_a_text_stands_in_its_row_or_in_a_blob(database: Database, reader: Reader) -> None:
    blob = Blob("long")
    database.commit([], blobs=[blob]).result(10)

    assert text_of(reader, "short", None) == "short"
    assert text_of(reader, None, blob.sha256) == "long"
    assert text_of(reader, None, None) is None


def test_a_missing_blob_is_damage(reader: Reader) -> None:
    with pytest.raises(Damaged) as refused:
        read_blob(reader, "ab" * 32)
    assert refused.value.code == "storage.damaged"
    assert refused.value.where == f"blob {'ab' * 32}"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 10**6), flip=st.integers(1, 255), cut=st.booleans())
def test_a_torn_or_changed_blob_is_never_served(
    connection: sqlite3.Connection, at: int, flip: int, *, cut: bool
) -> None:
    blob = Blob("".join(f"line {i}\n" for i in range(200)))
    connection.execute("DELETE FROM blob")
    store_blobs(connection, [blob])
    body = stored(connection, blob.sha256)["body"]
    at %= len(body)
    torn = body[:at] if cut else body[:at] + bytes([body[at] ^ flip]) + body[at + 1 :]
    connection.execute("UPDATE blob SET body = ?", (torn,))

    with pytest.raises(Damaged):
        blob_text(stored(connection, blob.sha256))


def test_a_blob_that_was_torn_is_made_whole_when_it_is_kept_again(connection: sqlite3.Connection) -> None:
    blob = Blob("x" * 100_000)
    store_blobs(connection, [blob])
    connection.execute("UPDATE blob SET body = substr(body, 1, 9)")

    assert write_batch(connection, [Unit([], lambda _: None, None, [blob])]) == [None]
    assert blob_text(stored(connection, blob.sha256)) == "x" * 100_000


@pytest.mark.parametrize(
    "row",
    [
        forged(b"as written", name="ab" * 32),
        forged(b"as written", length=9),
        forged(b"as written", length=11),
        forged(b"\xff\xfe not UTF-8"),
        forged(b"x", length=-1),
        forged(b"x", length=2**62),
        {**forged(b"x"), "body": "text", "sum": row_sum(sha256(b"x").hexdigest(), 1, "text")},
        {**forged(b"x"), "body": b"no zstd", "sum": row_sum(sha256(b"x").hexdigest(), 1, crc32(b"no zstd"))},
    ],
    ids=["name", "longer", "shorter", "encoding", "negative", "huge", "no bytes", "no zstd"],
)
def test_a_row_whose_sum_was_made_to_fit_is_found_out_too(row: dict[str, object]) -> None:
    with pytest.raises(Damaged):
        blob_text(row)


@pytest.mark.parametrize("says_its_size", [True, False])
def test_a_bomb_is_not_unpacked(*, says_its_size: bool) -> None:
    bomb = ZstdCompressor(write_content_size=says_its_size).compress(bytes(200_000_000))
    row = {"sha256": "ab" * 32, "length": 1000, "body": bomb, "sum": row_sum("ab" * 32, 1000, crc32(bomb))}

    tracemalloc.start()
    with pytest.raises(Damaged):
        blob_text(row)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000


def test_a_text_too_large_to_keep_is_the_senders_to_mend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blobs_module, "MAX_BLOB_BYTES", 10)

    with pytest.raises(InvalidInput) as refused:
        Blob("x" * 11)
    assert refused.value.code == "storage.too_large"
