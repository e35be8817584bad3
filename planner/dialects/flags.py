"""What is said to be wrong with a TaskBench plan elsewhere, and the code it has here."""

from __future__ import annotations

from typing import Final

FLAG_CODES: Final[dict[str, str]] = {
    "unknown_agent": "plan.unknown_agent",
    "self_reference": "plan.self_dependency",
    "self_link": "plan.self_dependency",
    "forward_reference": "plan.producer_not_ancestor",
    "dangling_reference": "plan.unknown_key",
    "dangling_link": "plan.dangling_dependency",
    "cycle": "plan.cycle",
    "tool_twice_name_keyed_links_ambiguous": "plan.dependency_by_name",
    "link_end_not_string": "plan.shape",
    "missing_key_arguments": "plan.shape",
    "missing_key_task": "plan.shape",
    "missing_key_task_nodes": "plan.shape",
    "missing_key_task_links": "plan.shape",
}
"""Flag -> code. A plan flagged `ok` has no problem."""
