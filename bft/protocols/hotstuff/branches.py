"""Nodes that come with the certificates which prove them: into the tree, the lowest first."""

from __future__ import annotations

from itertools import pairwise

from bft.protocols.hotstuff.learning import learn
from bft.protocols.hotstuff.messages import Node, QuorumCertificate
from bft.protocols.hotstuff.state import State


def take_nodes(state: State, sender: int, nodes: tuple[Node, ...], high: QuorumCertificate | None) -> bool:
    """Add certified nodes to the tree, the lowest first, and learn from the certificates that they carry."""
    top = nodes[-1].digest
    if not (top in state.missing or (high is not None and high.node == top) or top in state.tree.nodes):
        state.drop("uncertified branch")
        return False
    for below, above in pairwise(nodes):
        if above.justify.node != below.digest:
            state.drop("uncertified branch")
            return False
    for node in nodes:
        if node.justify.phase != 0 or not state.verifier.certificate(node.justify):
            state.drop("branch with an invalid certificate")
            return False
        if node.digest in state.tree.nodes:
            continue
        if node.height <= state.tree.committed.height or not in_place(state, node):
            state.drop("branch out of place")
            return False
        if node.proposal is not None and not state.verifier.request_authentic(node.proposal):
            state.drop("request not signed by its client")
            return False
        learn(state, node.justify, sender)
        if node.height > state.tree.committed.height and state.tree.add(node):
            state.persist(("node", node.digest), node)
    return True


def in_place(state: State, node: Node) -> bool:
    """Whether a node stands right above the one that its certificate names (line 9: extends from m.justify.node)."""
    if not state.rules.check_place:
        return True
    parent = state.tree.nodes.get(node.justify.node)
    return (
        parent is not None
        and parent.view == node.justify.view < node.view
        and node.height == parent.height + 1
        and node.seq == parent.seq + (node.proposal is not None)
    )
