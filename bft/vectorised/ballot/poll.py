"""The ballots of some replications: what is cast, what is voted, what comes of it, and when.

Where every message arrives before anybody asks, and before time is up, what is voted depends on no time. Then all that
count hear the same votes, and what these come to is known before any delay is drawn; delays are drawn only where
the votes decide, for the times of decisions. Elsewhere everything is followed in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bft.network.draws import SENDS
from bft.randomness import TAPE_CHUNK, Floats, purpose_key
from bft.scenario import Scenario
from bft.validators import confidence, injection
from bft.validators.answers import MISSING, RIGHT
from bft.validators.composed import ComposedModel
from bft.vectorised import generators
from bft.vectorised.ballot import results
from bft.vectorised.ballot.calls import first_calls
from bft.vectorised.ballot.casting import Doubles, Verdicts, cast_codes, doubles_of, small
from bft.vectorised.ballot.confidences import Confidences
from bft.vectorised.ballot.counting import Votes, code_of, codes_of, numbered
from bft.vectorised.ballot.decisions import Decider, Decisions
from bft.vectorised.ballot.patience import Patience
from bft.vectorised.ballot.retransmission import Round, answered_sooner
from bft.vectorised.ballot.standings import completed
from bft.vectorised.ballot.voters import Voters
from bft.vectorised.ballots import Electorate
from bft.vectorised.batch import Batch
from bft.vectorised.broadcasts import Broadcasts
from bft.vectorised.delay_bounds import DelayBounds, longest_s
from bft.vectorised.losses import Losses
from bft.vectorised.streams import Flags, Ints, Streams
from bft.voting import Counting

SEND_DELAYS = "send delays"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What all replications of a scenario share."""

    scenario: Scenario
    """What is run."""
    electorate: Electorate
    """Its validators."""
    counting: Counting
    """Its rule."""
    patience: Patience
    """When nodes ask."""
    confidences: Confidences | None
    """What validators say of themselves, where that counts."""
    end_s: float
    """When runs end."""
    slowest_s: float
    """No message takes longer."""
    delay_bounds: DelayBounds | None
    """Bounds of delays, where they are faster than the law."""
    timing: bool
    """Whether times are wanted."""

    def quiet(self, voters: Voters) -> bool:
        """Return whether every message arrives before anybody asks, and before time is up, and nobody votes twice."""
        scenario, rounds = self.scenario, 2 if self.counting.judged else 1
        late_s = 0.0 if voters.late_s is None else float(voters.late_s.max())
        arrive_s = longest_s(scenario.network.delay, rounds) + rounds * late_s
        until_s = min(scenario.own.deadline_s, self.end_s)
        if self.timing:
            until_s = min(until_s, self.patience.first_s)
        return (
            arrive_s < until_s
            and not voters.twice.any()
            and scenario.network.loss == 0
            and getattr(scenario.validators, "timeouts", None) is None
            and getattr(scenario.validators, "latency", None) is None
            and (voters.gone_s is None or not self.counting.judged)
        )


class Poll:
    """The ballots of some replications.

    Parameters
    ----------
    shared : Shared
        What they share.
    voters : Voters
        Who is faulty, and how.
    streams : Streams
        Where all else comes from.
    replications : range
        Which ones.
    """

    def __init__(self, shared: Shared, voters: Voters, streams: Streams, replications: range) -> None:
        self._shared = shared
        self._scenario = shared.scenario
        self._counting = shared.counting
        self._voters = voters
        self._streams = streams
        self._replications = replications
        self._n = shared.scenario.n
        self._quiet = shared.quiet(voters)
        self._ballots = shared.electorate.ballots(voters.population(), streams, replications)
        self._codes = cast_codes(self._ballots, voters)
        self._doubles: Doubles | None = None
        if voters.twice.any():
            self._doubles = doubles_of(self._scenario.system, shared.electorate, self._ballots, voters)
        asks = ~(voters.lies | voters.colludes)
        self._waiting_s, fails = first_calls(shared.electorate.model, asks, streams, replications)
        if fails is not None:
            self._codes = np.where(fails, MISSING, self._codes)

    def run(self) -> Batch:
        """Return how all ends."""
        every = np.arange(len(self._replications))
        if not self._quiet:
            numbers = numbered(self._rows)
            return self._batch(self._followed(every, numbers, None), numbers)
        return self._without_waiting(every)

    # What is voted -------------------------------------------------------------------------------------------------

    def _votes(self, numbers: NDArray[Any], heard: Flags | None) -> Votes:
        """Return the votes, from the numbers of what is cast; all is heard, or what `heard` says."""
        answers = int(numbers.max(initial=0)) + 1
        if self._counting.judged:
            choice: NDArray[Any] = self._approved(numbers, answers, heard)
        else:
            choice = numbers[: self._n]
        return Votes(counting=self._counting, answers=answers, choice=choice, weight=self._stated())

    def _approved(self, numbers: NDArray[Any], answers: int, heard: Flags | None) -> NDArray[Any]:
        """Return the set of answers that each node accepts, shape (n, replications)."""
        obeys = self._obeys()
        written = self._codes if obeys is None else self._candidates(numbers, heard, self._voters.injects)
        verdicts = Verdicts(self._ballots, self._voters)
        accepted = np.ascontiguousarray(_as_sets(numbers)[: self._n].T)
        right = verdicts.right()
        for answer, code in enumerate(codes_of(numbers, self._rows, answers)):
            bit = accepted.dtype.type(1 << answer)
            there = np.flatnonzero(code == RIGHT)
            accepted[there] |= right[there] * bit
            given = np.flatnonzero(code > RIGHT)
            accepted[given] |= verdicts.wrong(given, code[given]) * bit
            if obeys is not None:
                accepted |= obeys * (written & bit)
        if heard is not None or len(numbers) > self._n:  # else every answer that somebody gave is a candidate
            accepted &= self._candidates(numbers, heard)
        return np.ascontiguousarray(accepted.T)

    def _obeys(self) -> Flags | None:
        """Return which judges obey an instruction in a text, where somebody writes one."""
        model = self._shared.electorate.model
        injected = model.injected if isinstance(model, ComposedModel) else None
        if injected is None or not self._voters.injects.any():
            return None
        drawn = self._streams.uniforms(injection.PURPOSE, (self._n,), self._replications)
        return np.asarray(drawn < np.array(injected))

    def _stated(self) -> NDArray[np.int64] | None:
        """Return what votes weigh where that is stated, shape (n, replications)."""
        if not self._counting.stated:
            return None
        unit, voters = self._counting.weights[0], self._voters
        if self._shared.confidences is None:
            weights = np.full(self._codes.shape, unit)
        else:
            drawn = self._streams.uniforms(confidence.PURPOSE, (self._n,), self._replications)
            weights = self._shared.confidences.weights(self._ballots.own == RIGHT, drawn, unit)
        if voters.confidence is not None:
            said = np.rint(unit * voters.confidence)
            np.copyto(weights, said, where=voters.lies | voters.colludes, casting="unsafe")
        np.copyto(weights, unit, where=voters.twice)
        return np.ascontiguousarray(weights.T)

    # Where no time matters -----------------------------------------------------------------------------------------

    def _without_waiting(self, every: Ints) -> Batch:
        """Return how all ends where no time matters."""
        scenario, speaks = self._scenario, self._voters.speaks
        numbers = numbered(self._rows)
        votes = self._votes(numbers, None)
        decided, impossible, final, leads = completed(speaks.T, votes)
        deadline_s = np.full(len(every), scenario.own.deadline_s)
        if self._counting.judged:
            deadline_s[~speaks.all(axis=1)] += scenario.own.deadline_s
        late = final & ~decided & ~impossible & (deadline_s <= self._shared.end_s)
        if not self._shared.timing:
            return results.untimed(self._replications, decided | late, self._voters, self._right(numbers, leads))
        found = Decisions(
            decided_s=np.where((late[:, None]) & speaks, deadline_s[:, None], inf),
            proved=np.zeros(speaks.shape, dtype=np.bool_),
            answer=np.broadcast_to(leads[:, None], speaks.shape).copy(),
            impossible_s=np.full(speaks.shape, inf),
            unsure=np.zeros(len(every), dtype=np.bool_),
        )
        if decided.any():
            part = np.flatnonzero(decided)
            found.put(part, self._followed(part, numbers, votes))
        return self._batch(found, numbers)

    # In time -------------------------------------------------------------------------------------------------------

    def _followed(self, part: Ints, numbers: NDArray[Any], votes: Votes | None) -> Decisions:
        """Follow some replications in time; `numbers` are those of all answers, `votes` where they are known before."""
        scenario, shared = self._scenario, self._shared
        voters = self._voters.part(part)
        broadcasts = Broadcasts.drawn(
            self._streams, scenario.network.delay, self._n, self._replications, 0, shared.delay_bounds
        )
        losses = None
        if scenario.network.loss > 0:
            losses = Losses(scenario, self._streams, self._replications, 0)
        decider = Decider(
            end_s=shared.end_s,
            patience=shared.patience,
            broadcasts=broadcasts,
            delay_bounds=shared.delay_bounds,
            losses=losses,
            which=part,
            voters=voters,
        )
        doubles = self._doubles
        cast_s = self._ready_s()[part]
        heard_s = decider.heard_s(cast_s, shared.patience.before(cast_s))
        self._tell_twice(heard_s, 0)
        deadline_s = np.full(cast_s.shape, scenario.own.deadline_s)
        rounds, unsure = [], np.zeros(len(part), dtype=np.bool_)
        if not self._quiet:
            unsure |= shared.patience.at(cast_s).any(axis=1)
        due_s, earlier = cast_s, np.zeros(cast_s.shape, dtype=np.intp)
        if self._counting.judged:
            all_s = heard_s.max(axis=0)
            late = all_s > deadline_s
            due_s = np.where(voters.speaks, np.minimum(all_s, deadline_s), inf)
            unsure |= (voters.speaks & (all_s == deadline_s)).any(axis=1)
            unsure |= (late & (heard_s == deadline_s).any(axis=0)).any(axis=1)
            if not self._quiet:
                unsure |= (shared.patience.at(due_s) & (due_s != scenario.own.deadline_s)).any(axis=1)
            if votes is None:
                votes = self._votes(numbers, heard_s <= due_s)
            rounds.append(Round(said_s=cast_s, heard_s=heard_s, until_s=due_s.copy()))
            if voters.gone_s is not None:
                unsure |= ((due_s == voters.gone_s) & (due_s < inf)).any(axis=1)
                due_s[due_s >= voters.gone_s] = inf
            deadline_s = np.where(late, deadline_s + scenario.own.deadline_s, deadline_s)
            earlier = (cast_s < inf).astype(np.intp)
            heard_s = decider.heard_s(due_s, earlier + shared.patience.before(due_s))
            self._tell_twice(heard_s, 1)
            if (late & shared.patience.at(deadline_s)).any():
                unsure |= (late & shared.patience.at(deadline_s)).any(axis=1)
        votes = self._votes(numbers, None) if votes is None else votes.part(part)
        if doubles is not None:
            votes = self._towards_each(votes, numbers)
        found = decider.decisions(due_s, heard_s, earlier, deadline_s, votes)
        found.unsure |= unsure
        if (voters.speaks & (found.decided_s > shared.patience.first_s)).any():
            rounds.append(Round(said_s=due_s, heard_s=heard_s, until_s=found.decided_s))
            indifferent = (~voters.speaks | (found.impossible_s < deadline_s)).all(axis=1) & ~voters.twice.any(axis=1)
            found.unsure |= answered_sooner(
                shared.patience,
                broadcasts,
                part,
                voters,
                rounds,
                found,
                indifferent=np.asarray(indifferent),
                slowest_s=shared.slowest_s,
            )
        return found

    def _ready_s(self) -> Floats:
        """Return when validators have answered, shape (replications, n); infinity for never."""
        ready_s = np.where(self._voters.speaks, self._waiting_s, inf)
        if self._voters.gone_s is not None:
            ready_s[ready_s >= self._voters.gone_s] = inf
        return ready_s

    @cached_property
    def _rows(self) -> NDArray[Any]:
        """All codes that are cast, a row for each voter, and where some vote twice one for each group too."""
        if self._doubles is None:
            return small(self._codes.T)
        twice = np.where(self._voters.twice, self._doubles.codes, MISSING)
        return np.concatenate([self._codes.T, twice[0].T, twice[1].T])

    def _candidates(self, numbers: NDArray[Any], heard: Flags | None, by: Flags | None = None) -> NDArray[Any]:
        """Return the set of answers that each node has heard of, or has from some, shape (replications, n)."""
        sets = _as_sets(numbers)
        if by is not None:
            sets[: self._n] *= by.T
            sets[self._n :] = 0
        if heard is None:
            together = np.bitwise_or.reduce(sets[: self._n], axis=0)
            return np.broadcast_to(together[:, None], self._codes.shape)
        found = np.zeros(self._codes.shape, dtype=sets.dtype)
        for voter in range(self._n):
            said = self._said_to_each(sets, voter)
            found |= np.where(heard[voter], said, 0)
        return found

    def _said_to_each(self, said: NDArray[Any], voter: int) -> NDArray[Any]:
        """Return what a voter says to each node, shape (replications, n), or (replications, 1) if the same to all."""
        n, all_alike = self._n, np.asarray(said[voter][:, None])
        if self._doubles is None:
            return all_alike
        towards = np.where(self._doubles.group == 0, said[n + voter][:, None], said[2 * n + voter][:, None])
        return np.asarray(np.where(self._voters.twice[:, voter][:, None], towards, all_alike))

    def _towards_each(self, votes: Votes, numbers: NDArray[Any]) -> Votes:
        """Return the votes as each node hears them: a ballot for each node of each replication."""
        assert self._doubles is not None
        n, replications = self._n, len(self._codes)
        said = np.concatenate([votes.choice, (_as_sets(numbers) if self._counting.judged else numbers)[n:]])
        each = [np.broadcast_to(self._said_to_each(said, voter), (replications, n)).reshape(-1) for voter in range(n)]
        return Votes(
            counting=votes.counting,
            answers=votes.answers,
            choice=np.stack(each),
            weight=None if votes.weight is None else np.repeat(votes.weight, n, axis=1),
        )

    def _tell_twice(self, heard_s: Floats, message: int) -> None:
        """Let those that vote twice tell each honest node, a cast and an approval one after the other, at the start."""
        if self._doubles is None:
            return
        told = self._voters.twice[:, :, None] & (self._doubles.group >= 0)[:, None, :]
        ballot, voter, node = np.nonzero(told)
        if not len(ballot):
            return
        draw = 2 * self._doubles.place[ballot, node] + message
        first = self._streams.uniforms(SEND_DELAYS, (self._n, SENDS), self._replications)
        drawn = first[ballot, voter, np.minimum(draw, SENDS - 1)]
        later = np.flatnonzero(draw >= SENDS)
        if len(later):
            chunk, place = np.divmod(draw[later] - SENDS, TAPE_CHUNK)
            address = (self._replications.start + ballot[later], voter[later], chunk)
            prefix = (purpose_key(SEND_DELAYS), 1)
            drawn[later] = generators.uniforms(self._streams.randomness.seed, prefix, address, place, 1)[:, 0]
        heard_s[voter, ballot, node] = self._scenario.network.delay.sample(drawn)

    def _batch(self, found: Decisions, numbers: NDArray[Any]) -> Batch:
        """Sum up."""
        right = self._right(numbers, results.leading(found, self._voters))
        return results.timed(self._replications, found, self._voters, self._scenario.system, right)

    def _right(self, numbers: NDArray[Any], answer: Ints) -> Flags:
        """Return where an answer is right, by its number."""
        return np.asarray(code_of(numbers, self._rows, answer.astype(numbers.dtype)) == RIGHT)


def _as_sets(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return each answer as the set of it alone, and no answer as the empty set: a bit for each, in few bytes."""
    alone = 1 << np.arange(-1, int(numbers.max(initial=0)) + 1).clip(0)
    alone[0] = 0
    return alone.astype(np.int16 if alone[-1] < 1 << 15 else np.int64).take(numbers + 1)
