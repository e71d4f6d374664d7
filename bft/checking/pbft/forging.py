"""What an adversary can say in PBFT: messages and certificates, valid and invalid, built from all that was ever sent.

A recipe takes the world, the liar and a list of numbers, and builds one message. The liar signs with every corrupted
key; what it puts in honest names is forged, and a correct replica must see that. Most numbers choose something
harmless, so that forged messages get deep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from bft.checking.choices import FALSE_DIGEST, Choices
from bft.checking.subject import Recipe
from bft.checking.world import World
from bft.core.quorum import QuorumSystem
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.protocols.pbft.messages import (
    CatchUp,
    Checkpoint,
    Commit,
    Decision,
    NewView,
    Prepare,
    PreparedCertificate,
    PrePrepare,
    Status,
    ViewChange,
)


class Knowledge:
    """What has been said so far, from an adversary's point of view."""

    def __init__(self, world: World) -> None:
        sent: Mapping[str, list[Any]] = world.sent
        self.world = world
        self.proposals: list[PrePrepare] = [*sent.get("PrePrepare", ())]
        for message in sent.get("NewView", ()):
            self.proposals += message.preprepares
        self.prepares: list[Prepare] = sent.get("Prepare", [])
        self.commits: list[Commit] = sent.get("Commit", [])
        self.checkpoints: list[Checkpoint] = sent.get("Checkpoint", [])
        self.view_changes: list[ViewChange] = sent.get("ViewChange", [])
        self.view = max([message.view for message in self.view_changes], default=0)
        self.seq = max([message.seq for message in self.proposals], default=0)

    def views(self, leader: int | None = None) -> list[int]:
        """Return views worth lying about, the latest first; those of a leader before all."""
        near = [self.view, self.view + 1, max(0, self.view - 1), 0]
        if leader is None:
            return near
        n = self.world.n
        own = [view for view in range(self.view + n, -1, -1) if view % n == leader]
        return [own[0], own[min(1, len(own) - 1)], *near]

    def seqs(self) -> list[int]:
        """Return numbers worth lying about."""
        last = self.seq
        window = self.world.setting.window
        return [last or 1, last + 1, max(1, last - 1), 1, last + 2, last + window, last + window + 1]

    def values(self) -> list[Proposal]:
        """Return proposals worth making: two for every request asked, and those that were made."""
        asked = list(self.world.requests.values()) or [self.world.request(0)]
        mine = [Proposal(request=request, answer=answer) for request in asked for answer in ("this", "that")]
        return [*mine, *(message.proposal for message in self.proposals[-4:])]

    def voters(self, message: PrePrepare, kind: type) -> list[Any]:
        """Return the distinct votes cast for a proposal."""
        votes = self.prepares if kind is Prepare else self.commits
        view, seq, digest = message.view, message.seq, message.digest
        found: dict[int, Any] = {}
        for vote in votes:
            if vote.seq == seq and vote.view == view and vote.digest == digest:
                found[vote.replica] = vote
        return list(found.values())

    def proof(self, seq: int) -> tuple[Checkpoint, ...]:
        """Return the checkpoint votes for the most popular state at a number."""
        votes = {vote.replica: vote for vote in self.checkpoints if vote.seq == seq}
        digests = [vote.state_digest for vote in votes.values()]
        best = max(sorted(set(digests)), key=digests.count, default=None)
        return tuple(vote for vote in votes.values() if vote.state_digest == best)


def _false_name(world: World, liar: int, choose: Choices) -> int:
    return choose.pick([node for node in range(world.n) if node != liar] or [liar])


def _needed(system: QuorumSystem, weight: int, voters: Sequence[int]) -> int:
    """Return how many of the voters, the first ones first, weigh so much together; all if they never do."""
    for count, voter in enumerate(voters):
        if weight <= 0:
            return count
        weight -= system.weights[voter]
    return len(voters)


def propose(world: World, liar: int, choices: tuple[int, ...]) -> PrePrepare:
    """A pre-prepare: of a second value, for a place not its own, with a false digest, or an unsigned request."""
    known, choose = Knowledge(world), Choices(choices)
    value = choose.pick(known.values())
    view = choose.pick(known.views(liar))
    seq = choose.pick(known.seqs())
    flaw = choose.flaw("digest", "request", "null", "name")
    if flaw == "request":
        value = Proposal(request=Request(client="client-0", timestamp=9, operation="never asked"), answer="forged")
    elif flaw == "null":
        value = NULL_PROPOSAL
    digest = choose.pick([message.digest for message in known.proposals] or [FALSE_DIGEST])
    name = _false_name(world, liar, choose) if flaw == "name" else liar
    return PrePrepare(view, seq, digest if flaw == "digest" else value.digest, value, name)


def vote(world: World, liar: int, choices: tuple[int, ...]) -> Prepare | Commit | None:
    """A prepare or commit for something that was proposed, for its own place or for another."""
    known, choose = Knowledge(world), Choices(choices)
    if not known.proposals:
        return None
    message = choose.pick(known.proposals[-6:][::-1])
    kind = choose.pick((Prepare, Commit))
    flaw = choose.flaw("view", "digest", "seq", "name")
    view = choose.pick(known.views()) if flaw == "view" else message.view
    digest = choose.pick([other.digest for other in known.proposals]) if flaw == "digest" else message.digest
    seq = choose.pick(known.seqs()) if flaw == "seq" else message.seq
    name = _false_name(world, liar, choose) if flaw == "name" else liar
    return Prepare(view, seq, digest, name) if kind is Prepare else Commit(view, seq, digest, name)


def certificate(known: Knowledge, liars: Sequence[int], choose: Choices) -> PreparedCertificate | None:
    """A prepared certificate: a true one, or one with too few, false, repeated or unsigned prepares."""
    world = known.world
    primaries = [view for view in range(known.view, -1, -1) if view % world.n in liars]
    own_view = choose.pick([None, None, *primaries[:2]])
    if own_view is None:
        if not known.proposals:
            return None
        first = choose.pick(known.proposals[-6:][::-1])
    else:
        value = choose.pick(known.values())
        first = PrePrepare(own_view, choose.pick(known.seqs()), value.digest, value, own_view % world.n)
    flaw = choose.flaw("value", "unsigned", "twice", "primary", "few", "place", "unsigned primary")
    if flaw == "value":
        value = choose.pick(known.values())
        first = replace(first, proposal=value, digest=value.digest)
    elif flaw == "unsigned primary":
        value = choose.pick(known.values())
        view = choose.pick(known.views())
        first = PrePrepare(view, first.seq, value.digest, value, view % world.n)
    primary = first.view % world.n
    votes = {each.replica: each for each in known.voters(first, Prepare) if each.replica != primary}
    for liar in liars:
        if liar != primary:
            votes.setdefault(liar, Prepare(first.view, first.seq, first.digest, liar))
    others = [*votes, *(node for node in range(world.n) if node not in votes and node != primary)]
    enough = _needed(world.system, world.system.quorum - world.system.weights[primary], others)
    if flaw in ("unsigned", "unsigned primary", "value") and choose.pick((True, True, False)):
        for node in range(world.n):
            if node != primary and len(votes) < enough:
                votes.setdefault(node, Prepare(first.view, first.seq, first.digest, node))
    prepares = list(votes.values())[: enough - 1 if flaw == "few" else enough]
    if flaw == "twice" and prepares:
        prepares = (prepares * enough)[:enough]
    elif flaw == "primary":
        prepares = [*prepares[: enough - 1], Prepare(first.view, first.seq, first.digest, primary)]
    elif flaw == "place" and known.prepares:
        prepares = list({each.replica: each for each in known.prepares if each.replica != primary}.values())[:enough]
    return PreparedCertificate(first, tuple(prepares))


def view_change(world: World, liar: int, choices: tuple[int, ...]) -> ViewChange:
    """A view-change: with certificates left out, replaced by older ones, or false, or with a false checkpoint."""
    known, choose = Knowledge(world), Choices(choices)
    view = choose.pick((known.view + 1, known.view, known.view, known.view + 2, known.view + 1))
    liars = sorted(world.corrupted)
    true = [each for message in known.view_changes for each in message.prepared]
    content = choose.pick(("empty", "built", "built", "old", "true"))
    prepared: list[PreparedCertificate] = []
    if content == "built":
        built = [certificate(known, liars, choose) for _ in range(choose.pick((1, 1, 2)))]
        prepared = [each for each in built if each is not None]
    elif content == "old":
        prepared = true[:1]
    elif content == "true":
        prepared = list({each.preprepare.seq: each for each in true}.values())
    stable = [0, *sorted({vote.seq for vote in known.checkpoints}, reverse=True)]
    low = choose.pick(stable)
    proof = known.proof(low)
    lie = choose.flaw("low", "twice", "name", "far", "genesis")
    if lie == "low":
        low = choose.pick([world.setting.checkpoint_interval, *stable[1:], world.setting.checkpoint_interval * 2])
        named = range(world.n) if choose.pick((False, True)) else liars
        proof = tuple(Checkpoint(low, FALSE_DIGEST, node) for node in named)
    elif lie == "twice" and prepared:
        prepared = prepared * 2
    elif lie == "far" and prepared:
        low, proof = 0, ()
    elif lie == "genesis":
        low, proof = choose.pick(stable), ()
    name = _false_name(world, liar, choose) if lie == "name" else liar
    return ViewChange(view, low, proof, tuple(prepared), name)


def new_view(world: World, liar: int, choices: tuple[int, ...]) -> NewView | None:
    """A new-view: on too few, repeated, foreign or invalid view-changes, or with an O that does not follow."""
    known, choose = Knowledge(world), Choices(choices)
    led = [view for view in range(max(1, known.view - 1), known.view + 2) if view % world.n == liar]
    view = choose.pick([*led[::-1], *led[::-1], *known.views(liar)])
    of_view = {message.replica: message for message in known.view_changes if message.view == view}
    for node in sorted(world.corrupted):
        of_view.setdefault(node, ViewChange(view, 0, (), (), node))
    turn = choose.pick(range(world.n))
    order = sorted(of_view, key=lambda node: (node - turn) % world.n)
    everyone = [*order, *(node for node in range(world.n) if node not in of_view)]
    quorum = _needed(world.system, world.system.quorum, everyone)
    changes = [of_view[node] for node in order][:quorum]
    flaw = choose.flaw("few", "weak", "twice", "foreign", "unsigned", "invalid", "name")
    if flaw == "few":
        changes = changes[: quorum - 1]
    elif flaw == "weak":
        changes = changes[: _needed(world.system, world.system.weak, everyone)]
    elif flaw == "twice" and changes:
        changes = (changes[:-1] * quorum)[:quorum] or changes * quorum
    elif flaw == "foreign":
        others = {message.replica: message for message in known.view_changes}
        changes = list({**others, **of_view}.values())[:quorum]
    elif flaw == "unsigned":
        present = {message.replica for message in changes}
        changes += [ViewChange(view, 0, (), (), node) for node in range(world.n) if node not in present]
        changes = changes[:quorum]
    elif flaw == "invalid":
        rotten = [certificate(known, sorted(world.corrupted), choose)]
        forged = ViewChange(view, 0, (), tuple(each for each in rotten if each is not None), liar)
        changes = [forged, *(message for message in changes if message.replica != liar)][:quorum]
    if not changes:
        return None
    entries = _carried(known, changes, view, liar, choose)
    name = _false_name(world, liar, choose) if flaw == "name" else liar
    return NewView(view, tuple(changes), tuple(replace(entry, replica=name) for entry in entries), name)


def _carried(known: Knowledge, changes: list[ViewChange], view: int, liar: int, choose: Choices) -> list[PrePrepare]:
    """Return O as it follows from the view-changes, or a bent one."""
    low = max(message.low for message in changes)
    latest: dict[int, PrePrepare] = {}
    earliest: dict[int, PrePrepare] = {}
    for message in changes:
        for each in message.prepared:
            seq, at = each.preprepare.seq, each.preprepare
            if seq not in latest or at.view > latest[seq].view:
                latest[seq] = at
            if seq not in earliest or at.view < earliest[seq].view:
                earliest[seq] = at
    high = max([low, *latest])
    bend = choose.flaw("empty", "null", "short", "long", "earliest", "other", "low", "view", "from the start")
    chosen = earliest if bend == "earliest" else latest
    first = low + 2 if bend == "low" else 1 if bend == "from the start" else low + 1
    seqs = [] if bend == "empty" else list(range(first, high + 1 + (bend == "long")))
    if bend == "short":
        seqs = seqs[:-1]
    entries: list[PrePrepare] = []
    for seq in seqs:
        value = chosen[seq].proposal if seq in chosen else NULL_PROPOSAL
        if bend == "null" or (bend == "long" and seq > high):
            value = NULL_PROPOSAL
        elif bend == "other":
            value = choose.pick(known.values())
        entries.append(PrePrepare(view - (bend == "view"), seq, value.digest, value, liar))
    return entries


def checkpoint(world: World, liar: int, choices: tuple[int, ...]) -> Checkpoint:
    """A checkpoint vote: early, for a false state, or in another's name."""
    known, choose = Knowledge(world), Choices(choices)
    interval = world.setting.checkpoint_interval
    seq = choose.pick([*sorted({vote.seq for vote in known.checkpoints}), interval, interval * 2, interval + 1])
    digest = choose.pick([FALSE_DIGEST, *(vote.state_digest for vote in known.checkpoints if vote.seq == seq)])
    name = _false_name(world, liar, choose) if choose.flaw("name") else liar
    return Checkpoint(seq, digest, name)


def catch_up(world: World, liar: int, choices: tuple[int, ...]) -> CatchUp | None:
    """A state transfer: a false snapshot, an unproved decision, or a true one."""
    known, choose = Knowledge(world), Choices(choices)
    value = choose.pick(known.values())
    seq = choose.pick([1, 2, *known.seqs()])
    false_snapshot = ((FALSE_DIGEST,), ())
    proof = choose.pick([known.proof(vote.seq) for vote in known.checkpoints] or [()])
    what = choose.pick(("decision", "snapshot", "proved decision"))
    if what == "snapshot":
        forged = tuple(Checkpoint(seq, FALSE_DIGEST, node) for node in sorted(world.corrupted))
        return CatchUp(choose.pick((proof, forged)), false_snapshot, (), liar)
    view = choose.pick(known.views())
    if what == "proved decision" and known.proposals:
        first = choose.pick(known.proposals)
        votes = {vote.replica: vote for vote in known.voters(first, Commit)}
        view, seq, value = first.view, first.seq, first.proposal
    else:
        votes = {}
    for node in sorted(world.corrupted):
        votes.setdefault(node, Commit(view, seq, value.digest, node))
    commits = list(votes.values())
    flaw = choose.flaw("twice", "unsigned", "other")
    if flaw == "twice":
        commits = (commits * world.n)[: world.n]
    elif flaw == "unsigned":
        commits = [Commit(view, seq, value.digest, node) for node in range(world.n)]
    elif flaw == "other":
        value = choose.pick(known.values())
    return CatchUp((), None, (Decision(view, seq, value, tuple(commits)),), liar)


def status(world: World, liar: int, choices: tuple[int, ...]) -> Status:
    """A status that makes others send what they have."""
    known, choose = Knowledge(world), Choices(choices)
    return Status(
        view=choose.pick(known.views()),
        active=choose.pick((True, False)),
        last_executed=choose.pick((0, 1, 2)),
        low=0,
        held=(),
        replica=liar,
    )


def signed(make: Callable[[World, int, tuple[int, ...]], Any]) -> Recipe:
    """Return the recipe, with what it made added to what may be built upon."""

    def recipe(world: World, liar: int, choices: tuple[int, ...]) -> object | None:
        message = make(world, liar, choices)
        if message is not None and message.replica == liar:
            world.sent.setdefault(type(message).__name__, []).append(message)
        return message  # type: ignore[no-any-return]

    return recipe


RECIPES: dict[str, Recipe] = {
    make.__name__: signed(make) for make in (propose, vote, view_change, new_view, checkpoint, catch_up, status)
}
