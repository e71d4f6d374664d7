"""Many replications of a ballot at once, with the same outcomes and times as the event engine gives one by one."""

from __future__ import annotations

from bft.scenario import Scenario
from bft.validators.composed import ComposedModel
from bft.validators.rule_settings import QuorumRule
from bft.vectorised.ballot.confidences import Confidences
from bft.vectorised.ballot.patience import Patience
from bft.vectorised.ballot.poll import Poll, Shared
from bft.vectorised.ballot.voters import voters_of
from bft.vectorised.ballots import Electorate
from bft.vectorised.batch import Batch, joined
from bft.vectorised.delay_bounds import DelayBounds, slowest_s
from bft.vectorised.population import draw_faulty
from bft.vectorised.streams import Flags, Streams
from bft.vectorised.timing import PLAIN
from bft.voting import counting_of

TIMED_PAIRS = 1 << 17  # arrivals of one broadcast of every node that are held together
UNTIMED_NODES = 1 << 17


class BallotSimulator:
    """Runs replications of one ballot, many at once; see `bft.vectorised.VectorisedSimulator`."""

    def __init__(self, scenario: Scenario, streams: Streams, *, timing: bool) -> None:
        self.scenario = scenario
        self._streams = streams
        self._timing = timing
        electorate = Electorate(scenario)
        settings = scenario.rule or QuorumRule()
        rule = settings.rule(scenario.system, electorate.model, streams.randomness)
        counting = counting_of(rule, scenario.n)
        assert counting is not None, "other rules are refused"
        law, model = scenario.network.delay, electorate.model
        said = model.confidence if isinstance(model, ComposedModel) and counting.stated else None
        self._shared = Shared(
            scenario=scenario,
            electorate=electorate,
            counting=counting,
            patience=Patience(scenario),
            confidences=None if said is None else Confidences(said),
            end_s=scenario.end_s,
            slowest_s=slowest_s(law),
            delay_bounds=None if not timing or isinstance(law, PLAIN) else DelayBounds(law),
            timing=timing,
        )

    def run(self, replications: range) -> Batch:
        """Run successive replications."""
        n = self.scenario.n
        size = max(1, TIMED_PAIRS // n**2 if self._timing else UNTIMED_NODES // n)
        starts = range(replications.start, replications.stop, size)
        return joined([self._run(range(first, min(first + size, replications.stop))) for first in starts])

    def _run(self, replications: range) -> Batch:
        faults, n = self.scenario.faults, self.scenario.n
        return self.outcomes(draw_faulty(faults, n, self._streams, replications), replications)

    def outcomes(self, faulty: Flags, replications: range, streams: Streams | None = None) -> Batch:
        """Return what becomes of replications whose faulty nodes are given."""
        streams = streams or self._streams
        voters = voters_of(self.scenario.faults, self.scenario.n, faulty, streams, replications)
        return Poll(self._shared, voters, streams, replications).run()
