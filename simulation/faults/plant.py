"""How a fault is planted: for the time of a run, something else stands in for a function of production.

Production knows nothing of it. What is swapped is named by its owner and its
name, so that a fault whose place has gone fails loudly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

Make = Callable[[Any], Any]
"""From what stands there to what stands in for it."""
Place = tuple[Any, str, Make]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault."""

    name: str
    what: str
    places: tuple[Place, ...]

    def planted(self) -> AbstractContextManager[None]:
        """Plant it for as long as the context lasts."""
        return swapped(*self.places)


@contextmanager
def swapped(*places: Place) -> Iterator[None]:
    """Put stand-ins in their places, and in the end back what was there."""
    originals = [(owner, name, vars(owner)[name]) for owner, name, _ in places]
    try:
        for (owner, name, original), (_, _, make) in zip(originals, places, strict=True):
            setattr(owner, name, make(original))
        yield
    finally:
        for owner, name, original in originals:
            setattr(owner, name, original)


def fault(name: str, what: str, *places: Place) -> Fault:
    """Return a fault."""
    return Fault(name, what, places)


def instead(value: Any) -> Make:
    """Return what makes a function that does nothing and returns `value`."""
    return lambda _: lambda *_args, **_named: value


def before(step: Callable[..., Any]) -> Make:
    """Return what makes a function that does `step` on the same arguments first."""

    def make(original: Any) -> Any:
        def stand_in(*args: Any, **named: Any) -> Any:
            step(*args, **named)
            return original(*args, **named)

        return stand_in

    return make


def after(change: Callable[[Any], Any]) -> Make:
    """Return what makes a function whose result is changed."""

    def make(original: Any) -> Any:
        def stand_in(*args: Any, **named: Any) -> Any:
            return change(original(*args, **named))

        return stand_in

    return make
