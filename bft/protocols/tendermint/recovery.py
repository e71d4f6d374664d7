"""Restart from persisted state: a replica that comes back says nothing that contradicts what it said before (T1).

It finds again its decisions, the round where it was, its lock and its valid value with the polka, its latest proposal
and votes, the verdicts of its validator and the requests that wait. The votes of others it gets by asking.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bft.core.events import Restarted
from bft.core.inputs import Restart
from bft.core.request import Request
from bft.core.verdict import Verdict
from bft.protocols.tendermint import catch_up, deciding
from bft.protocols.tendermint.config import PROPOSE_TIMER
from bft.protocols.tendermint.filing import file_in, file_quorum
from bft.protocols.tendermint.lines import settle
from bft.protocols.tendermint.messages import NO_ROUND, Decision, Precommit, Prevote, Propose
from bft.protocols.tendermint.starting import ask_for_value, send_proposal
from bft.protocols.tendermint.state import PRECOMMIT, PREVOTE, PROPOSE, WAITING, State


def on_restart(state: State, event: Restart) -> None:
    """Rebuild the state from what was persisted, then ask the others what happened meanwhile."""
    stored = event.stored
    restore_decisions(state, stored)
    for value in stored.values():
        if isinstance(value, Request):
            state.pending[value.client] = value
    restore_height(state, stored)
    state.emit(Restarted(max(state.round, 0), state.height - 1))
    catch_up.ask(state)
    if state.pending or state.step != WAITING:
        state.start_status_timer()
    resume(state)
    settle(state)


def restore_decisions(state: State, stored: Mapping[tuple[object, ...], object]) -> None:
    """Load the saved state, and execute again, silently, what was decided after it."""
    saved = stored.get(("saved state",))
    if isinstance(saved, tuple):
        state.snapshots, contents = saved
        deciding.restore(state, contents)
        state.height = state.snapshots + 1
    decisions = [value for value in stored.values() if isinstance(value, Decision)]
    for decision in sorted(decisions, key=lambda each: each.height):
        if decision.height == state.height:
            deciding.apply(state, decision)
            state.height += 1
        if decision.height < state.height:
            state.decisions[decision.height] = decision


def restore_height(state: State, stored: Mapping[tuple[object, ...], object]) -> None:
    """Put back what belongs to the height that was not decided yet."""
    height, rules = state.height, state.rules
    own: list[Any] = [stored.get((kind.__name__,)) for kind in (Propose, Prevote, Precommit)]
    kept = [rules.persist_proposal, rules.persist_votes, rules.persist_votes]
    said = [each for each, keep in zip(own, kept, strict=True) if keep and each is not None and each.height == height]
    state.round = max([NO_ROUND, *(each.round for each in said), _of(stored, "round", height, (NO_ROUND,))[0]])
    for digest, verdict in _of(stored, "verdicts", height, ((),))[0]:
        assert isinstance(verdict, Verdict)
        state.verdicts[digest] = verdict
        state.asked.add(digest)
    if rules.persist_lock:
        state.locked_round, state.locked = _of(stored, "locked", height, (NO_ROUND, None))
    valid_round, value, votes = _of(stored, "valid", height, (NO_ROUND, None, ()))
    if value is not None:
        state.valid_round, state.valid = valid_round, value
        file_quorum(state, state.log(valid_round), votes, value.digest)
    for message in said:
        state.signed[type(message).__name__] = message
        file_in(state, state.log(message.round), message)
        if isinstance(message, Propose) and message.valid_round == NO_ROUND:
            state.verdicts[message.digest] = Verdict.ACCEPT
    if state.round >= 0:
        state.current = log = state.log(state.round)
        kinds = {type(each) for each in said if each.round == state.round}
        state.step = PRECOMMIT if Precommit in kinds else PREVOTE if Prevote in kinds else PROPOSE
        log.followed = state.valid_round == state.round


def _of(
    stored: Mapping[tuple[object, ...], object], key: str, height: int, default: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Return what is stored of a height under a key."""
    value = stored.get((key,))
    return value[1:] if isinstance(value, tuple) and value[0] == height else default


def resume(state: State) -> None:
    """Go on in the step where the replica was: a proposer proposes, the others wait for the proposal."""
    if state.step != PROPOSE:
        return
    state.schedule(PROPOSE_TIMER)
    own = state.signed.get("Propose")
    if state.is_proposer and (own is None or (own.height, own.round) != (state.height, state.round)):
        if state.valid is None:
            ask_for_value(state)
        else:
            send_proposal(state, state.valid, state.valid_round)
