"""The hosts a text names; the reading is contracts', so that a plan may be held to its hosts wherever it passes."""

from __future__ import annotations

from contracts.hosts import hosts_in, hosts_named, hosts_within

__all__ = ["hosts_in", "hosts_named", "hosts_within"]
