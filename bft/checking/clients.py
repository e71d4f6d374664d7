"""Clients that wait: one request outstanding each, as the paper's have (§4.1), and long streams of them."""

from __future__ import annotations

from bft.checking.monitor import Monitor
from bft.checking.world import World

WAVES = 12
"""Waves in which a request is executed everywhere when nothing is lost, with room to spare."""


def call(world: World, client: int, nodes: int) -> None:
    """Let a client ask its next question, or the same one again while it has no answer."""
    world.ask(outstanding(world, client), nodes)


def outstanding(world: World, client: int) -> int:
    """Return the number of the first request of a client that was not answered yet."""
    clients = world.setting.clients
    client %= clients
    turn = world.turns.get(client, 0)
    while (client + turn * clients) in world.requests and _answered(world, client + turn * clients):
        turn += 1
    world.turns[client] = turn
    return client + turn * clients


def _answered(world: World, number: int) -> bool:
    key = world.requests[number].key
    observer = world.observer
    if isinstance(observer, Monitor):
        return key in observer.facts.answered
    return key in world.done


def work(world: World, requests: int) -> None:
    """Let the clients ask in turn, each after an answer, while everything arrives; no timer fires."""
    everyone = (1 << len(world.ids)) - 1
    for turn in range(requests):
        call(world, turn, everyone)
        for _ in range(WAVES):
            if not world.pending:
                break
            wave, world.pending = world.pending, []
            for instance, event, _ in wave:
                world.give(instance, event)
