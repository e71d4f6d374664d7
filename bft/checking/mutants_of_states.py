"""Seeded bugs in the service, in states and in what a crash may cost; see `mutants` for the others."""

from __future__ import annotations

from bft.checking import mutant_functions as bent
from bft.checking import mutant_replicas as wrapped
from bft.checking.mutant import Mutant
from bft.checking.seeded_bug import HARMLESS, LIVENESS

SERVICE = (
    Mutant(name="reply is the client's first one for ever", make_replica=bent.keeping_the_first_reply),
    Mutant(name="null request changes the state", make_replica=bent.applying_null),
    Mutant(name="repeated request changes the state, not the reply", make_replica=bent.applying_repeated),
    Mutant(name="reply sent when prepared", make_replica=bent.HastyReplica),
    Mutant(name="old request answered with the latest reply", make_replica=bent.ObligingReplica),
    Mutant(name="request asked again not answered again", make_replica=bent.CurtReplica, breaks=LIVENESS),
    Mutant(name="rejected proposals prepared", make_replica=bent.AgreeableReplica),
    Mutant(
        name="last decision kept for ever when it comes again",
        make_replica=bent.keeping_the_last_decision,
        breaks=LIVENESS,
    ),
)
STATES = (
    Mutant(name="snapshot believed on f checkpoints", make_replica=bent.snapshot_by_f),
    Mutant(name="snapshot believed on f + 1 checkpoints", make_replica=bent.snapshot_by_weak),
    Mutant(name="snapshot's digest not compared", make_replica=bent.unchecked_snapshot),
    Mutant(name="checkpoint digest leaves the replies out", make_replica=bent.digest_without_replies),
    Mutant(name="null request takes no checkpoint", make_replica=bent.no_checkpoint_of_null),
    Mutant(name="state transfer leaves the replies out", make_replica=bent.restoring_no_replies),
    Mutant(name="state transfer leaves the state out", make_replica=bent.restoring_no_state),
)
DISKS = (
    Mutant(name="messages sent before they are stored", make_replica=bent.LateWriter),
    Mutant(name="a step stored in two pieces", make_replica=bent.PiecemealWriter),
    Mutant(name="restart forgets the stable checkpoint", make_replica=wrapped.forgetting("stable")),
    Mutant(
        name="restart forgets decisions",
        make_replica=wrapped.forgetting("decision"),
        breaks=HARMLESS,
        argument="It falls back to its last snapshot and executes the same once more, on the proofs of others or on "
        "its own kept certificates; its votes are kept, so it says nothing that contradicts them.",
    ),
    Mutant(name="restart forgets its view-change", make_replica=wrapped.forgetting("view-change")),
    Mutant(name="restart forgets snapshots", make_replica=wrapped.forgetting("snapshot")),
)
HARMLESS_ON_DISK = (
    Mutant(
        name="restart forgets its prepares",
        make_replica=wrapped.forgetting("prepare"),
        breaks=HARMLESS,
        argument="The pre-prepare that it prepared is kept, and no other is accepted in its place. So the node asks "
        "its validator about the same one again, and prepares it or nothing.",
    ),
    Mutant(
        name="restart forgets its commits",
        make_replica=wrapped.forgetting("commit"),
        breaks=HARMLESS,
        argument="It has kept the pre-prepare and its prepare. C1 excludes that another digest is prepared in this "
        "place, so if it prepares again it commits to the same one; its certificate is kept for the next view.",
    ),
    Mutant(
        name="restart forgets requests",
        make_replica=wrapped.forgetting("request"),
        breaks=HARMLESS,
        argument="A client that has no answer asks again (§4.1), and what is ordered carries its request with it: the "
        "node waits for less than it could, until the client or another node tells it again.",
    ),
)
TYPES = (
    # It stops view changes, but what it takes into a certificate is seen before that.
    Mutant(name="replica and sender compared by equality alone", make_replica=bent.Credulous),
    Mutant(name="number compared before its type is known", make_replica=bent.Fragile),
)
STATE_MUTANTS = (*SERVICE, *STATES, *DISKS, *HARMLESS_ON_DISK, *TYPES)
