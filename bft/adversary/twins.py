"""Twins: two honest replicas under one key, each shown to one group of the honest; an attack on any protocol.

What a twin says goes to the group that it is shown to, to the twins of its side at the other members, and to those who
belong to neither side; what they say reaches it alone. Both twins hear every client. A twin's validator is the
adversary's: it proposes what its group would accept, in a wording of its own side, accepts what members of the
coalition proposed and rejects all else, so that honest leaders who need its votes are left. So no message is forged:
each is what an honest replica says that sees one side of a network cut in two, under a shared key.

References
----------
Bano, Sonnino, Chursin, Perelman, Li, Ching & Malkhi, *Twins: BFT systems made robust*, OPODIS 2021.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from bft.adversary.groups import WORDINGS, answer_for, two_groups
from bft.adversary.node import FaultyNode, Started
from bft.core.effects import Broadcast, CancelTimer, RequestProposal, RequestVerdict, Send, SetTimer
from bft.core.inputs import ClientRequest, Deliver, Input, ProposalReady, TimerFired, VerdictReady
from bft.core.replica import Replica
from bft.core.verdict import Verdict
from bft.errors import ScenarioError, bad_value

SIDES = (0, 1)
STATE = "twins"


@dataclass(frozen=True, slots=True)
class Aside:
    """What a twin tells the twins of its side at another member of the coalition; an honest node never gets one."""

    side: int
    message: object


@dataclass(slots=True)
class Pair:
    """The two replicas of a node, whom each is shown to, and what both have said for which slot."""

    replicas: tuple[Replica, Replica]
    groups: tuple[tuple[int, ...], tuple[int, ...]]
    others: tuple[int, ...]
    said: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """Two honest replicas under one key, each shown to one group.

    Attributes
    ----------
    first : tuple of int, optional
        The honest nodes that are shown the first twins, the others being shown the second; by default half of them, by
        weight.
    """

    byzantine: ClassVar[bool] = True
    voice: ClassVar[str] = "silent"
    commits: ClassVar[bool] = True
    LISTS: ClassVar[tuple[str, ...]] = ("first",)
    first: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        if self.first is None:
            return
        if not isinstance(self.first, list | tuple):
            raise ScenarioError(bad_value("faults.behaviour.first", self.first, "must be a list of node numbers"))
        nodes = tuple(self.first)
        if not all(type(node) is int and node >= 0 for node in nodes) or len(set(nodes)) < len(nodes):
            allowed = "must be distinct node numbers, 0 or more"
            raise ScenarioError(bad_value("faults.behaviour.first", self.first, allowed))
        object.__setattr__(self, "first", nodes)

    def alone(self, node: FaultyNode) -> bool:
        """Whether the node's honest replica is not run at all."""
        return True

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Give each twin what reaches it, and send what it says to its side."""
        del effects
        if isinstance(event, Started):
            return []
        if STATE not in node.memory:
            node.memory[STATE] = self._pair(node)
        pair: Pair = node.memory[STATE]
        return [bent for side, inner in _reached(node, pair, event) for bent in _step(node, pair, side, now, inner)]

    def _pair(self, node: FaultyNode) -> Pair:
        honest = node.coalition.honest
        if self.first is None:
            groups = two_groups(honest, node.system)
        else:
            groups = (
                tuple(each for each in honest if each in self.first),
                tuple(each for each in honest if each not in self.first),
            )
        known = {*honest, *node.coalition.members}
        others = tuple(each for each in range(node.nodes) if each not in known)
        return Pair((node.twin(), node.twin()), groups, others)


def _reached(node: FaultyNode, pair: Pair, event: Input) -> Iterator[tuple[int, Input]]:
    """Yield which twins an input reaches, and as what."""
    if isinstance(event, Deliver):
        if isinstance(event.message, Aside):
            if event.sender in node.coalition.members:
                yield event.message.side, Deliver(event.sender, event.message.message)
            return
        for side in SIDES:
            if event.sender not in pair.groups[1 - side]:
                yield side, event
    elif isinstance(event, TimerFired):
        twin, _, name = event.name.partition(" ")
        yield int(twin), TimerFired(name)
    elif isinstance(event, ClientRequest):
        for side in SIDES:
            yield side, event


def _step(node: FaultyNode, pair: Pair, side: int, now: float, event: Input) -> Iterator[object]:
    """Let a twin take an input, its validator answer at once, and yield what follows from it outside."""
    inputs: deque[Input] = deque([event])
    while inputs:
        for effect in pair.replicas[side].step(now, inputs.popleft()):
            match effect:
                case Broadcast(message=message):
                    everyone = (*pair.groups[side], *node.coalition.members, *pair.others)
                    yield from _say(node, pair, side, message, everyone)
                case Send(recipient=recipient, message=message):
                    yield from _say(node, pair, side, message, (recipient,))
                case SetTimer(name=name, delay_s=delay_s):
                    yield SetTimer(f"{side} {name}", delay_s)
                case CancelTimer(name=name):
                    yield CancelTimer(f"{side} {name}")
                case RequestProposal(view=view, request=request):
                    answer = answer_for(node, pair.groups[side], request)
                    _proposed(node).add((request.key, answer, WORDINGS[side]))
                    inputs.append(ProposalReady(view, request, answer, WORDINGS[side]))
                case RequestVerdict(view=view, seq=seq, digest=digest, proposal=proposal):
                    asked = None if proposal.request is None else proposal.request.key
                    ours = (asked, proposal.answer, proposal.wording) in _proposed(node)
                    inputs.append(VerdictReady(view, seq, digest, Verdict.ACCEPT if ours else Verdict.REJECT))


def _proposed(node: FaultyNode) -> set[tuple[object, str | None, str]]:
    """Return what members of the coalition have proposed: request, answer and wording."""
    known: set[tuple[object, str | None, str]] = node.coalition.memory.setdefault("proposed", set())
    return known


def _say(node: FaultyNode, pair: Pair, side: int, message: object, recipients: Sequence[int]) -> Iterator[object]:
    """Yield a twin's message to those of its recipients that are shown this twin."""
    _count(node, pair, message)
    hidden_from = pair.groups[1 - side]
    for recipient in recipients:
        if recipient == node.id or recipient in hidden_from:
            continue
        inside = recipient in node.coalition.members
        yield Send(recipient, Aside(side, message) if inside else message)


def _count(node: FaultyNode, pair: Pair, message: object) -> None:
    """Count what twins say, and each value that the two commit to where they have committed to another."""
    node.count("messages by twins")
    kind = node.protocol.kind_of(message)
    if kind is None or kind.slot is None or kind.value is None:
        return
    value = kind.value(message)
    if pair.said.setdefault((kind.phase, kind.slot(message)), value) != value:
        node.count("equivocations")
