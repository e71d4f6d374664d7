"""What one correct replica has received, all receive: the gossip that the paper assumes, driven by who waits.

A waiting replica tells where it is and what it holds (`Status`), first after `retransmit_s`, then after twice as long,
and so on up to a cap. Others send what it lacks: of past heights the decisions with their precommits, which prove
themselves and are followed without asking a validator; of its own height all that they have heard, whoever said it,
and polkas as certificates, so that a voter who told two replicas different things hides a polka from neither.
"""

from __future__ import annotations

from bft.core.ballot import bits
from bft.core.effects import Broadcast, Send, SetTimer
from bft.core.events import Equivocation
from bft.protocols.tendermint.config import STATUS_TIMER
from bft.protocols.tendermint.deciding import decide
from bft.protocols.tendermint.filing import file_message, file_quorum
from bft.protocols.tendermint.lines import settle
from bft.protocols.tendermint.messages import (
    CatchUp,
    Decision,
    Held,
    Polka,
    Precommit,
    Prevote,
    Propose,
    Status,
    well_formed,
)
from bft.protocols.tendermint.round_log import RoundLog
from bft.protocols.tendermint.state import ROUNDS_AHEAD, WAITING, Own, State

DECISIONS_AT_ONCE = 64
"""Decisions in one message; who lacks more asks again as soon as it has these."""
NOTHING = Held(0, (), 0, 0, False)


def on_status_timer(state: State) -> None:
    """Still waiting: pass on the requests that wait, ask again, and wait longer."""
    state.timers.pop(STATUS_TIMER, None)
    for request in state.pending.values():
        state.emit(Broadcast(request))
    ask(state)
    if state.pending or state.step != WAITING:
        state.status_wait_s = state.config.next_wait_s(state.status_wait_s)
        state.timers[STATUS_TIMER] = (state.height, state.round)
        state.emit(SetTimer(STATUS_TIMER, state.status_wait_s))


def ask(state: State) -> None:
    """Tell everyone where this replica is."""
    state.emit(Broadcast(status(state)))


def status(state: State) -> Status:
    """Return where this replica is and what it holds."""
    held = tuple(
        Held(
            number,
            tuple(log.proposals),
            bits(log.prevotes.votes),
            bits(log.precommits.votes),
            bool(log.polkas),
        )
        for number, log in sorted(state.rounds.items())
    )
    return state.keyring.sign(Status(state.height, state.round, held, state.id))


def on_status(state: State, sender: int, message: Status) -> None:
    """Send a waiting replica what it lacks and this one has."""
    n = state.system.n
    if not well_formed(message):
        return state.drop("malformed message")
    if any(each.prevotes >> n or each.precommits >> n for each in message.held):
        return state.drop("malformed message")
    if message.replica != sender:
        return state.drop("identity differs from sender")
    found: list[Own | CatchUp] = []
    if message.height < state.height:
        found = missed_decisions(state, message.height)
    elif message.height == state.height:
        found = missed_messages(state, message)
    else:
        state.start_status_timer()
    for each in found:
        state.emit(Send(sender, state.keyring.sign(each) if isinstance(each, CatchUp) else each))
    return None


def missed_decisions(state: State, height: int) -> list[Own | CatchUp]:
    """Return decisions from a height on, as many as one message holds."""
    found: list[Decision] = []
    for number in range(height, min(state.height, height + DECISIONS_AT_ONCE)):
        decision = state.decisions.get(number)
        if decision is None:
            break
        found.append(decision)
    return [CatchUp(tuple(found), (), (), (), (), state.id)] if found else []


def missed_messages(state: State, asked: Status) -> list[Own | CatchUp]:
    """Return what the other lacks of this height: this replica's own messages, and together those that it heard."""
    there = {each.round: each for each in asked.held}
    proposals: list[Propose] = []
    prevotes: list[Prevote] = []
    precommits: list[Precommit] = []
    polkas: list[Polka] = []
    for number, log in sorted(state.rounds.items()):
        held = there.get(number, NOTHING)
        proposals += [each for each in log.proposals.values() if each.digest not in held.proposals]
        prevotes += [each for voter, each in sorted(log.prevotes.votes.items()) if not held.prevotes >> voter & 1]
        precommits += [each for voter, each in sorted(log.precommits.votes.items()) if not held.precommits >> voter & 1]
        polkas += [] if held.polka else proved(state, log)
    own: list[Own | CatchUp] = [
        each for kind in (proposals, prevotes, precommits) for each in kind if each.replica == state.id
    ]
    others = CatchUp(
        (),
        tuple([each for each in proposals if each.replica != state.id]),
        tuple([each for each in prevotes if each.replica != state.id]),
        tuple([each for each in precommits if each.replica != state.id]),
        tuple(polkas),
        state.id,
    )
    heard = others.proposals or others.prevotes or others.precommits or polkas
    return [*own, others] if heard and state.rules.pass_on else own


def proved(state: State, log: RoundLog) -> list[Polka]:
    """Return the polkas of a round as certificates."""
    return [Polka(state.height, log.round, digest, log.prevotes.votes_for(digest)[0]) for digest in log.polkas]


def on_catch_up(state: State, sender: int, message: CatchUp) -> None:
    """Follow proved decisions, then file what is proved by its signatures; what is not proved is dropped."""
    if not well_formed(message):
        return state.drop("malformed message")
    if message.replica != sender:
        return state.drop("identity differs from sender")
    followed = follow_decisions(state, message.decisions)
    if followed and state.height == message.decisions[-1].height + 1 and len(message.decisions) == DECISIONS_AT_ONCE:
        state.emit(Send(sender, status(state)))
    for proof in sorted(message.polkas, key=lambda each: (each.height, each.round)):
        take_polka(state, proof)
    passed: list[Own] = [*message.proposals, *message.prevotes, *message.precommits]
    for each in sorted(passed, key=lambda each: (each.height, each.round)):
        if state.rules.check_signatures and each.replica != sender and not state.verifier.signed(each):
            state.drop("passed on without its sender's signature")
        elif not known(state, each) and file_message(state, each):
            settle(state)
    return settle(state)


def follow_decisions(state: State, decisions: tuple[Decision, ...]) -> bool:
    """Follow decisions of this and the next heights; return whether there were any."""
    followed = False
    for decision in sorted(decisions, key=lambda each: each.height):
        if decision.height != state.height:
            continue
        if decision.round < state.round and not state.rules.decide_past_rounds:
            state.drop("decision of a past round")
        elif not state.verifier.decision(decision):
            state.drop("unproved decision")
        else:
            decide(state, decision, tuple([vote.replica for vote in decision.precommits]))
            followed = True
    return followed


def take_polka(state: State, proof: Polka) -> None:
    """Take a certificate of a round that this replica keeps a log of."""
    if proof.height != state.height or proof.round > max(state.round, 0) + ROUNDS_AHEAD:
        return state.drop("polka of another height or a far round")
    if state.config.views is not None and proof.round >= state.config.views:
        return state.drop("polka of another height or a far round")
    if proof.round < state.round and not state.rules.keep_old_rounds:
        return state.drop("polka of a past round")
    log = state.rounds.get(proof.round)
    if log is not None and proof.digest in log.polkas:
        return None
    if not state.verifier.polka(proof):
        return state.drop("unproved polka")
    file_quorum(state, state.log(proof.round), proof.prevotes, proof.digest)
    return settle(state)


def known(state: State, message: Own) -> bool:
    """Return whether a message that was passed on is here already; a different one of its signer is evidence."""
    if message.height != state.height:
        return False
    log = state.rounds.get(message.round)
    if log is None:
        return False
    if isinstance(message, Propose):
        return message.digest in log.proposals
    votes = log.prevotes.votes if isinstance(message, Prevote) else log.precommits.votes
    held = votes.get(message.replica)
    if held is not None and held.digest != message.digest:
        state.emit(Equivocation(message.replica, held, message))
    return held is not None
