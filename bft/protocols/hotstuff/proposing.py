"""How a leader proposes: on its highest certificate, once it knows that none is higher (Algorithm 2, lines 3 to 6).

A leader asks its validator for an answer to the request that has waited longest and does not stand on its branch yet.
Where there is none and something on the branch is not committed, it proposes an empty node: without these the last
requests of a chained stream would never be committed.
"""

from __future__ import annotations

from bft.core.effects import Broadcast, RequestProposal
from bft.core.events import ProposalMissing
from bft.core.inputs import ProposalReady
from bft.core.request import Proposal, Request
from bft.protocols.hotstuff.messages import Node, Propose, QuorumCertificate
from bft.protocols.hotstuff.state import State


def consider(state: State) -> None:
    """As the leader of the view, propose or ask the validator, as far as that has not been done."""
    view = state.view
    if not state.leads or state.left >= view or state.asked:
        return None
    if state.own_proposal is not None and state.own_proposal.node.view >= view:
        return None
    rules = state.rules
    base = rules.proposes_on(state.high, state.locked)
    below = state.tree.nodes.get(base.node)
    done = state.announced if rules.chain else state.last_executed
    owed = below is not None and below.seq > done and rules.empty_nodes
    if not (owed or state.pending or state.ready is not None) or not informed(state):
        return None
    taken = on_branch(state, state.tree.nodes[base.node])
    if state.ready is not None:
        answered, state.ready = state.ready, None
        if answered.request is not None and wanted(state, answered.request, taken):
            return propose(state, base, answered)
    for request in state.pending.values():
        if request.key not in state.unanswered and wanted(state, request, taken):
            state.asked = True
            return state.emit(RequestProposal(view, request))
    if owed:
        propose(state, base, None)
    return None


def informed(state: State) -> bool:
    """Whether the highest certificate is known, as far as the variant waits for it."""
    view, rules, high = state.view, state.rules, state.high
    if view == 0:
        return True
    if rules.chain:
        consecutive = high.view == view - 1
        return consecutive or (state.tc is not None and rules.ready(high, state.tc))
    if any(qc.view > high.view for qc in state.missing.values()):
        return False  # nobody votes for what stands beside a certified node; that node is on its way
    if rules.waits == "delay":
        if high.view == view - 1 or not state.wait_timer_runs:
            return rules.ready(high, state.tc)
        return len(heard_from(state)) == state.n
    if state.tc is not None:
        return rules.ready(high, state.tc)
    return len(heard_from(state)) >= state.system.quorum


def heard_from(state: State) -> set[int]:
    """Return who has told its highest certificate for this view, by a new-view or on leaving the one before."""
    return {*state.new_views.at(state.view), *state.timeouts.at(state.view - 1)}


def on_branch(state: State, parent: Node) -> set[tuple[str, int]]:
    """Return the requests that stand on a branch and are not executed yet."""
    if not state.rules.skip_proposed:
        return set()
    return {
        node.proposal.request.key
        for node in state.tree.open_branch(parent)
        if node.proposal is not None and node.proposal.request is not None
    }


def wanted(state: State, request: Request, taken: set[tuple[str, int]]) -> bool:
    """Whether a request still waits for its place."""
    return request.key not in taken and request.timestamp > state.clients.get(request.client, (-1, ""))[0]


def on_proposal_ready(state: State, event: ProposalReady) -> None:
    """The validator answered: propose it, if this replica still leads that view."""
    if event.view != state.view or not state.asked:
        return state.drop("stale proposal")
    state.asked = False
    state.moved = True
    if event.answer is None:
        state.unanswered.add(event.request.key)
        state.emit(ProposalMissing(state.view))
    else:
        state.ready = Proposal(request=event.request, answer=event.answer, wording=event.wording)
    return None


def on_wait_timer(state: State) -> None:
    """The leader of HotStuff-2 has waited 2Δ for locks that it had not heard of."""
    state.wait_timer_runs = False
    state.moved = True


def propose(state: State, base: QuorumCertificate, proposal: Proposal | None) -> None:
    """Propose a node above the one that is certified highest (line 5: createLeaf)."""
    view, parent = state.view, state.tree.nodes[base.node]
    node = Node(view, parent.height + 1, parent.seq + (proposal is not None), base, proposal)
    consecutive = state.rules.chain > 0 and base.view == view - 1
    entry, tc = (None, None) if consecutive else (state.entry, state.tc)
    message = state.keyring.sign(Propose(node, entry, tc, state.id))
    state.own_proposal = message
    state.stop_wait_timer()
    state.persist(("proposed",), message)
    state.emit(Broadcast(message))
    state.own.append(message)
