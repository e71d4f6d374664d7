"""Seeded bugs of membership: one thing wrong in how epochs end and begin, in evidence, or in what is remembered.

One that breaks nothing says why in its `argument`.
"""

from __future__ import annotations

from functools import partial

from bft.checking.membership import mutant_members as wrong
from bft.checking.membership.subject import MakeMember, membership
from bft.checking.seeded_bug import HARMLESS, LIVENESS, SAFETY, SeededBug


def bug(name: str, make_replica: MakeMember, *, n: int = 6, breaks: str = SAFETY, argument: str = "") -> SeededBug:
    """Return membership with another replica; every epoch has the quorums of its members."""
    return SeededBug(name, partial(membership, make_replica), n=n, breaks=breaks, argument=argument)


MUTANTS = (
    bug("execution goes on above the end", wrong.with_instances(wrong.never_stops)),
    bug("the epoch ends a checkpoint late", wrong.with_instances(wrong.stops_late)),
    bug("votes above the end go out", wrong.VotesAboveTheEnd),
    bug("a change that was undone ends the epoch", wrong.EndsThoughUndone, breaks=LIVENESS),
    bug("state transfer does not see the end", wrong.blind_to(wrong.is_catch_up)),
    bug("a restart does not see the end", wrong.blind_to(wrong.is_restart)),
    bug("starts of epochs believed unproved", wrong.proving(wrong.anything)),
    bug("starts of epochs believed with f votes", wrong.proving(wrong.enough(lambda system: system.tolerated))),
    bug("the state of a start is not compared", wrong.BelievesAnyState),
    bug("any checkpoint begins an epoch", wrong.UnchangedReplica),
    bug("an epoch begins without the replies", wrong.BeginsWithoutReplies),
    bug("numbers begin anew in every epoch", wrong.Recounting),
    bug("the quorum of the first members stays", wrong.KeepsFirstQuorum),
    bug("signatures do not name the epoch", wrong.TimelessReplica),
    bug("nobody tells of the next epoch", wrong.SilentAboutEpochs, breaks=LIVENESS),
    bug("accusations end with their epoch", wrong.DroppingReplica, breaks=LIVENESS),
    bug("evidence convicts who has the seat today", wrong.ConvictsPresentSeat),
    bug("evidence is judged by the present epoch", wrong.JudgesByPresentEpoch),
    bug("signatures in evidence unchecked", wrong.BelievesUnsignedEvidence),
    bug("isolated on suspicion", wrong.IsolatesOnSuspicion),
    bug("a second accusation takes the first's place", wrong.OneAtATime, n=8, breaks=LIVENESS),
    bug("any client changes members", wrong.AnyClientChangesMembers),
    bug("the convicted may come back", wrong.ReaddsConvicted),
    bug("requests end in an epoch passed through", wrong.DropsRequestsBetweenEpochs, breaks=LIVENESS),
    bug("epochs are not persisted", wrong.unpersisted),
    bug("a restart forgets the epoch", wrong.restarts_in_first_epoch),
    bug("a restart forgets the votes of later epochs", wrong.forgets_later_epochs),
    bug("newcomers are not told unasked", wrong.WaitingForQuestions, breaks=LIVENESS),
    bug(
        "starts of epochs believed with f+1 votes",
        wrong.proving(wrong.enough(lambda system: system.weak)),
        breaks=HARMLESS,
        argument="One of f + 1 voters is honest, and has executed up to the end: the state is the one that all come "
        "to, and the epoch ends there for all. The quorum is needed for the window (K1), which moves by other means.",
    ),
)
