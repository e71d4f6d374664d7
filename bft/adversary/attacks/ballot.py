"""Equivocation in a ballot: voters that tell one half of the honest replicas one thing, and the other half another.

All honest replicas hear the same honest votes. So the coalition backs the most popular honest answer towards one group
and the second towards the other: whatever the rule, these are the two decisions that lie nearest. Where the honest all
say the same, the second is a wrong answer, and takes as much weight as they have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bft.adversary.groups import two_groups
from bft.adversary.node import FaultyNode, Started
from bft.core.effects import Send
from bft.core.inputs import ClientRequest, Input
from bft.core.request import Request
from bft.protocols.ballot.messages import Approve, Cast


def attack(
    behaviour: object, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]
) -> Iterable[object]:
    """Vote for two answers at once, each towards one group, and take no other part."""
    del behaviour, now, effects
    if not isinstance(event, ClientRequest) or "voted" in node.memory:
        return []
    node.memory["voted"] = True
    node.count("equivocations")
    out: list[object] = []
    groups = two_groups(node.coalition.honest, node.system)
    for group, answer in zip(groups, two_answers(node, event.request), strict=True):
        cast = node.keyring.sign(Cast(event.request, answer, 1.0, "", node.id))
        approval = node.keyring.sign(Approve(event.request, (answer,), node.id))
        out += [Send(honest, message) for honest in group for message in (cast, approval)]
    return out


def two_answers(node: FaultyNode, request: Request) -> tuple[str, str]:
    """Return the two answers with the most honest weight behind them; where there is one only, also a wrong one."""
    weight: dict[str, int] = {}
    for honest in node.coalition.honest:
        own = node.world.own_answer(honest, request)
        if own is not None:
            weight[own] = weight.get(own, 0) + node.system.weights[honest]
    popular = sorted(weight, key=lambda answer: (-weight[answer], answer))
    wrong = node.world.wrong_answer(node.id, request)
    first = popular[0] if popular else wrong
    others = [answer for answer in (*popular[1:], wrong) if answer != first]
    return first, others[0] if others else f"not {first}"
