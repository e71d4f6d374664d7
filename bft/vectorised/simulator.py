"""Many replications of a scenario at once, with the same outcomes and times as the event engine gives one by one."""

from __future__ import annotations

from typing import Protocol

from bft.errors import ScenarioError, UnsupportedError, bad_value
from bft.randomness import Randomness
from bft.scenario import Scenario
from bft.vectorised.batch import Batch
from bft.vectorised.companions import companion
from bft.vectorised.streams import Flags, Streams
from bft.vectorised.support import supported


class Engine(Protocol):
    """What a protocol's companion in `bft.vectorised.protocols` makes of a supported scenario, streams and timing."""

    def run(self, replications: range) -> Batch:
        """Run successive replications."""

    def outcomes(self, faulty: Flags, replications: range, streams: Streams | None = None) -> Batch:
        """Return what becomes of replications whose faulty nodes are given."""


class VectorisedSimulator:
    """Runs replications of one scenario, many at once.

    Parameters
    ----------
    scenario : Scenario
        What to run; see `supported`.
    seed : int
        0 or more; the same seed gives the same runs as `bft.Simulator`.
    timing : bool
        Whether to find the times of decisions; outcomes alone are much faster.

    Raises
    ------
    UnsupportedError
        If the scenario is one that this engine cannot honour; the message names the field.

    Examples
    --------
    >>> batch = VectorisedSimulator(Scenario(n=4), seed=7).run(range(3))
    >>> [batch.outcome(place).value for place in range(3)]
    ['agreed_correct', 'agreed_correct', 'agreed_correct']
    """

    def __init__(self, scenario: Scenario, seed: int | str, *, timing: bool = True) -> None:
        reason = supported(scenario, timing=timing)
        if reason is not None:
            raise UnsupportedError(reason)
        self.scenario = scenario
        self.timing = timing
        self._engine: Engine = companion(scenario.protocol).simulator(
            scenario, Streams(Randomness(seed)), timing=timing
        )

    def run(self, replications: range) -> Batch:
        """Run successive replications.

        Raises
        ------
        ScenarioError
            If there are none, the range has a step, starts below 0, or ends above 2³².
        """
        if not replications or replications.step != 1 or not 0 <= replications.start < replications.stop <= 1 << 32:
            wanted = "must be successive numbers, 0 or more and below 2³²"
            raise ScenarioError(bad_value("replications", replications, wanted))
        return self._engine.run(replications)

    def outcomes(self, faulty: Flags, replications: range, streams: Streams | None = None) -> Batch:
        """Return outcomes where the faulty nodes are given, and all else is drawn as in `run`.

        Parameters
        ----------
        faulty : ndarray of bool, shape (replications, n)
            Who is faulty.
        replications : range
            Whose behaviours, answers and verdicts are taken.
        streams : Streams, optional
            Where these come from; by default from the engine's seed.
        """
        return self._engine.outcomes(faulty, replications, streams)
