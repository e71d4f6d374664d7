"""Replicas that lack votes, or come back: they say what they hold, and get what is missing with its proof."""

from __future__ import annotations

from collections.abc import Mapping

from bft.core.effects import Broadcast, Send, SetTimer
from bft.core.events import Restarted
from bft.core.request import Proposal, Request
from bft.protocols.ballot import counting, polling
from bft.protocols.ballot.messages import Approve, Ask, Cast, Certificate, vote_of, well_formed
from bft.protocols.ballot.state import FIRST, ROUND, STATUS_TIMER, State
from bft.voting import decided

ASKS_AT_LEAST_EVERY = 8
"""Times `retransmit_s`: how long a replica that lacks something waits at most until it asks again."""


def on_status_timer(state: State) -> None:
    """Still undecided: ask everybody, and again after twice the time, up to a cap."""
    assert state.config.retransmit_s is not None
    ask(state)
    state.asked_again = min(state.asked_again + 1, ASKS_AT_LEAST_EVERY)
    times = min(2**state.asked_again, ASKS_AT_LEAST_EVERY)
    state.emit(SetTimer(STATUS_TIMER, state.config.retransmit_s * times))


def ask(state: State) -> None:
    """Say what is held."""
    assert state.request is not None
    held = Ask(state.request, tuple(sorted(state.casts)), tuple(sorted(state.approvals)), state.id)
    state.emit(Broadcast(state.keyring.sign(held)))


def on_ask(state: State, sender: int, message: Ask) -> None:
    """Send the proof of a decision, or else the votes that the other lacks."""
    if not well_formed(message, state.config.system.n):
        return state.drop("malformed message")
    if message.replica != sender:
        return state.drop("identity differs from sender")
    if state.certificate is not None:
        return state.emit(Send(sender, state.certificate))
    for held, known in ((message.casts, state.casts), (message.approvals, state.approvals)):
        for voter in sorted(set(known) - set(held)):
            state.emit(Send(sender, known[voter]))
    return None


def on_certificate(state: State, sender: int, message: Certificate) -> None:
    """A proof of a decision: check it, keep it as evidence against who voted twice, and follow it."""
    del sender  # whoever passes it on
    if not well_formed(message, state.config.system.n):
        return state.drop("malformed message")
    if state.request is None:
        polling.on_request(state, message.request)
    if state.request is None or message.request != state.request:
        return state.drop("certificate of another request")
    if not valid(state, message):
        return state.drop("invalid certificate")
    if state.executed is None:
        counting.decide(state, message.answer, message)
    for vote in message.votes:
        counting.file(state, vote)
    return None


def valid(state: State, certificate: Certificate) -> bool:
    """Return whether distinct voters signed these votes, and the rule decides so whatever the others say."""
    voters = {vote.replica for vote in certificate.votes}
    kind = Approve if state.config.judged else Cast
    return (
        len(voters) == len(certificate.votes)
        and all(
            vote.__class__ is kind and vote.request == certificate.request and state.keyring.verify(vote)
            for vote in certificate.votes
        )
        and state.config.rule.standing(
            [vote_of(vote) for vote in certificate.votes],
            [voter for voter in range(state.config.system.n) if voter not in voters],
        )
        == decided(certificate.answer)
    )


def on_restart(state: State, stored: Mapping[tuple[object, ...], object]) -> None:
    """Come back with what was stored: a vote once signed is not signed anew, a decision stands."""
    request, own, approval = (stored.get((key, 0)) for key in ("request", "cast", "approval"))
    if not isinstance(request, Request):
        return
    if isinstance(own, Cast):
        state.casts[state.id] = own
    if isinstance(approval, Approve):
        state.approvals[state.id] = approval
        state.closed = True
    decision = stored.get(("decision", 0))
    state.emit(Restarted(ROUND, FIRST if decision else 0))
    if isinstance(decision, tuple):
        proposal, proof = decision
        assert isinstance(proposal, Proposal)
        state.request, state.executed, state.certificate, state.settled = request, proposal, proof, True
        state.machine.apply(proposal)
        return
    polling.open_poll(state, request)
    ask(state)
