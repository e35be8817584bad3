"""What one call used of the world, held against what it may use."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import AttemptFailed


@dataclass(slots=True)
class Spending:
    """Counts of one call.

    Attributes:
        egress_most: Bytes it may send and receive.
    """

    egress_most: int
    host_calls: int = 0
    requests: int = 0
    egress_bytes: int = 0
    llm_calls: int = 0
    """Those that a model was asked for."""
    tokens: int = 0
    """Of prompts and answers."""
    usd: float = 0.0

    def left(self) -> int:
        """Return the bytes that may still be sent and received."""
        return max(0, self.egress_most - self.egress_bytes)

    def send(self, size: int) -> None:
        """Count a request before it is sent.

        Raises:
            AttemptFailed: `limit.egress`, it does not fit any more.
        """
        if size > self.left():
            raise over_egress(self.egress_most)
        self.requests += 1
        self.egress_bytes += size

    def receive(self, size: int) -> None:
        """Count what came back.

        Raises:
            AttemptFailed: `limit.egress`, it was more than was left.
        """
        self.egress_bytes += size
        if self.egress_bytes > self.egress_most:
            raise over_egress(self.egress_most)

    def told(self) -> dict[str, int | float]:
        """Return the counts, under the names budgets know them by; what was not used at all stays out."""
        found: dict[str, int | float] = {"host_calls": self.host_calls}
        if self.requests:
            network = {"requests": self.requests, "bytes": self.egress_bytes}
            found |= {"egress_bytes": self.egress_bytes, **network}
        if self.llm_calls:
            found |= {"llm_calls": self.llm_calls, "tokens": self.tokens}
        if self.usd:
            found["usd"] = self.usd
        return found


def over_egress(most: int) -> AttemptFailed:
    """Return the error of a call that sends or receives more than it may."""
    return AttemptFailed(
        "limit.egress",
        f"the guest may send and receive {most} bytes in one call, and would use more",
        hint="Raise limits.egress_bytes, or ask for less.",
    )
