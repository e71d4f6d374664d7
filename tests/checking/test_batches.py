"""Inputs given in batches, and monitors that see whole steps, change nothing: a host without either is the witness."""

from __future__ import annotations

import pytest

from bft.checking import watching, world
from bft.checking.counterexample import run
from bft.checking.generators import GENERATORS, generate
from bft.checking.protocols import subject_of
from bft.checking.world import World
from bft.core.effects import Broadcast, Persist, SetTimer

CARRIED_OUT = {**world._DO, Persist: World._persist, Broadcast: World._broadcast, SetTimer: World._set_timer}


class PlainWorld(World):
    """Gives one input at a time, and shows each effect to the monitor as soon as it is carried out."""

    def give_all(self, entries):
        for instance, event, _ in entries:
            self.give(instance, event)

    def give(self, instance, event):
        replica = self.replicas[instance]
        if replica is None:
            return
        self.steps += 1
        watched = self.observer is not None and self.honest[instance]
        if watched:
            self.observer.hear(self.steps, instance, event)
        for effect in replica.step(float(self.steps), event):
            if type(effect) in CARRIED_OUT:
                CARRIED_OUT[type(effect)](self, instance, effect)
            else:
                self.record(instance, effect)
            if watched:
                self.observer.observe(self.steps, instance, effect)
        while self._soon:
            self.give(*self._soon.popleft())


def outcome(subject, made):
    """Return all that a schedule did."""
    there, monitor = run(subject, made.setting, made.operations, record=True)
    drops = [getattr(replica, "drops", None) for replica in there.replicas]
    told = (there.steps, there.stalled, monitor.breaches, monitor.split, monitor.reached)
    return there.trace.hash, told, drops, there.pending, there.history, there.stored, there.timers


@pytest.mark.parametrize("mutant", [None, "vote digests not compared"])
@pytest.mark.parametrize("name", GENERATORS)
def test_batches_do_what_single_inputs_do(name, mutant, monkeypatch):
    subject = subject_of("pbft", mutant)
    schedules = [generate(name, 41, index, subject, n=4 + index % 4) for index in range(6)]
    together = [outcome(subject, made) for made in schedules]
    monkeypatch.setattr(watching, "World", PlainWorld)
    assert [outcome(subject, made) for made in schedules] == together
