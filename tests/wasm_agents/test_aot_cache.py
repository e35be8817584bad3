"""Compiled code kept on disk: believed only whole, signed and in a folder of one's own."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contracts.errors import Unavailable
from wasm_agents.compiling import compiler as compiler_module
from wasm_agents.compiling.cache import STALE_S, Cache
from wasm_agents.compiling.compiler import Artifact, Compiler, cache_key, default_folder, shared_compiler
from wasm_agents.compiling.owned import KEY_BYTES
from wasm_agents.compiling.scratch import Scratch, new_scratch
from wasm_agents.compiling.shape import Export, Shape

KEY = hashlib.sha256(b"a module").hexdigest()
OTHER = hashlib.sha256(b"another").hexdigest()
CODE = bytes(range(256)) * 20
SHAPE = Shape((), (Export("execute", "func", "(i32, i32) -> i64"),))
WASM = b"\0asm\x01\0\0\0"


def scratch(content: bytes) -> Scratch:
    made = new_scratch("test")
    made.write(content)
    made.seal()
    return made


def content(code: Scratch) -> bytes:
    return code.read(0, code.size)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "wasm"


@pytest.fixture
def kept(folder: Path) -> Path:
    """The file of one entry."""
    assert Cache(folder).put(KEY, scratch(CODE), SHAPE)
    return folder / f"{KEY}.aot"


@pytest.fixture
def compilers(folder: Path) -> Iterator[Callable[[], Compiler]]:
    made: list[Compiler] = []

    def _compiler() -> Compiler:
        made.append(Compiler(folder))
        return made[-1]

    yield _compiler
    for compiler in made:
        compiler.close()


def inode(artifact: Artifact) -> int:
    return Path(os.fsdecode(artifact.path)).stat().st_ino


def compiled(compiler: Compiler, wasm: bytes = WASM) -> Artifact:
    return compiler.compile_module(wasm, digest=hashlib.sha256(wasm).hexdigest(), profile="core")


def test_what_is_put_is_found_by_another_process_of_the_same_user(kept: Path, folder: Path) -> None:
    found = Cache(folder).get(KEY)

    assert found is not None
    assert (content(found[0]), found[1]) == (CODE, SHAPE)


def test_everything_kept_is_the_owners_alone(kept: Path, folder: Path) -> None:
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, kept, folder / "key")}

    assert modes == {"wasm": 0o700, kept.name: 0o600, "key": 0o600}
    assert sorted(path.name for path in folder.iterdir()) == sorted([kept.name, "key"])


def test_a_flipped_bit_anywhere_makes_a_file_worth_nothing(kept: Path, folder: Path) -> None:
    whole, cache = kept.read_bytes(), Cache(folder)
    places = [*range(200), *range(200, len(whole) - 32, 53), *range(len(whole) - 32, len(whole))]

    for place in places:
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        kept.write_bytes(changed)
        assert cache.get(KEY) is None, place


@pytest.mark.parametrize("length", [0, 7, 83, 84, 100, 2000, -33, -32, -1])
def test_a_cut_file_is_worth_nothing(kept: Path, folder: Path, length: int) -> None:
    kept.write_bytes(kept.read_bytes()[:length])

    assert Cache(folder).get(KEY) is None


def test_bytes_after_the_end_make_a_file_worth_nothing(kept: Path, folder: Path) -> None:
    kept.write_bytes(kept.read_bytes() + b"\0")

    assert Cache(folder).get(KEY) is None


def test_a_file_signed_elsewhere_is_not_believed(kept: Path, tmp_path: Path) -> None:
    elsewhere = Cache(tmp_path / "elsewhere")
    elsewhere.put(OTHER, scratch(CODE), SHAPE)
    (tmp_path / "elsewhere" / kept.name).write_bytes(kept.read_bytes())
    (tmp_path / "elsewhere" / kept.name).chmod(0o600)

    assert elsewhere.get(KEY) is None


def test_a_file_under_another_modules_name_is_not_believed(kept: Path, folder: Path) -> None:
    kept.rename(folder / f"{OTHER}.aot")

    assert Cache(folder).get(OTHER) is None


def _link(kept: Path) -> None:
    kept.rename(kept.with_suffix(".real"))
    kept.symlink_to(kept.with_suffix(".real"))


def _pipe(kept: Path) -> None:
    kept.unlink()
    os.mkfifo(kept, 0o600)


def _folder(kept: Path) -> None:
    kept.unlink()
    kept.mkdir(0o700)


def _readable(kept: Path) -> None:
    kept.chmod(0o640)


@pytest.mark.parametrize("change", [_link, _pipe, _folder, _readable])
def test_only_a_plain_file_of_the_owners_alone_is_read(
    kept: Path, folder: Path, change: Callable[[Path], None]
) -> None:
    change(kept)

    assert Cache(folder).get(KEY) is None


def test_a_file_larger_than_the_folder_may_be_is_not_read(kept: Path, folder: Path) -> None:
    assert Cache(folder, max_bytes=1000).get(KEY) is None
    assert not Cache(folder, max_bytes=1000).put(OTHER, scratch(CODE), SHAPE)


@pytest.mark.parametrize("change", ["gone", "short", "long", "readable", "a link"])
def test_a_key_that_cannot_be_trusted_is_made_anew(kept: Path, folder: Path, change: str) -> None:
    key = folder / "key"
    old = key.read_bytes()
    if change == "gone":
        key.unlink()
    elif change == "readable":
        key.chmod(0o644)
    elif change == "a link":
        key.rename(folder / "old")
        key.symlink_to(folder / "old")
    else:
        key.write_bytes(old[:16] if change == "short" else old + b"\0")
    cache = Cache(folder)

    assert cache.get(KEY) is None
    assert cache.put(KEY, scratch(CODE), SHAPE)
    assert cache.get(KEY) is not None
    assert (len(key.read_bytes()), key.read_bytes() != old, key.is_symlink()) == (KEY_BYTES, True, False)


def _shared(folder: Path) -> str:
    folder.mkdir(parents=True)
    folder.chmod(0o770)
    return "mode 770"


def _foreign(folder: Path) -> str:
    folder.mkdir(parents=True)
    if os.geteuid() != 0:
        pytest.skip("only root gives folders away")
    os.chown(folder, 12345, 12345)
    return "user 12345"


def _linked(folder: Path) -> str:
    (folder.parent / "real").mkdir(parents=True, mode=0o700)
    folder.symlink_to(folder.parent / "real")
    return "link"


def _file(folder: Path) -> str:
    folder.parent.mkdir(parents=True)
    folder.write_bytes(b"")
    return "no folder"


@pytest.mark.parametrize("prepare", [_shared, _foreign, _linked, _file])
def test_a_folder_that_is_not_the_owners_alone_is_refused(
    folder: Path, prepare: Callable[[Path], str]
) -> None:
    words = prepare(folder)

    with pytest.raises(Unavailable) as refused:
        Compiler(folder)

    assert (refused.value.code, words in refused.value.message) == ("host.internal", True), (
        refused.value.message
    )


def test_the_files_not_used_for_longest_go_when_room_is_short(folder: Path) -> None:
    cache = Cache(folder, max_bytes=3 * 6000)
    keys = [hashlib.sha256(bytes([number])).hexdigest() for number in range(4)]
    for age, key in enumerate(keys[:3]):
        assert cache.put(key, scratch(CODE), SHAPE)
        os.utime(folder / f"{key}.aot", (1000 + age, 1000 + age))
    assert cache.get(keys[0]) is not None  # the oldest is used again

    cache.put(keys[3], scratch(CODE), SHAPE)

    assert [cache.get(key) is not None for key in keys] == [True, False, True, True]


def test_what_a_killed_process_left_half_written_goes(kept: Path, folder: Path) -> None:
    now = kept.stat().st_mtime
    for name, age in ((".old.tmp", STALE_S + 60), (".new.tmp", 60)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (now - age, now - age))

    Cache(folder).put(OTHER, scratch(CODE), SHAPE)

    assert [(folder / name).exists() for name in (".old.tmp", ".new.tmp")] == [False, True]


def test_writers_that_begin_together_agree_on_one_key(folder: Path) -> None:
    keys = [hashlib.sha256(bytes([number])).hexdigest() for number in range(16)]

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(lambda key: Cache(folder).put(key, scratch(CODE), SHAPE), keys))

    reader = Cache(folder)
    assert all(reader.get(key) for key in keys)


def test_a_folder_that_vanished_keeps_nothing_and_harms_nothing(kept: Path, folder: Path) -> None:
    cache = Cache(folder)
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()

    assert (cache.get(KEY), cache.put(KEY, scratch(CODE), SHAPE)) == (None, False)


def test_what_was_found_stays_what_it_was_when_its_file_is_overwritten(kept: Path, folder: Path) -> None:
    found = Cache(folder).get(KEY)
    assert found is not None

    kept.write_bytes(b"\0" * 100)

    assert content(found[0]) == CODE


def test_a_second_process_loads_without_compiling(compilers: Callable[[], Compiler]) -> None:
    first = compiled(compilers())
    second = compilers()

    again = compiled(second)

    assert (second.pid, again.size, again.shape) == (0, first.size, first.shape)


def test_a_damaged_file_is_compiled_anew_and_replaced(
    compilers: Callable[[], Compiler], folder: Path
) -> None:
    compiled(compilers())
    (kept,) = folder.glob("*.aot")
    kept.write_bytes(kept.read_bytes()[:-1] + b"\0")
    second, third = compilers(), compilers()

    compiled(second)
    compiled(third)

    assert (second.pid != 0, third.pid) == (True, 0)


def test_a_module_seen_before_is_neither_read_nor_checked_again(
    compilers: Callable[[], Compiler], folder: Path
) -> None:
    compiler = compilers()
    first = compiled(compiler)
    for path in folder.iterdir():
        path.unlink()

    assert inode(compiled(compiler)) == inode(first)


def test_a_refused_module_leaves_nothing_behind(compilers: Callable[[], Compiler], folder: Path) -> None:
    with pytest.raises(Exception, match="ends past"):
        compiled(compilers(), WASM + b"\x01\x05")

    assert list(folder.iterdir()) == []


def test_code_held_in_memory_is_bounded(compilers: Callable[[], Compiler]) -> None:
    compiler = compilers()
    before = len(list(Path("/proc/self/fd").iterdir()))

    for number in range(compiler_module.MAX_HELD + 6):
        compiled(compiler, WASM + b"\0\x03\x01" + number.to_bytes(2, "big")).close()

    assert len(list(Path("/proc/self/fd").iterdir())) - before <= compiler_module.MAX_HELD + 2


def test_a_key_names_the_module_and_what_it_runs_under() -> None:
    keys = {cache_key(digest, profile) for digest in ("a", "b") for profile in ("core", "component")}

    assert (len(keys), {len(key) for key in keys}) == (4, {64})


@pytest.mark.parametrize(("given", "base"), [("{home}/x", "x"), ("relative", ".cache"), ("", ".cache")])
def test_the_folder_follows_the_users_cache_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str, base: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", given.format(home=tmp_path))

    assert default_folder() == tmp_path / base / "callsheet" / "wasm"


def test_where_no_folder_can_be_made_nothing_is_kept_and_all_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")

    compiler = shared_compiler.__wrapped__()

    assert compiled(compiler).size > 0
    compiler.close()
