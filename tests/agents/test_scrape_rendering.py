"""Whether a page needs a browser, named by the reason."""

from __future__ import annotations

import pytest

from agents.scrape.page import read_page

URL = "https://site.test/"
SHELL = "<title>App</title><header><h2>Site</h2><nav><a href=/a>A</a></nav></header><h1>Lots</h1>"
SCRIPT = "<script src=/app.js></script>"
WORDS = "<p>" + "Plenty of words stand here already. " * 20 + "</p>"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (f'{SHELL}<div id="app"></div>{SCRIPT}', "empty mount point #app"),
        (f'<body><div id="root"><!-- app --> </div>{SCRIPT}', "empty mount point #root"),
        (f'{SHELL}<ul id="lots"></ul>{SCRIPT}', "empty mount point #lots"),
        (f'{SHELL}<div id="app">Loading…</div>{SCRIPT}', "empty mount point #app"),
        (f"{SHELL}<p>Loading lots</p>{SCRIPT}", "only a loading notice"),
        (
            f"{SHELL}<noscript>Please enable JavaScript to run this app.</noscript>{SCRIPT}",
            "the page says it requires JavaScript",
        ),
        ("<noscript>Bitte aktivieren Sie JavaScript.</noscript>", "the page says it requires JavaScript"),
        (
            f"{SHELL}<li>{{{{ lot.title }}}}<li>{{{{ lot.price }}}}</li>{SCRIPT}{WORDS}",
            "template placeholders in the text",
        ),
        (f"<body>{SCRIPT}</body>", "scripts and no text"),
    ],
)
def test_a_page_that_needs_a_browser_says_why(source: str, reason: str) -> None:
    assert read_page(source, URL).needs_browser == reason


@pytest.mark.parametrize(
    "source",
    [
        "<title>Small</title><p>It works!</p>",
        "",
        f'{WORDS}<div id="toast"></div>{SCRIPT}',
        f"{WORDS}<noscript>Enable JavaScript for the best experience.</noscript>{SCRIPT}",
        '<h1>Small</h1><div id="app"></div>',
        f"<h1>404</h1><p>Not here.</p>{SCRIPT}",
        f"{SHELL}<p>One {{{{ brace }}}} in an article about templates.</p>",
        "<ul>"
        + "".join(f"<li><a href=/{n}>Lot {n}</a> ${n}" for n in range(1, 4))
        + f'</ul><div id="app"></div>{SCRIPT}',
    ],
)
def test_a_page_that_says_what_it_has_to_say_needs_none(source: str) -> None:
    assert read_page(source, URL).needs_browser is None
