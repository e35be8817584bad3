"""Models on disk: believed with the digest they were pulled by, and never otherwise."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from contracts.errors import CallsheetError, Damaged, InvalidInput, NotFound, Unavailable
from providers.embedded.folder import ModelFolder
from providers.embedded.shelf import HUB, known_model, known_models

CONTENT = b"GGUF and so on"
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def folder(tmp_path: Path) -> ModelFolder:
    return ModelFolder(tmp_path / "models")


def put(folder: ModelFolder, name: str = "mine", content: bytes = CONTENT) -> None:
    part = folder.opened() / ".part"
    part.write_bytes(content)
    folder.keep(part, name=name, sha256=hashlib.sha256(content).hexdigest(), ctx=512, origin="a test")


def test_a_kept_model_is_found_with_its_digest_and_is_its_owners_alone(folder: ModelFolder) -> None:
    put(folder)
    found = folder.get("mine")
    assert (found.sha256, found.bytes, found.ctx, folder.names()) == (DIGEST, len(CONTENT), 512, ("mine",))
    modes = {oct(path.stat().st_mode & 0o777) for path in (found.path, found.path.with_suffix(".json"))}
    assert (modes, oct(folder.path.stat().st_mode & 0o777)) == ({"0o600"}, "0o700")


def test_a_file_that_was_exchanged_is_never_used(folder: ModelFolder) -> None:
    put(folder)
    folder.file_of("mine").write_bytes(b"something else entirely")
    with pytest.raises(Damaged) as caught:
        folder.get("mine")
    assert caught.value.code == "model.digest_mismatch"


def test_a_change_that_hides_its_traces_is_found_by_the_whole_digest(folder: ModelFolder) -> None:
    put(folder)
    path = folder.file_of("mine")
    before = path.stat()
    path.write_bytes(CONTENT[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert folder.get("mine").sha256 == DIGEST
    with pytest.raises(Damaged, match="another digest"):
        folder.check("mine")


def test_a_file_that_was_only_touched_is_looked_at_again_and_believed(folder: ModelFolder) -> None:
    put(folder)
    os.utime(folder.file_of("mine"), ns=(1, 1))
    assert folder.get("mine").sha256 == DIGEST
    record = json.loads(folder.file_of("mine").with_suffix(".json").read_text())
    assert record["file"][1] == 1


@pytest.mark.parametrize("record", [b"", b"[]", b"{", b'{"sha256": 5}', b'{"sha256": "' + b"f" * 64 + b'"}'])
def test_a_model_without_a_record_to_believe_is_not_used(folder: ModelFolder, record: bytes) -> None:
    put(folder)
    folder.file_of("mine").with_suffix(".json").write_bytes(record)
    with pytest.raises(Damaged):
        folder.get("mine")


def test_a_record_that_others_may_write_is_not_believed(folder: ModelFolder) -> None:
    put(folder)
    folder.file_of("mine").with_suffix(".json").chmod(0o666)
    with pytest.raises(Damaged, match="no record"):
        folder.get("mine")


@pytest.mark.parametrize("name", ["", "../x", ".hidden", "A", "x/y", "x" * 81, "x\n"])
def test_a_name_that_could_lead_elsewhere_is_refused(folder: ModelFolder, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        folder.get(name)
    assert caught.value.code == "model.bad_name"


def test_what_is_not_here_says_how_to_get_it(folder: ModelFolder) -> None:
    with pytest.raises(NotFound) as known:
        folder.get("smollm2-135m")
    with pytest.raises(NotFound) as unknown:
        folder.remove("nobody")
    assert (known.value.code, known.value.hint) == ("model.not_pulled", "callsheet models pull smollm2-135m")
    assert unknown.value.code == "model.unknown"
    assert "smollm2-135m" in unknown.value.hint


def test_a_removed_model_is_gone_with_its_record(folder: ModelFolder) -> None:
    put(folder)
    assert folder.remove("mine") == len(CONTENT)
    assert (folder.names(), list(folder.path.iterdir())) == ((), [])


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o702])
def test_a_folder_that_is_not_ones_own_is_refused(folder: ModelFolder, mode: int) -> None:
    folder.path.mkdir()
    folder.path.chmod(mode)
    with pytest.raises(Unavailable, match="chmod 700"):
        folder.opened()


def test_a_link_or_a_file_is_no_folder_for_models(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    for name in ("link", "file", "file/below"):
        with pytest.raises(CallsheetError) as caught:
            ModelFolder(tmp_path / name).opened()
        assert caught.value.code == "model.folder"


def test_every_known_model_has_a_digest_a_licence_and_one_place_to_get_it() -> None:
    for name, model in known_models().items():
        assert name == model.name
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.licence
        assert bool(model.url()) != bool(model.wheel)
        assert model.url().startswith(f"{HUB}/") or model.wheel is not None
        assert model.origin


def test_a_mirror_of_the_hub_is_asked_for_the_same_path() -> None:
    url = known_model("qwen2.5-coder-0.5b").url("http://mirror.example/hub/")
    assert url.startswith("http://mirror.example/hub/Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/main/")
