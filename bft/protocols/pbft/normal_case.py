"""The normal case (§4.2): request, pre-prepare, prepare, commit.

A vote that arrives early is filed in its slot and counts from the moment the pre-prepare is accepted; a vote of another
view, the primary's own prepare, or a second one from the same replica never counts. Each guard cites the section that
demands it; where the paper is silent (what is malformed, what fills the memory) it says why it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from bft.core.effects import Broadcast, Reply, RequestProposal, RequestVerdict
from bft.core.events import Equivocation, Judgement, ProposalMissing
from bft.core.inputs import ClientRequest, ProposalReady, VerdictReady
from bft.core.lean import maker
from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.protocols.pbft import execution
from bft.protocols.pbft.events import Committed, Prepared, PrePrepareAccepted
from bft.protocols.pbft.messages import Commit, Decision, Prepare, PreparedCertificate, PrePrepare, well_formed
from bft.protocols.pbft.state import VIEWS_AHEAD, Slot, State

SUPERSEDED = "request superseded by a later one of its client"
ACCEPT = Verdict.ACCEPT
FILED = object()
"""What a vote's handler returns where the vote was filed and nothing followed from it."""
Vote = TypeVar("Vote", bound=Prepare | Commit)

# What every replica makes for every request. Below, `emit` and `persist` get a local name first: CPython 3.11 is slow
# at calling an attribute that is no method.
new_broadcast = maker(Broadcast)
new_accepted = maker(PrePrepareAccepted)
new_verdict_request = maker(RequestVerdict)
new_judgement = maker(Judgement)
new_prepare = maker(Prepare, well_formed=True)
new_commit = maker(Commit, well_formed=True)
new_certificate = maker(PreparedCertificate)
new_prepared = maker(Prepared)
new_committed = maker(Committed)
new_decision = maker(Decision)


def on_request(state: State, event: ClientRequest) -> None:
    """A client's request, see `take_request`."""
    if not well_formed(event.request):  # Byzantine input is data
        return state.drop("malformed message")
    return take_request(state, event.request)


def take_request(state: State, request: Request) -> None:
    """Answer a request again, forget it, or see to it that it is ordered (§4.1)."""
    if not request._well_formed and not well_formed(request):  # Byzantine input is data
        return state.drop("malformed message")
    if state.rules.check_requests and not state.keyring.verify(request):  # §4.1: requests are signed
        return state.drop("request not signed by its client")
    timestamp, result = state.clients.get(request.client, (-1, ""))
    if request.timestamp <= timestamp:  # §4.1: exactly once, by timestamps that grow
        if request.timestamp == timestamp:  # §4.1: the last reply is sent again
            state.emit(Reply(request.client, timestamp, result))
        return None
    held = state.pending.get(request.client)
    if held is not None and request.timestamp <= held.timestamp:  # §4.1: one request of a client is outstanding
        return None if request.timestamp == held.timestamp else state.drop(SUPERSEDED)
    remember(state, request)
    if state.active and state.is_primary:  # §4.2: the primary starts the protocol
        propose(state, request)
    return None


def on_relayed_request(state: State, sender: int, request: Request) -> None:
    """Another replica passes on a request that it waits for; the client's signature vouches for it (§4.1)."""
    del sender
    return take_request(state, request)


def remember(state: State, request: Request) -> None:
    """Hold a request until it is executed, and start waiting for that.

    A client has one request outstanding (§4.1): a later one takes the place of what is not executed yet, and waits from
    now on, so that a client that floods neither fills the memory nor stands before others.
    """
    if state.pending.pop(request.client, None) is not None:  # §4.1: one request of a client is outstanding
        state.drop(SUPERSEDED)
    state.pending[request.client] = request
    persist = state.persist
    persist(("request", request.client), request)
    if state.active and not state.view_timer_runs:  # §4.4: a backup starts a timer if none runs
        state.start_view_timer()
    state.start_status_timer()


def propose(state: State, request: Request) -> None:
    """As primary, ask the validator for an answer, once per view and about one request of a client at a time."""
    if request.key not in state.ordering and request.client not in state.asked:  # §4.1: one at a time
        state.ordering.add(request.key)
        state.asked.add(request.client)
        state.emit(RequestProposal(state.view, request))


def propose_next(state: State, client: str) -> None:
    """As primary, go on to what a client asked meanwhile."""
    state.asked.discard(client)
    later = state.pending.get(client)
    if later is not None:
        propose(state, later)


def on_proposal_ready(state: State, event: ProposalReady) -> None:
    """The validator answered: give the proposal the next number, if it is still wanted."""
    if event.view != state.view or not state.active or not state.is_primary:  # an answer may come late
        return state.drop("stale proposal")
    client = event.request.client
    if event.request.timestamp <= state.clients.get(client, (-1, ""))[0]:  # §4.1: executed meanwhile
        state.drop("proposal for an executed request")
        return propose_next(state, client)
    if event.answer is None:  # no section: the paper's primary always has something to propose
        state.emit(ProposalMissing(state.view))
        return None
    state.unordered.append(Proposal(request=event.request, answer=event.answer, wording=event.wording))
    return order(state)


def order(state: State) -> None:
    """Assign numbers inside the window to what waits for one, several in flight at once."""
    while state.unordered and state.next_seq <= state.high:  # §4.3: numbers lie between the watermarks
        proposal = state.unordered.pop(0)
        seq = state.next_seq
        state.next_seq += 1
        message = state.keyring.sign(PrePrepare(state.view, seq, proposal.digest, proposal, state.id))
        state.persist(("pre-prepare", seq), message)
        state.emit(Broadcast(message))
        accept(state, state.slot(seq), message, carried=False)
        if proposal.request is not None:
            propose_next(state, proposal.request.client)


def on_preprepare(state: State, sender: int, message: PrePrepare) -> None:
    """A primary's proposal: accept the first valid one for its place and ask the validator about it (§4.2)."""
    rules = state.rules
    if not message._well_formed and not well_formed(message):  # Byzantine input is data
        return state.drop("malformed message")
    if rules.check_identity and message.replica != sender:  # §4.2: the signature is correct
        return state.drop("identity differs from sender")
    primary = state.primary if message.view == state.view else state.verifier.primary(message.view)
    if rules.only_primary_proposes and sender != primary:  # §4.1: p = v mod n
        return state.drop("pre-prepare not from the primary")
    if message.view < state.view or message.seq <= state.low:  # §4.2: it is in view v, and above h
        return state.drop("old pre-prepare")
    if message.view > state.view or not state.active or message.seq > state.high:  # §4.2: not yet, or above H
        return keep_early(state, message)
    slot = state.slot(message.seq)
    if slot.digest is not None and rules.keep_first_preprepare:  # §4.2: no other digest accepted for v and n
        if slot.digest != message.digest:
            state.emit(Equivocation(sender, slot.preprepare, message))
        return state.drop("second pre-prepare")
    if message.proposal.request is None:  # §4.4: null requests are made by new views alone
        return state.drop("null request outside a new view")
    if rules.check_digest and message.digest != message.proposal.digest:  # §4.2: d is the digest of m
        return state.drop("digest differs from proposal")
    if not state.verifier.request_authentic(message.proposal):  # §4.2: the signature in the request is correct
        return state.drop("request not signed by its client")
    persist = state.persist
    persist(("pre-prepare", message.seq), message)
    accept(state, slot, message, carried=False)
    return None


def keep_early(state: State, message: PrePrepare) -> None:
    """Keep a pre-prepare that may fit later, one per place, within bounds."""
    near = message.view - state.view <= VIEWS_AHEAD and message.seq <= state.high + state.config.window
    if state.rules.keep_early and near:  # bounded, so that a liar cannot fill the memory
        state.early.setdefault((message.view, message.seq), message)
    else:
        state.drop("pre-prepare far ahead")


def release_early(state: State) -> None:
    """Look again at early pre-prepares: the view or the window has moved."""
    fits = sorted(place for place in state.early if place[0] <= state.view and place[1] <= state.high)
    for place in fits:
        message = state.early.pop(place, None)
        if message is not None:  # the one before may have moved the window past it
            on_preprepare(state, message.replica, message)


def accept(state: State, slot: Slot, message: PrePrepare, *, carried: bool) -> None:
    """Accept a pre-prepare into the log; the votes filed before it now count.

    What a new view carries over is prepared without asking the validator again: it may already be committed somewhere.
    """
    emit = state.emit
    slot.preprepare = message
    slot.digest = message.digest
    if slot.prepares or slot.commits:  # §4.2: votes may come before the pre-prepare that they match
        slot.prepare_weight = filed_weight(state, slot, slot.prepares)
        slot.commit_weight = filed_weight(state, slot, slot.commits)
    emit(new_accepted(slot.view, slot.seq, message.digest, carried))
    request = message.proposal.request
    if request is not None:
        state.ordering.add(request.key)
        held = state.pending.get(request.client)
        done = state.clients.get(request.client, (-1, ""))[0]
        if done < request.timestamp and (held is None or held.timestamp < request.timestamp):  # §4.1: not executed yet
            remember(state, request)
    if state.primary != state.id:  # §4.2: backups multicast prepares
        if carried and not state.rules.judge_carried:  # §4.4: a prepare for each message in O
            send_prepare(state, slot)
        else:
            emit(new_verdict_request(slot.view, slot.seq, message.digest, message.proposal))
    if slot.prepare_weight >= state.least_prepares:
        check_prepared(state, slot)


def filed_weight(state: State, slot: Slot, votes: Mapping[int, Prepare | Commit]) -> int:
    """Return the weight of the filed votes for the accepted digest."""
    return sum([state.weights[vote.replica] for vote in counted(state, slot, votes)])


def counted(state: State, slot: Slot, votes: Mapping[int, Vote]) -> tuple[Vote, ...]:
    """Return the filed votes that are for the accepted digest, in the order in which they came."""
    if not state.rules.compare_digests:
        return tuple(votes.values())
    digest = slot.digest
    return tuple([vote for vote in votes.values() if vote.digest == digest])


def on_verdict(state: State, event: VerdictReady) -> None:
    """The validator judged the accepted proposal: prepare it if it was accepted."""
    slot = state.slots.get(event.seq)
    if event.view != state.view or not state.active or slot is None or slot.digest != event.digest:  # it came late
        return state.drop("stale verdict")
    emit = state.emit
    emit(new_judgement(event.view, event.seq, event.verdict))
    if event.verdict is ACCEPT and not slot.prepare_sent:  # §4.2: if backup i accepts, it enters prepare
        send_prepare(state, slot)
        if slot.prepare_weight >= state.least_prepares:
            check_prepared(state, slot)
    return None


def send_prepare(state: State, slot: Slot) -> None:
    """Tell everyone, and oneself, that this replica agrees to the proposal's place."""
    assert slot.digest is not None
    emit, persist = state.emit, state.persist
    slot.prepare_sent = True
    vote = state.keyring.sign(new_prepare(slot.view, slot.seq, slot.digest, state.id))
    persist(("prepare", slot.seq), vote)
    emit(new_broadcast(vote))
    slot.prepares[state.id] = vote
    slot.prepare_weight += state.weights[state.id]


def on_prepare(state: State, sender: int, vote: Prepare) -> object:
    """A backup's prepare. The primary's own is never counted: its pre-prepare stands for it (§4.2)."""
    if not vote._well_formed and not well_formed(vote):  # Byzantine input is data
        state.drop("malformed message")
        return None
    slot = state.slots.get(vote.seq)
    if slot is None or vote.view != slot.view or vote.replica != sender or not state.active:
        slot = file_vote(state, sender, vote)
        if slot is None:
            return None
        primary = state.primary if slot.view == state.view else state.verifier.primary(slot.view)
    else:
        primary = state.primary
    if sender == primary and not state.rules.count_primary_prepare:  # §4.2: prepares of different backups
        state.drop("prepare from the primary")
        return None
    prepares = slot.prepares
    if sender in prepares:  # §4.2: of different replicas
        second_vote(state, sender, prepares[sender], vote)
        if not state.rules.count_duplicates:
            return None
    prepares[sender] = vote
    if vote.digest == slot.digest or not state.rules.compare_digests:  # §4.2: it matches the pre-prepare
        slot.prepare_weight = weight = slot.prepare_weight + state.weights[sender]
        if weight >= state.least_prepares and check_prepared(state, slot):
            return None
    return FILED


def on_commit(state: State, sender: int, vote: Commit) -> object:
    """A replica's commit: it holds a prepared certificate (§4.2)."""
    if not vote._well_formed and not well_formed(vote):  # Byzantine input is data
        state.drop("malformed message")
        return None
    slot = state.slots.get(vote.seq)
    if slot is None or vote.view != slot.view or vote.replica != sender or not state.active:
        slot = file_vote(state, sender, vote)
        if slot is None:
            return None
    commits = slot.commits
    if sender in commits:  # §4.2: of different replicas
        second_vote(state, sender, commits[sender], vote)
        if not state.rules.count_duplicates:
            return None
    commits[sender] = vote
    if vote.digest == slot.digest or not state.rules.compare_digests:  # §4.2: it matches the pre-prepare
        slot.commit_weight = weight = slot.commit_weight + state.weights[sender]
        if weight >= state.commit_quorum and check_committed(state, slot):
            return None
    return FILED


def file_vote(state: State, sender: int, vote: Prepare | Commit) -> Slot | None:
    """Find the slot of a vote that is not plainly for the current log; None when it does not count (M2, M4, M5, M6)."""
    rules = state.rules
    if rules.check_identity and vote.replica != sender:  # §4.2: its signature is correct
        state.drop("identity differs from sender")
        return None
    if not state.low < vote.seq <= state.high + state.config.window:  # §4.2: between h and H, and one window early
        state.drop("vote outside the window")
        return None
    if vote.view < state.view and rules.refuse_old_views:  # §4.2: its view is the replica's
        state.drop("vote of an old view")
        return None
    if vote.view > state.view:  # §4.2: the same, later
        if vote.view - state.view > VIEWS_AHEAD:  # bounded, so that a liar cannot fill the memory
            state.drop("vote of a far view")
            return None
        state.start_status_timer()
        return state.future.setdefault(vote.view, {}).setdefault(vote.seq, Slot(vote.view, vote.seq))
    if not state.active and rules.pause_in_view_change:  # §4.4: it accepts no such messages
        return state.future.setdefault(state.view, {}).setdefault(vote.seq, Slot(state.view, vote.seq))
    return state.slot(vote.seq)


def second_vote(state: State, sender: int, held: Prepare | Commit, vote: Prepare | Commit) -> None:
    """A voter's second vote: a duplicate, or evidence against it when it says something else."""
    if held.digest != vote.digest:  # §4.2: correct replicas say one thing in one place
        state.emit(Equivocation(sender, held, vote))
    state.drop("second vote")


def check_prepared(state: State, slot: Slot) -> bool:
    """Become prepared once the primary and the backups that agree are a quorum, and commit to it (§4.2)."""
    message = slot.preprepare
    if slot.prepared or message is None or not state.active:  # §4.2: it is in the log; §4.4: the view is active
        return False
    weights = state.weights
    if weights[message.replica] + slot.prepare_weight < state.prepare_quorum:  # §4.2: and 2f prepares that match it
        return False
    slot.prepared = True
    seq, own, emit, persist = slot.seq, state.id, state.emit, state.persist
    votes, voters = agreeing(state, slot, slot.prepares, slot.prepare_weight)
    certificate = new_certificate(message, votes)
    kept = state.certificates.get(seq)
    if kept is not None:  # §4.4: P_m is of the highest view
        certificate = state.rules.keep_certificate(kept, certificate)
    state.certificates[seq] = certificate
    emit(new_prepared(slot.view, seq, message.digest, voters))
    vote = state.keyring.sign(new_commit(slot.view, seq, message.digest, own))
    persist(("prepared", seq), certificate)
    persist(("commit", seq), vote)
    emit(new_broadcast(vote))
    slot.commits[own] = vote
    slot.commit_weight += weights[own]
    if slot.commit_weight >= state.commit_quorum:
        check_committed(state, slot)
    return True


def check_committed(state: State, slot: Slot) -> bool:
    """Become committed once a quorum commits to what this replica prepared, and execute what is next (§4.2)."""
    if slot.committed or not slot.prepared or slot.commit_weight < state.commit_quorum:  # §4.2: 2f + 1 commits
        return False
    message = slot.preprepare
    assert message is not None
    slot.committed = True
    votes, voters = agreeing(state, slot, slot.commits, slot.commit_weight)
    emit = state.emit
    emit(new_committed(slot.view, slot.seq, message.digest, voters))
    execution.decide(state, new_decision(slot.view, slot.seq, message.proposal, votes))
    return True


def agreeing(
    state: State, slot: Slot, votes: Mapping[int, Vote], weight: int
) -> tuple[tuple[Vote, ...], tuple[int, ...]]:
    """Return the filed votes for the accepted digest, which have this weight, and who cast them."""
    if weight == len(votes) and state.config.one_each:  # all of them, as nearly always
        return tuple(votes.values()), tuple(votes)
    found = counted(state, slot, votes)
    return found, tuple([vote.replica for vote in found])
