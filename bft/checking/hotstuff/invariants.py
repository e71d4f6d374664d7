"""H1 to H11: what a HotStuff replica owes beside the state machine.

H1   one vote per view and phase, views growing, none in a view after giving it up, also across a restart
H2   at most one node is certified per view and phase
H3   a certificate is a quorum of distinct, genuine votes for one node in one phase and view
H4   a vote is for what extends the locked node or carries a newer certificate (Jolteon: its own rule)
H5   the lock only grows, and is as high as the votes cast oblige it to be, and no higher than the variant locks
H6   once n − q + 1 honest nodes are locked on a node in its own round of votes, no later certificate conflicts
H7   commits are prefixes of one chain, without gaps; a state that is saved is that of all, and who takes one over knows
     of nothing that others have not committed
H8   a commit rests on its certificates: of all phases, or of a chain of consecutive views
H9   the first vote for a node has the validator's consent, and no value is put to a validator twice
H10  one proposal a view, by its leader, of a client's own request, right above the node that it names as its parent
H11  timeouts grow with each view given up and fall back at an execution; f + 1 that give a view up are joined
"""

# ruff: noqa: ARG001 -- every check has the one signature of its table

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from bft.checking.hotstuff.facts import ChainFacts, Own
from bft.core.digest import digest_of
from bft.core.effects import Broadcast, Execute, Persist, RequestVerdict, SetTimer
from bft.core.events import Restarted
from bft.core.inputs import Deliver, Restart, VerdictReady
from bft.core.shape import check_of
from bft.core.verdict import Verdict
from bft.protocols.hotstuff.events import ViewBegun
from bft.protocols.hotstuff.messages import (
    Branch,
    Node,
    Phase,
    Propose,
    QuorumCertificate,
    Timeout,
    Vote,
)
from bft.protocols.hotstuff.rules import on_its_parent, on_the_node
from bft.protocols.hotstuff.state import Saved

Fault = tuple[str, str]
VIEW_TIMER = "view"


def hear(facts: ChainFacts, node: int, event: object) -> Iterator[Fault]:
    """Take in what a node is about to get; yield what it should have done before."""
    own = facts.own[node]
    own.heard_anything = True
    if own.due > own.left and own.due == own.view and event.__class__ is not Restart:
        yield "H11", f"did not give view {own.due} up though a weak quorum had"
    own.due = -1
    if event.__class__ is VerdictReady:
        assert isinstance(event, VerdictReady)
        if event.verdict is Verdict.ACCEPT:
            own.approved.add(event.digest)
    elif event.__class__ is Restart:
        own.heard.clear()
        own.asked.clear()
        own.failures = 0
    elif event.__class__ is Deliver:
        assert isinstance(event, Deliver)
        _hear_message(facts, own, event.sender, event.message)


def _hear_message(facts: ChainFacts, own: Own, sender: int, message: Any) -> None:
    kind = message.__class__
    if kind is Timeout:
        if facts.valid_timeout(sender, message):
            heard = own.heard.setdefault(message.vote.view, set())
            heard.add(sender)
            view = max(own.view, message.vote.view)
            if facts.system.weight(own.heard.get(view, ())) >= facts.system.weak:
                own.due = view
    elif kind is Propose and check_of(Propose)(message):
        _learn_proposal(facts, message)
        if sender == message.replica == message.node.view % facts.system.n:
            facts.proposed.add(message.node.digest)
        own.certified.add(message.node.justify.node)
    elif kind is Phase and check_of(Phase)(message):
        if facts.fault(message.qc) is None:
            own.certified.add(message.qc.node)
    elif kind is Branch and check_of(Branch)(message):
        for each in message.nodes:
            facts.nodes.setdefault(each.digest, each)


def _learn_proposal(facts: ChainFacts, message: Propose) -> None:
    facts.nodes.setdefault(message.node.digest, message.node)
    tc, node = message.tc, message.node
    if tc is None or tc.view + 1 != node.view:
        return
    known = facts.timeouts.get(node.digest)  # a liar may send the same node with others: any of them permits a vote
    if (known is None or tc.high < known.high) and facts.timeout_fault(tc) is None:
        facts.timeouts[node.digest] = tc


def step(facts: ChainFacts, node: int, effects: Iterable[Any]) -> Iterator[Fault]:
    """Check what a node stores, says and times in a step, and learn from it."""
    own = facts.own[node]
    own.was_in = own.view
    for effect in effects:
        check = _CHECKS.get(effect.__class__)
        if check is not None:
            yield from check(facts, node, own, effect)


def stored(facts: ChainFacts, node: int, own: Own, effect: Persist) -> Iterator[Fault]:
    """What a node relies on from now on: nodes first, then certificates, views and votes, then commits."""
    entries = effect.entries
    for _, value in entries:
        if isinstance(value, Node):
            facts.nodes.setdefault(value.digest, value)
            yield from _certificate(facts, own, value.justify)
    commits: list[tuple[int, Node]] = []
    saved: list[Saved] = []
    votes: list[Vote] = []
    for key, value in entries:
        kind = key[0]
        if kind == "verdict":
            (own.judged.discard if value is None else own.judged.add)(key[1])
        if kind in ("high", "locked", "commit") and isinstance(value, QuorumCertificate):
            yield from _certificate(facts, own, value)
            if kind == "locked":
                yield from _lock(facts, own, value)
        elif kind == "view" and isinstance(value, tuple):
            yield from _entered(facts, own, value)
        elif kind == "voted" and isinstance(value, Vote):
            votes.append(value)
        elif kind == "committed" and isinstance(value, Node):
            assert isinstance(key[1], int)
            commits.append((key[1], value))
        elif kind == "saved state" and isinstance(value, Saved):
            saved.append(value)
        elif kind == "proposed" and isinstance(value, Propose):
            yield from _proposed(facts, own, value)
    for state in saved:
        yield from _saved(facts, own, state, commits)
    yield from _committed(facts, own, commits)
    for vote in votes:
        yield from _voted(facts, node, own, vote)
    for key, value in entries:
        if key[0] == "left" and isinstance(value, Timeout):
            own.left = max(own.left, value.vote.view)
            facts.reached.add("timeout")


def _certificate(facts: ChainFacts, own: Own, qc: QuorumCertificate) -> Iterator[Fault]:
    """H3, H2 and H6, for a certificate that a node relies on."""
    fault = facts.fault(qc)
    if fault is not None:
        yield "H3", f"certificate of view {qc.view}: {fault}"
        return
    own.certified.add(qc.node)
    place = (qc.phase, qc.view)
    first = facts.certified.get(place)
    if first is None:
        facts.certified[place] = qc.node
        if qc.view >= 0:
            facts.reached.add("certified")
        for view, fixed in facts.fixed.items():
            if qc.view > view and facts.extends(qc.node, (view, fixed)) is False:
                yield "H6", f"{qc.node[:8]} certified in view {qc.view} conflicts with {fixed[:8]} of view {view}"
    elif first != qc.node:
        yield "H2", f"{first[:8]} and {qc.node[:8]} both certified in view {qc.view}, phase {qc.phase}"


def _lock(facts: ChainFacts, own: Own, qc: QuorumCertificate) -> Iterator[Fault]:
    """H5: locks grow, and are of the kind that the variant locks."""
    if qc.view < own.stored_lock:
        yield "H5", f"lock of view {qc.view} after one of view {own.stored_lock}"
    own.stored_lock = max(own.stored_lock, qc.view)
    rules = facts.rules
    if not rules.chain:
        if qc.phase != max(len(rules.phases) - 2, 0):
            yield "H5", f"lock on a certificate of phase {qc.phase}"
    elif rules.locks is on_its_parent and qc.view >= 0:
        above = (facts.nodes[digest] for digest in own.certified if digest in facts.nodes)
        if not any(each.justify.view == qc.view for each in above):
            yield "H5", f"lock on the certificate of view {qc.view}, on which no certified node builds"


def _entered(facts: ChainFacts, own: Own, place: tuple[Any, ...]) -> Iterator[Fault]:
    """Views grow, with proof (H1); those entered by a timeout certificate are failures (H11)."""
    view, entry, tc = place
    if view <= own.view:
        yield "H1", f"entered view {view} after view {own.view}"
    elif not facts.entered(view, entry, tc):
        yield "H1", f"entered view {view} without proof"
    own.view = max(own.view, view)
    if view >= 2:
        facts.reached.add("view 2 or later")


def _voted(facts: ChainFacts, node: int, own: Own, vote: Vote) -> Iterator[Fault]:
    """H1, H4, H5 and H9, for a vote; then what it obliges its voter to (H5, H6)."""
    place = (vote.phase, vote.view)
    said = own.said.get(place)
    if said is not None and said != vote.node:
        yield "H1", f"votes for {said[:8]} and {vote.node[:8]} in view {vote.view}, phase {vote.phase}"
    if vote.view < own.voted:
        yield "H1", f"vote in view {vote.view} after one in view {own.voted}"
    if vote.view <= own.left:
        yield "H1", f"vote in view {vote.view}, which it gave up"
    if not own.was_in <= vote.view <= own.view:
        yield "H1", f"vote of view {vote.view} in view {own.view}"
    own.said.setdefault(place, vote.node)
    own.voted = max(own.voted, vote.view)
    facts.reached.add("vote")
    voted = facts.nodes.get(vote.node)
    if vote.phase == 0:
        if voted is None:
            yield "H4", f"vote for {vote.node[:8]}, which it does not have"
            return
        if said is None:
            yield from _first_vote(facts, node, own, voted)
    if own.stored_lock < own.lock[0]:
        yield "H5", f"locked on view {own.stored_lock}, its votes oblige it to view {own.lock[0]}"
    yield from _obliged(facts, node, own, vote, voted)


def _first_vote(facts: ChainFacts, node: int, own: Own, voted: Node) -> Iterator[Fault]:
    """H4, H9 and H10: the node is safe, in its place, and has the validator's consent."""
    justify = voted.justify
    parent = facts.nodes.get(justify.node)
    if parent is None or voted.height != parent.height + 1 or parent.view != justify.view or voted.view <= parent.view:
        yield "H10", f"vote for {voted.digest[:8]} of view {voted.view}, which is not in its place"
    if voted.seq != (0 if parent is None else parent.seq) + (voted.proposal is not None):
        yield "H10", f"vote for {voted.digest[:8]} of view {voted.view}, whose number does not follow"
    if facts.rules.chain == 2:
        tc = facts.timeouts.get(voted.digest)
        follows = tc is not None and tc.view + 1 == voted.view and justify.view >= tc.high
        if voted.view != justify.view + 1 and not follows:
            yield "H4", f"vote in view {voted.view} on the certificate of view {justify.view}"
    elif justify.view <= own.lock[0] and facts.extends(voted.digest, own.lock) is False:
        yield "H4", f"vote for {voted.digest[:8]} in view {voted.view}, locked on {own.lock[1][:8]} of {own.lock[0]}"
    if voted.view % facts.system.n != node and voted.digest not in facts.proposed and own.heard_anything:
        yield "H10", f"vote for {voted.digest[:8]}, which the leader of view {voted.view} has not proposed to anybody"
    value = voted.proposal
    if value is not None and (value.request is None or not facts.genuine(value.request)):
        yield "H10", f"vote in view {voted.view} for a request that no client signed"
    if value is None or voted.view % facts.system.n == node or voted.digest in own.certified:
        return
    if value.digest not in own.approved and own.heard_anything:
        yield "H9", f"vote in view {voted.view} for what its validator has not accepted"


def _obliged(facts: ChainFacts, node: int, own: Own, vote: Vote, voted: Node | None) -> Iterator[Fault]:
    """Note what a vote locks its voter on, and whether that fixes the branch (H6)."""
    rules = facts.rules
    lock, in_round = None, False
    if not rules.chain:
        if vote.phase == max(len(rules.phases) - 2, 0) + 1:
            lock, in_round = (vote.view, vote.node), True
    elif voted is not None:
        first = facts.nodes.get(voted.justify.node)
        if first is not None and rules.locks is on_the_node:
            lock, in_round = (first.view, first.digest), voted.view == first.view + 1
        elif first is not None:
            second = facts.nodes.get(first.justify.node)
            if second is not None:
                lock = (second.view, second.digest)
                in_round = voted.view == first.view + 1 == second.view + 2
    if lock is None or lock[0] < 0:
        return
    if lock[0] > own.lock[0]:
        own.lock = lock
        facts.reached.add("locked")
    if in_round:
        fixing = facts.fixing.setdefault(lock, set())
        fixing.add(node)
        system = facts.system
        if lock[0] not in facts.fixed and system.weight(fixing & facts.honest) > system.total - system.quorum:
            facts.fixed[lock[0]] = lock[1]
            for (_, view), digest in facts.certified.items():
                if view > vote.view and facts.extends(digest, lock) is False:
                    yield "H6", f"{digest[:8]} certified in view {view} conflicts with {lock[1][:8]} of view {lock[0]}"


def _committed(facts: ChainFacts, own: Own, commits: list[tuple[int, Node]]) -> Iterator[Fault]:
    """H7 and H8: one chain without gaps, whose last node rests on its certificates."""
    if not commits:
        return
    facts.reached.add("committed")
    for height, node in commits:
        if height != own.committed + 1:
            yield "H7", f"committed height {height} after {own.committed}"
        own.committed = max(own.committed, height)
        first = facts.chain.setdefault(height, node.digest)
        if first != node.digest:
            yield "H7", f"{first[:8]} and {node.digest[:8]} both committed at height {height}"
        if facts.chain.get(height - 1, node.justify.node) != node.justify.node:
            yield "H7", f"{node.digest[:8]} committed at height {height} extends another chain"
        if node.proposal is None:
            facts.reached.add("empty node committed")
    last = commits[-1][1]
    if not _rests(facts, last):
        yield "H8", f"{last.digest[:8]} of view {last.view} committed without its certificates"


def _saved(facts: ChainFacts, own: Own, saved: Saved, commits: list[tuple[int, Node]]) -> Iterator[Fault]:
    """H7: what a node saves after one of its own commits, or takes over where it has not come so far."""
    node = saved.node
    facts.nodes.setdefault(node.digest, node)
    digest = digest_of(saved.machine, tuple([(each.client, each.timestamp, each.result) for each in saved.replies]))
    first = facts.saved.setdefault(node.height, digest)
    if first != digest:
        yield "H7", f"another state at height {node.height} than others have saved"
    if node.height in {height for height, _ in commits}:
        return  # its own
    facts.reached.add("state taken over")
    if facts.chain.get(node.height) != node.digest:
        yield "H7", f"took over the state after {node.digest[:8]}, which nobody has committed"
    if node.height <= own.committed:
        yield "H7", f"took over the state at height {node.height} after committing {own.committed}"
    own.committed = max(own.committed, node.height)


def _rests(facts: ChainFacts, node: Node) -> bool:
    """Whether the certificates that commit a node have been seen."""
    certified, rules = facts.certified, facts.rules
    if not rules.chain:
        return certified.get((len(rules.phases) - 1, node.view)) == node.digest
    for _ in range(rules.chain - 1):
        if certified.get((0, node.view)) != node.digest:
            return False
        above = facts.nodes.get(certified.get((0, node.view + 1), ""))
        if above is None or above.justify.node != node.digest:
            return False
        node = above
    return True


def _proposed(facts: ChainFacts, own: Own, message: Propose) -> Iterator[Fault]:
    """H10: one proposal a view, also across a restart."""
    _learn_proposal(facts, message)
    node = message.node
    first = own.proposed.setdefault(node.view, node.digest)
    if first != node.digest:
        yield "H10", f"two proposals in view {node.view}"


def asked(facts: ChainFacts, node: int, own: Own, effect: RequestVerdict) -> Iterator[Fault]:
    """H9: a validator is asked once about a value."""
    if effect.digest in own.asked or effect.digest in own.judged:
        yield "H9", f"the validator is asked again about {effect.digest[:8]}"
    own.asked.add(effect.digest)


def timed(facts: ChainFacts, node: int, own: Own, effect: SetTimer) -> Iterator[Fault]:
    """H11: the view timer runs as long as the failures since the last commit say."""
    if effect.name == VIEW_TIMER and facts.timeout_s is not None:
        due_s = facts.timeout_s(own.failures)
        if abs(effect.delay_s - due_s) > 1e-9:
            yield "H11", f"view {own.view} timed for {effect.delay_s:g} s, {own.failures} failures make {due_s:g} s"


def begun(facts: ChainFacts, node: int, own: Own, event: ViewBegun) -> Iterator[Fault]:
    """Count the views that were entered by a timeout certificate."""
    if event.by_timeout:
        own.failures += 1
        facts.reached.add("timeout certificate")
    yield from ()


def executed(facts: ChainFacts, node: int, own: Own, effect: Execute) -> Iterator[Fault]:
    """An execution sets the timeout back."""
    own.failures = 0
    yield from ()


def restarted(facts: ChainFacts, node: int, own: Own, event: Restarted) -> Iterator[Fault]:
    """H1: a restarted node goes on in the view where it was."""
    if event.view != own.was_in:
        yield "H1", f"restarted in view {event.view}, had been in {own.was_in}"
    facts.reached.add("restart")


def shown(facts: ChainFacts, node: int, own: Own, effect: Broadcast) -> Iterator[Fault]:
    """H3: a leader shows none but good certificates."""
    message = effect.message
    if message.__class__ is Phase:
        yield from _certificate(facts, own, message.qc)


_CHECKS: dict[type, Callable[[ChainFacts, int, Own, Any], Iterator[Fault]]] = {
    Persist: stored,
    RequestVerdict: asked,
    SetTimer: timed,
    Restarted: restarted,
    ViewBegun: begun,
    Execute: executed,
    Broadcast: shown,
}
