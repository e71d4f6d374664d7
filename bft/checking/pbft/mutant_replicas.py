"""Seeded bugs that no rule reaches: replicas wrapped or patched in a few lines each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import partial
from typing import Any

from bft.checking import bent_replicas
from bft.core.effects import Broadcast, Forget
from bft.core.inputs import Deliver, Input
from bft.core.quorum import QuorumSystem
from bft.core.signatures import Keyring
from bft.protocols.pbft import PbftConfig, PbftReplica
from bft.protocols.pbft.certificates import Verifier
from bft.protocols.pbft.events import PrePrepareAccepted, ViewChangeStarted
from bft.protocols.pbft.messages import Commit, NewView, Prepare

Make = Callable[[int, PbftConfig, Keyring], PbftReplica]


class Wrapped(PbftReplica):
    """A replica whose private state a bug may touch."""

    __slots__ = ()

    @property
    def state(self) -> Any:
        """What the replica remembers."""
        return self._state


hearing = partial(bent_replicas.hearing, Wrapped)
saying = partial(bent_replicas.saying, Wrapped)
forgetting = partial(bent_replicas.forgetting, Wrapped)
without_timer = partial(bent_replicas.without_timer, Wrapped)


def hearing_once(kind: str) -> Make:
    """Hear each vote of a kind once, so that only the other kind is counted twice."""

    class HearingOnce(Wrapped):
        __slots__ = ("_heard",)

        def __init__(self, replica: int, config: PbftConfig, keyring: Keyring) -> None:
            super().__init__(replica, config, keyring)
            self._heard: set[object] = set()

        def step(self, now: float, event: Input) -> Sequence[object]:
            if isinstance(event, Deliver) and type(event.message).__name__ == kind:
                vote: Any = event.message
                place = (event.sender, vote.view, vote.seq)
                if place in self._heard:
                    return ()
                self._heard.add(place)
            return super().step(now, event)

    return HearingOnce


class VotesInLeftView(Wrapped):
    """After it has left a view, goes on voting in it until the next one starts."""

    __slots__ = ("_left",)

    def __init__(self, replica: int, config: PbftConfig, keyring: Keyring) -> None:
        super().__init__(replica, config, keyring)
        self._left: tuple[int, Any] | None = None

    def step(self, now: float, event: Input) -> Sequence[object]:
        """Take one input, in the view that was left if it belongs there."""
        state = self.state
        message: Any = event.message if isinstance(event, Deliver) else None
        left = self._left
        if left is not None and not state.active and isinstance(message, Prepare | Commit) and message.view == left[0]:
            here = (state.view, state.primary, state.slots)
            state.view, state.slots = left
            state.primary, state.active = state.verifier.primary(left[0]), True
            effects = super().step(now, event)
            state.view, state.primary, state.slots = here
            state.active = False
            return effects
        before = (state.view, state.slots)
        effects = super().step(now, event)
        if any(isinstance(effect, ViewChangeStarted) for effect in effects):
            self._left = before
        return effects


def _prepared_too(replica: Wrapped, effect: object) -> Sequence[object]:
    """As primary, prepare one's own proposals too."""
    if not isinstance(effect, PrePrepareAccepted) or not replica.state.is_primary:
        return (effect,)
    vote = Prepare(effect.view, effect.seq, effect.digest, replica.id)
    return (effect, Broadcast(replica.state.keyring.sign(vote)))


def _in_anothers_name(replica: Wrapped, effect: object) -> Sequence[object]:
    """Send commits in the name of the next replica."""
    if isinstance(effect, Broadcast) and isinstance(effect.message, Commit):
        return (Broadcast(replace(effect.message, replica=(replica.id + 1) % replica.state.system.n)),)
    return (effect,)


def _discarding_too_much(_: Wrapped, effect: object) -> Sequence[object]:
    """Discard more than the stable checkpoint allows."""
    return (replace(effect, through=effect.through + 2) if isinstance(effect, Forget) else effect,)


def _for_its_digest(replica: Wrapped, event: Input) -> Input:
    """Take a commit for any digest for one for the prepared one."""
    if isinstance(event, Deliver) and isinstance(event.message, Commit):
        vote = event.message
        slot = replica.state.slots.get(vote.seq)
        if slot is not None and slot.digest is not None and slot.view == vote.view:
            return Deliver(event.sender, replace(vote, digest=slot.digest))
    return event


preparing_primary = saying(_prepared_too)
commits_in_anothers_name = saying(_in_anothers_name)
discards_too_much = saying(_discarding_too_much)
commits_without_digest = hearing(_for_its_digest)


def trusting(believed: str, inside: str = "") -> Make:
    """Believe one kind of proof: everywhere, or only where another kind is judged."""

    class Trusting(Wrapped):
        __slots__ = ()

        def __init__(self, replica: int, config: PbftConfig, keyring: Keyring) -> None:
            super().__init__(replica, config, keyring)
            self.state.verifier = _believing(self.state.verifier, believed, inside)

    return Trusting


def _believing(right: Verifier, believed: str, inside: str) -> Any:
    """Return a verifier in which one judgement always says yes."""

    class Believing(Verifier):
        __slots__ = ()

        def new_view(self, message: NewView) -> bool:
            if inside != "new_view":
                return Verifier.new_view(self, message)
            careless = replace(right.rules, check_view_changes=False)
            return Verifier.new_view(replace(right, rules=careless), message)

    judge = Believing(**{each.name: getattr(right, each.name) for each in fields(Verifier)})
    if not inside:
        setattr(Believing, believed, lambda *_: True)
    return judge


def led_by_anyone(replica: int, config: PbftConfig, keyring: Keyring) -> PbftReplica:
    """Accept a new-view from whoever signs it."""

    class LedByAnyone(Verifier):
        __slots__ = ()

        def new_view(self, message: NewView) -> bool:
            voters = {change.replica for change in message.view_changes}
            return (
                self.signed(message)
                and len(voters) == len(message.view_changes)
                and all(change.view == message.view and self.view_change(change) for change in message.view_changes)
                and self.system.weight(voters) >= self.system.quorum
            )

    made = Wrapped(replica, config, keyring)
    right = made.state.verifier
    made.state.verifier = LedByAnyone(**{each.name: getattr(right, each.name) for each in fields(Verifier)})
    return made


def counting_heads(replica: int, config: PbftConfig, keyring: Keyring) -> PbftReplica:
    """Count heads where stakes count."""
    heads = QuorumSystem.of(config.system.n) if config.system.weighted else config.system
    return PbftReplica(replica, replace(config, system=heads), keyring)
