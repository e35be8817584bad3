"""The agent `scrape`: pages in, what they say out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from agents.doors import Doors
from agents.scrape.crawl import Crawl, Crawler
from agents.scrape.inputs import MAX_PAGES, ScrapeInputs, read_inputs
from agents.scrape.merging import merged_output
from agents.scrape.source import SourceReader, Usage
from contracts.agent import AgentCall, AgentReply
from contracts.card import AgentCard, read_card
from contracts.errors import CallsheetError
from contracts.trace import TraceStatus

CARD = Path(__file__).parent / "card.json"


@dataclass(frozen=True, slots=True)
class Scrape:
    """Reads pages through the doors it was given."""

    card: AgentCard
    doors: Doors

    async def run(self, call: AgentCall) -> AgentReply:
        """Read the pages a call names.

        Raises:
            InvalidInput: `scrape.bad_input`.
            AttemptFailed: `scrape.http_status`, `scrape.not_html`, or the network's, when no page was read.
            Refused: The policy's, when no page was read.
        """
        inputs = read_inputs(dict(call.inputs))
        usage = Usage()
        crawls = await self._crawler(inputs, call, usage).crawl_all(inputs.addresses())
        failed = [exc for crawl in crawls for exc in crawl.failed]
        if not any(crawl.pages for crawl in crawls):
            raise failed[0]
        lost = [_lost(address, crawl) for address, crawl in zip(inputs.addresses(), crawls, strict=True)]
        output = merged_output(crawls, [text for text in lost if text])
        asked = len(output.pages) + len(failed)
        # a page that should have been rendered, was allowed to be, and was not has given less than it holds
        short = len(failed) + (len(output.needs_browser) if inputs.render != "never" else 0)
        return AgentReply(
            output=output.model_dump(mode="json"),
            status=TraceStatus.PARTIAL_SUCCESS if short else TraceStatus.SUCCESS,
            score=round((asked - short) / asked, 4) if short else None,
            warnings=tuple(output.warnings),
            usage={
                "requests": usage.requests,
                "wire_bytes": usage.wire_bytes,
                "rendered_pages": usage.rendered_pages,
                "refused_hosts": list(usage.refused_hosts),
            },
        )

    def _crawler(self, inputs: ScrapeInputs, call: AgentCall, usage: Usage) -> Crawler:
        limits = call.policy.limits
        limits = limits.model_copy(update={"timeout_s": min(limits.timeout_s, max(call.timeout_s, 0.1))})
        return Crawler(
            SourceReader(self.doors, call.policy, limits, usage),
            render=inputs.render or "auto",
            max_pages=inputs.max_pages or 1,
            pages_left=MAX_PAGES,
        )


def create(doors: Doors) -> Scrape:
    """Return the agent, with the card beside this file."""
    return Scrape(
        read_card(json.loads(CARD.read_text(encoding="utf-8")), where="agents/scrape/card.json"), doors
    )


def _lost(address: str, crawl: Crawl) -> str | None:
    """Return what became of an address none of whose pages was read."""
    if crawl.pages or not crawl.failed:
        return None
    exc: CallsheetError = crawl.failed[0]
    return f"{address[:300]} was not read: {exc.code}: {exc.message[:200]}"
