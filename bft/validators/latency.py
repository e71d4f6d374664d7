"""How long a validator's call takes, how many tokens it writes, what it costs.

Time to first token is lognormal with a slow tail; the length of the output is lognormal with a part that all
validators share on the same question; writing goes at a steady rate. Timeouts, retries and queues are left to the
resilience policies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from bft.randomness import Randomness, Tape
from bft.validators.draws import QuestionDraws

CALLS = "validators.latency"
LENGTHS = "validators.length"
DRAWS_PER_CALL = 3
CALLS_IN_BLOCK = 4
_SMALLEST = 2.0**-54  # a uniform may be 0, whose normal quantile is not finite
_quantile = NormalDist().inv_cdf

PerNode = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyLaw:
    """The law of one call; every tuple holds one value for each node."""

    first_token_median_s: PerNode
    first_token_log_sd: PerNode
    """Median in seconds (0 or more) and standard deviation of the logarithm (0 or more) of the time to first token."""
    tokens_median: PerNode
    tokens_log_sd: PerNode
    """Median (0 or more) and standard deviation of the logarithm of the number of tokens of a proposal."""
    verdict_tokens_median: PerNode
    """Median of the number of tokens of a verdict."""
    tokens_per_s: PerNode
    """Rate of writing, above 0."""
    slow_share: float
    slow_factor: float
    """Share of the calls in [0, 1] that take `slow_factor` ≥ 1 times as long."""
    length_correlation: float
    """Correlation in [0, 1] of two validators' log-lengths on the same question."""
    cost_per_token: PerNode
    """Cost of one token written, 0 or more."""

    def call(self, node: int, tokens_median: float, drawn: Sequence[float], shared: float) -> Call:
        """Return what a call of a node takes, from its three uniforms and the one that all share on its question."""
        first, slow, own = drawn
        spread = self.first_token_log_sd[node] * _normal(first)
        first_token_s = self.first_token_median_s[node] * math.exp(spread)
        factor = self.slow_factor if slow < self.slow_share else 1.0
        rho = self.length_correlation
        length = math.sqrt(rho) * _normal(shared) + math.sqrt(1.0 - rho) * _normal(own)
        tokens = round(tokens_median * math.exp(self.tokens_log_sd[node] * length))
        return Call(
            latency_s=factor * (first_token_s + tokens / self.tokens_per_s[node]),
            tokens=tokens,
            cost=tokens * self.cost_per_token[node],
        )

    def calls(self, randomness: Randomness, replication: int) -> Calls:
        """Return the calls of one replication."""
        return Calls(self, randomness, replication)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: how long it took, in seconds, what it wrote and what it cost."""

    latency_s: float
    tokens: int
    cost: float


AT_ONCE = Call(latency_s=0.0, tokens=0, cost=0.0)


class Calls:
    """The calls of one replication: each node takes its own draws one after another."""

    __slots__ = ("_law", "_lengths", "_tape")

    def __init__(self, law: LatencyLaw, randomness: Randomness, replication: int) -> None:
        nodes = len(law.first_token_median_s)
        self._law = law
        self._tape = Tape(randomness, CALLS, nodes, DRAWS_PER_CALL * CALLS_IN_BLOCK, replication)
        self._lengths = QuestionDraws(randomness, LENGTHS, (1,), replication)

    def proposal(self, node: int, question: int) -> Call:
        """Return what the node's next call takes when it writes an answer."""
        return self._call(node, question, self._law.tokens_median[node])

    def verdict(self, node: int, question: int) -> Call:
        """Return what the node's next call takes when it writes a verdict."""
        return self._call(node, question, self._law.verdict_tokens_median[node])

    def _call(self, node: int, question: int, tokens_median: float) -> Call:
        draw = self._tape.draw
        drawn = draw(node), draw(node), draw(node)
        return self._law.call(node, tokens_median, drawn, float(self._lengths.row(question)[0][0]))


def _normal(uniform: float) -> float:
    return _quantile(max(uniform, _SMALLEST))
