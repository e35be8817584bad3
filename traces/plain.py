"""A quick look that most texts pass: nothing in them resembles a secret or the name of one.

Names are compared as `sensitive_names` reads them: without what joins their
words. So letters and digits alone are looked at, in lower case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_STEMS: Final = (
    b"auth", b"pwd", b"token", b"secret", b"cookie", b"credential", b"sess", b"bearer", b"jwt", b"signature",
)  # fmt: skip
_KEYS: Final = (b"api", b"access", b"private", b"signing", b"encryption", b"subscription")
"""Before `key`."""
_PASSES: Final = (b"w", b"p", b"c")
"""After `pass`."""
_DROPPED: Final = bytes(c for c in range(256) if not (48 <= c < 58 or 97 <= c < 123))
"""All but a-z and 0-9."""
_ESCAPES: Final = re.compile(r"\\(?:u[0-9a-fA-F]{4}|.)", re.DOTALL)


def looks_plain(texts: Iterable[str]) -> bool:
    """Say whether nothing in JSON texts is, or is named like, a secret nobody told us of."""
    whole = "\n".join(texts)
    if "\\" in whole:
        whole = _ESCAPES.sub("", whole)
    lowered = whole.lower() if whole.isascii() else whole.casefold()
    if ("://" in lowered and "@" in lowered) or "key=" in lowered or "sig=" in lowered:
        return False
    letters = lowered.encode("utf-8", "surrogatepass").translate(None, _DROPPED)
    for stem in _STEMS:  # a generator costs more than all it looks for
        if stem in letters:
            return False
    if b"key" in letters and any(stem + b"key" in letters for stem in _KEYS):
        return False
    return b"pass" not in letters or not any(b"pass" + stem in letters for stem in _PASSES)
