"""Exhaustive search of a small HotStuff system: every order of deliveries, every timeout, every lie of a faulty leader.

A state of the system is the state of every honest replica together with all that it has sent. Nothing is lost and
nothing is in time: whatever was sent may be delivered at any time, again and again, or never, and a view timer may run
out whenever it runs. So what can be delivered follows from what was sent, and grows only. The faulty node says all that
it can say, as soon as it can: in the view that it leads both values, and every certificate that its own vote and those
of the honest make, to whom it likes; its votes for everything, and its timeouts with every certificate there is. What
of this anybody gets to hear is a matter of delivery.

A step that leaves a replica as it was, as far as its fingerprint tells (`bft.protocols.hotstuff.fingerprint`), is no
step. Each step of a replica is taken once and then looked up.

Why the reduction loses nothing: a step that sends and executes nothing is seen by nobody else, and what it takes in
stays there to be taken in. So it commutes with every step of every other replica and can be put off until just before
the same replica's next visible step: invisible steps and the visible one form a move. A move is left out if another one
with the same visible step leads to a state from which invisible steps alone lead to where it leads: they can be put off
further. Every run has the same messages and executions, in the same order, as one made of the moves that are left.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from bft.checking.exploration import Exploration, Step, Trusting, no_collection
from bft.core.effects import Broadcast, Execute, RequestProposal, RequestVerdict, Send
from bft.core.inputs import ClientRequest, Deliver, ProposalReady, TimerFired, VerdictReady
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value
from bft.protocols.hotstuff import BASIC, HotStuffConfig, HotStuffReplica, Rules
from bft.protocols.hotstuff.config import VIEW_TIMER
from bft.protocols.hotstuff.fingerprint import of_message
from bft.protocols.hotstuff.messages import (
    GENESIS_QC,
    Node,
    Phase,
    Propose,
    QuorumCertificate,
    Timeout,
    TimeoutVote,
    Vote,
)

ANSWERS = ("a", "b")
"""The two values that compete; an honest leader answers the second."""
LIAR = 0
"""The faulty node; it leads view 0."""
TIMER = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class HotStuffExploration:
    """What is explored, up to which bound.

    Attributes
    ----------
    rules : Rules
        What replicas run: a variant, or one in which a bug is planted.
    n : int
        Number of replicas; number 0 is faulty where `faulty` says so.
    quorum : int or None
        What replicas are told; None for the right one.
    faulty : bool
        Whether node 0 lies.
    views : int
        Views 0 to views − 1 may be used.
    reduce : bool
        Whether steps are gathered into moves; without, the search is the plain one, for comparison.
    max_states : int or None
        Bound of the search.
    """

    rules: Rules = BASIC
    n: int = 4
    quorum: int | None = None
    faulty: bool = True
    views: int = 2
    reduce: bool = True
    max_states: int | None = None

    def __post_init__(self) -> None:
        for name, least in (("n", 2), ("views", 1)):
            if getattr(self, name) < least:
                raise ScenarioError(bad_value(name, getattr(self, name), f"must be at least {least}"))
        if self.max_states is not None and self.max_states < 1:
            raise ScenarioError(bad_value("max_states", self.max_states, "must be at least 1"))

    @property
    def honest(self) -> tuple[int, ...]:
        """The replicas that follow the protocol."""
        return tuple(range(1 if self.faulty else 0, self.n))


@dataclass(slots=True)
class Local:
    """One state of one replica: what stands for it, all that it has sent, what it has executed."""

    replica: HotStuffReplica
    sent: int
    executed: tuple[tuple[int, str], ...]


def explore(config: HotStuffExploration) -> Exploration:
    """Explore all that can happen, breadth first, until S1 breaks, the bound is met or nothing is left."""
    with no_collection():
        return _Search(config).run()


class _Search:
    def __init__(self, config: HotStuffExploration) -> None:
        self.config = config
        self.system = QuorumSystem.of(config.n, quorum=config.quorum)
        self.quorum = config.rules.certificate_quorum(self.system)
        self.keyring = Trusting()
        self.told = HotStuffConfig(
            system=self.system, rules=config.rules, views=config.views, retransmit_s=None, durable=False
        )
        self.request = Request(client="client", timestamp=1, operation="question")
        self.proposals = tuple(Proposal(request=self.request, answer=answer) for answer in ANSWERS)
        self.names = {proposal.digest: proposal.answer or "" for proposal in self.proposals}
        self.messages: list[Deliver] = []
        self.numbers: dict[Hashable, int] = {}
        self.locals: list[Local] = []
        self.known: dict[Hashable, int] = {}
        self.steps: list[dict[int, int]] = []
        self.moves: dict[tuple[int, int], tuple[tuple[int, int], ...]] = {}
        self.unseen: dict[tuple[int, int], tuple[int, ...]] = {}
        self.heard: dict[int, int] = {}
        self.mailbox: dict[int, int] = {}

    def run(self) -> Exploration:
        """Search level by level."""
        honest = self.config.honest
        first = tuple(self._begun(replica) for replica in honest)
        parents: dict[tuple[int, ...], tuple[tuple[int, ...], int, int] | None] = {first: None}
        level, depth, transitions, decided, stalled = [first], 0, 0, 0, 0
        while level:
            following: list[tuple[int, ...]] = []
            for state in level:
                ended = True
                there = self._there(state)
                for place, local in enumerate(state):
                    for number, after in self._moves(local, there & self.mailbox[honest[place]]):
                        transitions += 1
                        ended = False
                        reached = (*state[:place], after, *state[place + 1 :])
                        if reached in parents:
                            continue
                        parents[reached] = (state, place, number)
                        if self.locals[after].executed != self.locals[local].executed and self._splits(reached):
                            path = self._path(parents, reached)
                            return self._told(len(parents), transitions, depth + 1, None, decided, stalled, path)
                        if len(parents) == self.config.max_states:
                            bound = f"max_states = {len(parents)}"
                            return self._told(len(parents), transitions, depth + 1, bound, decided, stalled)
                        following.append(reached)
                if ended:
                    done = all(self.locals[local].executed for local in state)
                    decided, stalled = decided + done, stalled + (not done)
            depth += bool(following)
            level = following
        return self._told(len(parents), transitions, depth, None, decided, stalled)

    def _told(
        self,
        states: int,
        transitions: int,
        depth: int,
        bound: str | None,
        decided: int,
        stalled: int,
        path: tuple[Step, ...] = (),
    ) -> Exploration:
        return Exploration(
            states=states,
            transitions=transitions,
            replica_states=len(self.locals),
            messages=len(self.messages),
            depth=depth,
            bound=bound,
            decided=decided,
            stalled=stalled,
            invariant="S1" if path else None,
            counterexample=path,
        )

    def _begun(self, replica: int) -> int:
        """Return the first state of a replica: it has heard the client."""
        self.mailbox.setdefault(replica, 0)
        born = HotStuffReplica(replica, self.told, self.keyring)
        return self._taken(born, ClientRequest(self.request), 0, ())

    def _taken(self, twin: HotStuffReplica, event: Any, sent: int, executed: tuple[tuple[int, str], ...]) -> int:
        """Let a replica take an input, its validator answering at once, and return the state that it is in then."""
        soon = [event]
        while soon:
            for effect in twin.step(0.0, soon.pop(0)):
                if isinstance(effect, Broadcast):
                    sent |= 1 << self._number(Deliver(twin.id, effect.message), -1)
                elif isinstance(effect, Send):
                    sent |= 1 << self._number(Deliver(twin.id, effect.message), effect.recipient)
                elif isinstance(effect, Execute):
                    executed = (*executed, (effect.seq, effect.digest))
                elif isinstance(effect, RequestProposal):
                    soon.append(ProposalReady(effect.view, effect.request, ANSWERS[1]))
                elif isinstance(effect, RequestVerdict):
                    soon.append(VerdictReady(effect.view, effect.seq, effect.digest, Verdict.ACCEPT))
        key = (twin.fingerprint(), sent, executed)
        state = self.known.get(key)
        if state is None:
            state = self.known[key] = len(self.locals)
            self.locals.append(Local(twin, sent, executed))
            self.steps.append({})
        return state

    def _number(self, event: Deliver, recipient: int) -> int:
        """Return the number of a message, and put it into the mailboxes of those whom it is for."""
        key = (of_message(event.message), recipient)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.messages)
            self.messages.append(event)
            for replica in self.config.honest:
                if replica != event.sender and recipient in (-1, replica):
                    self.mailbox[replica] = self.mailbox.get(replica, 0) | 1 << number
        return number

    def _moves(self, local: int, there: int) -> tuple[tuple[int, int], ...]:
        """Return the last inputs of a replica's moves, and the states that they lead to."""
        key = (local, there)
        found = self.moves.get(key)
        if found is None:
            found = self.moves[key] = self._gather(local, there) if self.config.reduce else self._single(local, there)
        return found

    def _single(self, local: int, there: int) -> tuple[tuple[int, int], ...]:
        """Return the single steps that change something."""
        steps = ((number, self._after(local, number)) for number in (TIMER, *_bits(there)))
        return tuple((number, after) for number, after in steps if after != local)

    def _gather(self, local: int, there: int) -> tuple[tuple[int, int], ...]:
        """Return the visible steps after any invisible ones that cannot be put off further."""
        visible: dict[int, int] = {}
        for before in self._unseen(local, there):
            for number, after in self._single(before, there):
                if self._seen(before, after):
                    visible.setdefault(after, number)
        later = {further for after in visible for further in self._unseen(after, there) if further != after}
        return tuple((number, after) for after, number in visible.items() if after not in later)

    def _unseen(self, local: int, there: int) -> tuple[int, ...]:
        """Return the states that invisible steps lead to, this one first."""
        key = (local, there)
        found = self.unseen.get(key)
        if found is None:
            reached = [local]
            for before in reached:
                for _, after in self._single(before, there):
                    if not self._seen(before, after) and after not in reached:
                        reached.append(after)
            found = self.unseen[key] = tuple(reached)
        return found

    def _seen(self, before: int, after: int) -> bool:
        """Whether a step has sent or executed something."""
        first, second = self.locals[before], self.locals[after]
        return first.sent != second.sent or first.executed != second.executed

    def _after(self, local: int, number: int) -> int:
        """Return the state that an input leads to."""
        steps = self.steps[local]
        after = steps.get(number)
        if after is None:
            after = steps[number] = self._step(local, self.locals[local], number)
        return after

    def _step(self, local: int, here: Local, number: int) -> int:
        replica = here.replica
        if number == TIMER:
            if not replica.waiting or replica.current_view + 1 >= self.config.views:
                return local
            return self._taken(replica.clone(), TimerFired(VIEW_TIMER), here.sent, here.executed)
        return self._taken(replica.clone(), self.messages[number], here.sent, here.executed)

    def _there(self, state: tuple[int, ...]) -> int:
        """Return all that was said so far, what the liar makes of it among it."""
        sent = 0
        for local in state:
            sent |= self.locals[local].sent
        if not self.config.faulty:
            return sent
        found = self.heard.get(sent)
        if found is None:
            found = self.heard[sent] = sent | self._lies(sent)
        return found

    def _lies(self, sent: int) -> int:
        """Return all that the faulty node can say by now."""
        votes: dict[tuple[int, int, str], dict[int, Vote]] = {}
        nodes: dict[str, Node] = {}
        for number in _bits(sent):
            message = self.messages[number].message
            if isinstance(message, Vote):
                votes.setdefault((message.phase, message.view, message.node), {})[message.replica] = message
            elif isinstance(message, Propose):
                nodes[message.node.digest] = message.node
        own = [Node(0, 1, 1, GENESIS_QC, proposal) for proposal in self.proposals]
        mask = 0
        for node in own:
            nodes[node.digest] = node
            mask |= self._say(Propose(node, None, None, LIAR))
        certificates = [GENESIS_QC]
        for phase in range(len(self.config.rules.phases)):
            for node in nodes.values():
                view = node.view
                if view % self.config.n != LIAR:
                    collector = (view + bool(self.config.rules.chain)) % self.config.n
                    if collector != LIAR:
                        mask |= self._say(Vote(phase, view, node.digest, LIAR), collector)
                given = dict(votes.get((phase, view, node.digest), {}))
                given[LIAR] = Vote(phase, view, node.digest, LIAR)
                collector = (view + bool(self.config.rules.chain)) % self.config.n
                if view % self.config.n == LIAR and collector != LIAR:
                    mask |= self._say(Vote(phase, view, node.digest, LIAR), collector)
                if len(given) >= self.quorum:
                    qc = QuorumCertificate(phase, view, node.digest, tuple(given.values()))
                    if phase == 0:
                        certificates.append(qc)
                    if not self.config.rules.chain and view % self.config.n == LIAR:
                        mask |= self._say(Phase(qc, LIAR))
        for qc in certificates:
            mask |= self._say(Timeout(TimeoutVote(0, qc.view, LIAR), qc, None, None, LIAR))
        return mask

    def _say(self, message: Any, recipient: int = -1) -> int:
        return 1 << self._number(Deliver(LIAR, message), recipient)

    def _splits(self, state: tuple[int, ...]) -> bool:
        """S1: whether two honest replicas have executed different values at one number."""
        values: dict[int, str] = {}
        for local in state:
            for seq, digest in self.locals[local].executed:
                if values.setdefault(seq, digest) != digest:
                    return True
        return False

    def _path(
        self, parents: dict[tuple[int, ...], tuple[tuple[int, ...], int, int] | None], state: tuple[int, ...]
    ) -> tuple[Step, ...]:
        """Return the single steps that lead to a state."""
        steps: list[Step] = []
        entry = parents[state]
        while entry is not None:
            before, place, number = entry
            said = "its view timer runs out" if number == TIMER else self._words(number)
            new = self.locals[state[place]].executed[len(self.locals[before[place]].executed) :]
            did = tuple(f"executes {self.names.get(digest, digest[:8])}" for _, digest in new)
            steps.append(Step(replica=self.config.honest[place], heard=said, did=did))
            state, entry = before, parents[before]
        return tuple(steps[::-1])

    def _words(self, number: int) -> str:
        event = self.messages[number]
        message: Any = event.message
        inner = getattr(message, "node", None) or getattr(message, "qc", None) or getattr(message, "vote", message)
        return f"{type(message).__name__} of view {getattr(inner, 'view', '?')} from {event.sender}"


def _bits(mask: int) -> Iterator[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low
