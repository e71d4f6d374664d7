"""A ready Hypothesis state machine: Hypothesis itself is the adversary, one step at a time.

Slower than whole schedules, but each step may depend on what is there. Use it for one's own protocol like this:

    from bft.checking.machine import machine
    TestMine = machine(MINE, sizes=(4,)).TestCase
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bft.checking import operations as ops
from bft.checking.monitor import Monitor
from bft.checking.play import play
from bft.checking.setting import Setting
from bft.checking.strategies import SIZES, broken, lies, settings
from bft.checking.subject import Subject
from bft.checking.watching import watched
from bft.checking.world import World


def machine(
    subject: Subject, *, sizes: Sequence[int] = SIZES, byzantine: int | None = None
) -> type[RuleBasedStateMachine]:
    """Return the state machine of a protocol.

    Parameters
    ----------
    subject : Subject
        The protocol.
    sizes, byzantine
        As for `bft.checking.strategies.settings`.
    """

    class ProtocolMachine(RuleBasedStateMachine):
        """Any step that a network, a clock, a validator or a liar may take; no invariant may break."""

        world: World
        monitor: Monitor

        def __init__(self) -> None:
            super().__init__()
            self.setting = Setting()
            self.done: list[ops.Operation] = []
            self.world, self.monitor = watched(subject, self.setting)

        def do(self, operation: ops.Operation) -> None:
            """Carry out one operation."""
            self.done.append(operation)
            play(self.world, (operation,))

        @initialize(setting=settings(sizes, byzantine))
        def start(self, setting: Setting) -> None:
            self.setting = setting
            self.world, self.monitor = watched(subject, setting)
            self.do(ops.Ask(0, (1 << setting.instances) - 1))

        @precondition(lambda self: self.world.pending)
        @rule(data=st.data())
        def deliver(self, data: st.DataObject) -> None:
            self.do(ops.Deliver(data.draw(st.integers(0, len(self.world.pending) - 1), label="message")))

        @precondition(lambda self: self.world.pending)
        @rule(index=st.integers(0, 200))
        def lose(self, index: int) -> None:
            self.do(ops.Drop(index))

        @precondition(lambda self: self.world.pending)
        @rule(waves=st.integers(1, 4))
        def settle(self, waves: int) -> None:
            self.do(ops.Settle(waves))

        @precondition(lambda self: self.world.history)
        @rule(index=st.integers(0, 200), node=st.integers(0, 20))
        def replay(self, index: int, node: int) -> None:
            self.do(ops.Replay(index, node))

        @precondition(lambda self: any(self.world.timers))
        @rule(data=st.data())
        def time_out(self, data: st.DataObject) -> None:
            running = [(node, name) for node, names in enumerate(self.world.timers) for name in sorted(names)]
            self.do(ops.Fire(*data.draw(st.sampled_from(running), label="timer")))

        @rule(request=st.integers(0, 5), nodes=st.integers(1, (1 << 20) - 1))
        def ask(self, request: int, nodes: int) -> None:
            self.do(ops.Ask(request, nodes))

        @precondition(lambda self: self.world.open)
        @rule(index=st.integers(0, 50), choice=st.integers(0, 2))
        def consult(self, index: int, choice: int) -> None:
            self.do(ops.Consult(index, choice))

        @rule(node=st.integers(0, 20))
        def crash(self, node: int) -> None:
            self.do(ops.Crash(node))

        @precondition(lambda self: None in self.world.replicas)
        @rule(data=st.data())
        def restart(self, data: st.DataObject) -> None:
            down = [node for node, replica in enumerate(self.world.replicas) if replica is None]
            self.do(ops.Restart(data.draw(st.sampled_from(down), label="node")))

        @precondition(lambda self: self.world.budget > 0)
        @rule(node=st.integers(0, 20))
        def corrupt(self, node: int) -> None:
            self.do(ops.Corrupt(node))

        @precondition(lambda self: bool(subject.recipes and self.world.corrupted))
        @rule(data=st.data())
        def lie(self, data: st.DataObject) -> None:
            self.do(data.draw(lies(subject, self.setting), label="lie"))

        @invariant()
        def nothing_broke(self) -> None:
            if self.monitor.breaches:
                raise broken(self.monitor.breaches[0], subject, self.setting, self.done)

    return ProtocolMachine
