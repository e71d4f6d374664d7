"""The pacemaker: when a view is entered, how long it may take, and how it is given up.

A view is entered with a certificate of the last votes of the view before, or with a timeout certificate. Who waits in
vain for its view tells everybody, with its highest certificate and the proof of its view; f + 1 who do make others
join, a quorum makes the timeout certificate (as in Jolteon; §3.2 of HotStuff-2). Timeouts grow with each view that is
given up, and fall back at a commit. A view is timed only while a request is pending.
"""

from __future__ import annotations

from bft.core.effects import Broadcast, Reply, Send, SetTimer
from bft.core.events import Equivocation, ViewsExhausted
from bft.core.inputs import ClientRequest
from bft.core.lean import maker
from bft.core.request import Proposal, Request
from bft.protocols.hotstuff.config import WAIT_TIMER
from bft.protocols.hotstuff.events import ViewBegun
from bft.protocols.hotstuff.learning import learn
from bft.protocols.hotstuff.messages import (
    NewView,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    TimeoutVote,
    well_formed,
)
from bft.protocols.hotstuff.state import State

new_view_begun, new_send, new_new_view = maker(ViewBegun), maker(Send), maker(NewView, well_formed=True)
SUPERSEDED = "superseded by a later request of its client"


def on_request(state: State, event: ClientRequest) -> None:
    """A client's request: answer it again if it was executed, else hold it and see that it is proposed."""
    request = event.request
    if not well_formed(request):
        return state.drop("malformed message")
    if state.rules.check_requests and not state.keyring.verify(request):
        return state.drop("request not signed by its client")
    timestamp, result = state.clients.get(request.client, (-1, ""))
    if request.timestamp <= timestamp:
        if request.timestamp == timestamp:
            state.emit(Reply(request.client, timestamp, result))
        return None
    held = state.pending.get(request.client)
    if held is not None and request.timestamp <= held.timestamp:
        return None if request.timestamp == held.timestamp else state.drop(SUPERSEDED)
    remember(state, request)
    return None


def on_relayed_request(state: State, sender: int, request: Request) -> None:
    """Another replica passes on a request that it waits for; the client's signature vouches for it."""
    del sender
    on_request(state, ClientRequest(request))


def remember(state: State, request: Request) -> None:
    """Hold a request until it is executed, one for each client, and time the view meanwhile."""
    if state.pending.pop(request.client, None) is not None:
        state.drop(SUPERSEDED)
    state.pending[request.client] = request
    state.persist(("request", request.client), request)
    if not state.view_timer_runs and state.left < state.view:
        state.start_view_timer()
    state.start_status_timer()
    state.moved = state.moved or state.leads


def wait_for(state: State, proposal: Proposal) -> None:
    """Wait for a request that was proposed, as for one that its client has sent."""
    request = proposal.request
    if request is None or request.timestamp <= state.clients.get(request.client, (-1, ""))[0]:
        return
    held = state.pending.get(request.client)
    if held is None or held.timestamp < request.timestamp:
        remember(state, request)


def advance(
    state: State, view: int, entry: QuorumCertificate | None, tc: TimeoutCertificate | None, source: int
) -> None:
    """Take in what proves that a view may be entered, and enter it if it is later."""
    if entry is not None:
        learn(state, entry, source)
    if view > state.view:
        enter(state, view, entry, tc)


def follow(state: State, qc: QuorumCertificate, source: int) -> None:
    """Learn from a valid certificate, and enter the view that it leads to."""
    learn(state, qc, source)
    last = qc.phase == state.rules.last_phase
    enter(state, qc.view + 1 if last else qc.view, qc, None)


def follow_beyond(state: State, high: QuorumCertificate, view: int, source: int) -> None:
    """Learn from a certificate that was sent for a view; if it is of a later one, a quorum is there: enter that."""
    if high.view > view:
        follow(state, high, source)
    else:
        learn(state, high, source)


def enter(state: State, view: int, entry: QuorumCertificate | None, tc: TimeoutCertificate | None) -> None:
    """Enter a later view with what proves that it may be entered."""
    if not state.view < view < state.views:
        return
    by_timeout = entry is None or entry.view < view - 1
    state.view = view
    state.entry, state.tc = (None, tc) if by_timeout else (entry, None)
    state.proposal = state.phase = None
    state.asked, state.ready = False, None
    if state.unanswered:
        state.unanswered.clear()
    if state.wait_timer_runs:
        state.stop_wait_timer()
    if by_timeout:
        state.failures += 1
        state.timeouts.forget_through(view - 2)
    if state.durable:
        state.persist(("view",), (view, state.entry, state.tc))
    emit = state.emit
    emit(new_view_begun(view, by_timeout))
    if state.pending:
        state.start_view_timer()
    else:
        state.stop_view_timer()
    state.moved = state.moved or state.leads
    if not state.rules.chain and entry is not None and entry.view == view - 1:
        tell_leader(state)
    if state.rules.waits == "delay" and state.leads and state.high.view < view - 1:
        state.wait_timer_runs = True
        state.emit(SetTimer(WAIT_TIMER, state.config.leader_wait * state.config.timeout_s(state.failures)))


def tell_leader(state: State) -> None:
    """Tell the leader of the view that was entered which certificate is the highest (Algorithm 2, line 35)."""
    view = state.view
    message = state.keyring.sign(new_new_view(view, state.high, state.entry, state.tc, state.id))
    state.own_new_view = message
    if state.leads:
        state.own.append(message)
    else:
        emit = state.emit
        emit(new_send(state.leader(view), message))


def on_new_view(state: State, sender: int, message: NewView) -> None:
    """As the leader of a view, gather the highest certificates of those who enter it (Algorithm 2, lines 3 and 4)."""
    if not (message._well_formed or well_formed(message)):
        return state.drop("malformed message")
    if message.replica != sender and state.rules.check_identity:
        return state.drop("identity differs from sender")
    view = message.view
    if state.leader(view) != state.id or not state.allowed(view):
        return state.drop("new-view for another leader")
    known = view == state.view and message.high is state.high  # as nearly always: it says what this replica holds
    if not (known and message.entry is state.entry and message.tc is state.tc):
        if not proved(state, view, message.high, message.entry, message.tc):
            return state.drop("new-view without proof of its view")
        follow_beyond(state, message.high, view, sender)
        advance(state, view, message.entry, message.tc, sender)
    if view < state.view:
        return state.drop("old new-view")
    if not state.new_views.add(view, sender, message):
        return state.drop("second new-view")
    state.moved = True
    return None


def proved(
    state: State,
    view: int,
    high: QuorumCertificate,
    entry: QuorumCertificate | None,
    tc: TimeoutCertificate | None,
) -> bool:
    """Whether a certificate is valid, and another one shows that the view may be entered."""
    verifier = state.verifier
    return high.phase == 0 and verifier.certificate(high) and verifier.entry(view, entry, tc)


def on_view_timer(state: State) -> None:
    """The view has taken too long: give it up, if anything is still waited for."""
    if not state.view_timer_runs:
        return state.drop("stale timer")
    state.view_timer_runs = False
    if state.pending:
        give_up(state)
    return None


def give_up(state: State) -> None:
    """Vote no more in this view, and tell everybody; in the last view allowed, wait instead."""
    view = state.view
    if state.left >= view:
        return
    if not state.allowed(view + 1):
        if not state.exhausted:
            state.exhausted = True
            state.emit(ViewsExhausted(view))
        return
    state.left = view
    vote = state.keyring.sign(TimeoutVote(view, state.high.view, state.id))
    message = state.keyring.sign(Timeout(vote, state.high, state.entry, state.tc, state.id))
    state.own_timeout = message
    state.persist(("left",), message)
    state.emit(Broadcast(message))
    state.own.append(message)
    state.start_status_timer()


def on_timeout(state: State, sender: int, message: Timeout) -> None:
    """Another replica gives its view up: learn what it knows, join it at f + 1, leave with a quorum."""
    if not well_formed(message):
        return state.drop("malformed message")
    vote, view = message.vote, message.vote.view
    if state.rules.check_identity and (message.replica != sender or vote.replica != sender):
        return state.drop("identity differs from sender")
    if state.rules.check_signatures and not state.keyring.verify(vote):
        return state.drop("timeout with a vote that is not signed")  # no timeout certificate may hold it
    if vote.high != message.high.view:
        return state.drop("timeout that belies its certificate")
    if not proved(state, view, message.high, message.entry, message.tc):
        return state.drop("timeout without proof of its view")
    follow_beyond(state, message.high, view, sender)
    advance(state, view, message.entry, message.tc, sender)
    if view + 1 < state.view or not state.allowed(view + 1):
        return state.drop("old timeout")
    if vote.high > view:
        return state.drop("timeout of a view that its own certificate is beyond")  # no timeout certificate may hold it
    if not state.timeouts.add(view, sender, message):
        if state.timeouts.at(view)[sender].vote.high != vote.high:
            state.emit(Equivocation(sender, state.timeouts.at(view)[sender], message))
        return state.drop("second timeout")
    state.moved = True
    if view < state.view:
        return None  # a leader that waits to hear of locks counts it
    heard = state.timeouts.at(view)
    if len(heard) >= state.config.join_quorum:
        give_up(state)
    if len(heard) >= state.config.timeout_quorum:
        certificate = TimeoutCertificate(view, tuple([each.vote for each in heard.values()]))
        enter(state, view + 1, None, certificate)
    return None
