"""Votes: a replica votes for a safe proposal and for each certificate that follows; its collector makes certificates.

Algorithm 2, lines 7 to 33. In the chained variants a view has one vote, which the next leader collects (Algorithm 3).
Only the first vote for a node asks the validator: whoever sees the certificate of a node follows it, accepted or not.
"""

from __future__ import annotations

from bft.core.effects import Broadcast, RequestVerdict, Send
from bft.core.events import Equivocation, Judgement
from bft.core.inputs import VerdictReady
from bft.core.lean import maker
from bft.core.request import Proposal
from bft.core.verdict import Verdict
from bft.protocols.hotstuff import fetching, pacemaker
from bft.protocols.hotstuff.branches import in_place, take_nodes
from bft.protocols.hotstuff.learning import learn
from bft.protocols.hotstuff.messages import Phase, Propose, QuorumCertificate, Vote, well_formed
from bft.protocols.hotstuff.state import PHASES, State

new_vote, new_certificate = maker(Vote, well_formed=True), maker(QuorumCertificate, well_formed=True)
new_send, new_verdict_request, new_judgement = maker(Send), maker(RequestVerdict), maker(Judgement)

MOST_VERDICTS = 256
"""Verdicts kept, and waited for; a liar can make a validator judge one value for each view that it leads."""


def on_propose(state: State, sender: int, message: Propose) -> None:
    """A leader's proposal: accept the first valid one of its view, and vote for it if that is safe (lines 8 to 10)."""
    rules = state.rules
    if not (message._well_formed or well_formed(message)):
        return state.drop("malformed message")
    node = message.node
    view, justify = node.view, node.justify
    if rules.check_identity and message.replica != sender:
        return state.drop("identity differs from sender")
    if rules.only_leader_proposes and sender != view % state.n:
        return state.drop("proposal not from the leader")
    if not 0 <= view < state.views:
        return state.drop("proposal beyond the last view")
    if view < state.view:
        return on_late_proposal(state, sender, message)
    if view == state.view and state.proposal is not None:
        if state.proposal.node.digest != node.digest:
            state.emit(Equivocation(sender, state.proposal, message))
            if rules.vote_once:
                return state.drop("second proposal")
        else:
            return state.drop("repeated proposal")
    fault = state.verifier.proposal_fault(message)
    if fault is not None:
        return state.drop(fault)
    known = learn(state, justify, sender, needed=True)
    if not known:
        fetching.hold(state, view, sender, message)
    elif not in_place(state, node):
        return state.drop("proposal that does not extend its certificate")
    if rules.chain > 0 and justify.view == view - 1:
        pacemaker.enter(state, view, justify, None)
    else:
        pacemaker.advance(state, view, message.entry, message.tc, sender)
    if not known:
        return None
    if state.view != view:
        return state.drop("old proposal")
    if justify is state.high and state.follows > state.announced:
        state.announced = state.follows
    if node.height <= state.tree.committed.height:
        return state.drop("proposal below the last commit")
    state.tree.accept(node)
    state.proposal = message
    if node.proposal is not None:
        pacemaker.wait_for(state, node.proposal)
    consider_vote(state, message)
    if state.missing:
        take_up(state)
    return None


def free_to_vote(state: State, view: int, phase: int) -> bool:
    """Whether this replica has not voted in this phase, has voted in no later view, and has not given this one up."""
    rules = state.rules
    if not rules.vote_once:
        return True
    if state.left >= view and rules.silent_after_timeout:
        return False
    return view > state.voted or (view == state.voted and not state.phases >> phase & 1)


def consider_vote(state: State, message: Propose) -> None:
    """Vote for the accepted proposal if that is safe and the validator agrees (lines 9 and 10)."""
    node = message.node
    if not free_to_vote(state, node.view, 0):
        return None
    if not state.rules.safe(state.tree, state.locked, node, message.tc):
        return state.drop("unsafe proposal")
    certified = state.phase is not None and state.phase.node == node.digest
    if node.proposal is not None and not certified and not approved(state, message, node.proposal):
        return None
    return cast(state, 0, node.view, node.digest)


def approved(state: State, message: Propose, proposal: Proposal) -> bool:
    """Whether a value is still wanted and the validator accepts it; it is asked where it has not judged it yet."""
    request, rules = proposal.request, state.rules
    if request is not None and request.timestamp <= state.clients.get(request.client, (-1, ""))[0]:
        state.drop("proposal of an executed request")
        return False
    if message.replica == state.id or not rules.follow_verdict:
        return True
    value = proposal.digest
    known = state.verdicts.get(value)
    if known is not None and not rules.judge_again:
        return known[0] is Verdict.ACCEPT
    if value not in state.judging:
        if len(state.judging) >= MOST_VERDICTS:
            del state.judging[next(iter(state.judging))]
        state.judging[value] = proposal
        emit = state.emit
        emit(new_verdict_request(message.node.view, message.node.seq, value, proposal))
    return False


def on_verdict(state: State, event: VerdictReady) -> None:
    """The validator judged a value: keep what it said, and vote if the value is still proposed.

    A verdict holds for the value, whichever node carries it: a value that comes again is not judged again.
    """
    proposal = state.judging.pop(event.digest, None)
    if proposal is None:
        return state.drop("stale verdict")
    keep_verdict(state, event.verdict, proposal)
    message = state.proposal
    if message is None or message.node.proposal is None or message.node.proposal.digest != event.digest:
        return state.drop("late verdict")
    emit = state.emit
    emit(new_judgement(state.view, message.node.seq, event.verdict))
    free = event.verdict is Verdict.ACCEPT and free_to_vote(state, state.view, 0)
    if free and state.rules.safe(state.tree, state.locked, message.node, message.tc):
        cast(state, 0, state.view, message.node.digest)
    return None


def keep_verdict(state: State, verdict: Verdict, proposal: Proposal) -> None:
    """Remember a verdict until its request is executed."""
    request = proposal.request
    if request is None or request.timestamp <= state.clients.get(request.client, (-1, ""))[0]:
        return
    if len(state.verdicts) >= MOST_VERDICTS:
        oldest = next(iter(state.verdicts))
        del state.verdicts[oldest]
        state.persist(("verdict", oldest), None)
    value = proposal.digest
    state.verdicts[value] = (verdict, proposal)
    state.persist(("verdict", value), (verdict, proposal))


def cast(state: State, phase: int, view: int, node: str) -> None:
    """Vote in a phase of a view, and send the vote to who collects it."""
    vote = state.keyring.sign(new_vote(phase, view, node, state.id))
    if view > state.voted:
        state.voted, state.phases = view, 0
        state.own_votes = {}
    state.phases |= 1 << phase
    state.own_votes[phase] = vote
    if state.durable:
        state.persist(("voted", phase), vote)
        if phase == 0:
            state.persist(("node", node), state.tree.nodes.get(node))
    collector = state.collector(view)
    if collector == state.id:
        state.own.append(vote)
    else:
        emit = state.emit
        emit(new_send(collector, vote))


def on_vote(state: State, sender: int, vote: Vote) -> None:
    """As a collector, file a vote; a quorum for one node is a certificate (lines 12, 20 and 28)."""
    rules = state.rules
    if not (vote._well_formed or well_formed(vote)):
        return state.drop("malformed message")
    if vote.replica != sender and rules.check_identity:
        return state.drop("identity differs from sender")
    view, phase = vote.view, vote.phase
    if state.collector(view) != state.id:
        return state.drop("vote for another collector")
    if phase > state.last_phase:
        return state.drop("vote in no phase")
    if (view, phase) <= state.formed:
        return state.drop("late vote")
    key = view * PHASES + phase
    votes = state.votes
    fresh = votes.add(key, sender, vote)
    gathered = votes.at(key)
    if not fresh:
        if gathered[sender].node != vote.node:
            state.emit(Equivocation(sender, gathered[sender], vote))
        state.drop("second vote")
        if not rules.count_duplicates:
            return None
    if len(gathered) + (not fresh) < state.quorum:
        return None
    node = vote.node
    chosen = [each for each in gathered.values() if each.node == node or not rules.compare_nodes]
    if not fresh:
        chosen.append(vote)
    if len(chosen) < state.quorum:
        return None
    state.formed = (view, phase)
    votes.forget_through(key)
    certified(state, new_certificate(phase, view, node, tuple(chosen)))
    return None


def certified(state: State, qc: QuorumCertificate) -> None:
    """A certificate is made: show it, or propose upon it."""
    if state.rules.chain:
        learn(state, qc, state.id)
        pacemaker.enter(state, qc.view + 1, qc, None)
        return
    message = state.keyring.sign(Phase(qc, state.id))
    state.own_phase = message
    state.emit(Broadcast(message))
    state.own.append(message)


def on_phase(state: State, sender: int, message: Phase) -> None:
    """A leader shows the certificate of a phase: lock and vote in the next one, or decide (lines 16 to 33)."""
    if not (message._well_formed or well_formed(message)):
        return state.drop("malformed message")
    qc = message.qc
    rules = state.rules
    if rules.check_identity and message.replica != sender:
        return state.drop("identity differs from sender")
    if rules.chain or (rules.only_leader_proposes and sender != qc.view % state.n):
        return state.drop("phase not from the leader")
    if qc.view < 0 or not state.verifier.certificate(qc):
        return state.drop("invalid certificate")
    if not learn(state, qc, sender):
        fetching.hold(state, qc.view, sender, message)
        return None
    if qc.view > state.view:
        pacemaker.enter(state, qc.view, qc, None)
    if qc.phase == state.last_phase:
        pacemaker.enter(state, qc.view + 1, qc, None)
        return None
    if qc.view != state.view:
        return state.drop("old phase")
    if state.phase is None or qc.phase > state.phase.phase:
        state.phase = qc
    if free_to_vote(state, qc.view, qc.phase + 1):
        cast(state, qc.phase + 1, qc.view, qc.node)
    return None


def on_late_proposal(state: State, sender: int, message: Propose) -> None:
    """A proposal of a view that was left: a collector may have had the votes for its node before it."""
    if message.node.digest not in state.missing:
        return state.drop("old proposal")
    if take_nodes(state, sender, (message.node,), None):
        take_up(state)
    return None


def take_up(state: State) -> None:
    """What was missing may be here: learn from its certificates, and take up the messages that waited for it."""
    state.moved = True
    nodes = state.tree.nodes
    for digest, qc in tuple(state.missing.items()):
        if digest in nodes or qc.view <= state.tree.committed.view:
            state.missing.pop(digest, None)
            if digest in nodes:
                pacemaker.follow(state, qc, state.id)
    entry = state.entry
    if entry is not None and entry.node in nodes:
        learn(state, entry, state.id)  # its node was not there when the view was entered
    for place in sorted(state.held):
        if place not in state.held or fetching.needs(state.held[place][1]) not in nodes:
            continue
        sender, message = state.held.pop(place)
        if isinstance(message, Propose):
            on_propose(state, sender, message)
        else:
            on_phase(state, sender, message)
    for place in [place for place in state.held if place[0] < state.tree.committed.view]:
        del state.held[place]
