"""Who waits for a new view waits for a bounded time, even if others have moved on (§4.5.2)."""

from __future__ import annotations

from bft.protocols.pbft.messages import ViewChange


def test_4_5_2_those_who_left_for_a_later_view_count_for_the_time_though_not_for_the_view(network) -> None:
    """Found by a liveness campaign: node 0 is silent, node 3's view-change for view 1 is lost, it moves on to view 2.

    Nodes 1 and 2 hold two view-changes for view 1 and one for view 2: neither a quorum nor, for later views, f + 1.
    """
    net = network(4)
    net.ask(net.request(0))
    net.crash(0)
    for replica in (1, 2, 3):
        net.fire(replica)
    net.take(ViewChange, sender=3)  # lost, and what it resends is for view 2
    net.deliver(ViewChange, sender=1)
    net.take(ViewChange, sender=2, to=3)
    net.send(0, 3, net.keyring.sign(ViewChange(1, 0, (), (), 0)))  # the last word of node 0, to node 3 alone
    net.deliver(ViewChange, sender=2)
    assert "view" not in net.timers[1]
    assert "view" not in net.timers[2]
    net.fire(3)
    net.deliver(ViewChange, sender=3)
    assert "view" in net.timers[1]
    net.fire(1)
    net.deliver(ViewChange)
    net.settle()
    assert {net.replicas[replica].last_executed for replica in (1, 2, 3)} == {1}
