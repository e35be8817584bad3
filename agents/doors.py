"""What the host hands every native agent: the ways out to the network."""

from __future__ import annotations

from dataclasses import dataclass

from egress.browser_door import Renderer
from egress.fetch_door import Fetcher


@dataclass(frozen=True)
class Doors:
    """The open doors of one host; an agent closes neither."""

    egress: Fetcher
    browser: Renderer
