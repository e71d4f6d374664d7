"""When and what every node of a ballot decides: by its own count, at the deadline, or by another's proof.

1. Everybody casts when its validator has answered; where answers are judged, everybody votes on the candidates once it
   has heard all, or time is up.
2. Each node counts what it hears (`standings`). At the deadline those who have not voted abstain.
3. Whoever decides before that broadcasts the proof, which others follow if they know nothing yet.

Causes come before effects, so what nobody can know beforehand is found by repetition: who decides before its own vote
is due does not vote, and a proof may bring others to decide and prove. Each round settles at least the next in time.

Two things at one node at the very same time are not followed where their order matters; such replications are marked,
and left to the event engine. What is hopeless is marked only where somebody might still decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from bft.randomness import Floats
from bft.vectorised.broadcasts import Broadcasts
from bft.vectorised.delay_bounds import DelayBounds, below
from bft.vectorised.losses import Losses
from bft.vectorised.polling.counting import Votes
from bft.vectorised.polling.patience import Patience
from bft.vectorised.polling.standings import standings, tally
from bft.vectorised.polling.voters import Voters
from bft.vectorised.streams import Flags, Ints


@dataclass(slots=True, kw_only=True)
class Decisions:
    """What every node decides; arrays have shape (replications, n).

    Attributes
    ----------
    decided_s : ndarray
        When; infinity for never.
    proved : ndarray of bool
        Whether it can prove it.
    answer : ndarray of int
        The number of the answer; meaningless where nothing is decided.
    hopeless_s : ndarray
        When it knew by itself that nothing can be decided.
    unsure : ndarray of bool, shape (replications,)
        Where the event engine has to be asked.
    """

    decided_s: Floats
    proved: Flags
    answer: Ints
    hopeless_s: Floats
    unsure: Flags

    def put(self, chosen: Ints, other: Decisions) -> None:
        """Replace some of the replications."""
        for name in ("decided_s", "proved", "answer", "hopeless_s", "unsure"):
            getattr(self, name)[chosen] = getattr(other, name)


class Decider:
    """Decides the ballots of some replications.

    Parameters
    ----------
    end_s : float
        When the run ends.
    patience : Patience
        When nodes ask.
    broadcasts : Broadcasts
        Delays.
    delay_bounds : DelayBounds or None
        Bounds of delays, or None where the law is as fast.
    losses : Losses or None
        What is lost.
    which : ndarray of int, shape (replications,)
        Positions of the replications.
    voters : Voters
        Of these replications.
    """

    def __init__(
        self,
        *,
        end_s: float,
        patience: Patience,
        broadcasts: Broadcasts,
        delay_bounds: DelayBounds | None,
        losses: Losses | None,
        which: Ints,
        voters: Voters,
    ) -> None:
        self._end_s = end_s
        self._patience = patience
        self._broadcasts = broadcasts
        self._delay_bounds = delay_bounds
        self._losses = losses
        self._which = which
        self._voters = voters
        self._n = voters.faulty.shape[1]

    def heard_s(self, at_s: Floats, row: Ints) -> Floats:
        """Return when one broadcast of every node is heard, shape (sender, replications, recipient).

        Parameters
        ----------
        at_s : ndarray, shape (replications, n)
            When each node speaks, and hears itself; infinity for never.
        row : ndarray of int, shape (replications, n)
            The number of the broadcast.
        """
        late_s = self._voters.late_s
        sent_s = at_s if late_s is None else at_s + late_s
        uniforms = self._broadcasts.of_all(self._which, row, at_s < inf)
        heard_s = self._broadcasts.law.sample(uniforms)
        heard_s += sent_s.T[:, :, None]
        if self._losses is not None:
            heard_s.transpose(1, 2, 0)[self._losses.lost(self._which, row)] = inf
        nodes = np.arange(self._n)
        heard_s[nodes, :, nodes] = at_s.T
        return heard_s

    def decisions(self, due_s: Floats, heard_s: Floats, earlier: Ints, deadline_s: Floats, votes: Votes) -> Decisions:
        """Return what everybody decides.

        Parameters
        ----------
        due_s : ndarray, shape (replications, n)
            When each node votes unless it has decided, or knows that nothing can be; infinity for never. Changed: who
            does not vote after all never does.
        heard_s : ndarray, shape (sender, replications, recipient)
            When these votes are heard; changed in the same way.
        earlier : ndarray of int, shape (replications, n)
            How many broadcasts each node makes before its vote, its questions not counted.
        deadline_s : ndarray, shape (replications, n)
            When the missing count as abstentions.
        votes : Votes
            What is voted; a ballot for each replication, or for each node of each.
        """
        every = np.arange(len(due_s))
        silent = np.zeros(due_s.shape, dtype=np.bool_)
        found = self._counted(every, heard_s, np.where(silent, inf, due_s), earlier, deadline_s, votes)
        todo = every
        for _ in range(self._n + 2):
            before, silent[todo] = silent[todo], self._silent(found, due_s)[todo]
            todo = todo[(before != silent[todo]).any(axis=1)]
            if not len(todo):
                break
            heard = heard_s[:, todo]
            heard[silent[todo].T] = inf
            said_s = np.where(silent[todo], inf, due_s[todo])
            found.put(todo, self._counted(todo, heard, said_s, earlier[todo], deadline_s[todo], votes))
        found.unsure[todo] = True
        self._abstentions(found, due_s, heard_s, deadline_s)
        self._ties(found, due_s, heard_s, deadline_s)
        heard_s[silent.T] = inf
        due_s[silent] = inf
        return found

    def _silent(self, found: Decisions, due_s: Floats) -> Flags:
        """Return who does not vote after all."""
        return np.minimum(found.decided_s, found.hopeless_s) < due_s

    def _counted(
        self, part: Ints, heard_s: Floats, said_s: Floats, earlier: Ints, deadline_s: Floats, votes: Votes
    ) -> Decisions:
        """Return what some replications decide if these votes are heard."""
        n, speaks = self._n, self._voters.speaks[part]
        columns = heard_s.reshape(n, -1)
        ballot = np.repeat(part, n)
        if votes.choice.shape[1] != len(self._which):
            ballot = (part[:, None] * n + np.arange(n)).reshape(-1)
        count = standings(columns, votes, ballot)
        decided_s, hopeless_s = count.decided_s.reshape(speaks.shape), count.hopeless_s.reshape(speaks.shape)
        answer = count.answer.reshape(speaks.shape)
        unsure = np.zeros(len(part), dtype=np.bool_)
        proved = np.ones(speaks.shape, dtype=np.bool_)
        decided_s[~speaks] = hopeless_s[~speaks] = inf
        waits = speaks & (np.minimum(decided_s, hopeless_s) >= deadline_s) & (deadline_s <= self._end_s)
        if waits.any():
            chosen = np.flatnonzero(waits.reshape(-1))
            until_s = deadline_s.reshape(-1)[chosen]
            heard = columns[:, chosen]
            unsure[chosen[(heard == until_s).any(axis=0)] // n] = True
            enough, leads = tally(heard < until_s, votes, ballot[chosen])
            chosen = chosen[enough]
            for array, value in ((decided_s, until_s[enough]), (proved, False), (answer, leads[enough])):
                array.reshape(-1)[chosen] = value
        if self._voters.gone_s is not None:
            gone_s = self._voters.gone_s[part]
            unsure |= ((np.minimum(decided_s, hopeless_s) == gone_s) & (gone_s < inf)).any(axis=1)
            decided_s[decided_s >= gone_s] = inf
            hopeless_s[hopeless_s >= gone_s] = inf
        decided_s[decided_s > self._end_s] = inf
        found = Decisions(decided_s=decided_s, proved=proved, answer=answer, hopeless_s=hopeless_s, unsure=unsure)
        self._prove(part, found, said_s, earlier)
        return found

    def _prove(self, part: Ints, found: Decisions, said_s: Floats, earlier: Ints) -> None:
        """Let those who decide tell others, until nobody learns anything sooner."""
        counted_s, own, leads = found.decided_s.copy(), found.proved.copy(), found.answer.copy()
        speaks = self._voters.speaks[part]
        gone_s = None if self._voters.gone_s is None else self._voters.gone_s[part]
        patient = self._patience.first_s
        listening_s = np.where(speaks, np.minimum(counted_s, np.nextafter(self._end_s, inf)), -inf)
        if gone_s is not None:
            listening_s = np.minimum(listening_s, gone_s)
        latest_s = listening_s.max(axis=1, initial=-inf)
        todo = np.ones(len(part), dtype=np.bool_)
        for _ in range(self._n + 2):
            sent_s = found.decided_s if self._voters.late_s is None else found.decided_s + self._voters.late_s[part]
            ballot, sender = np.nonzero(todo[:, None] & found.proved & speaks & (sent_s < latest_s[:, None]))
            if not len(ballot):
                break
            at_s, leaves_s = found.decided_s[ballot, sender], sent_s[ballot, sender]
            row = earlier[ballot, sender] + (said_s[ballot, sender] <= at_s)
            asked = at_s > patient
            if asked.any():
                row[asked] += self._patience.before(at_s[asked])
            uniforms = self._broadcasts.uniforms(self._which[part[ballot]], sender, row)
            target_s = listening_s[ballot]
            sooner = self._lower(uniforms, leaves_s) <= target_s
            sooner[np.arange(len(sender)), sender] = False
            if self._losses is not None:
                sooner &= ~self._losses.copies(self._which[part[ballot]], sender, row)
            message, node = np.nonzero(sooner)
            arrives_s = self._broadcasts.law.sample(uniforms[message, node])
            arrives_s += leaves_s[message]
            early = arrives_s < target_s[message, node]
            told = found.answer[ballot, sender]
            tied = (arrives_s == target_s[message, node]) & (told[message] != leads[ballot[message], node])
            found.unsure[ballot[message[tied]]] = True
            message, node, arrives_s = message[early], node[early], arrives_s[early]
            decided_s, proved, answer = counted_s.copy(), own.copy(), leads.copy()
            order = np.argsort(-arrives_s, kind="stable")  # of several the soonest is written last
            message, node, arrives_s = message[order], node[order], arrives_s[order]
            to, told = ballot[message], told[message]
            decided_s[to, node], proved[to, node], answer[to, node] = arrives_s, True, told
            tied = (decided_s[to, node] == arrives_s) & (answer[to, node] != told)
            found.unsure[to[tied]] = True
            same = (decided_s == found.decided_s) & (answer == found.answer) & (proved == found.proved)
            todo &= ~same.all(axis=1)
            still = np.flatnonzero(todo)
            found.decided_s[still], found.proved[still] = decided_s[still], proved[still]
            found.answer[still] = answer[still]
            if not len(still):
                break
        else:
            found.unsure |= todo

    def _lower(self, uniforms: Floats, sent_s: Floats) -> Floats:
        """Return lower bounds of arrivals, shape (broadcasts, n)."""
        if self._delay_bounds is None:
            arrives_s = self._broadcasts.law.sample(uniforms)
            arrives_s += sent_s[:, None]
            return arrives_s
        cells = (uniforms * len(self._delay_bounds.lower)).astype(np.intp)
        return np.asarray(self._delay_bounds.lower.take(cells, mode="wrap") + below(sent_s)[:, None])

    def _abstentions(self, found: Decisions, due_s: Floats, heard_s: Floats, deadline_s: Floats) -> None:
        """Those who know that nothing can be decided abstain instead of voting, and with them all that hear it.

        Where everybody hears in time what the first of them had heard, nothing is decided. Else it is not followed.
        """
        gives_up = (found.hopeless_s < due_s) & (found.decided_s >= found.hopeless_s)
        gives_up &= due_s < inf
        some = np.flatnonzero(gives_up.any(axis=1))
        if not len(some):
            return
        speaks = self._voters.speaks[some]
        first_s = found.hopeless_s[some].min(axis=1)
        known = (due_s[some] <= first_s[:, None]).T
        latest_s = np.where(known[:, :, None], heard_s[:, some], -inf).max(axis=0)
        in_time = (~speaks | (latest_s < deadline_s[some])).all(axis=1)
        in_time &= ~self._voters.twice[some].any(axis=1)
        in_time &= ~((found.decided_s[some] < inf) & found.proved[some]).any(axis=1)
        found.unsure[some[~in_time]] = True
        found.decided_s[some[in_time]] = inf

    def _ties(self, found: Decisions, due_s: Floats, heard_s: Floats, deadline_s: Floats) -> None:
        """Mark where two things at one node happen at the same time."""
        happens = found.decided_s < inf
        tied = happens & found.proved & (found.decided_s == deadline_s)
        late = happens & (found.decided_s >= self._patience.first_s)
        if late.any():
            tied |= late & found.proved & self._patience.at(found.decided_s)
        own = happens & (found.decided_s == due_s)
        ballot, node = np.nonzero(own & ((due_s > 0.0) | (heard_s.shape[0] == 1)))
        if len(ballot):
            same = heard_s[:, ballot, node] == due_s[ballot, node]
            same[node, np.arange(len(node))] = False
            tied[ballot, node] |= same.any(axis=0)
        found.unsure |= tied.any(axis=1)
