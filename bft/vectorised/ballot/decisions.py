"""When and what every node of a ballot decides: by its own count, at the deadline, or by another's proof.

1. Everybody casts when its validator has answered; where answers are judged, everybody votes on the candidates once it
   has heard all, or time is up.
2. Each node counts what it hears (`standings`). At the deadline those who have not voted abstain.
3. Whoever decides before that broadcasts the proof, which others follow if they know nothing yet.

Causes come before effects, so what nobody can know beforehand is found by repetition: who decides before its own vote
is due does not vote, and a proof may bring others to decide and prove. Each round settles at least the next in time.

Two things at one node at the very same time are not followed where their order matters; such replications are marked,
and left to the event engine. That nothing can be decided is marked only where somebody might still decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np

from bft.randomness import Floats
from bft.vectorised.ballot.counting import Votes
from bft.vectorised.ballot.patience import Patience
from bft.vectorised.ballot.standings import standings, tally
from bft.vectorised.ballot.voters import Voters
from bft.vectorised.broadcasts import Broadcasts
from bft.vectorised.delay_bounds import DelayBounds, below
from bft.vectorised.losses import Losses
from bft.vectorised.streams import Flags, Ints


@dataclass(slots=True, kw_only=True)
class Decisions:
    """What every node decides; arrays have shape (replications, n)."""

    decided_s: Floats
    """When; infinity for never."""
    proved: Flags
    """Whether it can prove it."""
    answer: Ints
    """The number of the answer; meaningless where nothing is decided."""
    impossible_s: Floats
    """When it knew by itself that nothing can be decided."""
    unsure: Flags
    """Where the event engine has to be asked; shape (replications,)."""

    def put(self, chosen: Ints, other: Decisions) -> None:
        """Replace some of the replications."""
        for name in ("decided_s", "proved", "answer", "impossible_s", "unsure"):
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
            changed = silent != self._silent(found, due_s)
            if not changed.any():
                todo = every[:0]
                break
            silent ^= changed
            todo = np.flatnonzero(changed.any(axis=1))
            heard = heard_s[:, todo]
            heard[silent[todo].T] = inf
            said_s = np.where(silent[todo], inf, due_s[todo])
            found.put(todo, self._counted(todo, heard, said_s, earlier[todo], deadline_s[todo], votes))
        found.unsure[todo] = True
        self._abstentions(found, due_s, heard_s, deadline_s)
        self._ties(found, due_s, heard_s, deadline_s)
        if silent.any():
            heard_s[silent.T] = inf
            due_s[silent] = inf
        return found

    def _silent(self, found: Decisions, due_s: Floats) -> Flags:
        """Return who does not vote after all."""
        return np.minimum(found.decided_s, found.impossible_s) < due_s

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
        decided_s, impossible_s = count.decided_s.reshape(speaks.shape), count.impossible_s.reshape(speaks.shape)
        answer = count.answer.reshape(speaks.shape)
        unsure = np.zeros(len(part), dtype=np.bool_)
        proved = np.ones(speaks.shape, dtype=np.bool_)
        decided_s[~speaks] = impossible_s[~speaks] = inf
        waits = speaks & (np.minimum(decided_s, impossible_s) >= deadline_s) & (deadline_s <= self._end_s)
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
            unsure |= ((np.minimum(decided_s, impossible_s) == gone_s) & (gone_s < inf)).any(axis=1)
            decided_s[decided_s >= gone_s] = inf
            impossible_s[impossible_s >= gone_s] = inf
        decided_s[decided_s > self._end_s] = inf
        found = Decisions(decided_s=decided_s, proved=proved, answer=answer, impossible_s=impossible_s, unsure=unsure)
        self._prove(part, found, said_s, earlier)
        return found

    def _prove(self, part: Ints, found: Decisions, said_s: Floats, earlier: Ints) -> None:
        """Let those who decide tell others, until nobody learns anything sooner."""
        counted_s, own, leads = found.decided_s.copy(), found.proved.copy(), found.answer.copy()
        listening_s = np.where(self._voters.speaks[part], counted_s, -inf)
        np.minimum(listening_s, np.nextafter(self._end_s, inf), out=listening_s)
        if self._voters.gone_s is not None:
            np.minimum(listening_s, self._voters.gone_s[part], out=listening_s)
        todo = np.arange(len(part))
        for _ in range(self._n + 2):
            ballot, sender, node, arrives_s = self._sooner(part, todo, found, said_s, earlier, listening_s)
            until_s, told = listening_s[ballot, node], found.answer[ballot, sender]
            tied = (arrives_s == until_s) & (told != leads[ballot, node])
            found.unsure[ballot[tied]] = True
            order = np.argsort(-arrives_s, kind="stable")  # of several the soonest is written last
            order = order[arrives_s[order] < until_s[order]]
            ballot, node, arrives_s, told = ballot[order], node[order], arrives_s[order], told[order]
            before_s, before = found.decided_s[todo], found.answer[todo]
            for array, value in ((found.decided_s, counted_s), (found.proved, own), (found.answer, leads)):
                array[todo] = value[todo]
            found.decided_s[ballot, node], found.proved[ballot, node] = arrives_s, True
            found.answer[ballot, node] = told
            tied = (found.decided_s[ballot, node] == arrives_s) & (found.answer[ballot, node] != told)
            found.unsure[ballot[tied]] = True
            todo = todo[((before_s != found.decided_s[todo]) | (before != found.answer[todo])).any(axis=1)]
            if not len(todo):
                return
        found.unsure[todo] = True

    def _sooner(
        self, part: Ints, todo: Ints, found: Decisions, said_s: Floats, earlier: Ints, listening_s: Floats
    ) -> tuple[Ints, Ints, Ints, Floats]:
        """Return the proofs that may arrive in time: whose ballot, sender, recipient, and when each arrives."""
        decided_s, voters = found.decided_s[todo], self._voters
        sent_s = decided_s if voters.late_s is None else decided_s + voters.late_s[part[todo]]
        until_s = listening_s[todo]
        sends = found.proved[todo] & voters.speaks[part[todo]] & (sent_s < until_s.max(axis=1)[:, None])
        row = earlier[todo] + (said_s[todo] <= decided_s)
        asked = sends & (decided_s > self._patience.first_s)
        if asked.any():
            row[asked] += self._patience.before(decided_s[asked])
        rows = row[sends]
        if self._losses is None and len(rows) and (rows == rows[0]).all():
            uniforms = self._broadcasts.of_row(self._which[part[todo]], int(rows[0]))
            sent_s = np.where(sends, sent_s, inf)
            place, sender, node = np.nonzero(self._lower(uniforms, sent_s) <= until_s[:, None, :])
            other = sender != node
            place, sender, node = place[other], sender[other], node[other]
            arrives_s = self._broadcasts.law.sample(uniforms[place, sender, node])
            arrives_s += sent_s[place, sender]
            return todo[place], sender, node, arrives_s
        place, sender = np.nonzero(sends)
        row, leaves_s = row[place, sender], sent_s[place, sender]
        which = self._which[part[todo[place]]]
        uniforms = self._broadcasts.uniforms(which, sender, row)
        sooner = self._lower(uniforms, leaves_s) <= until_s[place]
        sooner[np.arange(len(sender)), sender] = False
        if self._losses is not None:
            sooner &= ~self._losses.copies(which, sender, row)
        message, node = np.nonzero(sooner)
        arrives_s = self._broadcasts.law.sample(uniforms[message, node])
        arrives_s += leaves_s[message]
        return todo[place[message]], sender[message], node, arrives_s

    def _lower(self, uniforms: Floats, sent_s: Floats) -> Floats:
        """Return lower bounds of arrivals of broadcasts, in the shape of their uniforms."""
        if self._delay_bounds is None:
            arrives_s = self._broadcasts.law.sample(uniforms)
            arrives_s += sent_s[..., None]
            return arrives_s
        cells = np.empty(uniforms.shape, dtype=np.intp)
        np.multiply(uniforms, len(self._delay_bounds.lower), out=cells, casting="unsafe")
        bounds = self._delay_bounds.lower.take(cells, mode="wrap")
        bounds += below(sent_s)[..., None]
        return np.asarray(bounds)

    def _abstentions(self, found: Decisions, due_s: Floats, heard_s: Floats, deadline_s: Floats) -> None:
        """Those who know that nothing can be decided abstain instead of voting, and with them all that hear it.

        Where everybody hears in time what the first of them had heard, nothing is decided. Else it is not followed.
        """
        gives_up = (found.impossible_s < due_s) & (found.decided_s >= found.impossible_s)
        gives_up &= due_s < inf
        if not gives_up.any():
            return
        some = np.flatnonzero(gives_up.any(axis=1))
        speaks = self._voters.speaks[some]
        first_s = found.impossible_s[some].min(axis=1)
        known = (due_s[some] <= first_s[:, None]).T
        latest_s = np.where(known[:, :, None], heard_s[:, some], -inf).max(axis=0)
        in_time = (~speaks | (latest_s < deadline_s[some])).all(axis=1)
        in_time &= ~self._voters.twice[some].any(axis=1)
        in_time &= ~((found.decided_s[some] < inf) & found.proved[some]).any(axis=1)
        found.unsure[some[~in_time]] = True
        found.decided_s[some[in_time]] = inf

    def _ties(self, found: Decisions, due_s: Floats, heard_s: Floats, deadline_s: Floats) -> None:
        """Mark where two things at one node happen at the same time.

        At time 0 a node's own vote comes first, unless somebody votes twice: where answers are judged it votes with its
        answers, and its two votes come in an order of their own.
        """
        happens = found.decided_s < inf
        tied = happens & found.proved & (found.decided_s == deadline_s)
        late = happens & (found.decided_s >= self._patience.first_s)
        if late.any():
            tied |= late & found.proved & self._patience.at(found.decided_s)
        own = (happens & (found.decided_s == due_s)) | ((found.impossible_s == due_s) & (due_s < inf))
        any_order = (due_s > 0.0) | (heard_s.shape[0] == 1) | self._voters.twice.any(axis=1, keepdims=True)
        ballot, node = np.nonzero(own & any_order)
        if len(ballot):
            same = heard_s[:, ballot, node] == due_s[ballot, node]
            same[node, np.arange(len(node))] = False
            tied[ballot, node] |= same.any(axis=0)
        if tied.any():
            found.unsure |= tied.any(axis=1)
