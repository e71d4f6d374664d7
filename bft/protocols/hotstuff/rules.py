"""The variants of HotStuff as data: what a view votes on, when to vote, on what to lock, what commits.

A variant is one `Rules`; a seeded bug is one field replaced: `replace(BASIC, certificate_quorum=lambda system:
system.quorum - 1)`. Replicas ask here and nowhere else. The sources:

- `BASIC`: Yin, Malkhi, Reiter, Gueta, Abraham, *HotStuff: BFT Consensus with Linearity and Responsiveness*, PODC 2019
  (arXiv 1803.05069), Algorithms 1 and 2.
- `TWO_PHASE`: Malkhi, Nayak, *HotStuff-2: Optimal Two-Phase Responsive BFT*, 2023 (eprint 2023/397).
- `CHAIN_OF_3`: Algorithm 3 of the first, with the lock of its Algorithm 4 (indirect, and never lower than before) and
  an explicit test for consecutive views before anything is committed.
- `CHAIN_OF_2`: Gelashvili, Kokoris-Kogias, Sonnino, Spiegelman, Xiang, *Jolteon and Ditto*, 2021 (arXiv 2106.10362).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bft.core.quorum import QuorumSystem
from bft.protocols.hotstuff.messages import Node, QuorumCertificate, TimeoutCertificate
from bft.protocols.hotstuff.tree import Tree

Threshold = Callable[[QuorumSystem], int]
Safe = Callable[[Tree, QuorumCertificate, Node, TimeoutCertificate | None], bool]
Locks = Callable[[Tree, QuorumCertificate], QuorumCertificate | None]
Commits = Callable[[Tree, QuorumCertificate], Node | None]
Ready = Callable[[QuorumCertificate, TimeoutCertificate | None], bool]


def _quorum(system: QuorumSystem) -> int:
    return system.quorum


def _weak(system: QuorumSystem) -> int:
    return system.weak


def _shared_by_quorums(system: QuorumSystem) -> int:
    return system.safe_below


def newer(justify: QuorumCertificate, locked: QuorumCertificate) -> bool:
    """The liveness rule (Algorithm 1, safeNode): a certificate of a later view than the locked one."""
    return justify.view > locked.view


def newer_or_as_new(justify: QuorumCertificate, locked: QuorumCertificate) -> bool:
    """The liveness rule with ≥ for >, which lets no further node pass.

    At equal views both certificates are for one node: a quorum voted in that view for the one, a quorum for the other,
    and an honest replica in both votes once. So the node that `justify` certifies is the locked one, and a node that
    extends it passes by the safety rule anyway. (Certificates of different phases of a view are no exception: a later
    phase votes for nothing but what the first phase has certified.)
    """
    return justify.view >= locked.view


def always(justify: QuorumCertificate, locked: QuorumCertificate) -> bool:
    """No liveness rule at all: a seeded bug."""
    del justify, locked
    return True


def safe_node(newer: Callable[[QuorumCertificate, QuorumCertificate], bool]) -> Safe:
    """Return safeNode of Algorithm 1: the node extends the locked one, or its certificate is newer."""

    def safe(tree: Tree, locked: QuorumCertificate, node: Node, tc: TimeoutCertificate | None) -> bool:
        del tc
        return newer(node.justify, locked) or tree.extends(node, locked.node)

    return safe


SAFE_NODE = safe_node(newer)


def after_the_highest(tree: Tree, locked: QuorumCertificate, node: Node, tc: TimeoutCertificate | None) -> bool:
    """Jolteon's rule: r = qc.r + 1, or r = tc.r + 1 and qc.r ≥ the highest certificate in the timeout certificate.

    Its own lock is not compared: whoever may have committed has a quorum that timed out with that certificate at least.
    """
    del tree, locked
    if node.view == node.justify.view + 1:
        return True
    return tc is not None and node.view == tc.view + 1 and node.justify.view >= tc.high


def after_any(tree: Tree, locked: QuorumCertificate, node: Node, tc: TimeoutCertificate | None) -> bool:
    """As `after_the_highest`, the timeout certificate's highest ignored: a seeded bug."""
    del tree, locked
    return node.view == node.justify.view + 1 or (tc is not None and node.view == tc.view + 1)


def of_phase(phase: int) -> Locks:
    """Lock on the certificate of one phase (Algorithm 2, line 25)."""

    def locks(tree: Tree, qc: QuorumCertificate) -> QuorumCertificate | None:
        del tree
        return qc if qc.phase == phase else None

    return locks


def on_the_node(tree: Tree, qc: QuorumCertificate) -> QuorumCertificate | None:
    """Lock on what a certificate certifies: a 1-chain."""
    del tree
    return qc


def on_its_parent(tree: Tree, qc: QuorumCertificate) -> QuorumCertificate | None:
    """Lock on the parent of what a certificate certifies: a 2-chain (Algorithm 4, update: b′)."""
    return tree.nodes[qc.node].justify


def on_its_grandparent(tree: Tree, qc: QuorumCertificate) -> QuorumCertificate | None:
    """Lock one certificate later than a chain of three must: a seeded bug."""
    parent = tree.parent(tree.nodes[qc.node])
    return None if parent is None else parent.justify


def never(tree: Tree, qc: QuorumCertificate) -> QuorumCertificate | None:
    """Lock on nothing: a seeded bug."""
    del tree, qc
    return None


def last_phase(phase: int) -> Commits:
    """The certificate of the last phase commits its node (Algorithm 2, line 33)."""

    def commits(tree: Tree, qc: QuorumCertificate) -> Node | None:
        return tree.nodes[qc.node] if qc.phase == phase else None

    return commits


def chain_of(length: int, *, consecutive: bool = True) -> Commits:
    """Certificates in a row commit the first node: as many as `length`, of consecutive views (Algorithm 4, update)."""

    def commits(tree: Tree, qc: QuorumCertificate) -> Node | None:
        node = tree.nodes[qc.node]
        for _ in range(length - 1):
            below = tree.nodes.get(node.justify.node)
            if below is None or below.height == 0 or (consecutive and node.view != below.view + 1):
                return None
            node = below
        return node

    return commits


def at_least_as_high(high: QuorumCertificate, tc: TimeoutCertificate | None) -> bool:
    """A leader may extend its certificate if none in the timeout certificate is higher."""
    return tc is None or high.view >= tc.high


def the_highest(high: QuorumCertificate, locked: QuorumCertificate) -> QuorumCertificate:
    """A leader proposes on its highest certificate (Algorithm 2, lines 4 and 5)."""
    del locked
    return high


def the_locked(high: QuorumCertificate, locked: QuorumCertificate) -> QuorumCertificate:
    """A leader proposes on what it is locked on, and ignores what is higher: a seeded bug."""
    del high
    return locked


def doubled(timeout_s: float, growth: float, failures: int, cap_s: float) -> float:
    """The timeout after a number of views that failed since something was executed: grows with each, up to the cap."""
    if failures == 0:
        return float(min(cap_s, timeout_s))
    return float(min(cap_s, timeout_s * growth ** min(failures, 500)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a variant votes on, and all that its replicas ask before they act.

    Attributes
    ----------
    name : str
        The protocol's name in a scenario.
    phases : tuple of str
        What a view votes on, in order; a chained variant has one phase, and the next leader collects its votes.
    chain : int
        How many certificates of consecutive views commit; 0 where the phases of one view do.
    safe : callable
        Whether to vote for a proposed node, from the tree, the locked certificate, the node and its timeout
        certificate.
    locks, commits : callable
        What a certificate locks, and what it commits.
    waits : {"quorum", "delay", "no"}
        A leader that enters a view without its timeout certificate waits for a quorum of new-views (Algorithm 2, line
        3); one that lacks a certificate of the view before waits about 2Δ (HotStuff-2); or it does not wait.
    ready : callable
        Whether a leader's certificate is high enough beside a timeout certificate.
    proposes_on : callable
        Which certificate a leader proposes on, from its highest and its locked one.
    certificate_quorum, timeout_quorum, join_quorum : callable
        Weight of votes that make a certificate, of timeouts that make a timeout certificate, and at which a replica
        gives its view up, too.
    count_duplicates, compare_nodes, compare_phases, check_signatures : bool
        What is demanded of a certificate: distinct voters, votes for its node and for its phase, genuine ones.
    only_leader_proposes, check_identity, check_requests, check_entry, check_place : bool
        What is demanded of a proposal: its leader as sender, a client's own request, what proves its view, and a
        place right above the node that it names as its parent (Algorithm 2, line 9).
    vote_once, silent_after_timeout : bool
        One vote a view and phase, in ascending order; and none in a view that was given up.
    keeps_voted, keeps_high, keeps_lock, keeps_proposal, keeps_state : bool
        What is remembered across a crash.
    transfer_quorum : callable
        Weight of those who must have signed a state before it is taken over.
    compare_states, check_states, newer_states, shares_states : bool
        Whether they must have signed the very same one, its node must be certified and be ahead, and whether those left
        behind are sent any.
    judge_again : bool
        Whether a value is judged again with every node that carries it.
    follow_verdict : bool
        Whether the first vote for a node needs the validator's consent.
    skip_proposed : bool
        Whether a leader leaves out requests that its branch holds already.
    execute_once : bool
        A request that is ordered twice changes the state once.
    empty_nodes : bool
        Whether leaders propose empty nodes while something is not committed.
    reset_failures : bool
        Whether an execution sets the timeout back.
    timeout_s : callable
        The timeout of a view.
    """

    name: str
    phases: tuple[str, ...]
    chain: int = 0
    safe: Safe = SAFE_NODE
    locks: Locks
    commits: Commits
    waits: str = "no"
    ready: Ready = at_least_as_high
    proposes_on: Callable[[QuorumCertificate, QuorumCertificate], QuorumCertificate] = the_highest
    certificate_quorum: Threshold = _quorum
    timeout_quorum: Threshold = _quorum
    join_quorum: Threshold = _weak
    count_duplicates: bool = False
    compare_nodes: bool = True
    compare_phases: bool = True
    check_signatures: bool = True
    only_leader_proposes: bool = True
    check_identity: bool = True
    check_requests: bool = True
    check_entry: bool = True
    check_place: bool = True
    vote_once: bool = True
    silent_after_timeout: bool = True
    keeps_voted: bool = True
    keeps_high: bool = True
    keeps_lock: bool = True
    keeps_proposal: bool = True
    keeps_state: bool = True
    transfer_quorum: Threshold = _shared_by_quorums
    compare_states: bool = True
    check_states: bool = True
    newer_states: bool = True
    shares_states: bool = True
    judge_again: bool = False
    follow_verdict: bool = True
    skip_proposed: bool = True
    execute_once: bool = True
    empty_nodes: bool = True
    reset_failures: bool = True
    timeout_s: Callable[[float, float, int, float], float] = doubled

    @property
    def chained(self) -> bool:
        """Whether every view proposes on the certificate of the one before."""
        return self.chain > 0

    @property
    def last_phase(self) -> int:
        """The phase whose certificate ends a view."""
        return len(self.phases) - 1

    @property
    def run_of_leaders(self) -> int:
        """How many leaders in a row must live, the collector of the last votes included: L of the cyclic law."""
        return self.chain + 1 if self.chain else 1


BASIC = Rules(
    name="hotstuff",
    phases=("prepare", "pre-commit", "commit"),
    locks=of_phase(1),
    commits=last_phase(2),
    waits="quorum",
)
TWO_PHASE = Rules(
    name="hotstuff-2",
    phases=("prepare", "commit"),
    locks=of_phase(0),
    commits=last_phase(1),
    waits="delay",
)
CHAIN_OF_3 = Rules(name="hotstuff-chained", phases=("generic",), chain=3, locks=on_its_parent, commits=chain_of(3))
CHAIN_OF_2 = Rules(
    name="hotstuff-chained",
    phases=("generic",),
    chain=2,
    safe=after_the_highest,
    locks=on_the_node,
    commits=chain_of(2),
)
CHAINS = {2: CHAIN_OF_2, 3: CHAIN_OF_3}
"""The chained variants by the length of their chain."""
