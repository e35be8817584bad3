"""HTML's element names, in the groups the other files reason about."""

from __future__ import annotations

from typing import Final

VOID: Final = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "command", "embed", "frame", "hr", "img",
    "input", "keygen", "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
INLINE: Final = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em",
    "font", "i", "ins", "kbd", "label", "mark", "nobr", "q", "rb", "rp", "rt", "ruby", "s", "samp",
    "slot", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "output",
    "meter", "progress",
})  # fmt: skip
SKIPPED: Final = frozenset({
    "script", "style", "svg", "math", "iframe", "textarea", "object", "applet", "noembed",
    "noframes", "xmp", "canvas",
})  # fmt: skip
"""Elements left out with everything inside them."""
UNWRAPPED: Final = frozenset(
    ["html", "head", "body", "plaintext", "frameset", "marquee", "image", "listing", "isindex"]
)
"""Elements whose tags alone are left out: the parser makes its own, or its rules for them surprise."""
TABLE_PARTS: Final = frozenset({"td", "th", "tr", "tbody", "thead", "tfoot", "caption", "colgroup"})
CELL_WALLS: Final = frozenset({"table", "td", "th", "caption", "template"})
"""What an end tag from inside a cell does not reach through."""
LIST_WALLS: Final = frozenset({"ul", "ol", "menu", "dir"}) | CELL_WALLS
P_KEEPERS: Final = INLINE | {
    "button",
    "select",
    "option",
    "optgroup",
    "noscript",
    "picture",
    "video",
    "audio",
}
"""What may stand inside a paragraph; anything else ends it."""
INVISIBLE: Final = frozenset({"head", "noscript", "template", "select", "datalist", "title", "dialog"})
"""Elements whose text a reader does not see."""
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
AROUND: Final = frozenset({"nav", "header", "footer", "aside"})
"""Elements that hold what surrounds a page's own content."""
