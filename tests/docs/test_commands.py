"""Every command in the README and the docs is run, and gives what the page shows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from egress.chromium import find_chromium
from examples.auction.serve import SiteServer
from examples.auction.site import build
from tests.docs.pages import PAGES, ROOT, Block, blocks_of
from tests.docs.reading import Reader, Typed, missing_from, typed_in
from wasm_agents.kits.toolchains import find_tool

WITH_COMMANDS = [page for page in PAGES if any(b.language == "console" for b in blocks_of(page))]
LANGUAGES = {"console", "json", "toml", "yaml", "python", "c"}


@pytest.fixture(scope="module")
def your_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    build(folder, seed=3)
    with SiteServer(folder) as server:
        yield server.url


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return {}


@pytest.fixture
def reader(tmp_path: Path, your_page: str, made: dict[str, str]) -> Iterator[Reader]:
    here = Reader(tmp_path, your_page=your_page, made=made)
    yield here
    here.close()


@pytest.mark.slow
@pytest.mark.timeout(600)  # a page has dozens of commands, each with its own patience
@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda p: p.stem)
def test_every_command_of_a_page_does_what_the_page_shows(page: Path, reader: Reader) -> None:
    if find_chromium() is None and "make run" in page.read_text():
        pytest.skip("no Chromium on this machine: callsheet doctor --get-browser")
    if shutil.which("curl") is None and "$ curl" in page.read_text():
        pytest.skip("no curl on this machine")
    if "--lang python" in page.read_text() and not os.environ.get("CI") and not find_tool("componentize-py"):
        pytest.skip("no componentize-py on this machine: callsheet doctor")
    for typed, code, output in reader.read(page):
        at = f"{page.relative_to(ROOT)}:{typed.line}: {typed.command}"
        assert code == typed.exit_code, f"{at}\nended with {code}\n{output[-3000:]}"
        missing = missing_from(output, typed.shown)
        assert missing is None, f"{at}\ndoes not show {missing!r}\n{output[-3000:]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_no_command_hides_in_a_block_that_is_not_run(page: Path) -> None:
    for block in blocks_of(page):
        assert block.language in LANGUAGES, f"{page.name}:{block.line}: {block.language!r}"


def test_a_console_block_is_read_as_commands_and_what_they_show() -> None:
    block = Block("console", ("exit=3",), "$ a \\\n    b\nfirst\n…\n$ c\n", 10)
    assert list(typed_in(block)) == [Typed("a b", ("first", "…"), 3, 11), Typed("c", (), 3, 15)]


@pytest.mark.parametrize(
    ("output", "shown", "missing"),
    [
        ("run 12 ended\nin 5 ms", ("run … ended", "in … ms"), None),
        ("a   b\nc", ("a b", "…"), None),
        ("second\nfirst", ("first", "second"), "second"),
        ("run 12 failed", ("run … ended",), "ended"),
    ],
)
def test_shown_lines_are_found_in_order_with_gaps(
    output: str, shown: tuple[str, ...], missing: str | None
) -> None:
    assert missing_from(output, shown) == missing
