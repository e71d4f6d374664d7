"""Who broke the protocol, from the votes alone: two votes in one step, or amnesia.

An honest replica votes once in a step (T1), and after it precommitted v in round r it prevotes another value v' in a
later round r' only where it holds a polka for v' of a round in [r, r') (T3). Whoever did otherwise is a culprit. For
the second charge the *pooled* log of all honest replicas is needed: one replica alone may lack the polka that excuses
another. If two values are decided at one height, such a pool names at least 2q − n of weight, as long as fewer than q
are Byzantine; no honest replica is ever named (Buchman, Kwon, Milosevic, arXiv 1807.04938; CometBFT, *Light client
attack detection*).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from bft.core.quorum import QuorumSystem
from bft.core.signatures import Signed
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose, Vote, well_formed

Said = Propose | Prevote | Precommit


@dataclass(frozen=True, slots=True)
class Charge:
    """Two messages of one replica that no honest replica signs both, given the pool.

    Attributes
    ----------
    amnesia : bool
        Whether the second broke the lock of the first; else both are of one step.
    """

    culprit: int
    first: Said
    second: Said
    amnesia: bool


class Pool:
    """The votes and proposals of one height that honest replicas have sent or received, together.

    Parameters
    ----------
    system : QuorumSystem
        Weights and quorum.
    """

    def __init__(self, system: QuorumSystem) -> None:
        self._system = system
        self._said: dict[tuple[type, int, int], list[Said]] = {}
        self._prevoters: dict[tuple[int, str], set[int]] = {}
        self._kept: set[Said] = set()

    def add(self, message: Said) -> None:
        """Take in a message whose signature has been verified."""
        if message in self._kept:
            return
        self._kept.add(message)
        self._said.setdefault((message.__class__, message.round, message.replica), []).append(message)
        if isinstance(message, Prevote) and message.digest is not None:
            self._prevoters.setdefault((message.round, message.digest), set()).add(message.replica)

    def polka(self, round_: int, digest: str) -> bool:
        """Return whether the pool holds a quorum of prevotes for a value in a round."""
        return self._system.weight(self._prevoters.get((round_, digest), ())) >= self._system.quorum

    def charges(self) -> Mapping[int, Charge]:
        """Return for each culprit one charge that anybody can check against the pool."""
        found: dict[int, Charge] = {}
        by_voter: dict[int, list[Vote]] = {}
        for (_, _, replica), messages in self._said.items():
            for message in messages:
                if not isinstance(message, Propose):
                    by_voter.setdefault(replica, []).append(message)
            if len(messages) > 1:
                found.setdefault(replica, Charge(replica, messages[0], messages[1], amnesia=False))
        for replica, votes in sorted(by_voter.items()):
            broken = None if replica in found else self._amnesia(votes)
            if broken is not None:
                found[replica] = Charge(replica, *broken, amnesia=True)
        return dict(sorted(found.items()))

    def _amnesia(self, votes: Iterable[Vote]) -> tuple[Precommit, Prevote] | None:
        """Return a precommit and a later prevote for another value that no polka in between excuses."""
        told = list(votes)
        locks = sorted([each for each in told if isinstance(each, Precommit) and each.digest], key=_round)
        for prevote in sorted([each for each in told if isinstance(each, Prevote) and each.digest], key=_round):
            for lock in locks:
                if lock.round >= prevote.round or lock.digest == prevote.digest:
                    continue
                if not any(self.polka(between, str(prevote.digest)) for between in range(lock.round, prevote.round)):
                    return lock, prevote
        return None


def _round(vote: Vote) -> int:
    return vote.round


def culprits(
    messages: Iterable[Said], system: QuorumSystem, signed: Callable[[Signed], bool], *, height: int
) -> Mapping[int, Charge]:
    """Return who broke the protocol at a height, with a charge for each.

    Parameters
    ----------
    messages : iterable of Propose, Prevote or Precommit
        The pooled log of the honest replicas; what is malformed, of another height or not signed is left out.
    system : QuorumSystem
        Weights and quorum.
    signed : callable
        Whether a replica of this system signed a body.
    height : int
        Which.

    Examples
    --------
    >>> votes = [Prevote(1, 0, digest, replica) for digest in "ab" for replica in (0, 1)]
    >>> sorted(culprits(votes, QuorumSystem.of(4), lambda body: True, height=1))
    [0, 1]
    """
    pool = Pool(system)
    for message in messages:
        named = well_formed(message) and message.height == height and 0 <= message.replica < system.n
        if named and signed(message):
            pool.add(message)
    return pool.charges()
