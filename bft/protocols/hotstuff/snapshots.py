"""Saved states: with them a replica forgets old nodes, on disk too, and comes back after a crash.

The papers leave open how long nodes are kept. Here the state after every `checkpoint_interval`-th node of the chain is
saved; the last two are kept, and the nodes from the older one on. Who lacks an older node is given a state instead, see
`state_transfer`.
"""

from __future__ import annotations

from bft.core.effects import Forget
from bft.protocols.hotstuff.messages import LastReply, Node
from bft.protocols.hotstuff.state import Saved, State

KEPT = 2
"""Saved states: replicas that are a little apart have one in common."""


def save(state: State, node: Node) -> None:
    """Save the state, which is that after a node, and forget the nodes that are too old for anybody's `Branch`.

    Not where the highest certificate is for an older node, as in the phased variants if only a decision was heard of.
    """
    if state.tree.nodes[state.high.node].height < node.height:
        return
    keep(state, Saved(node, state.machine.snapshot(), replies(state)))
    if len(state.saved) > KEPT:
        del state.saved[0]
        state.tree.forget_below(state.saved[0].node.height)
        state.shares = {
            sender: ahead
            for sender, said in state.shares.items()
            if (ahead := tuple([each for each in said if each.node.height > node.height]))
        }
        forget_stored(state)


def replies(state: State) -> tuple[LastReply, ...]:
    """Return the last reply to each client."""
    return tuple([LastReply(client, *last) for client, last in sorted(state.clients.items())])


def keep(state: State, saved: Saved) -> None:
    """Hold a state for those left behind, and for a restart."""
    state.saved.append(saved)
    state.persist(("saved state", saved.node.height), saved)


def forget_stored(state: State) -> None:
    """Forget on disk, too, what lies below the older saved state."""
    if state.durable:
        height = state.saved[0].node.height
        state.emit(Forget(("committed",), height))
        state.emit(Forget(("saved state",), height - 1))


def restore(state: State, saved: Saved) -> None:
    """Go on from a saved state: nothing that lies below its node is known any more."""
    state.tree.begin_at(saved.node)
    state.machine.restore(saved.machine)
    state.clients = {each.client: (each.timestamp, each.result) for each in saved.replies}
    state.last_executed = saved.node.seq
    state.saved = []
