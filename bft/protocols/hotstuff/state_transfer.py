"""State transfer: who is so far behind that the others have forgotten the nodes it lacks takes over their state.

A node says nothing of the state that follows from it. So each replica that is ahead signs what it has saved, and a
state is believed when replicas that weigh 2q − n have signed the same one: one of these is honest wherever fewer than
that are faulty, which safety needs anyway. Of a quorum that went on without this replica as many are honest where at
most n − q are faulty, which liveness needs anyway. The certificate of the node proves where the chain goes on.
"""

from __future__ import annotations

from bft.core.effects import Send
from bft.core.events import StateTransferred
from bft.protocols.hotstuff import execution, snapshots
from bft.protocols.hotstuff.learning import learn
from bft.protocols.hotstuff.messages import Node, QuorumCertificate, SavedState, well_formed
from bft.protocols.hotstuff.state import Saved, State


def send_state(state: State, recipient: int) -> None:
    """Send the saved states whose nodes are known to be certified: others, a little apart, have one in common."""
    for saved in reversed(state.saved):
        qc = certificate_of(state, saved.node)
        if qc is not None and state.rules.shares_states:
            message = SavedState(saved.node, qc, saved.machine, saved.replies, state.id)
            state.emit(Send(recipient, state.keyring.sign(message)))


def certificate_of(state: State, node: Node) -> QuorumCertificate | None:
    """Return the certificate of a committed node that is at hand: that in one of its children, or the highest."""
    child = state.tree.chain.get(node.height + 1)
    certificates = [each.justify for each in state.tree.open] if child is None else [child.justify]
    return next((qc for qc in (*certificates, state.high) if qc.node == node.digest), None)


def on_saved_state(state: State, sender: int, message: SavedState) -> bool:
    """Take over a state that is ahead, once enough replicas have signed it; return whether that is so."""
    rules, node, qc = state.rules, message.node, message.qc
    if not well_formed(message):
        state.drop("malformed message")
    elif message.replica != sender:
        state.drop("identity differs from sender")
    elif node.height <= state.tree.committed.height and rules.newer_states:
        state.drop("old state")
    elif not certified(state, node, qc) and rules.check_states:
        state.drop("state after a node that is not certified")
    else:
        others = [each for each in state.shares.get(sender, ()) if each.node.height != node.height]
        state.shares[sender] = tuple(sorted((*others, message), key=height_of)[-snapshots.KEPT :])
        if state.system.weight(backers(state, message)) >= state.config.transfer_quorum:
            adopt(state, message, sender)
            return True
    return False


def certified(state: State, node: Node, qc: QuorumCertificate) -> bool:
    """Whether a certificate of the first phase is valid and for this node, and the node is one that others will take.

    A node's digest leaves out who voted for its parent and the client's signature: those whom this replica sends the
    node later will look at both.
    """
    verifier, below, proposal = state.verifier, node.justify, node.proposal
    whole = below.phase == 0 and verifier.certificate(below)
    asked = proposal is None or verifier.request_authentic(proposal)
    matches = qc.phase == 0 and qc.node == node.digest and qc.view == node.view
    return whole and asked and matches and verifier.certificate(qc)


def backers(state: State, message: SavedState) -> set[int]:
    """Return who has signed the same state after the same node."""
    if not state.rules.compare_states:
        after = message.node.digest
        return {sender for sender, said in state.shares.items() if any(each.node.digest == after for each in said)}
    return {sender for sender, said in state.shares.items() if any(each.digest == message.digest for each in said)}


def height_of(message: SavedState) -> int:
    """Return the height of the node that a state follows."""
    return message.node.height


def adopt(state: State, message: SavedState, source: int) -> None:
    """Go on from a state, unless its node is here: then the others have what follows it, with certificates."""
    node = message.node
    state.shares = {}
    if node.digest in state.tree.nodes and node.height > state.tree.committed.height:
        learn(state, message.qc, source)
        return
    for each in state.tree.open:
        state.persist(("node", each.digest), None)
    saved = Saved(node, message.machine, message.replies)
    snapshots.restore(state, saved)
    snapshots.keep(state, saved)
    snapshots.forget_stored(state)
    state.emit(StateTransferred(node.seq, state.machine.digest()))
    state.proposal = state.phase = None
    learn(state, message.qc, source)
    if state.high.node not in state.tree.nodes:  # only where more than the tolerated number are faulty
        state.high = message.qc
        state.persist(("high",), message.qc)
    state.missing = {digest: qc for digest, qc in state.missing.items() if qc.view > node.view}
    for client in tuple(state.pending):
        execution.stop_waiting(state, client)
    state.progressed = state.moved = True
    if not state.pending:
        execution.rest(state)
