"""Seeded bugs in the service, in states and in what a crash may cost; see `mutants` for the others."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bft.checking.pbft import mutant_functions as bent
from bft.checking.pbft import mutant_replicas as wrapped
from bft.checking.pbft.subject import MakePbft, pbft
from bft.checking.seeded_bug import HARMLESS, LIVENESS, SAFETY, SeededBug
from bft.protocols.pbft import PbftReplica, Rules


def bug(
    name: str,
    make_replica: MakePbft = PbftReplica,
    *,
    n: int = 4,
    quorum: int | None = None,
    breaks: str = SAFETY,
    argument: str = "",
    **rules: Any,
) -> SeededBug:
    """Return PBFT with a replica wrapped, or with rules replaced, by their names."""
    subject = partial(pbft, replace(Rules(), **rules), make_replica)
    return SeededBug(name, subject, n=n, quorum=quorum, breaks=breaks, argument=argument)


SERVICE = (
    bug("reply is the client's first one for ever", bent.keeping_the_first_reply),
    bug("null request changes the state", bent.applying_null),
    bug("repeated request changes the state, not the reply", bent.applying_repeated),
    bug("reply sent when prepared", bent.replies_when_prepared),
    bug("old request answered with the latest reply", bent.AnswersOldRequests),
    bug("request asked again not answered again", bent.AnswersOnce, breaks=LIVENESS),
    bug("rejected proposals prepared", bent.prepares_rejected),
    bug("last decision kept for ever when it comes again", bent.keeping_the_last_decision, breaks=LIVENESS),
)
STATES = (
    bug("snapshot believed on f checkpoints", bent.snapshot_by_f),
    bug("snapshot believed on f + 1 checkpoints", bent.snapshot_by_weak),
    bug("snapshot's digest not compared", bent.unchecked_snapshot),
    bug("checkpoint digest leaves the replies out", bent.digest_without_replies),
    bug("null request takes no checkpoint", bent.no_checkpoint_of_null),
    bug("state transfer leaves the replies out", bent.restoring_no_replies),
    bug("state transfer leaves the state out", bent.restoring_no_state),
    bug(
        "replies of an adopted state added to the node's own",
        bent.merging_replies,
        breaks=HARMLESS,
        argument="A state is adopted only above what the node has executed. Both come from the same executions in the "
        "same order (S1, S2), so every client that the node has answered stands in the state too, as late or later.",
    ),
    bug(
        "early pre-prepares kept below the window",
        bent.keeping_early_ones,
        breaks=HARMLESS,
        argument="They are looked at again with the others when the window moves, and refused as old. While a node "
        "waits for a new view they stay, so it costs memory, of which nothing here is promised.",
    ),
)
DISKS = (
    bug("messages sent before they are stored", bent.LateWriter),
    bug("a step stored in two pieces", bent.PiecemealWriter),
    bug("restart forgets the stable checkpoint", wrapped.forgetting("stable")),
    bug(
        "restart forgets decisions",
        wrapped.forgetting("decision"),
        breaks=HARMLESS,
        argument="It falls back to its last snapshot and executes the same once more, on the proofs of others or on "
        "its own kept certificates; its votes are kept, so it says nothing that contradicts them.",
    ),
    bug("restart forgets its view-change", wrapped.forgetting("view-change")),
    bug("restart forgets snapshots", wrapped.forgetting("snapshot")),
)
HARMLESS_ON_DISK = (
    bug(
        "restart forgets its prepares",
        wrapped.forgetting("prepare"),
        breaks=HARMLESS,
        argument="The pre-prepare that it prepared is kept, and no other is accepted in its place. So the node asks "
        "its validator about the same one again, and prepares it or nothing.",
    ),
    bug(
        "restart forgets its commits",
        wrapped.forgetting("commit"),
        breaks=HARMLESS,
        argument="It has kept the pre-prepare and its prepare. C1 excludes that another digest is prepared in this "
        "place, so if it prepares again it commits to the same one; its certificate is kept for the next view.",
    ),
    bug(
        "restart forgets requests",
        wrapped.forgetting("request"),
        breaks=HARMLESS,
        argument="A client that has no answer asks again (§4.1), and what is ordered carries its request with it: the "
        "node waits for less than it could, until the client or another node tells it again.",
    ),
    bug(
        "last snapshot forgotten when the window passes it",
        bent.forgetting_the_last_snapshot,
        breaks=HARMLESS,
        argument="Only a crash shows it: the node then comes back before what it had executed. A quorum has executed "
        "up to the stable checkpoint that passed it, and keeps the state there with its proof, so the node gets it "
        "from them; its votes and its view are kept, so it says nothing that contradicts them.",
    ),
)
TYPES = (
    # It stops view changes, but what it takes into a certificate is seen before that.
    bug("replica and sender compared by equality alone", bent.ComparesByEquality),
    bug("number compared before its type is known", bent.compares_before_types),
)
STATE_MUTANTS = (*SERVICE, *STATES, *DISKS, *HARMLESS_ON_DISK, *TYPES)
