"""Planning with a small model: it sketches, the plan is made here, and passes the same check as any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from contracts.card import AgentCard
from contracts.errors import AttemptFailed, InvalidInput, InvalidPlan
from contracts.planning_call import OnPlanningCall
from contracts.structure import seal
from planner.allowed import allowed
from planner.catalogue import catalogue_sha256
from planner.objective import check_inputs, check_objective
from planner.questions import Question, as_problem, told
from planner.reading.repairs import Repairs
from planner.rules.refusal import unsupported
from planner.sketch.binder import bind_sketch
from planner.sketch.compiled import Compiled, compiled_for, question_of
from planner.sketch.sketch import Step, read_sketch
from planner.validation import check
from providers.chat import ChatProvider, Completion, Options

if TYPE_CHECKING:
    from pydantic import JsonValue

MAX_TOKENS: Final = 160


async def plan_by_sketch(
    provider: ChatProvider,
    objective: str,
    *,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    capabilities: frozenset[str] | None = None,
    on_call: OnPlanningCall | None = None,
) -> dict[str, JsonValue]:
    """Return a sealed plan document that passed every check, made of a model's sketch.

    Args:
        provider: The model.
        objective: What is to be done.
        inputs: The context keys the caller gives.
        cards: The agents at hand.
        capabilities: What the operator grants guests, as in `Asked`; None: unknown.
        on_call: Told of the question to the model.

    Raises:
        InvalidInput: The objective cannot be used; `plan.unsupported_objective`, the model knows nobody for it.
        InvalidPlan: The sketch is none, or no plan could be made of it.
        Unavailable: The model did not answer.
    """
    asked = check_objective(objective)
    check_inputs(inputs)
    compiled = compiled_for(asked, cards)
    question = Question((*compiled.prefix, question_of(asked, inputs)))
    with told(question, on_call):
        repairs = Repairs()
        try:
            completion, steps = await _sketched(question, provider, compiled, repairs)
            document = _bound(steps, asked, inputs, cards, repairs) if steps else {}
        except InvalidPlan as exc:
            question.problems = exc.problems
            raise
        except (InvalidInput, AttemptFailed) as exc:
            question.problems = [as_problem(exc)]
            raise InvalidPlan(question.problems) from exc
        finally:
            question.repairs = repairs.as_json()
        if not steps:
            raise unsupported(asked, cards, "the model knows no agent at hand for this")
        origin = _origin(completion, question, cards) | document["origin"]
        document = seal(document | {"origin": origin})
        may = allowed(asked, inputs, cards, capabilities=capabilities)
        question.problems = check(document, cards, asked=may)
        if question.problems:
            raise InvalidPlan(question.problems)
        return document


async def _sketched(
    question: Question, provider: ChatProvider, compiled: Compiled, repairs: Repairs
) -> tuple[Completion, list[Step]]:
    options = Options(shape=compiled.shape, prefix_messages=len(compiled.prefix))
    completion = await question.ask(provider, max_tokens=MAX_TOKENS, options=options)
    return completion, read_sketch(completion.text, [c.name for c in compiled.cards], repairs)


def _bound(
    steps: Sequence[Step],
    objective: str,
    inputs: Mapping[str, JsonValue],
    cards: Sequence[AgentCard],
    repairs: Repairs,
) -> dict[str, Any]:
    return bind_sketch(steps, objective, inputs=inputs, cards=cards, repairs=repairs)


def _origin(completion: Completion, question: Question, cards: Sequence[AgentCard]) -> dict[str, Any]:
    return {
        "planner": "llm",
        "model": completion.model,
        "catalogue_sha256": catalogue_sha256(cards),
        "prompt_sha256": question.prompt_sha256,
        "llm_rounds": 1,
        **({"repairs": [dict(r) for r in question.repairs]} if question.repairs else {}),
    }
