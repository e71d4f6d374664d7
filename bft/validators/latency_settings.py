"""How a scenario describes how long its validators take."""

from __future__ import annotations

from bft.settings import Probability, Settings
from bft.validators.latency import LatencyLaw
from bft.validators.quantities import Amounts, Factor, Rates, each_node


class LatencySettings(Settings):
    """Time to first token, length of the output and rate of writing; one value for all nodes or one for each.

    The defaults lie in the middle of what public tables of hosted models and the ZeroEval outputs show: median time to
    first token .31–1.63 s with log-sd .16–.79, 1–2 % of the calls 5–10 times slower, 26–192 tokens/s, median output
    81–264 tokens with log-sd .48–.79, log-lengths correlated .32–.49 between models on the same question.
    """

    first_token_median_s: Amounts = 0.7
    """Median time to first token, in seconds."""

    first_token_log_sd: Amounts = 0.4
    """Standard deviation of its natural logarithm."""

    slow_share: Probability = 0.015
    """Probability of the calls that are slow."""

    slow_factor: Factor = 7.0
    """How many times longer a slow call takes."""

    tokens_median: Amounts = 150.0
    """Median number of tokens of a proposal."""

    verdict_tokens_median: Amounts | None = None
    """Median number of tokens of a verdict; by default that of a proposal, since a check needs an own answer."""

    tokens_log_sd: Amounts = 0.6
    """Standard deviation of the natural logarithm of the number of tokens."""

    length_correlation: Probability = 0.4
    """Correlation of two validators' log-lengths on the same question."""

    tokens_per_s: Rates = 70.0
    """Rate of writing, in tokens per second."""

    cost_per_token: Amounts = 0.0
    """Cost of one token written."""

    def law(self, n: int) -> LatencyLaw:
        """Return the law of the calls of `n` nodes.

        Raises `ScenarioError` if a list has not one value for each node.
        """
        verdict_tokens = self.tokens_median if self.verdict_tokens_median is None else self.verdict_tokens_median
        where = "validators.latency"
        return LatencyLaw(
            first_token_median_s=each_node(f"{where}.first_token_median_s", self.first_token_median_s, n),
            first_token_log_sd=each_node(f"{where}.first_token_log_sd", self.first_token_log_sd, n),
            tokens_median=each_node(f"{where}.tokens_median", self.tokens_median, n),
            tokens_log_sd=each_node(f"{where}.tokens_log_sd", self.tokens_log_sd, n),
            verdict_tokens_median=each_node(f"{where}.verdict_tokens_median", verdict_tokens, n),
            tokens_per_s=each_node(f"{where}.tokens_per_s", self.tokens_per_s, n),
            slow_share=self.slow_share,
            slow_factor=self.slow_factor,
            length_correlation=self.length_correlation,
            cost_per_token=each_node(f"{where}.cost_per_token", self.cost_per_token, n),
        )
