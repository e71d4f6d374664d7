"""What a certificate changes: the highest one, the lock, and what is committed (Algorithm 2, lines 17, 25, 33).

In the chained variants one certificate does all three, each for another node of its branch (Algorithm 4, update).
"""

from __future__ import annotations

from bft.protocols.hotstuff import execution
from bft.protocols.hotstuff.fetching import fetch
from bft.protocols.hotstuff.messages import QuorumCertificate
from bft.protocols.hotstuff.state import State


def learn(state: State, qc: QuorumCertificate, source: int, *, needed: bool = False) -> bool:
    """Take in a valid certificate; where its node is not known, fetch that first and return False.

    In the chained variants the node of an older certificate is fetched only if it is needed: most of what matters
    stands below the highest one.

    Parameters
    ----------
    state : State
        The replica.
    qc : QuorumCertificate
        Valid.
    source : int
        Who has shown it, and should have its node.
    needed : bool, optional
        Whether it proves a decision, or a proposal builds on its node.
    """
    if qc is state.high:
        return True
    rules = state.rules
    tree = state.tree
    node = tree.nodes.get(qc.node)
    if node is None:
        if qc.view < tree.root.view:
            return True  # of the chain, and forgotten
        if rules.chain and qc.view <= (tree.committed.view if needed else state.high.view):
            return True
        fetch(state, qc, source)
        return False
    if qc.phase == 0 and qc.view > state.high.view:
        state.high = qc
        tree.certify(qc)
        if state.durable:
            state.persist(("high",), qc)
            if node.height > tree.committed.height:
                state.persist(("node", qc.node), node)
    lock = rules.locks(tree, qc)
    if lock is not None and lock.view > state.locked.view:
        state.locked = lock
        if state.durable:
            state.persist(("locked",), lock)
    target = rules.commits(tree, qc)
    if target is not None:
        if qc is state.high:
            state.follows = target.seq
        if target.height > tree.committed.height:
            state.commit = qc
            if state.durable:
                state.persist(("commit",), qc)
            execution.commit(state, target)
    return True
