"""What a checkpoint says of the clients is what their last replies are, however they came about (§4.1, §4.3)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bft.core.digest import digest_of
from bft.core.quorum import QuorumSystem
from bft.core.request import Proposal, Request
from bft.core.signatures import SymbolicKeyring
from bft.core.state_machine import AnswerLog
from bft.protocols.pbft import PbftConfig, execution
from bft.protocols.pbft.messages import Decision
from bft.protocols.pbft.replies import ReplyList
from bft.protocols.pbft.state import State

CLIENTS = st.text(alphabet="ab'\"\\, é(", max_size=3)
ANSWERS = st.text(alphabet="xy'\"\\, é)", max_size=3)
UPDATES = st.lists(st.tuples(CLIENTS, st.integers(), ANSWERS))


@given(UPDATES)
def test_the_list_holds_the_last_reply_to_every_client_in_order(updates: list[tuple[str, int, str]]) -> None:
    replies = ReplyList()
    assert replies.entries() == ()
    for client, timestamp, result in updates:
        replies.update(client, timestamp, result)
        assert digest_of(replies) == digest_of(replies.entries())
    last = {client: (timestamp, result) for client, timestamp, result in updates}
    assert replies.entries() == tuple((client, *last[client]) for client in sorted(last))


@given(UPDATES, CLIENTS)
def test_a_clone_goes_its_own_way(updates: list[tuple[str, int, str]], client: str) -> None:
    replies = ReplyList()
    for update in updates:
        replies.update(*update)
    before, words = replies.entries(), repr(replies)
    replies.clone().update(client, -1, "other")
    assert (replies.entries(), repr(replies)) == (before, words)


@given(st.lists(st.tuples(CLIENTS, ANSWERS, st.sampled_from(["go on", "restore", "clone"])), max_size=24))
def test_a_checkpoint_proves_its_snapshot_whatever_came_before(steps: list[tuple[str, str, str]]) -> None:
    config = PbftConfig(system=QuorumSystem.of(4), checkpoint_interval=2)
    state = State(0, config, SymbolicKeyring(), AnswerLog())
    last: dict[str, tuple[int, str]] = {}
    first: tuple[object, dict[str, tuple[int, str]]] = ((state.machine.snapshot(), ()), {})
    for seq, (client, answer, then) in enumerate(steps, 1):
        request = Request(client=client, timestamp=seq, operation="o")
        last[client] = (seq, answer)
        execution.execute(state, Decision(0, seq, Proposal(request=request, answer=answer), ()))
        if seq % 2 == 0:
            saved = state.snapshots[seq]
            assert state.checkpoints.at(seq)[0].state_digest == digest_of(saved)
            assert saved == (state.machine.snapshot(), tuple((name, *last[name]) for name in sorted(last)))
            if then == "restore":
                execution.restore(state, first[0])
                last = dict(first[1])
            elif not first[1]:
                first = (saved, dict(last))
        if then == "clone":
            state = state.clone()
