"""What is watched while exploring: invariants that a state and the move into it show, in a few comparisons.

S1, S2 and S3 are judged from what replicas executed, C1 and C3 when a certificate appears, from it and the certificates
that the other replicas hold. Of a replica that has gone on to a later certificate only the later one is seen, so C1 and
C3 may be missed there; what they protect, S1, is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bft.checking.pbft.explorer.machines import Machines, Taken


class Watch:
    """Judges moves.

    Parameters
    ----------
    names : sequence of str
        The invariants that count.
    machines : Machines
        Replica states.
    values : iterable of str
        Digests of what may be executed: the null request, and answers to a signed one.
    """

    def __init__(self, names: Sequence[str], machines: Machines, values: Iterable[str]) -> None:
        self._names = frozenset(names)
        self._machines = machines
        self._values = frozenset(values)

    def broken(self, states: Sequence[int], place: int, taken: Taken) -> str | None:
        """Return the invariant that the last move broke, if any."""
        if taken.executed:
            for judged, holds in (("S1", self._agree), ("S2", self._in_order), ("S3", self._asked)):
                if judged in self._names and not holds(states, place):
                    return judged
        for proved in taken.proved:
            for other, state in enumerate(states):
                held = self._machines.prepared[state].get(proved[1])
                if held is not None and other != place:
                    name = self._excluded(proved, held, state)
                    if name in self._names:
                        return name
        return None

    def _excluded(self, proved: tuple[str, int, int, str], held: tuple[int, str], state: int) -> str | None:
        """C1 and C3: judge what became prepared or committed by the certificate that another replica holds.

        C1: no two replicas prepare different digests in one view. C3: what is committed is what is prepared in later
        views; seen from the later one, what another replica executed whose certificate is of an earlier view.
        """
        kind, seq, view, digest = proved
        its_view, its_digest = held
        if kind == "committed":
            return "C3" if its_view > view and its_digest != digest else None
        if its_view == view:
            return "C1" if its_digest != digest else None
        if its_view < view and its_digest != digest:
            executed = dict(self._machines.executed[state])
            return "C3" if executed.get(seq, digest) != digest else None
        return None

    def _agree(self, states: Sequence[int], place: int) -> bool:
        """S1: no two replicas execute different values at one number."""
        logs = [self._machines.executed[state] for state in states]
        mine = dict(logs[place])
        return all(mine.get(seq, digest) == digest for log in logs for seq, digest in log)

    def _in_order(self, states: Sequence[int], place: int) -> bool:
        """S2: execution leaves no gap and repeats nothing."""
        log = self._machines.executed[states[place]]
        return [seq for seq, _ in log] == list(range(1, len(log) + 1))

    def _asked(self, states: Sequence[int], place: int) -> bool:
        """S3: what executes is null or answers a signed request."""
        return all(digest in self._values for _, digest in self._machines.executed[states[place]])
