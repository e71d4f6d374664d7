"""What a liar can say where members change: all that it can say in PBFT, in any epoch, and about epochs themselves.

A liar acts in the epoch that it chooses, for the seat that it has or had there. What it signs in honest names is
forged; evidence against honest nodes is made of such votes, of true votes of several epochs, or names the wrong epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bft.checking.choices import FALSE_DIGEST, Choices
from bft.checking.membership.monitor import EpochMonitor
from bft.checking.pbft.forging import RECIPES as WITHIN
from bft.checking.pbft.snapshot_forging import SNAPSHOT_RECIPES
from bft.checking.subject import Recipe
from bft.checking.world import World
from bft.core.digest import digest_of
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.membership.disk import kind_in
from bft.membership.messages import AskEpochs, EpochStart, EpochStarts, InEpoch, Witness
from bft.membership.replica import EpochReplica
from bft.protocols.pbft.evidence import Evidence, to_text
from bft.protocols.pbft.messages import CatchUp, Checkpoint, Commit, Prepare, PrePrepare


class Epochs:
    """What a liar knows of epochs: those that have begun, and what was said in each."""

    def __init__(self, world: World, liar: int) -> None:
        watch = world.observer
        assert isinstance(watch, EpochMonitor)
        self.members = [epoch.members for epoch in watch.model.epochs]
        self.bases = [epoch.base for epoch in watch.model.epochs]
        self.said: list[InEpoch] = [each for each in world.sent.get("InEpoch", ()) if each.epoch < len(self.members)]
        self.seats = [epoch for epoch, members in enumerate(self.members) if liar in members]
        nodes = [replica for replica in world.replicas if isinstance(replica, EpochReplica)]
        self.starts: tuple[EpochStart, ...] = max((node.starts for node in nodes), key=len, default=())
        self.states = [(node.epoch, *node.stable_checkpoint) for node in nodes if all(node.stable_checkpoint)]

    def pick(self, choose: Choices) -> int:
        """Return an epoch, nearly always the latest in which the liar has a seat."""
        last = self.seats[-1]
        return choose.pick([last, last, last, self.seats[0]])

    def votes(self, epoch: int) -> list[Any]:
        """Return the votes of an epoch."""
        kinds = (PrePrepare, Prepare, Commit, Checkpoint)
        return [each.message for each in self.said if each.epoch == epoch and each.message.__class__ in kinds]


class _EpochWorld:
    """A world as it looks from inside an epoch: in places, with what was said in it."""

    def __init__(self, world: World, known: Epochs, epoch: int) -> None:
        members = known.members[epoch]
        self.n = len(members)
        self.system = QuorumSystem.of(self.n)
        self.setting = world.setting
        self.keyring = world.keyring
        self.requests = world.requests
        self.request = world.request
        self.done = world.done
        self.stored = [
            {(kind, *key[1:]): value for key, value in stored.items() if (kind := kind_in(epoch, key))}
            for stored in world.stored
        ]
        self.corrupted = {place for place, member in enumerate(members) if member in world.corrupted}
        self.sent: dict[str, list[Any]] = {}
        for each in known.said:
            if each.epoch == epoch:
                self.sent.setdefault(type(each.message).__name__, []).append(each.message)


def _within(recipe: Recipe) -> Recipe:
    """Return a recipe of PBFT, in an envelope."""

    def made(world: World, liar: int, choices: tuple[int, ...]) -> object | None:
        known = Epochs(world, liar)
        if not known.seats:
            return None
        epoch = known.pick(Choices(choices[-1:]))
        inside: Any = _EpochWorld(world, known, epoch)
        message = recipe(inside, known.members[epoch].index(liar), choices)
        return None if message is None else _kept(world, InEpoch(epoch, message))

    return made


def _kept(world: World, message: Any) -> Any:
    """Let what a liar has said be built upon."""
    world.sent.setdefault(type(message).__name__, []).append(message)
    return message


def contradict(world: World, liar: int, choices: tuple[int, ...]) -> InEpoch | None:
    """A vote that contradicts one of the liar's own: whoever hears both holds evidence."""
    known, choose = Epochs(world, liar), Choices(choices)
    if not known.seats:
        return None
    epoch = known.pick(choose)
    place = known.members[epoch].index(liar)
    votes = known.votes(epoch)
    own = [vote for vote in votes if vote.replica == place and not isinstance(vote, PrePrepare)]
    if own:
        vote = choose.pick(own[-4:][::-1])
    elif votes:
        other = choose.pick(votes[-4:][::-1])
        vote = Checkpoint(other.seq, FALSE_DIGEST, place)
    else:
        vote = Prepare(0, 1, FALSE_DIGEST, place)
    said = choose.pick(("another", "yet another"))
    bent = replace(vote, **{"state_digest" if isinstance(vote, Checkpoint) else "digest": said})
    return InEpoch(epoch, _kept(world, InEpoch(epoch, bent)).message)


def envelope(world: World, liar: int, choices: tuple[int, ...]) -> InEpoch | None:
    """What was really said in one epoch, by anybody, in an envelope of another; or the state at its end."""
    said = world.sent.get("InEpoch", [])
    known, choose = Epochs(world, liar), Choices(choices)
    if known.starts and known.seats and choose.pick((True, False)):
        begun = choose.pick(known.starts)
        epoch = known.seats[-1]
        state = CatchUp(begun.proof, begun.snapshot, (), known.members[epoch].index(liar))
        return InEpoch(epoch, state)
    if not said:
        return None
    old: InEpoch = choose.pick(said[-choose.pick((20, 60, 400)) :])
    return InEpoch(max(0, old.epoch + choose.pick((1, -1, 1, 2))), old.message)


def start(world: World, liar: int, choices: tuple[int, ...]) -> EpochStarts | None:
    """Starts of epochs: true ones, or with a bent state, too few or repeated votes, another base, or out of turn."""
    known, choose = Epochs(world, liar), Choices(choices)
    flaw = choose.pick(("state", "own", "few", "twice", "base", "order", "unsigned", "old", "no change", "false"))
    if flaw in ("no change", "false") and known.states:
        epoch, proof, snapshot = choose.pick(known.states)
        if flaw == "false":
            snapshot = _renamed(snapshot)
        return EpochStarts((EpochStart(epoch + 1, known.bases[epoch] + proof[0].seq, proof, snapshot),))
    if flaw == "own" or not known.starts:
        return _own_start(world, known, choose)
    old = choose.pick(known.starts[-4:][::-1])
    state: Any = old.snapshot
    if flaw == "state":
        old = replace(old, snapshot=_renamed(state))
    elif flaw == "few":
        old = replace(old, proof=old.proof[: choose.pick((1, 2))])
    elif flaw == "twice":
        old = replace(old, proof=(old.proof[0],) * len(old.proof))
    elif flaw == "base":
        old = replace(old, base=old.base + choose.pick((1, -1)) * world.setting.checkpoint_interval)
    elif flaw == "order":
        old = replace(old, epoch=old.epoch + choose.pick((1, -1)))
    elif flaw == "unsigned":
        old = replace(old, proof=tuple(replace(vote, state_digest=FALSE_DIGEST) for vote in old.proof))
    elif flaw == "old":
        old = replace(old, epoch=old.epoch + 1, base=old.base + world.setting.checkpoint_interval)
    return EpochStarts((old,))


def _renamed(state: Any) -> Any:
    """Return a state with other members for the next epoch: the same in another order."""
    machine, replies = state
    return ((machine[0], tuple(reversed(machine[1])), *machine[2:]), replies)


def _own_start(world: World, known: Epochs, choose: Choices) -> EpochStarts | None:
    """The liar's own idea of the next epoch, signed by as many as it dares to name, or by itself."""
    epoch = len(known.members) - 1
    members = known.members[epoch]
    interval = world.setting.checkpoint_interval
    base = choose.pick([known.bases[epoch] + interval * choose.pick((1, 1, 2)), known.bases[epoch] + 1])
    kept = tuple(member for member in members if member != choose.pick(members)) or members
    genesis: Any = digest_of("genesis")
    state = ((members, choose.pick((kept, members[:1], (*members, world.n))), (), (), epoch, genesis), ())
    places = [place for place, member in enumerate(members) if member in world.corrupted]
    if choose.pick((True, False)):
        places = list(range(choose.pick((len(members), len(members) // 2 + 1, 2))))
    seq = base - known.bases[epoch]
    proof = tuple(Checkpoint(seq, digest_of(state), place) for place in places)
    return EpochStarts((EpochStart(epoch + 1, base, proof, state),)) if proof else None


def accuse(world: World, liar: int, choices: tuple[int, ...]) -> InEpoch | None:
    """An accusation: true evidence against a liar, or against the wrong node, epoch or place, or forged."""
    known, choose = Epochs(world, liar), Choices(choices)
    epoch = choose.pick([len(known.members) - 1, 0, max(0, len(known.members) - 2)])
    members = known.members[epoch]
    bad = [place for place, member in enumerate(members) if member in world.corrupted]
    good = [place for place in range(len(members)) if place not in bad]
    how = choose.pick(("true", "true", "wrong epoch", "forged", "true votes", "two epochs", "the same", "not a vote"))
    named = epoch
    place = choose.pick(bad or good) if how in ("true", "wrong epoch", "the same") else choose.pick(good or bad)
    if how == "wrong epoch":
        named = choose.pick([each for each in range(len(known.members) + 1) if each != epoch] or [epoch + 1])
    kind = choose.pick((Prepare, Commit))
    first: Any = kind(0, choose.pick((1, 2, 3)), "this", place)
    second: Any = replace(first, digest="this" if how == "the same" else "that")
    own = [vote for vote in known.votes(epoch) if vote.replica == place and vote.__class__ is kind]
    if how in ("true votes", "two epochs") and own:
        first = choose.pick(own[-4:])
        other = epoch if how == "true votes" else choose.pick(range(len(known.members)))
        others = [vote for vote in known.votes(other) if vote.replica == place and vote.__class__ is kind]
        second = choose.pick(others[-6:] or own)
        if how == "two epochs":
            second = replace(second, seq=first.seq, view=first.view) if choose.pick((True, False)) else second
    elif how == "not a vote":
        second = replace(first, seq=choose.pick((True, 1.0, "1")), digest="that")
    client = f"member-{liar}-on-{place}-{choose.pick((0, 1, 2))}"
    operation = f"accuse {named} {to_text(Evidence(first, second))}"
    request = world.keyring.sign(Request(client=client, timestamp=choose.pick((1, 2, 3)), operation=operation))
    return InEpoch(known.seats[-1] if known.seats else 0, request)


def usurp(world: World, liar: int, choices: tuple[int, ...]) -> InEpoch | None:
    """A change of members that the liar asks in its own name, or unsigned in the operator's."""
    known, choose = Epochs(world, liar), Choices(choices)
    name = choose.pick((f"member-{liar}", f"client-{liar}", "operator"))
    victim = choose.pick([node for node in range(world.n) if node != liar] or [liar])
    operation = choose.pick((f"member remove {victim}", f"member replace {victim} {liar}", f"member add {liar}"))
    request = Request(client=name, timestamp=choose.pick((1, 2, 9)), operation=operation)
    if name != "operator":
        world.keyring.sign(request)
    return InEpoch(known.seats[-1] if known.seats else 0, request)


def witness(world: World, liar: int, choices: tuple[int, ...]) -> Witness | None:
    """A pre-prepare, shown as if it were evidence: a true one, or one with another value."""
    known, choose = Epochs(world, liar), Choices(choices)
    seen = [each.message for each in known.said if each.message.__class__ is PrePrepare]
    if not seen:
        return None
    message = choose.pick(seen[-6:][::-1])
    return Witness(replace(message, digest=FALSE_DIGEST) if choose.pick((True, False)) else message)


def ask(world: World, liar: int, choices: tuple[int, ...]) -> AskEpochs:
    """A question for the starts of epochs."""
    del world, liar
    return AskEpochs(Choices(choices).pick((0, 0, 1, 2, -1)))


_OWN: Mapping[str, Callable[[World, int, tuple[int, ...]], Any]] = {
    each.__name__: each for each in (contradict, envelope, start, accuse, usurp, witness, ask)
}
_INSIDE = {**WITHIN, **SNAPSHOT_RECIPES}
RECIPES: Mapping[str, Recipe] = {**{name: _within(recipe) for name, recipe in _INSIDE.items()}, **_OWN}
