"""What a replica's future depends on, as one hashable value: equal fingerprints mean equal behaviour from here on.

Left out is what no later step looks at: who signed a certificate, how long timers run, how many inputs were dropped,
and of a round the votes other than the replica's own once they can change nothing more.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from bft.core.request import Request
from bft.protocols.tendermint.messages import Precommit, Prevote, Propose
from bft.protocols.tendermint.round_log import RoundLog, Tally
from bft.protocols.tendermint.state import State

Names = Sequence[int]


def of_state(state: State, names: Names) -> Hashable:
    """Return the fingerprint of a replica's state, its peers renamed."""
    return (
        names[state.id],
        state.height,
        state.round,
        state.step,
        state.locked_round,
        state.locked,
        state.valid_round,
        None if state.valid is None else state.valid.digest,
        tuple([_log(log, names) for _, log in sorted(state.rounds.items())]),
        tuple([_log(log, names) for _, log in sorted(state.next_rounds.items())]),
        tuple([(number, tuple(sorted([names[each] for each in held]))) for number, held in state.far.items()]),
        tuple(sorted([(digest, verdict.value) for digest, verdict in state.verdicts.items()])),
        tuple(sorted(state.asked)),
        state.proposing,
        tuple(sorted([request.key for request in state.pending.values()])),
        tuple(sorted(state.clients.items())),
        tuple(sorted(state.timers.items())),
        tuple(sorted([(kind, of_message(message, names)) for kind, message in state.signed.items()])),
    )


def of_message(message: Any, names: Names) -> Hashable:
    """Return the fingerprint of a message: equal for messages that every replica treats alike.

    Raises `TypeError` if it is a message of catching up, whose certificates differ in what they teach.
    """
    kind = message.__class__.__name__
    if isinstance(message, Propose):
        return (kind, message.height, message.round, message.digest, message.valid_round, names[message.replica])
    if isinstance(message, Prevote | Precommit):
        return (kind, message.height, message.round, message.digest or "", names[message.replica])
    if isinstance(message, Request):
        return (kind, message.client, message.timestamp, message.operation)
    raise TypeError(f"{kind} has no fingerprint")


def _log(log: RoundLog, names: Names) -> Hashable:
    return (
        log.round,
        tuple(sorted([(digest, each.valid_round) for digest, each in log.proposals.items()])),
        _tally(log.prevotes, names),
        _tally(log.precommits, names),
        tuple(log.polkas),
        tuple(log.decided),
        log.prevote_timer_set,
        log.precommit_timer_set,
        log.followed,
    )


def _tally(tally: Tally[Any], names: Names) -> Hashable:
    return tuple(sorted([(names[voter], vote.digest or "") for voter, vote in tally.votes.items()]))
