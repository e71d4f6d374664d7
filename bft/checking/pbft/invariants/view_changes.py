"""V1 to V10: what a new view must carry over (§4.4), and LV2 and LV3: when a view is left (§4.5.2)."""

# ruff: noqa: ARG001 -- every check has the one signature of its table

from __future__ import annotations

from collections.abc import Callable

from bft.checking.invariants.facts import Facts, Invariant
from bft.checking.pbft.invariants.proofs import judge_new_view
from bft.core.effects import SetTimer
from bft.core.inputs import TimerFired
from bft.core.request import NULL_DIGEST
from bft.protocols.pbft.events import Committed, PrePrepareAccepted, ViewChangeStarted, ViewEntered
from bft.protocols.pbft.messages import PrePrepare, ViewChange


def carries_its_certificates(facts: Facts, node: int, message: ViewChange) -> str | None:
    """V2: for every number above h that the node ever prepared, the certificate of the highest view."""
    if node in facts.votes.get((ViewChange, message.view, 0), ()):
        return None
    own = facts.nodes[node]
    if message.low != own.low:
        return f"view-change {message.view} names checkpoint {message.low}, the node's is {own.low}"
    sent = {each.preprepare.seq: (each.preprepare.view, each.preprepare.digest) for each in message.prepared}
    for seq, (view, digest) in own.prepared.items():
        if seq > message.low and sent.get(seq) != (view, digest):
            found = f"that of view {sent[seq][0]}" if seq in sent else "none"
            return f"view-change {message.view}: seq {seq} prepared in view {view}, certificate sent: {found}"
    return None


def _new_view_rule(rule: str) -> Callable[[Facts, int, ViewEntered], str | None]:
    """Return the check that reports a new-view's faults against one rule; all rules share one judgement."""

    def check(facts: Facts, node: int, event: ViewEntered) -> str | None:
        message = facts.nodes[node].new_view
        if message is None or message.view != event.view:
            return f"view {event.view} entered without a new-view" if rule == "V3" else None
        if id(message) in facts.proved:
            return None
        faults = facts.follows(message, judge_new_view).faults
        return next((detail for broken, detail in faults if broken == rule), None)

    return check


def keeps_committed(facts: Facts, node: int, event: ViewEntered) -> str | None:
    """V8: what was committed in a lower view, above min-s, is what the new view carries over."""
    message = facts.nodes[node].new_view
    if message is None:
        return None
    low = max((change.low for change in message.view_changes), default=0)
    carried = {entry.seq: entry.digest for entry in message.preprepares}
    for seq in range(low + 1, low + facts.window + 1):
        for view, digest in facts.committed_at.get(seq, {}).items():
            if view < event.view and carried.get(seq) != digest:
                return f"seq {seq}: {digest[:8]} committed in view {view} is lost in new view {event.view}"
    return None


def was_kept(facts: Facts, node: int, event: Committed) -> str | None:
    """V8, seen from a late commit: the later views that were entered already do carry it."""
    for view, entered in facts.new_views.items():
        if view > event.view:
            for each in entered:
                carried = {entry.seq: entry.digest for entry in each.message.preprepares}
                if event.seq > each.min_seq and carried.get(event.seq) != event.digest:
                    return f"seq {event.seq}: {event.digest[:8]} of view {event.view} is not in new view {view}"
    return None


def accepts_what_follows(facts: Facts, node: int, event: PrePrepareAccepted) -> str | None:
    """V7: what a node takes over from a new view is what follows from its view-changes."""
    message = facts.nodes[node].new_view
    if not event.carried or message is None:
        return None
    if facts.follows(message, judge_new_view).carried.get(event.seq) != event.digest:
        return f"view {event.view} seq {event.seq}: carried over {event.digest[:8]}, which does not follow from V"
    return None


def prepares_what_it_owes(facts: Facts, node: int, event: ViewChangeStarted | ViewEntered) -> str | None:
    """V9: a backup has prepared every entry of the new view before it leaves it."""
    owed = facts.nodes[node].owed
    return f"left a view without having prepared {sorted(owed)} of what it carried over" if owed else None


def next_number(facts: Facts, node: int, message: PrePrepare) -> str | None:
    """V10: a primary goes on at max(max-s, h) + 1, one number at a time."""
    own = facts.nodes[node]
    if (message.view, message.seq) in own.accepted:
        return None
    expected = max(own.next_seq, own.low + 1)
    return None if message.seq == expected else f"view {message.view}: proposed seq {message.seq} and not {expected}"


def leaves_for_a_reason(facts: Facts, node: int, event: ViewChangeStarted) -> str | None:
    """LV3: a node leaves for the next view by its timer, or joins a weak quorum in the smallest view they name."""
    own = facts.nodes[node]
    if own.last_input is None:
        return None
    if own.last_input.__class__ is TimerFired:
        return None if event.view == own.view + 1 else f"timer led from view {own.view} to {event.view}"
    later = _later_views(facts, node)
    if facts.weigh(later) <= facts.system.tolerated:
        return f"left view {own.view} for {event.view} because of nodes {sorted(later)} alone"
    if event.view != min(later.values()):
        return f"left view {own.view} for {event.view} and not for the smallest of {sorted(later.values())}"
    return None


def _later_views(facts: Facts, node: int) -> dict[int, int]:
    """Return, for each sender of a view-change for a later view than the node's, the highest of them."""
    heard, own_view = facts.nodes[node].heard_changes, facts.nodes[node].view
    later: dict[int, int] = {}
    for view in sorted([view for view in heard if view > own_view]):
        later.update(dict.fromkeys(heard[view], view))
    return later


def view_to_join(facts: Facts, node: int) -> int:
    """LV3: the view that a weak quorum calls the node to, the smallest they name; 0 if none does."""
    later = _later_views(facts, node)
    return min(later.values()) if later and facts.weigh(later) > facts.system.tolerated else 0


def timer_doubles(facts: Facts, node: int, event: SetTimer) -> str | None:
    """LV2: the view timer doubles with each failure, and waits for a new-view only once a quorum has left.

    It falls back when the request that has waited longest is executed, of which nothing is known here: at the last
    execution, or at none yet.
    """
    if facts.timing is None or event.name != "view":
        return None
    own = facts.nodes[node]
    timing = facts.timing
    for failures in range(own.failures, own.changes + 1):
        expected = min(timing.cap_s, timing.base_s * timing.growth ** min(failures, 500))
        if abs(event.delay_s - expected) <= 1e-9 * expected:
            break
    else:
        expected = min(timing.cap_s, timing.base_s * timing.growth ** min(own.failures, 500))
        return f"view timer of {event.delay_s:g} s after {own.failures} failed views and not {expected:g} s"
    if own.active or own.last_input is None:
        return None
    gone = {node}.union(*(senders for view, senders in own.heard_changes.items() if view >= own.view))
    return None if facts.weigh(gone) >= facts.quorum else f"timed new view {own.view} with only {sorted(gone)} gone"


def learn_proposal(facts: Facts, node: int, message: PrePrepare) -> None:
    """A primary has used a number."""
    own = facts.nodes[node]
    if (message.view, message.seq) not in own.accepted:
        own.next_seq = message.seq + 1


def learn_left(facts: Facts, node: int, event: ViewChangeStarted) -> None:
    """The node has left its view."""
    own = facts.nodes[node]
    own.view = event.view
    own.active = False
    own.failures += 1
    own.changes += 1
    own.owed.clear()
    facts.reached.add("view change")


def learn_entered(facts: Facts, node: int, event: ViewEntered) -> None:
    """The node has entered a view, with what it carries over."""
    own = facts.nodes[node]
    own.view = event.view
    own.active = True
    own.owed.clear()
    reached = facts.reached
    reached.add("new view")
    if event.view >= 2:
        reached.add("view 2 or later")
    if own.new_view is None:
        return
    follows = facts.follows(own.new_view, judge_new_view)
    entered = facts.new_views.setdefault(event.view, [])
    if not any(each.message is own.new_view for each in entered):
        entered.append(follows)
    own.next_seq = max(follows.max_seq, own.low) + 1
    if own.new_view.preprepares:
        reached.add("non-empty O")
        if any(entry.digest == NULL_DIGEST for entry in own.new_view.preprepares):
            reached.add("null in O")


INVARIANTS = (
    Invariant("V2", ViewChange, carries_its_certificates, "view-changes carry the latest certificates"),
    *(
        Invariant(rule, ViewEntered, _new_view_rule(rule), says)
        for rule, says in (
            ("V1", "view-changes in a new view are valid"),
            ("V3", "a new view rests on a quorum"),
            ("V4", "a new view covers min-s to max-s"),
            ("V5", "a new view takes the highest view's certificate"),
            ("V6", "a new view fills gaps with null"),
            ("V7", "backups accept only what follows from V"),
        )
    ),
    Invariant("V8", ViewEntered, keeps_committed, "a new view keeps what was committed"),
    Invariant("V8", Committed, was_kept, "a new view keeps what was committed"),
    Invariant("V7", PrePrepareAccepted, accepts_what_follows, "backups accept only what follows from V"),
    *(Invariant("V9", kind, prepares_what_it_owes, "O is prepared") for kind in (ViewChangeStarted, ViewEntered)),
    Invariant("V10", PrePrepare, next_number, "numbers go on where the last view ended"),
    Invariant("LV3", ViewChangeStarted, leaves_for_a_reason, "views are left for a reason"),
    Invariant("LV2", SetTimer, timer_doubles, "the view timer doubles"),
)
LESSONS = {PrePrepare: learn_proposal, ViewChangeStarted: learn_left, ViewEntered: learn_entered}
