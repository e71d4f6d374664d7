"""A coalition that tries to split the honest replicas: the strongest attack we know on PBFT with too few honest nodes.

With B the coalition's weight and H the honest weight, of total W and quorum q:

- A split needs two groups of honest replicas that, each together with B, are a quorum.
- Where H < q, nothing is decided without the coalition. It gives honest primaries no vote, leads the replicas into a
  view of its own, and splits them there; where no split is possible, it stays silent, and nothing is decided.
- Where H ≥ q, honest replicas decide under an honest primary whatever the coalition withholds; it can only split a
  view that is its own before that.

So it agrees on nothing with an honest primary, and equivocates whenever one of its members leads: value a to one
group, b to the other, and every member votes for a towards the one and for b towards the other. (No forged signature
is involved; each member signs twice.)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from bft.adversary.groups import WORDINGS, answer_for, can_split, groups, honest_decide
from bft.adversary.node import As, FaultyNode, Started
from bft.core.effects import Broadcast, Send
from bft.core.inputs import ClientRequest, Deliver, Input
from bft.core.request import Proposal, Request
from bft.protocols.pbft.messages import Commit, NewView, Prepare, PrePrepare, ViewChange
from bft.protocols.pbft.new_view import carry_over

if TYPE_CHECKING:
    from bft.adversary.equivocate import Equivocate


def attack(
    behaviour: Equivocate, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]
) -> Iterable[object]:
    """Ignore what an honest replica would do and play the attack."""
    del now, effects
    if isinstance(event, Started):
        return move_on(node, behaviour.rush)
    if isinstance(event, ClientRequest):
        return on_request(node, event.request)
    if isinstance(event, Deliver) and isinstance(event.message, ViewChange):
        return on_view_change(node, event.message)
    return ()


def own_view(node: FaultyNode) -> int | None:
    """Return the first view that a member leads, if the replicas get that far."""
    n = node.system.n
    first = next((view for view in range(n) if view in node.coalition.members), None)
    return first if first is not None and (node.views is None or first < node.views) else None


def move_on(node: FaultyNode, rush: bool) -> list[object]:
    """At the start: leave an honest primary for the coalition's first own view, where that leads to a split."""
    view = own_view(node)
    if view is None or view == 0 or not can_split(node) or (honest_decide(node) and not rush):
        return []
    node.coalition.memory["target"] = view
    return support(node, view)


def support(node: FaultyNode, view: int) -> list[object]:
    """Send this member's view-change for a view, once."""
    sent = node.memory.setdefault("view changes", set())
    if view in sent:
        return []
    sent.add(view)
    node.count("view changes forced")
    message = node.keyring.sign(ViewChange(view, 0, (), (), node.id))
    node.coalition.memory.setdefault("gathered", {}).setdefault(view, {})[node.id] = message
    return [Broadcast(message), *try_new_view(node, view)]


def on_request(node: FaultyNode, request: Request) -> list[object]:
    """Remember the request; equivocate about it at once if a member leads."""
    requests = node.coalition.memory.setdefault("requests", [])
    if request not in requests:
        requests.append(request)
    leading = node.coalition.memory.get("leading", 0)
    undecidable = not can_split(node) and not honest_decide(node)  # silence stalls them, a vote might help
    if leading % node.system.n == node.id and not undecidable:
        return split(node, leading)
    return []


def on_view_change(node: FaultyNode, message: ViewChange) -> list[object]:
    """Help the honest to every view up to the coalition's own, and gather their view-changes for that one."""
    target = node.coalition.memory.get("target")
    if target is None or message.view > target:
        return []
    gathered = node.coalition.memory.setdefault("gathered", {}).setdefault(message.view, {})
    gathered.setdefault(message.replica, message)
    return [*support(node, message.view), *try_new_view(node, message.view)]


def try_new_view(node: FaultyNode, view: int) -> list[object]:
    """With a quorum of view-changes for the coalition's view, its member starts it and splits."""
    memory = node.coalition.memory
    gathered: dict[int, ViewChange] = memory["gathered"][view]
    if view != memory["target"] or "leading" in memory or node.system.weight(gathered) < node.system.quorum:
        return []
    memory["leading"] = view
    leader = view % node.system.n
    changes = tuple(gathered[replica] for replica in sorted(gathered))
    carried = carry_over(changes)
    entries = tuple(node.keyring.sign(entry) for entry in carried.preprepares(view, leader))
    memory["next seq"] = carried.max_seq + 1
    node.count("views taken")
    announce = As(leader, Broadcast(node.keyring.sign(NewView(view, changes, entries, leader))))
    votes = [vote for entry in entries for vote in back(node, entry, node.coalition.honest)]
    return [announce, *votes, *(As(leader, effect) for effect in split(node, view))]


def split(node: FaultyNode, view: int) -> list[object]:
    """As the view's primary, propose two values for every request not yet used, and have all members vote for both."""
    memory = node.coalition.memory
    used: set[tuple[str, int]] = memory.setdefault("split requests", set())
    out: list[object] = []
    for request in memory.get("requests", []):
        if request.key in used:
            continue
        used.add(request.key)
        seq = memory.get("next seq", 1)
        memory["next seq"] = seq + 1
        node.count("equivocations")
        for group, wording in zip(groups(node), WORDINGS, strict=True):
            proposal = Proposal(request=request, answer=answer_for(node, group, request), wording=wording)
            leader = view % node.system.n
            message = node.keyring.sign(PrePrepare(view, seq, proposal.digest, proposal, leader))
            out += [As(leader, Send(honest, message)) for honest in group]
            out += back(node, message, group)
    return out


def back(node: FaultyNode, message: PrePrepare, group: Sequence[int]) -> list[object]:
    """Let every member vote for a proposal, towards one group only."""
    leader = message.replica
    out: list[object] = []
    for member in node.coalition.members:
        place = (message.view, message.seq, message.digest, member)
        votes: list[Prepare | Commit] = [Commit(*place)] if member == leader else [Prepare(*place), Commit(*place)]
        out += [As(member, Send(honest, node.keyring.sign(vote))) for vote in votes for honest in group]
    return out
