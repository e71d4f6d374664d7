"""Clients' requests: which of them waits to be decided. Of each client one is kept, the latest."""

from __future__ import annotations

from bft.core.effects import Reply
from bft.core.request import Request
from bft.protocols.tendermint.messages import well_formed
from bft.protocols.tendermint.state import State

SUPERSEDED = "request superseded by a later one of its client"


def take(state: State, request: Request) -> None:
    """A client asks: answer again what was executed, else wait for it to be decided."""
    if not well_formed(request):
        return state.drop("malformed message")
    if state.rules.check_requests and not state.keyring.verify(request):
        return state.drop("request not signed by its client")
    timestamp, result = state.clients.get(request.client, (-1, ""))
    if request.timestamp == timestamp:
        return state.emit(Reply(request.client, timestamp, result))
    return learn(state, request)


def learn(state: State, request: Request) -> None:
    """Hold an authenticated request until it is executed; a later one of its client takes its place and waits anew."""
    held = state.pending.get(request.client)
    if held is not None and request.timestamp == held.timestamp:
        return None
    if not fresh(state, request):
        return None
    if held is not None:
        if request.timestamp < held.timestamp:
            return state.drop(SUPERSEDED)
        del state.pending[request.client]
        state.drop(SUPERSEDED)
    state.pending[request.client] = request
    state.persist(("request", request.client), request)
    state.start_status_timer()
    return None


def fresh(state: State, request: Request) -> bool:
    """Return whether nothing as late of this client has been executed: each request changes the state once."""
    return request.timestamp > state.clients.get(request.client, (-1, ""))[0]


def settle_requests(state: State, client: str) -> None:
    """Stop waiting for what a client asked up to its last executed timestamp."""
    held = state.pending.get(client)
    if held is not None and not fresh(state, held):
        del state.pending[client]
        state.persist(("request", client), None)
