"""Any behaviour, in a system whose members change: it sees and bends what is inside the envelopes of epochs.

The behaviour knows the members of the first epoch by their numbers. What it says later still goes out under the epoch
that its replica is in; who has left speaks to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bft.adversary.node import As, Behaviour, FaultyNode, Later, Started
from bft.core.effects import Broadcast, Send
from bft.core.inputs import Deliver, Input
from bft.membership.messages import InEpoch

_EPOCH = "epoch of the envelopes"


@dataclass(frozen=True, slots=True)
class InEpochs:
    """A behaviour inside envelopes."""

    behaviour: Behaviour

    @property
    def byzantine(self) -> bool:
        """As the behaviour is."""
        return self.behaviour.byzantine

    def bend(self, node: FaultyNode, now: float, event: Input | Started, effects: Sequence[object]) -> Iterable[object]:
        """Take messages out of their envelopes, let them be bent, and put them back."""
        if isinstance(event, Deliver) and isinstance(event.message, InEpoch):
            event = Deliver(event.sender, event.message.message)
        plain = [_opened(node, effect) for effect in effects]
        return [_sealed(node, effect) for effect in self.behaviour.bend(node, now, event, plain)]


@dataclass(frozen=True, slots=True)
class _Sealed:
    """A message about epochs, which no behaviour knows: it goes out as it is."""

    message: object


def _opened(node: FaultyNode, effect: object) -> object:
    if not isinstance(effect, Send | Broadcast):
        return effect
    if isinstance(effect.message, InEpoch):
        node.memory[_EPOCH] = effect.message.epoch
        return replace(effect, message=effect.message.message)
    return replace(effect, message=_Sealed(effect.message))


def _sealed(node: FaultyNode, effect: object) -> object:
    if isinstance(effect, As | Later):
        return replace(effect, effect=_sealed(node, effect.effect))
    if not isinstance(effect, Send | Broadcast):
        return effect
    if isinstance(effect.message, _Sealed):
        return replace(effect, message=effect.message.message)
    return replace(effect, message=InEpoch(node.memory.get(_EPOCH, 0), effect.message))
