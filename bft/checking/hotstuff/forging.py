"""What a liar can say in HotStuff: proposals, votes, certificates and timeouts, built from all that was ever signed.

A recipe takes the world, the liar and a list of numbers, and builds one message. The liar signs with every corrupted
key; what it puts in honest names is forged. Most numbers choose something harmless, so that forged messages get deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from bft.checking.choices import Choices
from bft.checking.subject import Recipe
from bft.checking.world import World
from bft.core.request import Proposal, Request
from bft.core.signatures import Signed
from bft.protocols.hotstuff import Rules
from bft.protocols.hotstuff.messages import (
    GENESIS,
    GENESIS_QC,
    Branch,
    Fetch,
    LastReply,
    NewView,
    Node,
    Phase,
    Propose,
    QuorumCertificate,
    SavedState,
    Status,
    Timeout,
    TimeoutCertificate,
    TimeoutVote,
    Vote,
)
from bft.protocols.hotstuff.state import Saved

LATEST = 6
"""Nodes and certificates worth building upon, the latest ones."""


class Said:
    """What has been signed so far, by what it is for. The liars of a world keep one and read on in it."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {GENESIS.digest: GENESIS}
        self.votes: dict[tuple[int, int, str], dict[int, Vote]] = {}
        self.timeouts: dict[int, dict[int, TimeoutVote]] = {}
        self.view = 0
        self._read = 0

    def read(self, signed: Iterable[Signed]) -> None:
        """Take in what was signed since; what was signed before comes first, in the same order."""
        for body in islice(signed, self._read, None):
            self._read += 1
            kind = type(body)
            if kind is Vote:
                assert isinstance(body, Vote)
                self.votes.setdefault((body.phase, body.view, body.node), {})[body.replica] = body
                self.view = max(self.view, body.view)
            elif kind is Propose:
                assert isinstance(body, Propose)
                self.nodes[body.node.digest] = body.node
            elif kind is TimeoutVote:
                assert isinstance(body, TimeoutVote)
                self.timeouts.setdefault(body.view, {})[body.replica] = body
                self.view = max(self.view, body.view)


class Knowledge:
    """What liars know: nodes, certificates that votes are there for, timeouts. They only read in it."""

    def __init__(self, world: World, rules: Rules) -> None:
        said: Said = world.notes.setdefault(Said, Said())
        said.read(world.keyring.signed)
        self.world = world
        self.rules = rules
        self.quorum = world.setting.replica_system().quorum
        self.nodes: Mapping[str, Node] = said.nodes
        self.votes: Mapping[tuple[int, int, str], Mapping[int, Vote]] = said.votes
        self.timeouts: Mapping[int, Mapping[int, TimeoutVote]] = said.timeouts
        self.view = said.view

    def certificates(self, phase: int) -> list[QuorumCertificate]:
        """Return the certificates of a phase that can be made, the liars' votes added, the latest first."""
        made = [] if phase else [GENESIS_QC]
        for (at, view, node), votes in sorted(self.votes.items()):
            if at == phase:
                qc = self.certificate(phase, view, node, votes)
                if qc is not None:
                    made.append(qc)
        return made[::-1]

    def certificate(self, phase: int, view: int, node: str, votes: Mapping[int, Vote]) -> QuorumCertificate | None:
        """Return a certificate of the votes cast and those of the liars, if they suffice."""
        every = dict(votes)
        for liar in sorted(self.world.corrupted):
            every.setdefault(liar, Vote(phase, view, node, liar))
        return None if len(every) < self.quorum else QuorumCertificate(phase, view, node, tuple(every.values()))

    def timeout_certificate(self, view: int) -> TimeoutCertificate | None:
        """Return the timeout certificate of a view, those with the lowest certificates first, if it can be made."""
        every = dict(self.timeouts.get(view, {}))
        for liar in sorted(self.world.corrupted):
            every.setdefault(liar, TimeoutVote(view, -1, liar))
        if len(every) < self.quorum:
            return None
        lowest = sorted(every.values(), key=lambda vote: (vote.high, vote.replica))
        return TimeoutCertificate(view, tuple(lowest[: self.quorum]))

    def entry(self, view: int) -> tuple[QuorumCertificate | None, TimeoutCertificate | None]:
        """Return what can be shown to enter a view."""
        tc = self.timeout_certificate(view - 1)
        if tc is not None:
            return None, tc
        last = self.rules.last_phase
        return next((qc for qc in self.certificates(last) if qc.view == view - 1), None), None

    def values(self) -> list[Proposal | None]:
        """Return values worth proposing: two for every request asked, an empty node, and those that were proposed."""
        asked = list(self.world.requests.values()) or [self.world.request(0)]
        mine: list[Proposal | None] = [
            Proposal(request=request, answer=answer) for request in asked for answer in ("this", "that")
        ]
        known = [node.proposal for node in list(self.nodes.values())[-LATEST:]]
        return [*mine, None, *known]


def bent(known: Knowledge, qc: QuorumCertificate, choose: Choices) -> QuorumCertificate:
    """Return a certificate, as it is or with too few, repeated, unsigned or mixed votes."""
    votes = qc.votes
    flaw = choose.flaw("few", "twice", "unsigned", "mixed", "phase", "other node")
    if flaw == "few":
        return QuorumCertificate(qc.phase, qc.view, qc.node, votes[: known.quorum - 1])
    if flaw == "twice" and votes:
        return QuorumCertificate(qc.phase, qc.view, qc.node, (votes[0], *votes)[: known.quorum])
    if flaw == "unsigned":
        node = choose.pick([*known.nodes])
        names = range(known.world.n)
        return QuorumCertificate(
            qc.phase, qc.view, node, tuple(Vote(qc.phase, qc.view, node, name) for name in names)[: known.quorum]
        )
    if flaw == "mixed":
        rival = choose.pick([*known.nodes])
        liars = [Vote(qc.phase, qc.view, rival, liar) for liar in sorted(known.world.corrupted)]
        others = [vote for vote in votes if vote.replica not in known.world.corrupted]
        return QuorumCertificate(qc.phase, qc.view, rival, tuple([*liars, *others][: known.quorum]))
    if flaw == "phase":
        return QuorumCertificate(choose.pick(range(len(known.rules.phases))), qc.view, qc.node, votes)
    if flaw == "other node":
        return QuorumCertificate(qc.phase, qc.view, choose.pick([*known.nodes]), votes)
    return qc


def gathered(known: Knowledge, phase: int, choose: Choices) -> QuorumCertificate | None:
    """Return one of the latest certificates of a phase; or one of too few votes, as if they sufficed."""
    found = known.certificates(phase)[:LATEST]
    partial = [
        QuorumCertificate(phase, view, node, tuple(votes.values()))
        for (at, view, node), votes in sorted(known.votes.items())[-LATEST:]
        if at == phase
    ]
    if partial and choose.flaw("partial", "", "") == "partial":
        qc = choose.pick(partial[::-1])
        liars = [Vote(qc.phase, qc.view, qc.node, liar) for liar in sorted(known.world.corrupted)]
        own = [vote for vote in qc.votes if vote.replica not in known.world.corrupted]
        padded = [*liars, *own]
        if len(padded) < known.quorum and choose.pick((True, False)):
            padded = (padded * known.quorum)[: known.quorum]
        return QuorumCertificate(qc.phase, qc.view, qc.node, tuple(padded))
    return choose.pick(found) if found else None


def propose(known: Knowledge, liar: int, choose: Choices) -> Propose | None:
    """A proposal in a view that the liar leads: on an older certificate, of a second value, out of place, unproved."""
    n = known.world.n
    own = [view for view in range(known.view + n + 1, -1, -1) if view % n == liar and view <= known.view + 1]
    view = choose.pick([*(own or [known.view + 1]), known.view + 1, known.view])
    justify = gathered(known, 0, choose)
    if justify is None:
        return None
    if choose.flaw("bent", "", "") == "bent":
        justify = bent(known, justify, choose)
    parent = known.nodes.get(justify.node, GENESIS)
    value = choose.pick(known.values())
    flaw = choose.flaw("place", "seq", "request", "name", "no entry")
    if flaw == "request":
        value = Proposal(request=Request(client="client-0", timestamp=9, operation="never asked"), answer="forged")
    height = parent.height + 1 + (flaw == "place")
    seq = parent.seq + (value is not None) + (flaw == "seq")
    node = Node(view, height, seq, justify, value)
    entry, tc = (None, None) if flaw == "no entry" else known.entry(view)
    name = (liar + 1) % n if flaw == "name" else liar
    return known.world.keyring.sign(Propose(node, entry, tc, name)) if name == liar else Propose(node, entry, tc, name)


def vote(known: Knowledge, liar: int, choose: Choices) -> Vote:
    """A vote for any node, in its own view and phase or another, or in another's name."""
    node = choose.pick(list(known.nodes.values())[::-1][:LATEST])
    phase = choose.pick(range(len(known.rules.phases)))
    flaw = choose.flaw("view", "name")
    view = known.view if flaw == "view" else max(node.view, 0)
    name = (liar + 1) % known.world.n if flaw == "name" else liar
    body = Vote(phase, view, node.digest, name)
    return known.world.keyring.sign(body) if name == liar else body


def phase(known: Knowledge, liar: int, choose: Choices) -> Phase | None:
    """A leader's certificate of some phase: true, or bent."""
    at = choose.pick(range(len(known.rules.phases)))
    qc = gathered(known, at, choose)
    if qc is None:
        return None
    return Phase(bent(known, qc, choose) if choose.flaw("bent", "", "") else qc, liar)


def timeout(known: Knowledge, liar: int, choose: Choices) -> Timeout | None:
    """A timeout of a near view, with an old certificate, one that it does not have, or in another's name."""
    view = choose.pick([known.view, known.view + 1, max(0, known.view - 1), known.view + 7])
    high = gathered(known, 0, choose)
    if high is None:
        return None
    flaw = choose.flaw("high", "name", "bent")
    if flaw == "bent":
        high = bent(known, high, choose)
    name = (liar + 1) % known.world.n if flaw == "name" else liar
    body = TimeoutVote(view, view if flaw == "high" else high.view, name)
    entry, tc = known.entry(view) if choose.pick((True, True, False)) else (None, None)
    return Timeout(known.world.keyring.sign(body) if name == liar else body, high, entry, tc, liar)


def new_view(known: Knowledge, liar: int, choose: Choices) -> NewView | None:
    """A new-view with an old or a bent certificate."""
    view = choose.pick([known.view, known.view + 1])
    high = gathered(known, 0, choose)
    if high is None:
        return None
    entry, tc = known.entry(view)
    return NewView(view, bent(known, high, choose) if choose.flaw("bent") else high, entry, tc, liar)


def branch(known: Knowledge, liar: int, choose: Choices) -> Branch | None:
    """Nodes sent to catch up: a true branch, one with a forged node on top, or one with a bent certificate."""
    high = gathered(known, 0, choose)
    if high is None:
        return None
    nodes: list[Node] = []
    here = known.nodes.get(high.node)
    while here is not None and here.height > 0 and len(nodes) < LATEST:
        nodes.append(here)
        here = known.nodes.get(here.justify.node)
    nodes.reverse()
    flaw = choose.flaw("top", "bent", "gap", "commit")
    commit = None
    if flaw == "top":
        below = nodes[-1] if nodes else GENESIS
        value = choose.pick(known.values())
        nodes.append(Node(below.view + 1, below.height + 1, below.seq + (value is not None), high, value))
    elif flaw == "bent":
        high = bent(known, high, choose)
    elif flaw == "gap" and len(nodes) > 2:
        nodes = [nodes[0], *nodes[2:]]
    elif flaw == "commit":
        commit = gathered(known, known.rules.last_phase, choose)
        commit = None if commit is None else bent(known, commit, choose)
    _, tc = known.entry(known.view)
    return Branch(tuple(nodes), high, commit, None, tc, liar)


def false_state(known: Knowledge, liar: int, choose: Choices) -> SavedState | None:
    """A state for those left behind: one that is true, with other replies or another machine, or of another node."""
    every = [value for stored in known.world.stored for value in stored.values() if isinstance(value, Saved)]
    true = sorted({saved.node.height: saved for saved in every}.values(), key=lambda each: -each.node.height)
    high = gathered(known, 0, choose)
    if high is None:
        return None
    ahead = known.nodes.get(high.node, GENESIS)
    node, machine, replies = choose.pick([*true[:1], *true[:2]]) if true else Saved(ahead, "0" * 64, ())
    match choose.pick(("replies", "none", "machine", "", "bent", "unsigned", "ahead", "old")):
        case "replies":
            replies = tuple([LastReply(each.client, each.timestamp + 1, "forged") for each in replies])
        case "machine":
            machine = "0" * 64 if isinstance(machine, str) else machine
        case "none":
            replies = ()
        case "ahead":
            node = ahead
        case "old" if true:
            node, machine, replies = true[-1]
        case "unsigned":
            return SavedState(node, GENESIS_QC, machine, replies, liar)
        case "bent":
            high = bent(known, high, choose)
            return SavedState(node, high, machine, replies, liar)
    qc = next((each for each in known.certificates(0) if each.node == node.digest), high)
    return known.world.keyring.sign(SavedState(node, qc, machine, replies, liar))


def fetch(known: Knowledge, liar: int, choose: Choices) -> Fetch:
    """A request for a node, from an unlikely place."""
    node = choose.pick([*known.nodes, "0" * 64])
    return Fetch(node, choose.pick((0, 1, 1 << 40)), choose.pick([*known.nodes]), liar)


def status(known: Knowledge, liar: int, choose: Choices) -> Status:
    """A status that makes others send what they have."""
    view = choose.pick([0, known.view, known.view + 1])
    return Status(view, choose.pick((0, 1, 9)), choose.pick((-1, known.view)), "0" * 64, 0, False, 0, 0, 0, liar)


Maker = Callable[[Knowledge, int, Choices], Any]


def recipes(rules: Rules) -> Mapping[str, Recipe]:
    """Return what can be forged in a variant."""
    makers: list[Maker] = [propose, vote, timeout, branch, false_state, fetch, status]
    if not rules.chain:
        makers += [phase, new_view]

    def recipe(make: Maker) -> Recipe:
        def forge(world: World, liar: int, choices: tuple[int, ...]) -> object | None:
            message: object | None = make(Knowledge(world, rules), liar, Choices(choices))
            return message

        return forge

    return {make.__name__: recipe(make) for make in makers}
