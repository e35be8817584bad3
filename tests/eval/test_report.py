from contracts.trace import ExecutionTrace, TraceStatus
from eval.report import Attempt, attempt_of, report_by_agent

OK, FAILED = TraceStatus.SUCCESS, TraceStatus.FAILURE


def test_agents_are_reported_apart_and_by_name() -> None:
    found = report_by_agent([Attempt("time", OK, 5), Attempt("data", OK, 1), Attempt("time", FAILED, 7)])
    assert [(r.agent, r.count, r.failures) for r in found] == [("data", 1, 0), ("time", 2, 1)]


def test_durations_become_their_quantiles() -> None:
    (found,) = report_by_agent(Attempt("data", OK, float(ms)) for ms in range(101))
    assert (found.p50_ms, found.p95_ms, found.p99_ms) == (50.0, 95.0, 99.0)


def test_a_timeout_is_a_failure_and_partial_success_is_none() -> None:
    (found,) = report_by_agent(
        [Attempt("a", TraceStatus.TIMEOUT, 9), Attempt("a", TraceStatus.PARTIAL_SUCCESS, 1)]
    )
    assert (found.count, found.failures) == (2, 1)


def test_what_was_skipped_or_cancelled_does_not_blur_the_latencies() -> None:
    (found,) = report_by_agent(
        [Attempt("a", TraceStatus.SKIPPED, 0), Attempt("a", TraceStatus.CANCELLED, 9000), Attempt("a", OK, 5)]
    )
    assert (found.count, found.skipped, found.cancelled, found.p99_ms) == (1, 1, 1, 5.0)


def test_an_agent_that_never_ran_has_no_quantiles() -> None:
    (found,) = report_by_agent([Attempt("a", TraceStatus.SKIPPED, 0)])
    assert (found.count, found.p50_ms, found.p95_ms, found.p99_ms) == (0, None, None, None)


def test_no_attempts_make_an_empty_report() -> None:
    assert report_by_agent([]) == ()


def test_a_trace_gives_its_agent_status_and_duration() -> None:
    document = {
        "trace_id": "t1",
        "task_id": "r1",
        "agent_type": "data",
        "status": "success",
        "timestamp": 1,
        "metadata": {"duration_ms": 12.5},
    }
    assert attempt_of(ExecutionTrace.model_validate(document)) == Attempt("data", OK, 12.5)
