"""Asking for certified nodes that a replica has never seen: before it votes on them or commits them."""

from __future__ import annotations

from bft.core.effects import Send
from bft.protocols.hotstuff.messages import Fetch, Phase, Propose, QuorumCertificate
from bft.protocols.hotstuff.state import MOST_HELD, MOST_MISSING, State


def fetch(state: State, qc: QuorumCertificate, source: int) -> None:
    """Ask for a certified node: whoever has shown its certificate, and enough of its voters that one is honest.

    What a view or two may have overtaken is most likely on its way. It is waited for, until still more depends on it or
    the time for retransmission has come.
    """
    if qc.node in state.missing:
        return
    overdue = [each for each in state.missing.values() if each.view < qc.view - 1]
    if len(state.missing) >= MOST_MISSING:
        del state.missing[next(iter(state.missing))]
    state.missing[qc.node] = qc
    state.start_status_timer()
    for each in [*overdue, qc] if qc.view > state.view + 1 else overdue:
        ask_for(state, each, source)


def ask_for(state: State, qc: QuorumCertificate, source: int) -> None:
    """Send the request for a node to those who should have it."""
    asked = list(dict.fromkeys([source, *(vote.replica for vote in qc.votes)]))
    message = request_for(state, qc.node)
    for replica in [each for each in asked if each != state.id][: state.system.weak + 1]:
        state.emit(Send(replica, message))


def hold(state: State, view: int, sender: int, message: Propose | Phase) -> None:
    """Keep a message until the node that it builds on is there, one for each phase; of too many the latest."""
    state.held[view, 0 if isinstance(message, Propose) else message.qc.phase + 1] = (sender, message)
    if len(state.held) > MOST_HELD:
        del state.held[min(state.held)]


def needs(message: Propose | Phase) -> str:
    """Return the node that a message builds on."""
    return message.node.justify.node if isinstance(message, Propose) else message.qc.node


def request_for(state: State, node: str) -> Fetch:
    """Return the request for a node, and for what lies between it and this replica's own branch."""
    return state.keyring.sign(Fetch(node, state.tree.committed.height, state.high.node, state.id))
