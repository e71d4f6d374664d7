"""A coalition that tries to split or to stall HotStuff: the strongest attack we know where links delay nothing for it.

With B the coalition's number, H the honest and q the quorum:

- A split needs two groups of honest replicas that, each together with B, are a quorum.
- In the phased variants one leader drives all phases: a member that leads proposes value a to one group and b to the
  other, makes the certificates of both from the groups' votes and the coalition's, and shows each group its own.
- In the chained variants L leaders in a row are needed for a commit, and an honest one in between would show its
  proposal to all. So the coalition waits for L of its own in a row, cyclically: each group's branch grows by a node in
  each of their views, and the last of them shows either group the certificate that commits. (With an adversary who also
  cuts the network in two, honest leaders of a side serve as well; `twins` plays that under a partition.)
- Where H < q nothing is decided without the coalition. It votes for no honest leader and gives every view up with the
  others until its own turn comes; where it cannot split, nothing is ever decided.
- Where H ≥ q honest replicas decide whatever it withholds, in the chained variants once L of them lead in a row. It
  splits only if its turn is the first, and stalls as long as it can: it neither votes, nor proposes, nor shows the
  certificates that it collects.

No forged signature is involved; each member signs twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from bft.adversary.groups import WORDINGS, answer_for, groups
from bft.adversary.node import As, FaultyNode, Later, Started
from bft.core.effects import Broadcast, Send
from bft.core.inputs import ClientRequest, Deliver, Input
from bft.core.request import Proposal, Request
from bft.protocols.hotstuff import HotStuffReplica, Rules
from bft.protocols.hotstuff.messages import (
    GENESIS_QC,
    Node,
    Phase,
    Propose,
    QuorumCertificate,
    Timeout,
    TimeoutCertificate,
    TimeoutVote,
    Vote,
)

if TYPE_CHECKING:
    from bft.adversary.equivocate import Equivocate

Memory = dict[str, Any]
HEAD_START_S = 1.0
"""Whoever decides tells the leader of the next view: its group is shown its certificate so much earlier."""


def attack(
    behaviour: Equivocate, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]
) -> Iterable[object]:
    """Keep back what an honest replica would say and play the attack."""
    del behaviour, now
    for effect in effects:
        if isinstance(effect, Send | Broadcast) and isinstance(effect.message, Propose | Vote | Phase):
            node.count("votes and proposals withheld")
    if isinstance(event, ClientRequest):
        return on_request(node, event.request)
    if isinstance(event, Deliver):
        message = event.message
        if isinstance(message, Timeout):
            return on_timeout(node, message)
        if isinstance(message, Vote):
            return on_vote(node, message)
    return []


def rules_of(node: FaultyNode) -> Rules:
    """Return the variant that is attacked, as an honest replica is told it."""
    memory = node.coalition.memory
    if "rules" not in memory:
        replica = node.twin()
        assert isinstance(replica, HotStuffReplica)
        memory["rules"] = replica.rules
    rules: Rules = memory["rules"]
    return rules


def own_run(node: FaultyNode) -> int | None:
    """Return the first view of as many own leaders in a row as the variant needs, if it comes soon enough."""
    memory = node.coalition.memory
    if "run" not in memory:
        memory["run"] = _own_run(node)
    run: int | None = memory["run"]
    return run


def _own_run(node: FaultyNode) -> int | None:
    members, n, quorum = node.coalition.members, node.system.n, node.system.quorum
    if not all(group and len(group) + len(members) >= quorum for group in groups(node)):
        return None
    length = rules_of(node).run_of_leaders
    turns = n + length - 1 if node.views is None else min(node.views, n + length - 1)
    own = honest = 0
    for view in range(turns):
        if view % n in members:
            own, honest = own + 1, 0
        else:
            own, honest = 0, honest + 1
        if own == length:
            return view - length + 1
        if honest == length and len(node.coalition.honest) >= quorum:
            return None
    return None


def on_request(node: FaultyNode, request: Request) -> list[object]:
    """Remember the request; if the coalition leads from the start, begin at once."""
    node.coalition.memory.setdefault("request", request)
    return begin(node, None) if own_run(node) == 0 else []


def on_timeout(node: FaultyNode, message: Timeout) -> list[object]:
    """Give up with the honest every view before the coalition's own; with a quorum of timeouts that one begins."""
    target = own_run(node)
    view = message.vote.view
    if target is None or view >= target:
        return []
    memory = node.coalition.memory
    gathered: dict[int, TimeoutVote] = memory.setdefault("timeouts", {}).setdefault(view, {})
    gathered.setdefault(message.vote.replica, message.vote)
    out: list[object] = []
    if node.id not in gathered:
        vote = node.keyring.sign(TimeoutVote(view, -1, node.id))
        gathered[node.id] = vote
        node.count("views given up")
        out.append(Broadcast(node.keyring.sign(Timeout(vote, GENESIS_QC, message.entry, message.tc, node.id))))
    if view == target - 1 and len(gathered) >= node.system.quorum:
        out += begin(node, TimeoutCertificate(view, tuple(gathered[each] for each in sorted(gathered))))
    return out


def begin(node: FaultyNode, tc: TimeoutCertificate | None) -> list[object]:
    """Let the first of the own leaders propose one value to each group, once."""
    memory = node.coalition.memory
    if "begun" in memory or "request" not in memory:
        return []
    memory["begun"] = True
    node.count("equivocations")
    request: Request = memory["request"]
    view = 0 if tc is None else tc.view + 1
    out: list[object] = []
    for group, wording in zip(groups(node), WORDINGS, strict=True):
        proposal = Proposal(request=request, answer=answer_for(node, group, request), wording=wording)
        made = Node(view, 1, 1, GENESIS_QC, proposal)
        out += propose(node, group, Propose(made, None, tc, view % node.system.n))
    return out


def propose(node: FaultyNode, group: tuple[int, ...], message: Propose) -> list[object]:
    """Let the leader of a view show a node to one group, and have all members vote for it."""
    leader, made = message.replica, message.node
    signed = node.keyring.sign(message)
    branch: Memory = node.coalition.memory.setdefault("branches", {}).setdefault(
        group, {"votes": {}, "certified": set()}
    )
    branch["node"] = made
    back(node, branch, 0, made.view, made.digest)
    return [As(leader, Send(honest, signed)) for honest in group]


def back(node: FaultyNode, branch: Memory, phase: int, view: int, digest: str) -> None:
    """Have every member vote."""
    votes = branch["votes"].setdefault((phase, view, digest), {})
    for member in node.coalition.members:
        votes[member] = node.keyring.sign(Vote(phase, view, digest, member))


def on_vote(node: FaultyNode, vote: Vote) -> list[object]:
    """Count an honest vote on its branch; with a quorum the certificate is made, and shown to that group alone."""
    memory = node.coalition.memory
    for group, branch in memory.get("branches", {}).items():
        place = (vote.phase, vote.view, vote.node)
        votes = branch["votes"].get(place)
        if votes is None or vote.replica in votes or vote.replica not in group:
            continue
        votes[vote.replica] = vote
        if len(votes) >= node.system.quorum and place not in branch["certified"]:
            branch["certified"].add(place)
            return go_on(node, group, branch, QuorumCertificate(*place, tuple(votes.values())))
    return []


def go_on(node: FaultyNode, group: tuple[int, ...], branch: Memory, qc: QuorumCertificate) -> list[object]:
    """Go on with a certified branch; the last step is taken on all branches together, once all are so far."""
    rules, start = rules_of(node), own_run(node)
    assert start is not None
    last = qc.view == start + rules.run_of_leaders - 2 if rules.chain else qc.phase == rules.last_phase
    if not last:
        return show(node, group, branch, qc)
    branch["last"] = qc
    branches: dict[tuple[int, ...], Memory] = node.coalition.memory["branches"]
    if not all("last" in each for each in branches.values()):
        return []
    out: list[object] = []
    following = (start + rules.run_of_leaders) % node.system.n
    for other, each in sorted(branches.items(), key=lambda item: following not in item[0]):
        shown = show(node, other, each, each["last"])
        out += shown if not out else [Later(HEAD_START_S, effect) for effect in shown]
    return out


def show(node: FaultyNode, group: tuple[int, ...], branch: Memory, qc: QuorumCertificate) -> list[object]:
    """Show a group its certificate: as the leader of all phases, or by the next own leader's empty node."""
    rules, n = rules_of(node), node.system.n
    if not rules.chain:
        if qc.phase < rules.last_phase:
            back(node, branch, qc.phase + 1, qc.view, qc.node)
        leader = qc.view % n
        signed = node.keyring.sign(Phase(qc, leader))
        return [As(leader, Send(honest, signed)) for honest in group]
    view, below = qc.view + 1, branch["node"]
    made = Node(view, below.height + 1, below.seq, qc, None)
    return propose(node, group, Propose(made, None, None, view % n))
