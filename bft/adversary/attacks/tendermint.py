"""A coalition that tries to split the honest replicas: the strongest attack we know on Tendermint.

With B the coalition's weight, H the honest weight and quorum q, a split needs two groups of honest replicas that, each
together with B, are a quorum; so B ≥ 2q − n. Where one of the coalition proposes, it proposes one value to each group,
and every member prevotes and precommits both, each towards its group: the groups decide by themselves, in one round.

Votes and proposals of later rounds are filed when they come. So where an honest replica proposes first and the honest
decide nothing without the coalition (H < q), its members vote for nil in the rounds before their own, which moves the
honest on, and the split waits for them there. Where H ≥ q the honest decide under an honest proposer, whatever the
coalition does; it can only split a round of its own before that. Where it cannot split it is silent, but proposes two
values where one of it proposes, so that its rounds are lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bft.adversary.groups import WORDINGS, answer_for, two_groups
from bft.adversary.node import As, FaultyNode, Started
from bft.core.effects import Broadcast, Execute, Send
from bft.core.inputs import ClientRequest, Input
from bft.core.request import Proposal, Request
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose
from bft.protocols.tendermint.rotation import Rotation

if TYPE_CHECKING:
    from bft.adversary.equivocate import Equivocate


def attack(
    behaviour: Equivocate, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]
) -> Iterable[object]:
    """Play the attack on every height; what an honest replica would do only tells which height it is."""
    del behaviour, now
    memory = node.coalition.memory
    if isinstance(event, ClientRequest):
        memory.setdefault("requests", {}).setdefault(event.request.key, event.request)
    for effect in effects:
        if isinstance(effect, Execute):
            memory["height"] = max(memory.get("height", 1), effect.seq + 1)
            if effect.proposal.request is not None:
                memory.setdefault("done", set()).add(effect.proposal.request.key)
    return strike(node, memory.get("height", 1))


def strike(node: FaultyNode, height: int) -> list[object]:
    """Attack a height, once, as soon as something is asked."""
    memory = node.coalition.memory
    done = memory.get("done", set())
    request = next((each for key, each in memory.get("requests", {}).items() if key not in done), None)
    struck = memory.setdefault("struck", set())
    if request is None or height in struck:
        return []
    struck.add(height)
    rotation = Rotation(node.system)
    rounds = range(node.system.total if node.views is None else node.views)
    own = next((each for each in rounds if rotation.proposer(height, each) in node.coalition.members), None)
    if own is None:
        return []
    leader = rotation.proposer(height, own)
    if honest_decide(node):
        return split(node, request, height, own, leader, votes=can_split(node)) if own == 0 else []
    if not can_split(node):
        return []  # silence stalls them, a vote might help
    return [*move_on(node, height, own), *split(node, request, height, own, leader, votes=True)]


def groups(node: FaultyNode) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the two groups of honest nodes that are told different values."""
    memory = node.coalition.memory
    if "groups" not in memory:
        memory["groups"] = two_groups(node.coalition.honest, node.system)
    first, second = memory["groups"]
    return first, second


def can_split(node: FaultyNode) -> bool:
    """Return whether both groups, each with the coalition, are a quorum."""
    backing = node.system.weight(node.coalition.members)
    return all(group and node.system.weight(group) + backing >= node.system.quorum for group in groups(node))


def honest_decide(node: FaultyNode) -> bool:
    """Return whether the honest are a quorum by themselves, whatever the coalition withholds."""
    return node.system.weight(node.coalition.honest) >= node.system.quorum


def move_on(node: FaultyNode, height: int, own: int) -> list[object]:
    """Let every member vote for nil in all rounds before the coalition's own."""
    out: list[object] = []
    for round_ in range(own):
        node.count("rounds left")
        for member in node.coalition.members:
            votes = (Prevote(height, round_, None, member), Precommit(height, round_, None, member))
            out += [As(member, Broadcast(node.keyring.sign(vote))) for vote in votes]
    return out


def split(node: FaultyNode, request: Request, height: int, round_: int, leader: int, *, votes: bool) -> list[object]:
    """Propose a value to each group, and have all members vote for both, each towards its group."""
    node.count("equivocations")
    out: list[object] = []
    for group, wording in zip(groups(node), WORDINGS, strict=True):
        value = Proposal(request=request, answer=answer_for(node, group, request), wording=wording)
        proposal = node.keyring.sign(Propose(height, round_, value, -1, leader))
        out += [As(leader, Send(honest, proposal)) for honest in group]
        for member in node.coalition.members if votes else ():
            own = (Prevote(height, round_, value.digest, member), Precommit(height, round_, value.digest, member))
            out += [As(member, Send(honest, node.keyring.sign(vote))) for vote in own for honest in group]
    return out
