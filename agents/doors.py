"""What the host hands every native agent: the ways out to the network."""

from __future__ import annotations

from dataclasses import dataclass

from egress.browser import Browser
from egress.fetch import Egress


@dataclass(frozen=True)
class Doors:
    """The open doors of one host; an agent closes neither."""

    egress: Egress
    browser: Browser
