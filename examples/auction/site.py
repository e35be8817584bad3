"""Write the auction site of a seed into a folder: pages, photos, and `truth.json` beside them.

The same seed always writes the same bytes (with the same Pillow). Other seeds
change prices, the time now, zones, colours, and which photos mislead.
"""

from __future__ import annotations

from pathlib import Path

from examples.auction.lots import choose
from examples.auction.pages import render
from examples.auction.photos import photograph
from examples.auction.truth import Truth, truth_of

TRUTH_FILE = "truth.json"


def build(folder: Path, *, seed: int) -> Truth:
    """Write the site and return its answer.

    Args:
        folder: Made when absent; `public/` in it holds what is served, `truth.json` stands beside.
        seed: Any integer.
    """
    auction = choose(seed)
    public = public_folder(folder)
    for path, page in render(auction).items():
        _write(public / path.lstrip("/"), page.encode())
    for name, photo in photograph(auction).items():
        _write(public / "photos" / name, photo)
    _write(public / "style.css", (Path(__file__).parent / "style.css").read_bytes())
    truth = truth_of(auction)
    _write(folder / TRUTH_FILE, truth.text().encode())
    return truth


def public_folder(folder: Path) -> Path:
    """Return the part of a built site that is served; the answer is not in it."""
    return folder / "public"


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
