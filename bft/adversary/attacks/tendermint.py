"""A coalition that tries to split the honest replicas: the strongest attack we know on Tendermint.

With B the coalition's weight, H the honest weight and quorum q, a split needs two groups of honest replicas that, each
together with B, are a quorum; so B ≥ 2q − n. Where one of the coalition proposes, it proposes one value to each group,
and every member prevotes and precommits both, each towards its group: the groups decide by themselves, in one round.

Votes and proposals of later rounds are filed when they come. So where an honest replica proposes first and the honest
decide nothing without the coalition (H < q), its members vote for nil in the rounds before their own, which moves the
honest on, and the split waits for them there. Where H ≥ q the honest decide under an honest proposer, whatever the
coalition does; it can only split a round of its own before that.

Where it cannot split, and the honest decide without it, it stalls them as long as we know how: in each of its rounds it
proposes two values, neither of which gets a polka, just before timeoutPropose ends; so all three timeouts run out one
after the other. In the first such round it also hides a lock: it shows a polka to one honest replica alone, the one
that proposes last, which then prevotes no other value. Where the honest are just a quorum no round decides until the
others have heard of that polka. Else the coalition is silent.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bft.adversary.groups import WORDINGS, answer_for, can_split, groups, honest_decide
from bft.adversary.node import As, FaultyNode, Later, Started
from bft.core.effects import Broadcast, CancelTimer, Execute, Send, SetTimer
from bft.core.inputs import ClientRequest, Input
from bft.core.request import Proposal, Request
from bft.protocols.tendermint.config import PROPOSE_TIMER
from bft.protocols.tendermint.events import RoundStarted
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose
from bft.protocols.tendermint.rotation import Rotation

if TYPE_CHECKING:
    from bft.adversary.equivocate import Equivocate


LATE = 0.95
"""When the coalition proposes where it stalls, as a part of timeoutPropose."""


def attack(
    behaviour: Equivocate, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]
) -> Iterable[object]:
    """Play the attack on every height; what an honest replica would do only tells which height and round it is."""
    del behaviour, now
    memory = node.coalition.memory
    out: list[object] = [each for each in effects if isinstance(each, SetTimer | CancelTimer)]  # it goes along
    if isinstance(event, ClientRequest):
        memory.setdefault("requests", {}).setdefault(event.request.key, event.request)
    for effect in effects:
        if isinstance(effect, Execute):
            memory["height"] = max(memory.get("height", 1), effect.seq + 1)
            if effect.proposal.request is not None:
                memory.setdefault("done", set()).add(effect.proposal.request.key)
            node.memory["round"] = 0
        elif isinstance(effect, RoundStarted):
            node.memory["round"] = effect.view
        elif isinstance(effect, SetTimer) and effect.name == PROPOSE_TIMER:
            node.memory["timeout_s"] = effect.delay_s
    if "timeout_s" in node.memory:
        out += stall(node, memory.get("height", 1), node.memory.get("round", 0), node.memory["timeout_s"])
    return [*out, *strike(node, memory.get("height", 1))]


def wanted(node: FaultyNode) -> Request | None:
    """Return a request that is still to be decided."""
    memory = node.coalition.memory
    done = memory.get("done", set())
    return next((each for key, each in memory.get("requests", {}).items() if key not in done), None)


def strike(node: FaultyNode, height: int) -> list[object]:
    """Split a height, once, as soon as something is asked, where that is possible."""
    request = wanted(node)
    struck = node.coalition.memory.setdefault("struck", set())
    if request is None or height in struck or not can_split(node):
        return []
    struck.add(height)
    rotation = Rotation(node.system)
    rounds = range(node.system.total if node.views is None else node.views)
    own = next((each for each in rounds if rotation.proposer(height, each) in node.coalition.members), None)
    if own is None or (own > 0 and honest_decide(node)):
        return []
    return [*move_on(node, height, own), *split(node, request, height, own, rotation.proposer(height, own))]


def stall(node: FaultyNode, height: int, round_: int, timeout_s: float) -> list[object]:
    """As the proposer of a round that cannot be split, let all its timeouts run out."""
    request = wanted(node)
    stalled = node.memory.setdefault("stalled", set())
    proposes = Rotation(node.system).proposer(height, round_) == node.id
    if request is None or not proposes or (height, round_) in stalled or can_split(node) or not honest_decide(node):
        return []
    stalled.add((height, round_))
    late = hide_lock(node, request, height, round_, node.id)
    return [Later(LATE * timeout_s, effect) for effect in late]


def move_on(node: FaultyNode, height: int, own: int) -> list[object]:
    """Let every member vote for nil in all rounds before the coalition's own."""
    out: list[object] = []
    for round_ in range(own):
        node.count("rounds left")
        for member in node.coalition.members:
            votes = (Prevote(height, round_, None, member), Precommit(height, round_, None, member))
            out += [As(member, Broadcast(node.keyring.sign(vote))) for vote in votes]
    return out


def split(node: FaultyNode, request: Request, height: int, round_: int, leader: int) -> list[object]:
    """Propose a value to each group, and have all members vote for both, each towards its group."""
    node.count("equivocations")
    out: list[object] = []
    for group, wording in zip(groups(node), WORDINGS, strict=True):
        value = Proposal(request=request, answer=answer_for(node, group, request), wording=wording)
        out += tell(node, group, value, height, round_, leader)
        for member in node.coalition.members:
            own = (Prevote(height, round_, value.digest, member), Precommit(height, round_, value.digest, member))
            out += [As(member, Send(honest, node.keyring.sign(vote))) for vote in own for honest in group]
    return out


def tell(
    node: FaultyNode, group: Sequence[int], value: Proposal, height: int, round_: int, leader: int
) -> list[object]:
    """Let the leader propose a value to a group."""
    proposal = node.keyring.sign(Propose(height, round_, value, -1, leader))
    return [As(leader, Send(honest, proposal)) for honest in group]


def hide_lock(node: FaultyNode, request: Request, height: int, round_: int, leader: int) -> list[object]:
    """Propose two values, so that neither has a polka; once a height show one for the first to a single replica.

    As many honest replicas hear the first value as make a quorum with the coalition, the one to be locked among them.
    """
    system, honest = node.system, node.coalition.honest
    hidden = node.coalition.memory.setdefault("hidden", set())
    locked = None if height in hidden else last_to_propose(node, height, round_)
    order = ([] if locked is None else [locked]) + [each for each in honest if each != locked]
    first: list[int] = []
    while order and system.weight([*first, *node.coalition.members]) < system.quorum:
        first.append(order.pop(0))
    node.count("equivocations")
    out: list[object] = []
    values = []
    for group, wording in zip((first, order), WORDINGS[::-1], strict=True):  # the honest use the first one
        if group:
            values.append(Proposal(request=request, answer=answer_for(node, group, request), wording=wording))
            out += tell(node, group, values[-1], height, round_, leader)
    if locked is not None and order:
        hidden.add(height)
        node.count("locks hidden")
        votes = [Prevote(height, round_, values[0].digest, member) for member in node.coalition.members]
        out += [As(vote.replica, Send(locked, node.keyring.sign(vote))) for vote in votes]
    return out


def last_to_propose(node: FaultyNode, height: int, after: int) -> int | None:
    """Return the honest replica whose next turn comes last in the rounds allowed."""
    rotation = Rotation(node.system)
    last: int | None = None
    seen: set[int] = set()
    for round_ in range(after + 1, after + node.system.total if node.views is None else node.views):
        proposer = rotation.proposer(height, round_)
        if proposer in node.coalition.honest and proposer not in seen:
            seen.add(proposer)
            last = proposer
    return last
