"""Epochs of PBFT's members: they are removed, added and replaced by requests that the members themselves order.

The rule. A change is an ordinary request (`machine` says which there are). It is executed at its number s like any
other, and takes effect at e, the first checkpoint boundary at or after s, unless it has been undone by then: an epoch
ends at the first boundary whose *state* names other members. The instance of PBFT that ordered the change ends there:
nothing above e is executed in it, however far its phases got. A new instance, an *epoch*, begins with the new members,
whose quorums are theirs alone, on the state at e; that state is proved by the old members' checkpoint, signed by a
quorum of them. What had no number up to e is ordered anew.

Why it is safe. Whether an epoch ends at a boundary can be read off the state there, whether it was reached by
executing, by state transfer or from disk, and all honest replicas are in one state there; a quorum signed the state at
e, so nobody can begin an epoch elsewhere; signatures name the epoch, so no vote counts twice; and what was committed
above e in the old epoch was executed by no honest replica, and answered to no client. Numbers go on across epochs, so
that agreement and order (S1, S2) are watched over all of them by the same monitor.

It needs requests: without any, no boundary is reached.

Sources. Ordering the change like a request is the idea of state machine replication [1]_; a change that takes effect at
a later number, agreed with the change, is Lamport's α [2]_; stopping one configuration at an agreed state and starting
the next from it is stoppable Paxos and its kin [3]_; a replicated service that changes its view by an ordered request
is BFT-SMaRt [4]_. Castro's thesis leaves the set of replicas fixed; its checkpoints and state transfer are what carries
a newcomer here.

What it leaves out: stakes (members weigh the same), and old members whose keys are stolen after they left, which could
tell a newcomer who knows only the first members a history of their own.

References
----------
.. [1] F. B. Schneider, "Implementing fault-tolerant services using the state machine approach", ACM Computing Surveys
   22(4), 1990, §7.
.. [2] L. Lamport, D. Malkhi, L. Zhou, "Reconfiguring a state machine", ACM SIGACT News 41(1), 2010.
.. [3] L. Lamport, D. Malkhi, L. Zhou, "Stoppable Paxos", 2008.
.. [4] A. Bessani, J. Sousa, E. Alchieri, "State machine replication for the masses with BFT-SMaRt", DSN 2014, §III-D.
"""
