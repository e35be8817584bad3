"""The questions to a model for a run's plan, as they are shown: text alone, whatever the model wrote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import JsonValue

from contracts.planning_call import PLANNER
from contracts.trace import ExecutionTrace
from service.dashboard.present import compact, duration, shorten, visible
from service.desk_protocol import Desk
from traces.summary import TraceSummary

MOST: Final = 6
"""Questions shown with a run, the newest."""
MAX_REPLY: Final = 20_000
MAX_NOTES: Final = 20
MAX_NUMBER: Final = 1e15
_TIMES: Final = {
    "ttft_ms": "To the first token",
    "prompt_eval_duration_ms": "Reading the prompt",
    "eval_duration_ms": "Writing",
    "load_duration_ms": "Loading the model",
}
_COUNTS: Final = {
    "prompt_tokens": "Tokens read",
    "cached_tokens": "Of these, known before",
    "completion_tokens": "Tokens written",
}


@dataclass(frozen=True, slots=True)
class AskedView:
    """One question."""

    trace_id: str
    status: str
    what: str
    took: str
    prompt_sha256: str
    prompt_chars: int
    reply: str
    is_cut: bool
    facts: Sequence[tuple[str, str]]
    repairs: Sequence[str]
    problems: Sequence[str]
    error: str


def asked_for(desk: Desk, traces: Iterable[TraceSummary]) -> tuple[AskedView, ...]:
    """Return the newest questions among a run's traces, oldest first."""
    mine = [trace.trace_id for trace in traces if is_question(trace.agent_type, trace.subtask_id)]
    return tuple(view_of(desk.traces.get(trace_id)) for trace_id in mine[-MOST:])


def is_question(agent: str, subtask_id: str) -> bool:
    """Say whether a trace is of a question to a model for a plan."""
    return agent == PLANNER and not subtask_id


def view_of(trace: ExecutionTrace) -> AskedView:
    """Return a question as it is shown; its trace may have been written by anybody."""
    m = trace.metadata
    given = trace.input if isinstance(trace.input, dict) else {}
    output = trace.output
    reply = output if isinstance(output, str) else "" if output is None else compact(output)
    what = "Asked for another plan" if given.get("purpose") == "replan" else "Asked for a plan"
    chars = given.get("prompt_chars")
    return AskedView(
        trace.trace_id,
        trace.status.value,
        f"{what}, {'to mend the reply' if m.attempt > 1 else 'for the first time'}",
        duration(m.duration_ms),
        shorten(given.get("prompt_sha256", ""), 64),
        chars if isinstance(chars, int) else 0,
        visible(reply[:MAX_REPLY]),
        len(reply) > MAX_REPLY,
        [*_facts(m.planning, m.usage)],
        _notes(m.planning.get("repairs")),
        _notes(m.planning.get("problems")),
        f"{shorten(m.error.code, 80)}: {shorten(m.error.message, 300)}" if m.error is not None else "",
    )


def _facts(planning: Mapping[str, JsonValue], usage: Mapping[str, JsonValue]) -> Iterable[tuple[str, str]]:
    for name, word in (("model", "Model"), ("form", "Held to its form by"), ("finish_reason", "Ended with")):
        if planning.get(name):
            yield word, compact(planning[name])
    if planning.get("tries") not in (None, 1):
        yield "Tries", compact(planning["tries"])
    for name, word in _COUNTS.items():
        if usage.get(name):
            yield word, compact(usage[name])
    if (usd := _number(usage.get("usd"))) is not None:
        yield "Cost", f"{usd:.6f} USD"
    times = planning.get("timings")
    times = times if isinstance(times, dict) else {}
    for name, word in _TIMES.items():
        if (ms := _number(times.get(name))) is not None:
            yield word, duration(ms)
    if (speed := _number(times.get("throughput_tok_s"))) is not None:
        yield "Speed", f"{speed:.1f} tokens/s"


def _notes(found: Any) -> tuple[str, ...]:
    """Return repairs or problems as lines."""
    lines = found[:MAX_NOTES] if isinstance(found, list) else []
    return tuple(_note(line) for line in lines)


def _note(line: JsonValue) -> str:
    if not isinstance(line, dict):
        return compact(line)
    told = [compact(line[name]) for name in ("code", "path", "pointer", "message") if line.get(name)]
    return shorten(" · ".join(told) or compact(line), 300)


def _number(value: JsonValue) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < MAX_NUMBER:
        return None
    return float(value)
