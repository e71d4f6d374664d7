"""Forged states that name themselves, and holes where a checkpoint is due: what `forging` does not make.

A false state whose own digest is in the votes beside it passes every check but that of who voted; a true state with
false replies passes every check but that of the replies. A primary that leaves out a number makes the next view fill it
with null; at a multiple of K the checkpoint is then taken after a null request.
"""

from __future__ import annotations

from bft.checking.choices import Choices
from bft.checking.pbft.forging import Knowledge, signed
from bft.checking.subject import Recipe
from bft.checking.world import World
from bft.core.digest import digest_of
from bft.core.request import Proposal
from bft.core.state_machine import Snapshot
from bft.protocols.pbft.messages import CatchUp, Checkpoint, PrePrepare


def snapshots_of(world: World) -> dict[int, Snapshot]:
    """Return a true state per checkpoint, as some node has stored it."""
    found: dict[int, Snapshot] = {}
    for stored in world.stored:
        for key, value in stored.items():
            if key[0] == "snapshot" and isinstance(key[1], int):
                found.setdefault(key[1], value)
    return found


def _false(snapshot: Snapshot, choose: Choices) -> Snapshot:
    """Return a state that nobody was in: another machine state, other replies, or both of it true."""
    if not isinstance(snapshot, tuple) or len(snapshot) != 2:
        return snapshot
    state, replies = snapshot
    match choose.pick(("result", "state", "result", "none", "later", "true", "added")):
        case "result":
            return state, tuple((client, timestamp, "forged") for client, timestamp, _ in replies)
        case "state":
            return "0" * 64 if isinstance(state, str) else state, replies
        case "none":
            return state, ()
        case "later":
            return state, tuple((client, timestamp + 1, result) for client, timestamp, result in replies)
        case "added":
            return state, (*replies, ("nobody", 1, "forged"))
        case _:
            return snapshot


def _place(world: World, known: Knowledge, choose: Choices) -> tuple[int, Snapshot]:
    """Return a checkpoint's number and a state: a false one, of a checkpoint that was, or of one to come."""
    true = snapshots_of(world)
    interval = world.setting.checkpoint_interval
    near = (known.seq // interval + 1) * interval
    seq = choose.pick([*sorted(true, reverse=True), near, interval])
    base = true.get(seq, true[max(true)] if true else ("0" * 64, ()))
    return seq, _false(base, choose)


def false_state(world: World, liar: int, choices: tuple[int, ...]) -> CatchUp:
    """A state transfer whose votes name just the state that it brings, or true votes by a false state, or too few."""
    known, choose = Knowledge(world), Choices(choices)
    seq, snapshot = _place(world, known, choose)
    liars = sorted(world.corrupted)
    digest = digest_of(snapshot)
    own = tuple(Checkpoint(seq, digest, node) for node in liars)
    match choose.pick(("own", "true", "few", "own", "true", "few", "twice", "unsigned", "mixed")):
        case "few":
            true = snapshots_of(world)
            seq = max(true, default=seq)
            snapshot = true.get(seq, snapshot)
            proof = _few(known, seq, digest_of(snapshot), liars)
        case "own":
            proof = own
        case "true":
            proof = known.proof(seq) or own
        case "twice":
            proof = (own * world.n)[: world.n]
        case "unsigned":
            proof = tuple(Checkpoint(seq, digest, node) for node in range(world.n))
        case _:
            proof = (*own, *(vote for vote in known.proof(seq) if vote.replica not in world.corrupted))
    return CatchUp(proof, snapshot, (), liar)


def _few(known: Knowledge, seq: int, digest: str, liars: list[int]) -> tuple[Checkpoint, ...]:
    """Return the liars' votes for a true state, with that of a single honest node."""
    honest = [vote for vote in known.checkpoints if vote.seq == seq and vote.state_digest == digest]
    others = [vote for vote in honest if vote.replica not in liars]
    return (*(Checkpoint(seq, digest, node) for node in liars), *others[:1])


def false_checkpoint(world: World, liar: int, choices: tuple[int, ...]) -> Checkpoint:
    """A checkpoint vote for a false state, by its digest."""
    known, choose = Knowledge(world), Choices(choices)
    seq, snapshot = _place(world, known, choose)
    return Checkpoint(seq, digest_of(snapshot), liar)


def holed(world: World, liar: int, choices: tuple[int, ...]) -> PrePrepare | None:
    """A pre-prepare for the next number, or beyond a hole; what is left out is most often a checkpoint's number.

    Now and then it orders what has been ordered or executed before, or what a later request of its client overtook.
    """
    known, choose = Knowledge(world), Choices(choices)
    led = [view for view in known.views(liar) if view % world.n == liar]
    view = choose.pick([each for each in led if each <= known.view] or led)
    interval = world.setting.checkpoint_interval
    taken = {message.seq for message in known.proposals if message.view == view}
    start = max((message.seq for message in known.proposals if message.view < view), default=0)
    free = [seq for seq in range(start + 1, start + world.setting.window + 1) if seq not in taken]
    hole = choose.pick((0, 0, 0, 1))
    wanted = [seq for seq in free if seq % interval] if hole == 0 else free[1:]
    asked = [request for request in world.requests.values() if request.key not in world.done] or [world.request(0)]
    ordered = {message.proposal.request for message in known.proposals if message.view == view}
    fresh = [request for request in asked if request not in ordered] or asked
    if not wanted:
        return None
    answer = choose.pick(("this", "that"))
    request = choose.pick((fresh[0], fresh[0], choose.pick([*world.requests.values(), fresh[0]])))
    value = Proposal(request=request, answer=answer)
    return PrePrepare(view, wanted[0], value.digest, value, liar)


SNAPSHOT_RECIPES: dict[str, Recipe] = {make.__name__: signed(make) for make in (false_state, false_checkpoint, holed)}
