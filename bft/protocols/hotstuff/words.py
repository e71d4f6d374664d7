"""What HotStuff's replicas report and send, in words and as marks of a diagram."""

from __future__ import annotations

from bft.core import events
from bft.core.short_names import Names
from bft.core.verdict import Verdict
from bft.protocols.hotstuff.events import ViewBegun
from bft.protocols.hotstuff.messages import Branch, NewView, Phase, Propose, SavedState, Timeout, Vote
from bft.protocols.protocol import EventKind


def propose_words(message: Propose, names: Names) -> str:
    """Say what is proposed, on which certificate."""
    node = message.node
    what = names.of(node.digest) if node.proposal is not None else f"empty node {names.of(node.digest)}"
    return f"propose {what} in view {node.view} on the certificate of view {node.justify.view}"


def vote_words(message: Vote, names: Names) -> str:
    """Say what a vote is for."""
    return f"vote for {names.of(message.node)} in view {message.view}, phase {message.phase}"


def phase_words(message: Phase, names: Names) -> str:
    """Say what a leader shows."""
    return f"certificate of phase {message.qc.phase} of view {message.qc.view} for {names.of(message.qc.node)}"


def new_view_words(message: NewView, _: Names) -> str:
    """Say how high its sender's certificate is."""
    return f"new-view {message.view}, highest certificate of view {message.high.view}"


def timeout_words(message: Timeout, _: Names) -> str:
    """Say which view is given up, and how high its sender's certificate is."""
    return f"timeout of view {message.vote.view}, highest certificate of view {message.high.view}"


def branch_words(message: Branch, _: Names) -> str:
    """Say how much is sent."""
    high = "" if message.high is None else f" and the certificate of view {message.high.view}"
    return f"branch of {len(message.nodes)} nodes{high}"


def saved_state_words(message: SavedState, names: Names) -> str:
    """Say after which node the state is."""
    return f"state after {names.of(message.node.digest)}, height {message.node.height}"


def _refused(event: events.Judgement, _: Names) -> tuple[str, str] | None:
    return None if event.verdict is Verdict.ACCEPT else ("refused", event.verdict.value)


EVENTS = (
    EventKind(
        events.Judgement,
        words=lambda event, _: f"judges proposal {event.seq} of view {event.view}: {event.verdict.value}",
        mark=_refused,
    ),
    EventKind(events.ProposalMissing),
    EventKind(
        ViewBegun,
        words=lambda event, _: f"enters view {event.view}{' by a timeout certificate' if event.by_timeout else ''}",
        mark=lambda event, _: ("entered a view", f"view {event.view}"),
        enters=True,
    ),
    EventKind(events.ViewsExhausted),
    EventKind(events.Restarted),
    EventKind(events.Equivocation),
)
