"""What this process has done, as Prometheus reads it: text, written here, because a format of this size needs no library.

Labels come from bounded sets alone: a model's name as the settings have it, a
code of ours, a state. No text of a prompt, a reply or an error gets here.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Final, Literal

from providers.chat import Timings
from providers.metered import ModelCall

TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OTHER: Final = "other"
MAX_NAMES: Final = 100
"""Of models, and of outcomes, that are told apart."""
MAX_LABEL: Final = 128
"""Characters."""
MS: Final = (5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000)
"""Where the counts of a duration are taken, milliseconds."""
TOK_S: Final = (1, 2, 5, 10, 20, 40, 80, 160, 320, 640, 1_280)
_OUTCOME: Final = re.compile(r"[a-z_]{1,40}(\.[a-z_]{1,60})?")
_HISTOGRAMS: Final[Mapping[str, tuple[str, Sequence[float]]]] = {
    "total_ms": ("From the asking to the end of the reply, tries again included.", MS),
    "ttft_ms": ("From the asking to the first piece of text.", MS),
    "prompt_eval_duration_ms": ("Reading the prompt.", MS),
    "eval_duration_ms": ("Writing the reply.", MS),
    "load_duration_ms": ("Loading the model, where the endpoint says.", MS),
    "throughput_tok_s": ("Tokens generated per second.", TOK_S),
}
assert _HISTOGRAMS.keys() <= {each.name for each in fields(Timings)}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the service's own, or one for each value of a label."""

    name: str
    help: str
    kind: Literal["counter", "gauge"]
    value: float | Mapping[str, float]
    label: str = ""
    """What the keys of `value` are."""


@dataclass(slots=True)
class _Histogram:
    bounds: Sequence[float]
    counts: list[int] = field(default_factory=list)
    total: float = 0.0

    def add(self, value: float) -> None:
        """Count a value."""
        self.counts = self.counts or [0] * (len(self.bounds) + 1)
        place = next((i for i, most in enumerate(self.bounds) if value <= most), len(self.bounds))
        self.counts[place] += 1
        self.total += value


class Metrics:
    """Counts of model calls; everything happens on the event loop."""

    def __init__(self) -> None:
        self._calls: Counter[tuple[str, str]] = Counter()
        self._amounts: dict[str, Counter[str]] = {name: Counter() for name in _AMOUNTS}
        self._usd: defaultdict[str, float] = defaultdict(float)
        self._times: dict[tuple[str, str], _Histogram] = {}
        self._models: set[str] = set()
        self._outcomes: set[str] = set()

    def observe(self, call: ModelCall) -> None:
        """Count a call that has ended."""
        model = _known(call.model, self._models)
        is_code = _OUTCOME.fullmatch(call.outcome) is not None
        self._calls[model, _known(call.outcome if is_code else OTHER, self._outcomes)] += 1
        used = call.usage
        for name, amount in zip(
            _AMOUNTS,
            (used.prompt_tokens, used.cached_tokens, used.completion_tokens, call.tries),
            strict=True,
        ):
            self._amounts[name][model] += max(0, amount)
        self._usd[model] += max(0.0, call.usd or 0.0)
        for name, (_, bounds) in _HISTOGRAMS.items():
            value: float | None = getattr(call.timings, name)
            if value is not None and 0 <= value < float("inf"):
                self._times.setdefault((name, model), _Histogram(bounds)).add(value)

    def text(self, figures: Iterable[Figure] = ()) -> str:
        """Return all counts, with the service's own figures."""
        return "\n".join([*self._lines(), *_figure_lines(figures), ""])

    def _lines(self) -> Iterator[str]:
        yield from _head("callsheet_model_calls_total", "Calls of models, by how they ended.", "counter")
        for (model, outcome), count in sorted(self._calls.items()):
            yield _line("callsheet_model_calls_total", {"model": model, "outcome": outcome}, count)
        for name, about in _AMOUNTS.items():
            yield from _head(f"callsheet_model_{name}_total", about, "counter")
            for model, amount in sorted(self._amounts[name].items()):
                yield _line(f"callsheet_model_{name}_total", {"model": model}, amount)
        yield from _head("callsheet_model_usd_total", "Dollars, by the operator's prices.", "counter")
        for model, usd in sorted(self._usd.items()):
            yield _line("callsheet_model_usd_total", {"model": model}, usd)
        for name, (about, _) in _HISTOGRAMS.items():
            yield from _head(f"callsheet_model_{name}", about, "histogram")
            for (timing, model), found in sorted(self._times.items()):
                if timing == name:
                    yield from _histogram_lines(f"callsheet_model_{name}", model, found)


_AMOUNTS: Final[Mapping[str, str]] = {
    "prompt_tokens": "Tokens of prompts.",
    "cached_tokens": "Tokens of prompts that the endpoint had read before.",
    "tokens_generated": "Tokens of replies.",
    "tries": "Requests that the calls took.",
}


def _known(name: str, names: set[str]) -> str:
    name = "".join(c if c.isprintable() else "?" for c in name[:MAX_LABEL])
    if name not in names and len(names) >= MAX_NAMES:
        return OTHER
    names.add(name)
    return name


def _head(name: str, about: str, kind: str) -> Iterator[str]:
    yield f"# HELP {name} {about}"
    yield f"# TYPE {name} {kind}"


def _line(name: str, labels: Mapping[str, str], value: float) -> str:
    told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
    return f"{name}{{{told}}} {_number(value)}" if told else f"{name} {_number(value)}"


def _histogram_lines(name: str, model: str, found: _Histogram) -> Iterator[str]:
    running = 0
    for most, count in zip([*map(_number, found.bounds), "+Inf"], found.counts, strict=True):
        running += count
        yield _line(f"{name}_bucket", {"model": model, "le": most}, running)
    yield _line(f"{name}_sum", {"model": model}, found.total)
    yield _line(f"{name}_count", {"model": model}, running)


def _figure_lines(figures: Iterable[Figure]) -> Iterator[str]:
    for each in figures:
        yield from _head(each.name, each.help, each.kind)
        if isinstance(each.value, Mapping):
            for key, value in sorted(each.value.items()):
                yield _line(each.name, {each.label: key}, value)
        else:
            yield _line(each.name, {}, each.value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
