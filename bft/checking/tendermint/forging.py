"""What a liar can say in Tendermint: messages and certificates, valid and invalid, built from all that was ever sent.

A recipe takes the world, the liar and numbers to choose by. Half of the time it is right but for whose it is: a second
value, a lock broken, a vote for each side. Else it has one flaw that a correct replica must see.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bft.checking.choices import FALSE_DIGEST, Choices
from bft.checking.subject import Recipe
from bft.checking.world import World
from bft.core.request import NULL_PROPOSAL, Proposal, Request
from bft.protocols.tendermint.messages import (
    CatchUp,
    Decision,
    Held,
    Polka,
    Precommit,
    Prevote,
    Propose,
    Status,
    Vote,
)
from bft.protocols.tendermint.rotation import Rotation

FAR = (40, 10**9)


class Knowledge:
    """What has been said so far, from an adversary's point of view."""

    def __init__(self, world: World) -> None:
        sent: Mapping[str, list[Any]] = world.sent
        self.world = world
        self.proposals: list[Propose] = sent.get("Propose", [])
        self.prevotes: list[Prevote] = sent.get("Prevote", [])
        self.precommits: list[Precommit] = sent.get("Precommit", [])
        said = (self.proposals[-40:], self.prevotes[-200:], self.precommits[-200:])
        self.height = max([each.height for kind in said for each in kind], default=1)
        at = [each.round for kind in said for each in kind if each.height == self.height]
        self.round = max(at, default=0)
        self._rotation = Rotation(world.setting.replica_system())

    def heights(self) -> list[int]:
        """Return heights worth lying about."""
        return [self.height, self.height, self.height, self.height + 1, max(1, self.height - 1)]

    def rounds(self) -> list[int]:
        """Return rounds worth lying about, the latest first."""
        now = self.round
        return [now, now, now + 1, max(0, now - 1), 0, now + 2]

    def own_rounds(self, liar: int) -> list[int]:
        """Return rounds of this height that the liar proposes in, the latest first; others if there are none."""
        own = [r for r in range(self.round + self.world.n, -1, -1) if self.proposer(self.height, r) == liar]
        near = [r for r in own if r <= self.round + 1]
        return [*near[:2], *own[-1:], *near[:1]] or self.rounds()

    def proposer(self, height: int, round_: int) -> int:
        """Return who proposes."""
        return self._rotation.proposer(height, round_)

    def values(self) -> list[Proposal]:
        """Return values worth proposing: those that were proposed, and two for every request asked."""
        asked = list(self.world.requests.values()) or [self.world.request(0)]
        mine = [Proposal(request=request, answer=answer) for request in asked[-3:] for answer in ("this", "that")]
        known = {each.digest: each.proposal for each in self.proposals[-12:] if each.height == self.height}
        return [*known.values(), *mine, *known.values()]

    def digests(self) -> list[str | None]:
        """Return what votes may be for; nil is one of it."""
        known: dict[str | None, None] = {each.digest: None for each in self.proposals[-12:][::-1]}
        return [*known, None]

    def votes(self, kind: type[Vote], height: int, round_: int, digest: str) -> list[Any]:
        """Return the distinct honest votes cast for a value, and the liars' own."""
        told: list[Any] = self.prevotes if kind is Prevote else self.precommits
        found: dict[int, Any] = {}
        for each in told:
            if (each.height, each.round, each.digest) == (height, round_, digest):
                found[each.replica] = each
        for liar in sorted(self.world.corrupted):
            found.setdefault(liar, kind(height, round_, digest, liar))
        return list(found.values())


def _other(world: World, liar: int, choose: Choices) -> int:
    return choose.pick([node for node in range(world.n) if node != liar] or [liar])


def propose(world: World, liar: int, choices: tuple[int, ...]) -> Propose:
    """A proposal: a second value, one for a foreign round, with any valid round, or a false request."""
    known, choose = Knowledge(world), Choices(choices)
    value = choose.pick(known.values())
    flaw = choose.flaw("name", "round", "request", "null", "far")
    round_ = choose.pick(known.rounds() if flaw == "round" else known.own_rounds(liar))
    valid_round = choose.pick((-1, -1, round_ - 1, 0, round_, max(-1, round_ - 2), round_ + 1))
    if flaw == "request":
        value = Proposal(request=Request(client="client-0", timestamp=9, operation="never asked"), answer="forged")
    elif flaw == "null":
        value = NULL_PROPOSAL
    elif flaw == "far":
        round_ = choose.pick(FAR)
    name = known.proposer(known.height, round_) if flaw == "name" else liar
    return Propose(choose.pick(known.heights()), round_, value, max(-1, min(valid_round, round_ + 1)), name)


def again(world: World, liar: int, choices: tuple[int, ...]) -> Propose | None:
    """The liar's latest proposal once more, said to have had its polka in this very round, or another."""
    known, choose = Knowledge(world), Choices(choices)
    own = [each for each in known.proposals[::-1] if each.replica == liar and each.height == known.height]
    if not own:
        return None
    latest = own[0]
    valid_round = choose.pick((latest.round, latest.round, latest.round + 1, max(0, latest.round - 1)))
    return Propose(latest.height, latest.round, latest.proposal, valid_round, liar)


def vote(world: World, liar: int, choices: tuple[int, ...]) -> Vote:
    """A prevote or precommit of the liar's own, for whatever suits it; or in another's name."""
    known, choose = Knowledge(world), Choices(choices)
    kind: type[Vote] = Prevote if choose.pick((True, False)) else Precommit
    digest = choose.pick([*known.digests(), *known.digests()[:1], FALSE_DIGEST])
    flaw = choose.flaw("name", "far", "height")
    height = choose.pick(known.heights()) if flaw == "height" else known.height
    round_ = choose.pick(FAR) if flaw == "far" else choose.pick(known.rounds())
    return kind(height, round_, digest, _other(world, liar, choose) if flaw == "name" else liar)


def _quorum(
    known: Knowledge, choose: Choices, kind: type[Vote], height: int, round_: int, digest: str
) -> tuple[Any, ...]:
    """Votes that make a certificate: all that there are, or too few, repeated, unsigned, of another round or value."""
    world = known.world
    votes = known.votes(kind, height, round_, digest)
    flaw = choose.flaw("few", "twice", "unsigned", "round", "value", "strangers")
    if flaw == "few":
        votes = votes[: max(1, world.system.quorum - 1)]
    elif flaw == "twice":
        votes = (votes * world.n)[: world.system.quorum]
    elif flaw == "unsigned":
        there = {each.replica for each in votes}
        votes += [kind(height, round_, digest, node) for node in range(world.n) if node not in there]
    elif flaw == "round":
        others: list[Any] = known.prevotes if kind is Prevote else known.precommits
        latest = {each.replica: each for each in others if each.height == height and each.digest == digest}
        votes = list({**latest, **{each.replica: each for each in votes}}.values())
    elif flaw == "value":
        others = known.prevotes if kind is Prevote else known.precommits
        same = {each.replica: each for each in others if (each.height, each.round) == (height, round_)}
        votes = list({**same, **{each.replica: each for each in votes}}.values())
    elif flaw == "strangers":
        votes += [kind(height, round_, digest, world.n + more) for more in range(world.n)]
    return tuple(votes)


def catch_up(world: World, liar: int, choices: tuple[int, ...]) -> CatchUp:
    """What is sent to who lacks something: proofs, true and false, and messages passed on, signed and not."""
    known, choose = Knowledge(world), Choices(choices)
    height, round_ = choose.pick(known.heights()), choose.pick(known.rounds())
    value = choose.pick(known.values())
    decisions: tuple[Decision, ...] = ()
    polkas: tuple[Polka, ...] = ()
    prevotes: tuple[Prevote, ...] = ()
    proposals: tuple[Propose, ...] = ()
    match choose.pick(("decision", "decision", "polka", "polka", "votes", "proposals")):
        case "decision":
            decisions = (
                Decision(height, round_, value, _quorum(known, choose, Precommit, height, round_, value.digest)),
            )
        case "polka":
            polkas = (
                Polka(height, round_, value.digest, _quorum(known, choose, Prevote, height, round_, value.digest)),
            )
        case "votes":
            prevotes = tuple(_quorum(known, choose, Prevote, height, round_, value.digest))
        case _:
            old = known.proposals[-6:]
            proposals = tuple(
                Propose(each.height, each.round, value, each.valid_round, each.replica)
                if choose.pick((True, False))
                else each
                for each in old
            )
    name = _other(world, liar, choose) if choose.flaw("name") else liar
    return CatchUp(decisions, proposals, prevotes, (), polkas, name)


def status(world: World, liar: int, choices: tuple[int, ...]) -> Status:
    """A question for what is missing, with a lie about what is held."""
    known, choose = Knowledge(world), Choices(choices)
    held = choose.pick(((), (Held(0, (), (1 << world.n) - 1, 0, True),), (Held(known.round, (), 0, 1 << 80, False),)))
    return Status(choose.pick((known.height, 1, known.height + 1, 10**9)), choose.pick(known.rounds()), held, liar)


def _remembered(make: Callable[[World, int, tuple[int, ...]], Any]) -> Recipe:
    """Return a recipe; what a liar signs in its own name may be built upon."""

    def recipe(world: World, liar: int, choices: tuple[int, ...]) -> object | None:
        message = make(world, liar, choices)
        if isinstance(message, Propose | Prevote | Precommit) and message.replica == liar:
            kept = world.sent.setdefault(type(message).__name__, [])
            if message.round < FAR[0]:
                kept.append(message)
        return message  # type: ignore[no-any-return]

    return recipe


RECIPES: Mapping[str, Recipe] = {
    "propose": _remembered(propose),
    "again": _remembered(again),
    "vote": _remembered(vote),
    "catch_up": _remembered(catch_up),
    "status": _remembered(status),
}
