"""What Tendermint's replicas report and send, in words and as marks of a diagram."""

from __future__ import annotations

from typing import Any

from bft.core import events as core
from bft.core.short_names import Names, set_words
from bft.core.verdict import Verdict
from bft.protocols.protocol import EventKind
from bft.protocols.tendermint import events


def _place(event: Any) -> str:
    return f"in round {event.view} of height {event.seq}"


def _hears(event: events.ProposalHeard, names: Names) -> str:
    again = f", proposed again from round {event.valid_round}" if event.valid_round >= 0 else ""
    return f"hears the proposal {names.of(event.digest)} {_place(event)}{again}"


def _follows(event: events.PolkaFollowed, names: Names) -> str:
    verb = "locks" if event.locked else "takes as valid"
    return f"{verb} {names.of(event.digest)} {_place(event)}, by the prevotes of {set_words(sorted(event.voters))}"


def _follow_mark(event: events.PolkaFollowed, names: Names) -> tuple[str, str]:
    return ("locked" if event.locked else "prepared", names.of(event.digest))


def _refused(event: core.Judgement, _: Names) -> tuple[str, str] | None:
    return None if event.verdict is Verdict.ACCEPT else ("refused", event.verdict.value)


EVENTS = (
    EventKind(events.ProposalHeard, words=_hears, mark=lambda event, names: ("accepted", names.of(event.digest))),
    EventKind(
        core.Judgement,
        words=lambda event, _: f"judges a value of height {event.seq}: {event.verdict.value}",
        mark=_refused,
    ),
    EventKind(core.ProposalMissing),
    EventKind(events.PolkaFollowed, words=_follows, mark=_follow_mark),
    EventKind(
        events.Decided,
        words=lambda event, names: (
            f"decides {names.of(event.digest)} {_place(event)}, by {set_words(sorted(event.voters))}"
        ),
        mark=lambda event, names: ("committed", names.of(event.digest)),
        commits=True,
    ),
    EventKind(
        events.RoundStarted,
        words=lambda event, _: f"{'skips to' if event.skipped else 'starts'} round {event.view} of height {event.seq}",
        mark=lambda event, _: ("entered a view", f"round {event.view}"),
        enters=True,
    ),
    EventKind(core.ViewsExhausted, words=lambda event, _: f"has used its last round, {event.view}"),
)


def propose_words(message: Any, names: Names) -> str:
    """Return which value is proposed where, and the round in which it had a polka."""
    again = f", polka in round {message.valid_round}" if message.valid_round >= 0 else ""
    return f"Propose {names.of(message.digest)} (height {message.height}, round {message.round}{again})"


def vote_words(message: Any, names: Names) -> str:
    """Return what a vote is for, and where."""
    value = "nil" if message.digest is None else names.of(message.digest)
    return f"{type(message).__name__} {value} (height {message.height}, round {message.round})"


def status_words(message: Any, _: Names) -> str:
    """Return where a replica is that asks for what it lacks."""
    return f"Status (height {message.height}, round {message.round})"


def catch_up_words(message: Any, names: Names) -> str:
    """Return what is sent to a replica that asked."""
    parts = [
        f"{names.of(each.proposal.digest)} decided at height {each.height} by "
        f"{set_words(vote.replica for vote in each.precommits)}"
        for each in message.decisions
    ]
    parts += [f"polka for {names.of(each.digest)} in round {each.round}" for each in message.polkas]
    for name in ("proposals", "prevotes", "precommits"):
        held = getattr(message, name)
        parts += [f"{name} of {set_words(each.replica for each in held)}"] if held else []
    return f"CatchUp ({', '.join(parts) or 'nothing'})"
