"""`callsheet models bench` of a model that runs here: each number of threads starts it anew."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from providers.embedded.folder import ModelFolder
from tests.service.commands_at_hand import typed


@pytest.fixture
def pulled(model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = ModelFolder(tmp_path / "models")
    part = folder.opened() / "small.part"
    shutil.copyfile(model_file, part)
    with part.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    monkeypatch.setenv("CALLSHEET_EMBEDDED__FOLDER", str(folder.path))
    return folder.keep(part, name="small", sha256=digest, ctx=2048, origin="a test").name


def test_threads_and_context_of_an_embedded_model_are_swept(pulled: str, tmp_path: Path) -> None:
    (tmp_path / "ask.txt").write_text("Write a long story about a lighthouse.")
    found = typed(
        tmp_path, "models", "bench", pulled, "--threads", "1,2", "--num-ctx", "1024", "--runs", "1",
        "--max-tokens", "8", "--prompt", str(tmp_path / "ask.txt"), "--json",
    ).json  # fmt: skip
    assert [(s["setting"]["threads"], s["setting"]["num_ctx"]) for s in found["settings"]] == [
        (1, 1024),
        (2, 1024),
    ]
    for setting in found["settings"]:
        assert (setting["calls"], setting["failed"]) == (1, 0)
        assert setting["metrics"]["tokens_generated"]["mean"] == 8
        assert setting["metrics"]["throughput_tok_s"]["mean"] > 0
        assert setting["metrics"]["load_duration_ms"]["most"] > 0
