"""The tree of nodes that a replica knows: the end of the committed chain, and the open branches above it.

Open nodes are certified, or were accepted as a leader's proposal; of the latter there is one a view, and old ones are
forgotten, so that a liar cannot fill the memory.
"""

from __future__ import annotations

from collections.abc import Iterator

from bft.core.replica_state import Clonable
from bft.protocols.hotstuff.messages import GENESIS, Node, QuorumCertificate

UNCERTIFIED_VIEWS = 16
"""Proposals of earlier views that nobody has certified are kept this long; one that is certified later is fetched."""


class Tree(Clonable, copied="nodes chain accepted"):
    """Nodes by digest, of which those that nothing can undo form `chain`."""

    __slots__ = ("accepted", "added", "chain", "committed", "forked", "nodes", "root", "tip")

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {GENESIS.digest: GENESIS}
        self.chain: dict[int, Node] = {0: GENESIS}
        """By height."""
        self.accepted: dict[int, str] = {}
        """Per view the accepted proposal that nobody has certified."""
        self.added = 0
        self.committed = GENESIS
        """The last committed node."""
        self.root = GENESIS
        """The lowest committed node that is kept."""
        self.tip = GENESIS.digest
        self.forked = False
        """Whether the open nodes may be more than one branch; `tip` is the node added last."""

    @property
    def open(self) -> list[Node]:
        """The nodes that are not committed, as they came."""
        chain = self.chain
        return [node for node in self.nodes.values() if chain.get(node.height) is not node]

    def add(self, node: Node) -> bool:
        """Keep a node whose parent is known; return False where it was known already."""
        digest = node.digest
        if digest in self.nodes:
            return False
        self.nodes[digest] = node
        self.added += 1
        if node.justify.node != self.tip:
            self.forked = True
        self.tip = digest
        return True

    def accept(self, node: Node) -> None:
        """Keep a leader's proposal, and forget earlier ones that came to nothing."""
        if self.add(node):
            accepted = self.accepted
            accepted[node.view] = node.digest
            if len(accepted) > UNCERTIFIED_VIEWS:
                self.drop(self.nodes[accepted.pop(min(accepted))])

    def certify(self, qc: QuorumCertificate) -> None:
        """A node is certified, so it is kept until something else is committed."""
        if self.accepted.get(qc.view) == qc.node:
            del self.accepted[qc.view]

    def drop(self, node: Node) -> None:
        """Forget an open node."""
        self.nodes.pop(node.digest, None)
        if self.accepted.get(node.view) == node.digest:
            del self.accepted[node.view]

    def parent(self, node: Node) -> Node | None:
        """Return the node that a node extends, where it is known."""
        return self.nodes.get(node.justify.node)

    def extends(self, node: Node, ancestor: str) -> bool:
        """Return whether a node stands above another one, or is it; what is committed stands below all."""
        height = self.committed.height
        here: Node | None = node
        while here is not None:
            if here.digest == ancestor:
                return True
            if here.height <= height:
                known = self.nodes.get(ancestor)
                return known is not None and known.height <= here.height and self.chain.get(known.height) is known
            here = self.parent(here)
        return False

    def open_branch(self, node: Node) -> list[Node]:
        """Return the nodes above the committed one up to a node, in ascending order; empty if it stands elsewhere."""
        path: list[Node] = []
        here: Node | None = node
        last, nodes = self.committed, self.nodes
        while here is not None and here.height > last.height:
            path.append(here)
            here = nodes.get(here.justify.node)
        return path[::-1] if here is last else []

    def commit(self, path: list[Node], high: str) -> list[Node]:
        """Append an open branch to the chain; return the nodes that can never be committed now, and are forgotten.

        The branch of the highest certificate is kept: it conflicts with what is committed only where more than the
        tolerated number are faulty, and a replica goes on even then.
        """
        chain, accepted = self.chain, self.accepted
        for node in path:
            chain[node.height] = node
            if accepted and accepted.get(node.view) == node.digest:
                del accepted[node.view]
        self.committed = last = path[-1]
        if not self.forked:
            return []
        left = self.open
        self.forked = bool(left)
        orphans = [node for node in left if node.height <= last.height]
        orphans += [node for node in left if node.height > last.height and not self._above(node, last)]
        if orphans:
            kept = {node.digest for node in self._down_from(high)}
            orphans = [node for node in orphans if node.digest not in kept]
        for node in orphans:
            self.drop(node)
        return orphans

    def forget_below(self, height: int) -> None:
        """Forget the committed nodes below a height."""
        for low in range(self.root.height, height):
            del self.nodes[self.chain.pop(low).digest]
        self.root = self.chain[height]

    def begin_at(self, node: Node) -> None:
        """Forget everything: this node is committed, and nothing else is known."""
        self.nodes = {node.digest: node}
        self.chain = {node.height: node}
        self.accepted = {}
        self.committed = self.root = node
        self.tip = node.digest
        self.forked = False

    def _down_from(self, digest: str) -> Iterator[Node]:
        here = self.nodes.get(digest)
        while here is not None and self.chain.get(here.height) is not here:
            yield here
            here = self.parent(here)

    def _above(self, node: Node, last: Node) -> bool:
        here: Node | None = node
        while here is not None and here.height > last.height:
            here = self.parent(here)
        return here is last
