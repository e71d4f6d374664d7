"""Retransmission and catching up: how a replica that lacks something gets it.

Who waits tells how far it is (`Status`), first after `retransmit_s`, then less and less often. Others send what it
lacks: nodes with the certificates that prove them, what proves their view, and their own messages of the view once
more. Who meets the certificate of a node that it does not have asks its voters for it (`Fetch`), one of whom is honest,
before it votes on it or commits it. A node comes with its descendants' certificates, so nothing is believed unproved.
Who lacks nodes that are forgotten everywhere is sent a state (`state_transfer`).
"""

from __future__ import annotations

from bft.core.ballot import bits
from bft.core.effects import Broadcast, Send, SetTimer
from bft.protocols.hotstuff import pacemaker, state_transfer, voting
from bft.protocols.hotstuff.branches import take_nodes
from bft.protocols.hotstuff.config import STATUS_TIMER
from bft.protocols.hotstuff.fetching import request_for
from bft.protocols.hotstuff.learning import learn
from bft.protocols.hotstuff.messages import (
    Branch,
    Fetch,
    Node,
    QuorumCertificate,
    SavedState,
    Status,
    well_formed,
)
from bft.protocols.hotstuff.state import PHASES, State

MOST_NODES = 64
"""Nodes in one message; who lacks more asks again."""


def on_fetch(state: State, sender: int, message: Fetch) -> None:
    """Send a node that another replica lacks, with its ancestors, the lowest first."""
    if not well_formed(message):
        return state.drop("malformed message")
    if message.replica != sender:
        return state.drop("identity differs from sender")
    node = state.tree.nodes.get(message.node)
    if node is None and message.committed >= state.tree.root.height:
        return state.drop("fetch of an unknown node")
    nodes = path_above(state, state.tree.committed if node is None else node, message.committed, message.high)
    if not connects(nodes, message):
        state_transfer.send_state(state, sender)
    elif nodes:
        send_branch(state, sender, nodes, None if len(nodes) <= MOST_NODES else nodes[MOST_NODES].justify)
    return None


def path_above(state: State, node: Node, committed: int, high: str) -> list[Node]:
    """Return the nodes from above a known place up to a node, in ascending order."""
    path: list[Node] = []
    here: Node | None = node
    while here is not None and here.height > committed and here.digest != high:
        path.append(here)
        here = state.tree.parent(here)
    return path[::-1]


def connects(nodes: list[Node], asked: Fetch | Status) -> bool:
    """Whether nodes go on from what a replica has; if not, what lies between is forgotten here."""
    return not nodes or nodes[0].height == asked.committed + 1 or nodes[0].justify.node == asked.high


def send_branch(state: State, recipient: int, nodes: list[Node], high: QuorumCertificate | None) -> None:
    """Send nodes with the certificate of the last of them, and what proves this replica's view and last decision."""
    whole = len(nodes) <= MOST_NODES
    commit = state.commit if whole else None
    branch = Branch(tuple(nodes[:MOST_NODES]), high, commit, state.entry, state.tc, state.id)
    state.emit(Send(recipient, state.keyring.sign(branch)))


def on_branch(state: State, sender: int, message: Branch) -> None:
    """Take in nodes that are certified, what they commit, and the proof of a later view."""
    if not well_formed(message):
        return state.drop("malformed message")
    if message.replica != sender:
        return state.drop("identity differs from sender")
    if len(message.nodes) > MOST_NODES:
        return state.drop("malformed message")
    certificates = (message.high, message.commit, message.entry)
    if not all(each is None or state.verifier.certificate(each) for each in certificates):
        return state.drop("branch with an invalid certificate")
    if message.tc is not None and not state.verifier.timeout(message.tc):
        return state.drop("branch with an invalid certificate")
    if message.nodes and not take_nodes(state, sender, message.nodes, message.high):
        return None
    if message.commit is not None:
        learn(state, message.commit, sender, needed=True)
    for qc in certificates:
        if qc is not None:
            pacemaker.follow(state, qc, sender)
    if message.tc is not None:
        pacemaker.enter(state, message.tc.view + 1, None, message.tc)
    voting.take_up(state)
    if len(message.nodes) == MOST_NODES:
        state.emit(Send(sender, status_of(state)))  # there is more
    return None


def on_saved_state(state: State, sender: int, message: SavedState) -> None:
    """Take over a state, and ask for what follows it."""
    if state_transfer.on_saved_state(state, sender, message):
        voting.take_up(state)
        state.emit(Send(sender, status_of(state)))


def on_status_timer(state: State) -> None:
    """Still waiting: pass on what it waits for, ask again, and wait longer; after progress wait anew first."""
    if not state.pending and not state.missing and state.left < state.view:
        state.status_timer_runs = False
        return
    if state.progressed:
        state.status_wait_s = state.config.retransmit_s or 0.0
    else:
        ask(state)
        state.status_wait_s = state.config.next_wait_s(state.status_wait_s)
    state.progressed = False
    state.emit(SetTimer(STATUS_TIMER, state.status_wait_s))


def ask(state: State) -> None:
    """Tell everybody how far this replica is, which nodes it lacks, and which requests it waits for."""
    for request in state.pending.values():
        state.emit(Broadcast(request))
    for node in state.missing:
        state.emit(Broadcast(request_for(state, node)))
    state.emit(Broadcast(status_of(state)))


def status_of(state: State) -> Status:
    """Return how far this replica is, and what it holds of its view."""
    collects = state.view * PHASES + (0 if state.phase is None else state.phase.phase + 1)
    status = Status(
        state.view,
        state.tree.committed.height,
        state.high.view,
        state.high.node,
        0 if state.phase is None else state.phase.phase + 1,
        state.proposal is not None,
        bits(state.timeouts.at(state.view)),
        bits(state.votes.at(collects)),
        bits(state.new_views.at(state.view)),
        state.id,
    )
    return state.keyring.sign(status)


def on_status(state: State, sender: int, message: Status) -> None:
    """Send a waiting replica what it lacks and this one has."""
    if not well_formed(message):
        return state.drop("malformed message")
    n = state.n
    if message.timeouts >> n or message.votes >> n or message.new_views >> n:
        return state.drop("malformed message")
    if message.replica != sender:
        return state.drop("identity differs from sender")
    committed = state.tree.committed.height
    if committed > message.committed or state.high.view > message.high_view or state.view > message.view:
        nodes = path_above(state, state.tree.nodes[state.high.node], message.committed, message.high)
        if connects(nodes, message):
            send_branch(state, sender, nodes, state.high if len(nodes) <= MOST_NODES else nodes[MOST_NODES].justify)
        else:
            state_transfer.send_state(state, sender)
    elif message.view > state.view or message.committed > committed or message.high_view > state.high.view:
        state.start_status_timer()
    resend(state, sender, message)
    return None


def resend(state: State, sender: int, status: Status) -> None:
    """Send again what this replica said in its view, as far as the other lacks it."""
    view, same = state.view, state.view == status.view
    if view < status.view:
        return
    again: list[object] = []
    own, phase = state.own_proposal, state.own_phase
    if own is not None and own.node.view == view and not (same and status.proposed):
        again.append(own)
    if phase is not None and phase.qc.view == view and not (same and status.phase > phase.qc.phase):
        again.append(phase)
    counted = state.voted == status.view and bool(status.votes >> state.id & 1)
    if state.voted >= status.view and state.collector(state.voted) == sender and not counted:
        again += [state.own_votes[each] for each in sorted(state.own_votes)]
    left = state.own_timeout
    if left is not None and left.vote.view == view and not (same and status.timeouts >> state.id & 1):
        again.append(left)
    new_view = state.own_new_view
    lacks = not (same and status.new_views >> state.id & 1)
    if new_view is not None and new_view.view == view and state.leader(view) == sender and lacks:
        again.append(new_view)
    for each in again:
        state.emit(Send(sender, each))
