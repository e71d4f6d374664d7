"""All that Byzantine replicas can say about one slot and two digests, given what the honest ones have said.

They sign both pre-prepares of every view of their own and every vote, carry in their view-changes every certificate
that can be put together (or none), and as primary of a later view announce every new-view that backups would accept.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations, product

from bft.checking.pbft.explorer.alphabet import Alphabet, bits
from bft.checking.pbft.explorer.config import ExplorerConfig
from bft.core.inputs import Deliver
from bft.core.request import Proposal
from bft.protocols.pbft.messages import Commit, NewView, Prepare, PreparedCertificate, PrePrepare, ViewChange
from bft.protocols.pbft.new_view import carry_over

SEQ = 1


class Liar:
    """What the Byzantine replicas of one system can send."""

    def __init__(self, config: ExplorerConfig, alphabet: Alphabet, proposals: tuple[Proposal, ...]) -> None:
        self._config = config
        self._system = config.system()
        self._alphabet = alphabet
        self._proposals = proposals
        self._said: dict[int, int] = {}

    def hears(self, message: object) -> bool:
        """Return whether an honest message gives the liars something new to say."""
        return bool(self._config.byzantine) and isinstance(message, PrePrepare | Prepare | ViewChange | NewView)

    def says(self, heard: int) -> int:
        """Return the mask of all that can be said once these honest messages have been sent."""
        said = self._said.get(heard)
        if said is None:
            said = 0
            for message in self._all(heard):
                said |= 1 << self._alphabet.number(Deliver(message.replica, message))
            self._said[heard] = said
        return said

    def _all(self, heard: int) -> Iterable[PrePrepare | Prepare | Commit | ViewChange | NewView]:
        if not self._config.byzantine:
            return
        honest = [event.message for event in map(self._alphabet.event, bits(heard)) if isinstance(event, Deliver)]
        certificates = self._certificates(honest)
        for view in range(self._config.views):
            yield from self._votes(view)
            changes = self._view_changes(view, certificates)
            yield from (change for own in changes.values() for change in own)
            if view and view % self._config.n in self._config.byzantine:
                yield from self._new_views(view, changes, honest)

    def _votes(self, view: int) -> Iterable[PrePrepare | Prepare | Commit]:
        primary = view % self._config.n
        for proposal, liar in product(self._proposals, self._config.byzantine):
            if liar == primary:
                yield PrePrepare(view, SEQ, proposal.digest, proposal, liar)
            if liar != primary or self._config.rules.count_primary_prepare:
                yield Prepare(view, SEQ, proposal.digest, liar)
            yield Commit(view, SEQ, proposal.digest, liar)

    def _certificates(self, honest: list[object]) -> list[PreparedCertificate]:
        """Return one prepared certificate per view and digest that has enough votes, the liars' own among them."""
        found = []
        for view, proposal in product(range(self._config.views - 1), self._proposals):
            first = self._preprepare(view, proposal, honest)
            if first is None:
                continue
            votes = [
                Prepare(view, SEQ, proposal.digest, liar) for liar in self._config.byzantine if liar != first.replica
            ]
            votes += [
                vote
                for vote in honest
                if isinstance(vote, Prepare) and vote.view == view and vote.digest == proposal.digest
            ]
            voters = {first.replica, *(vote.replica for vote in votes)}
            if self._system.weight(voters) >= self._config.rules.certificate_quorum(self._system):
                found.append(PreparedCertificate(first, tuple(votes)))
        return found

    def _preprepare(self, view: int, proposal: Proposal, honest: list[object]) -> PrePrepare | None:
        primary = view % self._config.n
        message = PrePrepare(view, SEQ, proposal.digest, proposal, primary)
        if primary in self._config.byzantine:
            return message
        announced = any(
            message == said or (isinstance(said, NewView) and message in said.preprepares) for said in honest
        )
        return message if announced else None

    def _view_changes(self, view: int, certificates: list[PreparedCertificate]) -> dict[int, list[ViewChange]]:
        """Return every view-change of every liar: with no certificate, or with any one of an earlier view."""
        if view == 0:
            return {}
        earlier = [(), *((each,) for each in certificates if each.preprepare.view < view)]
        return {liar: [ViewChange(view, 0, (), proved, liar) for proved in earlier] for liar in self._config.byzantine}

    def _new_views(self, view: int, changes: dict[int, list[ViewChange]], honest: list[object]) -> Iterable[NewView]:
        """Return the new-view of every set of view-changes that is heavy enough."""
        primary = view % self._config.n
        by_sender = dict(changes)
        for message in honest:
            if isinstance(message, ViewChange) and message.view == view:
                by_sender.setdefault(message.replica, []).append(message)
        needed = self._config.rules.view_change_quorum(self._system)
        for size in range(1, len(by_sender) + 1):
            for senders in combinations(sorted(by_sender), size):
                if self._system.weight(senders) < needed:
                    continue
                for chosen in product(*(by_sender[sender] for sender in senders)):
                    entries = carry_over(chosen).preprepares(view, primary)
                    yield NewView(view, tuple(chosen), entries, primary)
