"""Members that are wrong: a method replaced in a subclass of the replica, its machine, its instances or its keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bft.checking.bent_replicas import forgetting, hearing, saying
from bft.checking.membership.subject import MakeMember, SharedReplica
from bft.checking.membership.watching import SharedRing
from bft.core.effects import Broadcast, Persist, Send
from bft.core.inputs import ClientRequest, Deliver, Input, Restart
from bft.core.quorum import QuorumSystem
from bft.core.request import Request
from bft.membership.disk import EPOCHS, kind_of
from bft.membership.events import Isolated
from bft.membership.instance import Instance
from bft.membership.keys import Scoped
from bft.membership.machine import OPERATOR, MemberMachine
from bft.membership.messages import EpochStart, EpochStarts, InEpoch
from bft.membership.replica import Members
from bft.protocols.pbft import PbftReplica, evidence
from bft.protocols.pbft.messages import CatchUp

# Where an epoch ends


def with_instances(bend: Callable[[PbftReplica], None]) -> MakeMember:
    """Return what makes replicas whose instances of PBFT are bent as soon as they are made."""

    def make(node: int, rules: Members, config: Any, keyring: Any) -> SharedReplica:
        def instance(*given: Any, **more: Any) -> PbftReplica:
            made: PbftReplica = rules.instance(*given, **more)
            bend(made)
            return made

        return SharedReplica(node, replace(rules, instance=instance), config, keyring)

    return make


def never_stops(instance: PbftReplica) -> None:
    """Let nothing end the instance."""
    instance._state.stops = None


def stops_late(instance: PbftReplica) -> None:
    """Stop at the second checkpoint that says so."""
    right, said = instance._state.stops, []

    def late(machine: Any) -> bool:
        if right is not None and right(machine):
            said.append(True)
        return len(said) > 1

    instance._state.stops = late


def blind_to(kind: Callable[[Any], bool]) -> MakeMember:
    """Return what makes replicas whose instances do not look for the end while they take such an input."""

    class Blind(Instance):
        def step(self, now: float, event: Any) -> list[object]:
            state = self._replica._state
            right = state.stops
            if kind(event):
                state.stops = None
            out = super().step(now, event)
            state.stops = right
            return out

    class BlindReplica(SharedReplica):
        instances = Blind

    return BlindReplica


class _VotesAboveTheEnd(Instance):
    def _counts(self, message: object) -> bool:
        return True


class VotesAboveTheEnd(SharedReplica):
    """Votes go out above the end of the epoch."""

    instances = _VotesAboveTheEnd


class _EndsThoughUndone(MemberMachine):
    _once = False

    @property
    def changing(self) -> bool:
        self._once = self._once or self.next_members != self.members
        return self._once

    def apply(self, proposal: Any) -> str:
        said = super().apply(proposal)
        self._once = self.changing
        return said

    def begin_epoch(self) -> None:
        super().begin_epoch()
        self._once = False


class EndsThoughUndone(SharedReplica):
    """A change that was undone ends the epoch where it was executed."""

    machines = _EndsThoughUndone


# How an epoch begins


def proving(proved: Callable[[SharedReplica, EpochStart], bool]) -> MakeMember:
    """Return what makes replicas that believe other starts."""

    class Believing(SharedReplica):
        def _proved(self, start: EpochStart) -> bool:
            return start.epoch == self.epoch + 1 and start.base > self._base and proved(self, start)

    return Believing


def anything(replica: SharedReplica, start: EpochStart) -> bool:
    """Believe any start of the next epoch that comes with any proof."""
    return bool(start.proof) and replica.epoch + 1 == start.epoch


def enough(votes: Callable[[QuorumSystem], int]) -> Callable[[SharedReplica, EpochStart], bool]:
    """As it should be, with fewer votes for enough."""

    def proved(replica: SharedReplica, start: EpochStart) -> bool:
        right = replica._config
        replica._config = replace(right, rules=replace(right.rules, checkpoint_quorum=votes))
        believed = SharedReplica._proved(replica, start)
        replica._config = right
        return believed

    return proved


class BelievesAnyState(SharedReplica):
    """Whatever state is sent with the votes is taken for the one that they prove."""

    def _holds_what_is_proved(self, start: EpochStart) -> bool:
        snapshot = start.snapshot
        return isinstance(snapshot, tuple) and len(snapshot) == 2 and isinstance(snapshot[0], tuple)


class UnchangedReplica(SharedReplica):
    """Any checkpoint begins an epoch, whether or not members change there."""

    def _proved(self, start: EpochStart) -> bool:
        right = self._history[-1]
        self._history[-1] = (*right, -1)
        believed = super()._proved(start)
        self._history[-1] = right
        return believed


class BeginsWithoutReplies(SharedReplica):
    """The next epoch begins without the replies of the last one."""

    def _set_up(self) -> None:
        super()._set_up()
        if self._inner is not None:
            self._inner._replica._state.clients.clear()


class Recounting(SharedReplica):
    """Numbers begin anew in every epoch."""

    def _begin(self, start: EpochStart) -> None:
        super()._begin(start)
        self._base = 0
        if self._inner is not None:
            self._inner._base = 0


class KeepsFirstQuorum(SharedReplica):
    """The quorum stays what it was in the first epoch, if that is less."""

    def _quorums(self) -> QuorumSystem:
        first, right = QuorumSystem.of(len(self._rules.members)), super()._quorums()
        return replace(right, quorum=min(first.quorum, right.quorum))


class _Timeless(SharedRing):
    def _scoped(self, body: Any, place: int) -> Scoped:
        return Scoped(0, self.members[place], body)


class TimelessReplica(SharedReplica):
    """Signatures do not name the epoch."""

    rings = _Timeless


def _tells_of_epochs(effect: object) -> bool:
    return isinstance(effect, Send) and isinstance(effect.message, EpochStarts)


class SilentAboutEpochs(SharedReplica):
    """Nobody who was left behind is told of the next epoch, and nobody asks."""

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input; say nothing of how epochs began."""
        return [each for each in super().step(now, event) if not _tells_of_epochs(each)]


class WaitingForQuestions(SharedReplica):
    """Newcomers are told of their epoch when they ask: never, where nobody speaks."""

    def _begin(self, start: EpochStart) -> None:
        before = len(self._out)
        super()._begin(start)
        self._out[before:] = [
            each
            for each in self._out[before:]
            if not (isinstance(each, Send) and isinstance(each.message, EpochStarts))
        ]


class _Dropping(Instance):
    @property
    def pending(self) -> list[Request]:
        return []


class DroppingReplica(SharedReplica):
    """What an epoch did not execute is forgotten with it, accusations among it."""

    instances = _Dropping


# Evidence


class ConvictsPresentSeat(SharedReplica):
    """Evidence convicts who has the liar's seat today."""

    def _convicts(self, epoch: int, claimed: evidence.Evidence) -> int | None:
        right = super()._convicts(epoch, claimed)
        if right is None:
            return None
        seat = self._history[epoch].index(right)
        return self.members[seat] if seat < len(self.members) else right


class JudgesByPresentEpoch(SharedReplica):
    """Evidence of whichever epoch is judged by the present one."""

    def _convicts(self, epoch: int, claimed: evidence.Evidence) -> int | None:
        return super()._convicts(self.epoch if 0 <= epoch < len(self._history) else epoch, claimed)


class BelievesUnsignedEvidence(SharedReplica):
    """Evidence is believed without its signatures."""

    def _convicts(self, epoch: int, claimed: evidence.Evidence) -> int | None:
        if not 0 <= epoch < len(self._history):
            return None
        place = evidence.verify(claimed, lambda body: True)  # noqa: ARG005
        members = self._history[epoch]
        return members[place] if place is not None and 0 <= place < len(members) else None


class IsolatesOnSuspicion(SharedReplica):
    """Whoever is suspected is isolated, proved or not."""

    def _suspect(self, claimed: evidence.Evidence | None) -> None:
        if claimed is not None and 0 <= claimed.first.replica < len(self.members):
            culprit = self.members[claimed.first.replica]
            if culprit != self.id and culprit not in self._isolated:
                self._isolated.add(culprit)
                self._out.append(Isolated(culprit))
                self._isolated.discard(culprit)
        super()._suspect(claimed)


class OneAtATime(SharedReplica):
    """A second accusation at one execution has the name and the time of the first."""

    def _suspect(self, claimed: evidence.Evidence | None) -> None:
        before, asked = len(self._out), len(self._inputs)
        super()._suspect(claimed)
        if len(self._inputs) == asked or not isinstance(self._inputs[-1], ClientRequest):
            return
        made = self._inputs.pop().request
        same = Request(client=f"member-{self.id}", timestamp=self._executed + 1, operation=made.operation)
        accusation = self._keyring.sign(same)
        self._inputs.append(ClientRequest(accusation))
        for place in range(before, len(self._out)):
            if isinstance(self._out[place], Broadcast):
                self._out[place] = Broadcast(InEpoch(self.epoch, accusation))


class _AnyClientChanges(MemberMachine):
    def _execute(self, request: Request) -> str:
        if request.operation.startswith("member"):
            request = replace(request, client=OPERATOR)
        return super()._execute(request)


class AnyClientChangesMembers(SharedReplica):
    """Any client changes members."""

    machines = _AnyClientChanges


class _ReaddsConvicted(MemberMachine):
    def _change(self, *, leaving: int | None = None, coming: int | None = None) -> str:
        kept, self.convicted = self.convicted, ()
        said = super()._change(leaving=leaving, coming=coming)
        self.convicted = kept
        return said


class ReaddsConvicted(SharedReplica):
    """Who was convicted may be added again."""

    machines = _ReaddsConvicted


# What is remembered


class DropsRequestsBetweenEpochs(SharedReplica):
    """Who passes through several epochs in one step takes no request along."""

    def _begin(self, start: EpochStart) -> None:
        self._inputs.clear()
        super()._begin(start)


def _no_epochs(_: SharedReplica, effect: object) -> Sequence[object]:
    """Persist no start of an epoch."""
    return () if isinstance(effect, Persist) and any(key == EPOCHS for key, _ in effect.entries) else (effect,)


def _as_at_first(_: SharedReplica, event: Input) -> Input:
    """Find nothing on a disk that was persisted in a later epoch than the first."""
    if not isinstance(event, Restart):
        return event
    return Restart({key: each for key, each in event.stored.items() if key == EPOCHS or str(key[0]).startswith("0/")})


unpersisted = saying(SharedReplica, _no_epochs)
restarts_in_first_epoch = forgetting(SharedReplica, kind_of(EPOCHS))
forgets_later_epochs = hearing(SharedReplica, _as_at_first)


def is_restart(event: Any) -> bool:
    """Whether the node comes back."""
    return isinstance(event, Restart)


def is_catch_up(event: Any) -> bool:
    """Whether others send what the node lacks."""
    return isinstance(event, Deliver) and isinstance(event.message, CatchUp)
